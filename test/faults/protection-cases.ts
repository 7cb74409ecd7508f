import { AuditFault } from '../../src/audit/fault.ts';
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

const by = { id: 'somebody', name: 'Somebody', roles: [] };
const scope = { kind: 'repositories', registry: protectedId.registry, pattern: 'team/.*' } as const;

/** What is approved, and which holds keep it, as statements tell it; whoever hears nothing asks again, and may place two holds. */
async function decided({ app }: Protect) {
  return {
    approvals: (await app.approvals()).map(({ state, digest }) => `${state} ${digest}`),
    holds: [...new Set((await app.holds()).map(({ state, reason }) => `${state} ${reason}`))],
  };
}

/** An image that is approved and locked, and the id of its approval. */
async function approved(sites: CallSites): Promise<Protect & { readonly id: string }> {
  const world = await protect(sites);
  return { ...world, id: await world.release('team/app:prod') };
}

async function held(sites: CallSites): Promise<Protect & { readonly id: string }> {
  const world = await approved(sites);
  const { id } = await world.app.placeHold(protectedId.registry, { scope, reason: 'litigation' }, by);
  return { ...world, id };
}

/** What people decide, each by one call of the API. */
export const decisionCases: readonly UseCase<Protect & { readonly id: string }>[] = [
  {
    name: 'approval released',
    prepare: approved,
    work: ({ app, id }) =>
      app.change(id, { event: 'ended-early', by: by.id, at: app.clock.time, reason: 'a newer one is out' }),
    state: decided,
    meanwhile: neverOpened,
  },
  {
    name: 'hold placed',
    prepare: approved,
    work: ({ app }) => app.placeHold(protectedId.registry, { scope, reason: 'litigation' }, by),
    state: decided,
    meanwhile: neverOpened,
  },
  {
    name: 'hold to be lifted',
    prepare: held,
    work: ({ app, id }) =>
      app.changeHold(protectedId.registry, id, () => ({ event: 'lift-asked', by: by.id }), by, 'settled'),
    state: decided,
    meanwhile: neverOpened,
  },
  {
    name: 'deployment verified',
    prepare: approved,
    async work(world) {
      const digest = images.index;
      const { verdict } = await world.app.verify('production', [`contoso.azurecr.io/team/app@${digest}`]);
      // What could not be read is never taken for approved and locked.
      if (verdict !== 'pass')
        throw new AuditFault('not-verified', `no answer to a verification: ${verdict}`, { retryable: true });
    },
    state: decided,
    meanwhile: neverOpened,
  },
];

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
