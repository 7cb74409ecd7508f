import type { CallSites } from '../builders/call-sites.ts';
import { images, imageToProtect, nothingUsed, ofProd, pushedAt } from '../builders/image-to-protect.ts';
import { policyOf, protectedId } from '../builders/protection-app.ts';
import type { UseCase } from './disturbed-runs.ts';
import { pushRule } from './ingest-cases.ts';

const hour = 3_600_000;

async function protect(sites: CallSites) {
  return imageToProtect({ uses: nothingUsed, sites });
}
type Protect = Awaited<ReturnType<typeof protect>>;

/**
 * What statements say became of locks. What was intended may be intended again, and what was done before its answer was lost is
 * found to be so and recorded as that; but nothing is done twice.
 */
function told({ app }: Protect) {
  const lines = app
    .statements()
    .filter(({ kind }) => /^lock-|^unlock-/.test(kind))
    .map(({ kind, content }) => {
      const target = `${String(content['tag'] ?? '')} ${String(content['digest'] ?? '')}`;
      return { kind, line: `${foundToBe[kind] ?? kind} ${target}` };
    });
  const done = lines.filter(({ kind }) => kind === 'lock-set' || kind === 'lock-undone');
  if (new Set(done.map(({ line }) => line)).size < done.length)
    throw new Error(`twice: ${JSON.stringify(done)}`);
  return [...new Set(lines.map(({ line }) => line))].sort();
}

const foundToBe: Readonly<Record<string, string>> = {
  'lock-recorded': 'lock-set',
  'lock-forgotten': 'lock-undone',
};

async function stateOf(world: Protect) {
  const { app } = world;
  return {
    flags: await world.flagsOfAll([...ofProd, { digest: images.plain }, { tag: 'v1' }]),
    owned: (await world.owned()).map(({ target }) => JSON.stringify(target)).sort(),
    approvals: (await app.approvals()).map(({ state, digest }) => `${state} ${digest}`),
    findings: (await app.findings()).map(({ kind, subject }) => [kind, subject]),
    locks: told(world),
  };
}

/** Nothing was unlocked by the fault or what followed. */
const neverOpened = (world: Protect) => {
  const opened = world.unlocksAfter(0);
  if (opened.length > 0) throw new Error(`unlocked ${JSON.stringify(opened)}`);
};

export const protectionCases: readonly UseCase<Protect>[] = [
  {
    name: 'approval',
    prepare: protect,
    work: ({ app }) => app.approve('team/app:prod'),
    // Who gets no answer asks again, and may be approved twice: the same image all the same.
    async state({ app }) {
      const approvals = await app.approvals();
      return [...new Set(approvals.map(({ state, digest }) => `${state} ${digest}`))];
    },
    meanwhile: neverOpened,
  },
  {
    name: 'enforcement: lock',
    async prepare(sites) {
      const world = await protect(sites);
      await world.app.approve('team/app:prod', { retainFor: 'PT1H', retainReleases: 1 });
      return world;
    },
    work: ({ app }) => app.enforce(),
    after: ({ app }) => app.enforce(),
    state: stateOf,
    meanwhile: neverOpened,
  },
  {
    name: 'enforcement: unlock',
    async prepare(sites) {
      const world = await protect(sites);
      await world.release('team/app:prod');
      const { app } = world;
      app.clock.time += hour;
      await world.release('team/app:v1');
      app.clock.time += 2 * hour;
      return world;
    },
    work: ({ app }) => app.enforce(),
    after: ({ app }) => app.enforce(),
    state: stateOf,
  },
  {
    name: 'enforcement: unlock while a use is unknown',
    async prepare(sites) {
      const world = await imageToProtect({ sites });
      await world.release('team/app:prod');
      const { app } = world;
      app.clock.time += hour;
      await world.release('team/app:v1');
      app.clock.time += 2 * hour;
      return world;
    },
    work: ({ app }) => app.enforce(),
    after: ({ app }) => app.enforce(),
    state: stateOf,
    meanwhile: neverOpened,
  },
  {
    name: 'enforcement after a push that the policy approves',
    prepare: async (sites) =>
      imageToProtect({ uses: nothingUsed, sites, policy: policyOf({ protectAtPush: [pushRule] }) }),
    work: ({ app }) =>
      app.enforceNext({
        ...protectedId,
        push: { tag: 'prod', digest: images.index, at: pushedAt, id: 'push-1' },
      }),
    after: ({ app }) => app.enforce(),
    state: stateOf,
    meanwhile: neverOpened,
  },
];
