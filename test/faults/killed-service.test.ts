import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as z from 'zod/mini';
import { freePort } from '../../local/free-port.ts';
import {
  askOf,
  begin,
  type FaultedService,
  faultedService,
  planOf,
  runNow,
} from '../builders/faulted-service.ts';
import { historyIn } from '../builders/history-reading.ts';
import { accessTo, gathered } from '../builders/registry-access.ts';
import { chanceOf } from '../builders/restless-table.ts';
import { pushImage } from '../component/acr/image.ts';
import { eventually, type HostProcess } from '../component/host/host-process.ts';

const seed = Number(process.env['KILL_SEED'] ?? 20_261_121);
const rounds = Number(process.env['KILL_ROUNDS'] ?? 2);
/** Calls after which a host is killed at the latest. */
const mostCalls = Number(process.env['KILL_CALLS'] ?? 700);
const timeout = 240_000 + rounds * 60_000;
const chance = chanceOf(seed);
const repositories = ['team/one', 'team/two', 'team/three'];
const timers = [
  'reconcileRegistries',
  'enforceLocks',
  'assessClaimed',
  'refreshInventory',
  'sealLedger',
  'deliverAlerts',
  'escalateFindings',
];

let service: FaultedService;
let registry: string;
let port: number;

beforeAll(async () => {
  service = await faultedService();
  registry = service.registry.loginServer;
  port = await freePort();
}, timeout);
afterAll(() => service?.stop(), timeout);

const oneOf = <T>(all: readonly T[]): T | undefined => all[chance(all.length - 1)];
const answer = z.looseObject({ id: z.optional(z.string()) });
const statement = z.looseObject({ kind: z.string(), content: z.record(z.string(), z.unknown()) });
const findings = z.object({
  items: z.array(z.looseObject({ kind: z.string(), digest: z.optional(z.string()) })),
});

/** Asks until there is an answer; a host that was killed gives none. */
async function asked(
  host: HostProcess,
  ...[path, body, more]: Parameters<typeof askOf> extends [unknown, ...infer R] ? R : never
) {
  return askOf(host, path, body, more).catch(() => undefined);
}

describe(`when the whole service is killed again and again amid its work (KILL_SEED=${seed}, KILL_ROUNDS=${rounds})`, () => {
  it(
    'what is left is the truth: history, heads, locks, log, findings and what was deleted',
    async () => {
      const used = await pushImage(service.registry, 'team/one', 'used', { content: 'used' });
      const planned = new Set<string>();
      const approved = new Map<string, string>();
      const plans = new Set<string>();
      let killed = 0;
      let host = await service.start({ port });
      await service.registry.events.subscribe(
        `http://127.0.0.1:${port}/runtime/webhooks/EventGrid?functionName=registryEvents`,
      );
      await host.stop();

      for (let round = 0; round < rounds; round += 1) {
        const at = 50 + chance(mostCalls - 50);
        const when = chance(1) === 0 ? 'before' : 'after';
        await service.endLeases();
        host = await service.start({
          port,
          preload: {
            module: 'test/builders/mortal-process.ts',
            env: { KILLED_AT: String(at), KILLED_WHEN: when },
          },
        });
        let isOver = false;
        void host.exited.then(() => {
          isOver = true;
        });
        const references = [{ image: `${registry}/team/one@${used}`, workload: 'web', state: 'running' }];
        await asked(host, 'inventory/compose', { complete: true, references }, { method: 'PUT' });
        for (let step = 0; !isOver && step < 60; step += 1) {
          const repository = oneOf(repositories) ?? 'team/one';
          const tag = `v${chance(4)}`;
          switch (chance(7)) {
            case 0:
            case 1:
              await pushImage(service.registry, repository, tag, { content: `${round} ${step}` }).catch(
                () => undefined,
              );
              break;
            case 2:
              planned.add(
                `${repository}@${await pushImage(service.registry, repository, undefined, { content: `old ${round} ${step}` })}`,
              );
              break;
            case 3: {
              // An untag, of which no event tells. One that is locked is refused.
              await service.registry.call('DELETE', `/acr/v1/${repository}/_tags/${tag}`);
              break;
            }
            case 4: {
              const image = `${registry}/${repository}:${tag}`;
              const release = { image, environment: 'production', reason: 'release' };
              const made = await asked(host, 'approvals', release);
              if (made?.status === 201) approved.set(answer.parse(await made.json()).id ?? '', image);
              break;
            }
            case 5: {
              const begun = await asked(host, 'retention/plans', {}, { as: 'planner' });
              if (begun?.status === 202) plans.add(answer.parse(await begun.json()).id ?? '');
              break;
            }
            case 6: {
              const id = oneOf([...plans]);
              if (id === undefined) break;
              const plan = await planOf(host, id).catch(() => undefined);
              const decision = { hash: plan?.hash ?? '', reason: 'old' };
              if (plan?.state === 'ready') {
                await asked(host, `retention/plans/${id}/approve`, decision, { as: 'approver' });
              }
              await asked(host, `retention/plans/${id}/execute`, decision, { as: 'executor' });
              break;
            }
            default:
              await begin(host, oneOf(timers) ?? 'sealLedger').catch(() => undefined);
          }
        }
        const end = Date.now() + 20_000;
        while (!isOver && Date.now() < end) {
          await begin(host, oneOf(timers) ?? 'sealLedger').catch(() => undefined);
          await new Promise((done) => setTimeout(done, 20));
        }
        if (isOver) killed += 1;
        await host.stop();
      }
      // Else this would prove nothing.
      expect(killed).toBe(rounds);

      await service.endLeases();
      host = await service.start({ port });
      // Timers were begun without end: what they asked for is worked off three messages of a queue at a time.
      const isSettled = async () => ((await service.waiting()) === 0 ? true : undefined);
      const settled = () => eventually(isSettled, 180);
      await service.registry.events.settled();
      await settled();
      for (const id of plans) {
        await eventually(async () =>
          ['making', 'running'].includes((await planOf(host, id)).state) ? undefined : true,
        );
      }
      for (const name of [...timers, ...timers]) {
        expect([name, await runNow(host, name)]).toEqual([name, 'succeeded']);
        await settled();
      }
      await runNow(host, 'sealLedger');

      // The rows are the oracle's of what was announced, and what they say is there is what is there.
      await service.expectHistories();
      const { content } = accessTo(service.registry);
      for (const repository of repositories) {
        const history = await historyIn(service.tables.repositories, { registry, repository });
        const manifests = (await gathered(content.manifests(repository))).map(({ digest }) => digest).sort();
        const present = Object.values(history.digests).filter(({ head }) => head.presence === 'present');
        expect(present.map(({ head }) => head.digest).sort()).toEqual(manifests);
        const tags = (await gathered(content.tags(repository))).map(({ tag, digest }) => `${tag} ${digest}`);
        const holding = Object.values(history.tags).filter(({ head }) => head.endedAt === undefined);
        expect(holding.map(({ head }) => `${head.tag} ${head.holding.digest}`).sort()).toEqual(tags.sort());
      }
      const entries = await service.expectSealed();
      expect(entries.length).toBeGreaterThan(0);
      expect((await service.rejected()).map(({ reason }) => reason)).toEqual([]);

      // What was deleted had been planned; it is reported once; what is used and what is tagged stays.
      const statements = [];
      for (const repository of repositories) {
        for (const { rowKey, columns } of await service.repositoryRows(repository)) {
          if (rowKey.startsWith('S|')) {
            statements.push({ repository, ...statement.parse(JSON.parse(String(columns['leaf']))) });
          }
        }
      }
      const items = z.array(z.looseObject({ digest: z.optional(z.string()), outcome: z.string() }));
      const deleted = statements
        .filter(({ kind }) => kind === 'retention-done')
        .flatMap(({ repository, content: { items: all } }) =>
          items
            .parse(all ?? [])
            .filter(({ outcome }) => outcome === 'deleted')
            .map(({ digest }) => `${repository}@${digest}`),
        );
      expect(new Set(deleted).size).toBe(deleted.length);
      const gone = new Set(deleted);
      expect((await service.registry.call('GET', `/v2/team/one/manifests/${used}`)).status).toBe(200);
      for (const one of planned) {
        const [repository = '', digest = ''] = one.split('@');
        const { status } = await service.registry.call('GET', `/v2/${repository}/manifests/${digest}`);
        expect([one, status]).toEqual([one, gone.has(one) ? 404 : 200]);
      }

      // Every approval that was acknowledged is there and locked, and so says the registry.
      const all = z
        .object({ items: z.array(z.looseObject({ id: z.string(), state: z.string(), digest: z.string() })) })
        .parse(await (await askOf(host, 'approvals')).json());
      const states = new Map(all.items.map((each) => [each.id, each]));
      for (const [id, image] of approved) {
        const approval = states.get(id);
        expect([id, approval?.state]).toEqual([
          id,
          expect.stringMatching(/^(protected|protecting|released|superseded)$/),
        ]);
        const repository = image.slice(registry.length + 1).split(':')[0] ?? '';
        const locked = (await gathered(content.manifests(repository))).find(
          ({ digest }) => digest === approval?.digest,
        );
        expect(locked?.locks).toMatchObject({ canDelete: false });
      }
      const told = findings.parse(await (await askOf(host, 'findings?limit=500')).json()).items;
      const same = told.map((each) =>
        JSON.stringify([each.kind, each['repository'], each['tag'], each.digest]),
      );
      expect(new Set(same).size).toBe(same.length);
    },
    timeout,
  );
});
