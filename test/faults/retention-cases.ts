import { createHash } from 'node:crypto';
import { executePlan } from '../../src/audit/execute-plan.ts';
import { approvePlan, executePlanSoon } from '../../src/audit/plan-decisions.ts';
import type { RegistryDeletions } from '../../src/audit/retention-ports.ts';
import type { CallSites } from '../builders/call-sites.ts';
import { claimed, usedRegistry } from '../builders/in-use-app.ts';
import { digestOf } from '../builders/registry-event.ts';
import { day, retentionApp } from '../builders/retention-app.ts';
import { policyOf } from '../builders/retention-content.ts';
import type { UseCase } from './disturbed-runs.ts';

const [one, two, three, used] = ['one', 'two', 'three', 'used'].map(digestOf);
const approver = { id: 'approver', name: 'Approver', roles: [] };
const executor = { id: 'executor', name: 'Executor', roles: [] };
const repositories = ['team/app', 'team/app-x'];

/** Two repositories of old images, of which one is used, and all that makes, decides on and runs plans. */
async function retention(sites: CallSites) {
  const app = retentionApp({ sites });
  const { registry } = app;
  await app.push('team/app', '1.0', digestOf('one'));
  await app.push('team/app', undefined, digestOf('two'));
  await app.push('team/app-x', undefined, digestOf('three'));
  await app.push('team/app-x', undefined, digestOf('used'));
  app.wait((60 * day) / 60_000);
  for (const repository of repositories) await app.compare(repository);
  await app.report('aks-prod', [claimed(`team/app-x@${used}`, 'web')]);
  await app.report('compose', []);
  const removed: string[] = [];
  const memory: RegistryDeletions = {
    async untag(repository, tag) {
      if (!registry.repository(repository).holds({ tag })) return { outcome: 'absent' };
      removed.push(tag);
      registry.repository(repository).untag(tag);
      return { outcome: 'deleted' };
    },
    async deleteManifest(repository, digest) {
      if (!registry.repository(repository).holds({ digest })) return { outcome: 'absent' };
      removed.push(digest);
      registry.repository(repository).deleteManifest(digest);
      return { outcome: 'deleted' };
    },
  };
  const deletions = new Map([
    [usedRegistry, sites.port(memory, { dependency: 'registry', name: 'deletions' })],
  ]);
  const hashing = () => {
    const hash = createHash('sha256');
    return { update: (text: string) => void hash.update(text), digest: () => hash.digest('hex') };
  };
  const deciding = { ...app.planning(), ...app.recording, policy: policyOf(), hashing };
  const run = executePlan({
    ...deciding,
    contents: app.readers,
    deletions,
    stillGoes: app.useCases().stillGoes,
  });
  const world = {
    app,
    removed,
    id: '',
    async hash() {
      return (await app.plans.get(usedRegistry, world.id))?.header.hash ?? '';
    },
    async begin() {
      world.id = (await app.beginPlan()).id;
    },
    make: () => app.makePlan(world.id),
    approve: async () =>
      approvePlan(deciding)(usedRegistry, world.id, {
        by: approver,
        hash: await world.hash(),
        reason: 'old',
      }),
    execute: async () =>
      executePlanSoon(deciding)(usedRegistry, world.id, {
        by: executor,
        hash: await world.hash(),
        reason: 'old',
      }),
    run: () => run(usedRegistry, world.id),
    /** What the registry holds, what became of the plan, and what is reported of each item. */
    async state() {
      const stored = await app.plans.get(usedRegistry, world.id);
      const { state, counts, done, blocks } = stored?.header ?? {};
      const decided = await Array.fromAsync(app.plans.repositories(usedRegistry, world.id));
      const reported = repositories.flatMap((repository) =>
        app
          .statements(repository)
          .filter(({ kind }) => kind === 'retention-done')
          .flatMap(({ content: { items } }) => (Array.isArray(items) ? items : []))
          .map((item) => JSON.stringify(item)),
      );
      const isAsked = app.waiting.some((one) => one.run === world.id);
      const holds = [one, two, three, used].map((digest) =>
        repositories.map((name) => digest !== undefined && registry.repository(name).holds({ digest })),
      );
      const isTagged = registry.repository('team/app').holds({ tag: '1.0' });
      const items = decided.map(({ items: some }) =>
        some.map(({ tag, digest, action }) => [tag, digest, action]),
      );
      return { state, counts, done, blocks, items, reported: reported.sort(), isAsked, holds, isTagged };
    },
  };
  return world;
}

type Retention = Awaited<ReturnType<typeof retention>>;

/** Nothing goes that is used, and nothing twice. */
function onlyPlanned({ removed }: Retention) {
  const allowed = new Set<string | undefined>(['1.0', two, three]);
  const wrong = removed.filter((item) => !allowed.has(item));
  if (wrong.length > 0) throw new Error(`went: ${wrong.join()}`);
  if (new Set(removed).size < removed.length) throw new Error(`went twice: ${removed.join()}`);
}

function nothingGoes({ removed }: Retention) {
  if (removed.length > 0) throw new Error(`went: ${removed.join()}`);
}

const checked = new WeakMap<Retention, unknown>();

export const retentionCases: readonly UseCase<Retention>[] = [
  {
    name: 'retention check',
    prepare: retention,
    async work(world) {
      const answer = await world.app.check('team/app:1.0', `team/app@${two}`, `team/app-x@${used}`);
      checked.set(world, answer);
    },
    // Where it was answered, it was answered the truth.
    state: (world) => JSON.stringify(checked.get(world)).replace(/\d{13}/g, 'a time'),
    meanwhile: nothingGoes,
  },
  {
    name: 'retention plan begun',
    prepare: retention,
    work: ({ begin }) => begin(),
    // One that was begun without an answer stays behind and is never made: another is begun.
    state: async ({ app, id }) => (await app.plans.get(usedRegistry, id))?.header.state,
    meanwhile: nothingGoes,
  },
  {
    name: 'retention plan made',
    async prepare(sites) {
      const world = await retention(sites);
      await world.begin();
      return world;
    },
    work: ({ make }) => make(),
    state: ({ state }) => state(),
    meanwhile: nothingGoes,
    // What was refused for good is told in the plan, which is blocked: another is made.
    without: ['denied'],
  },
  {
    name: 'retention plan approved',
    async prepare(sites) {
      const world = await retention(sites);
      await world.begin();
      await world.make();
      return world;
    },
    work: ({ approve }) => approve(),
    state: ({ state }) => state(),
    meanwhile: nothingGoes,
  },
  {
    name: 'retention plan let run',
    async prepare(sites) {
      const world = await retention(sites);
      await world.begin();
      await world.make();
      await world.approve();
      return world;
    },
    work: ({ execute }) => execute(),
    state: ({ state }) => state(),
    meanwhile: nothingGoes,
  },
  {
    name: 'retention plan run',
    async prepare(sites) {
      const world = await retention(sites);
      await world.begin();
      await world.make();
      await world.approve();
      await world.execute();
      return world;
    },
    work: ({ run }) => run(),
    state: ({ state }) => state(),
    meanwhile: onlyPlanned,
    // A refusal for good ends the run, as it should: what is left stays, and another plan is made.
    without: ['denied'],
  },
];
