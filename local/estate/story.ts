import { setTimeout as pause } from 'node:timers/promises';
import { pusherOf } from './image.ts';
import { type InUseSetting, readSources, tellUses } from './in-use.ts';
import { tellLedger } from './ledger.ts';
import { tellProtection } from './protection.ts';
import { ask } from './question.ts';
import { tellRetention } from './retention.ts';

/**
 * Lives a little in the registry: three versions of an image, the production tag moved from the first to the second, an
 * image for two platforms, the first version deleted. Then asks the service about it, approves an image and has it judged, and
 * deletes one that is deployed, asks what else may go, and for the proof that none of it was edited.
 */
export async function tellStory(setting: InUseSetting): Promise<void> {
  const { registry, service, say } = setting;
  const { loginServer } = registry;
  const app = pusherOf(registry, 'team/app');
  const gateway = pusherOf(registry, 'team/gateway');
  const release = await nextRelease(service, `${loginServer}/team/app`);
  const version = (minor: number) => `${release}.${minor}.0`;

  say(
    `\nThe story: versions ${version(0)}, ${version(1)} and ${version(2)} of team/app, a move of prod, an image for`,
  );
  say('two platforms, a deletion.\n');
  await readSources(setting);
  const first = await app.push(version(0), `team/app ${version(0)}`);
  await app.push('prod', `team/app ${version(0)}`);
  const second = await app.push(version(1), `team/app ${version(1)}`);
  await pause(50);
  const beforeMove = new Date();
  await pause(50);
  await app.push('prod', `team/app ${version(1)}`);
  const third = await app.push(version(2), `team/app ${version(2)}`);
  const index = await gateway.pushIndex(version(0), `team/gateway ${version(0)}`, ['amd64', 'arm64']);
  await app.delete(first);
  await registry.events.settled();

  const prod = `${loginServer}/team/app:prod`;
  const questions: readonly [string, string, Readonly<Record<string, string>>][] = [
    ['What does team/app:prod point to now?', 'resolve', { image: prod }],
    ['What did it point to before the move?', 'resolve', { image: prod, at: beforeMove.toISOString() }],
    [
      'Which digests has prod pointed to, and who moved it?',
      'history',
      { image: prod, kind: 'created,moved', limit: '5' },
    ],
    ['What happened to the first version?', 'history', { image: `${loginServer}/team/app@${first}` }],
    ['What was pushed to team/gateway?', 'history', { image: `${loginServer}/team/gateway`, limit: '3' }],
  ];
  say('Nine questions, and how to ask them:');
  for (const [index_, [question, route, query]] of questions.entries()) {
    say(await ask(service, index_ + 1, question, route, query));
  }
  const { digest, children } = index;
  const image = `${loginServer}/team/gateway:${version(0)}`;
  await tellProtection({ registry, service, say }, image, digest, children[0] ?? digest);
  await tellUses(setting, { tag: version(2), digest: third, appTag: 'prod' });
  await tellRetention({ service, loginServer, say }, [
    `${loginServer}/team/app:prod`,
    `${loginServer}/team/gateway@${children[0] ?? digest}`,
    `${loginServer}/team/app:${version(1)}@${second}`,
  ]);
  await tellLedger({ service, loginServer, say }, prod);
  say(`\nThe second version is ${second},`);
  say(`the gateway's index ${digest}.`);
}

async function nextRelease(service: string, image: string): Promise<number> {
  const query = new URLSearchParams({ image, kind: 'created', limit: '1000' });
  const response = await fetch(`${service}/api/v1/history?${query}`);
  const text = await response.text();
  const releases = [...text.matchAll(/"tag":"(\d+)\.0\.0"/g)].map((match) => Number(match[1]));
  return Math.max(0, ...releases) + 1;
}
