import type { CallSites } from '../builders/call-sites.ts';
import { claimed, type InUseApp, inUseApp, usedRegistry } from '../builders/in-use-app.ts';
import { digestOf } from '../builders/registry-event.ts';
import type { UseCase } from './disturbed-runs.ts';

const [one, two] = [digestOf('one'), digestOf('two')];
const pinned = (digest: string) => `team/app@${digest}`;

/** Two images, of which one runs, seen by both sources. */
async function used(sites: CallSites): Promise<InUseApp> {
  const app = inUseApp({ sites });
  await app.push('team/app', '1.0', one);
  await app.push('team/app', '2.0', two);
  app.wait(60);
  await app.report('aks-prod', [claimed(pinned(one), 'web', { pulled: `${usedRegistry}/${pinned(one)}` })]);
  await app.report('compose', []);
  await app.settle();
  return app;
}

/** What the timers and queues do in any case. */
async function later(app: InUseApp): Promise<void> {
  const { assessClaimed, assessSources } = app.useCases();
  await assessClaimed();
  await assessSources();
  for (let round = 0; round < 3; round += 1) {
    await app.settle();
    app.wait(10);
    await app.deliver();
  }
}

async function stateOf(app: InUseApp) {
  const findings = await app.listed(usedRegistry, ['open', 'acknowledged', 'waived', 'resolved']);
  const estate = await app.estate();
  const uses = await Array.fromAsync(
    app.claims.ofRepository({ registry: usedRegistry, repository: 'team/app' }),
  );
  const told = new Set(
    app.alerts.map(({ change, finding }) => `${change} ${finding.kind} ${finding.subject.digest ?? ''}`),
  );
  const judged = app.statements().filter(({ kind }) => kind === 'deletion-judged');
  return {
    findings: findings
      .map(({ kind, status, subject }) => `${kind} ${status} ${subject.digest ?? subject.tag ?? ''}`)
      .sort(),
    estate: estate.map(({ kind, status }) => `${kind} ${status}`).sort(),
    uses: uses.map(({ workload, digest }) => `${workload.name} ${digest ?? ''}`).sort(),
    told: [...told].sort(),
    judged: judged.map(
      ({ content }) => `${String(content['digest'])} ${String(content['verdict'] ?? content['outcome'])}`,
    ),
  };
}

const removal = (app: InUseApp, digest: typeof one) => ({
  registry: usedRegistry,
  repository: 'team/app',
  fact: {
    at: { time: app.clock.time - 1, id: 'gone' },
    action: 'delete' as const,
    digest,
    recordedAt: app.clock.time - 1,
    source: 'event' as const,
    eventId: 'gone',
    client: { actor: 'somebody' },
  },
});

type World = { readonly app: InUseApp; readonly record: ReturnType<typeof removal> };

async function deleted(sites: CallSites, digest: typeof one): Promise<World> {
  const app = await used(sites);
  app.registry.repository('team/app').deleteManifest(digest);
  return { app, record: removal(app, digest) };
}

function useCase(
  name: string,
  work: (app: InUseApp) => Promise<unknown>,
  more: Partial<UseCase<World>> = {},
): UseCase<World> {
  return {
    name,
    async prepare(sites) {
      const app = await used(sites);
      return { app, record: removal(app, one) };
    },
    work: ({ app }) => work(app),
    after: ({ app }) => later(app),
    state: ({ app }) => stateOf(app),
    ...more,
  };
}

/** Nothing is called unused while it was not known. */
async function neverUnused({ app }: World): Promise<void> {
  const { uses, coverage } = await app
    .useCases()
    .uses.of({ registry: usedRegistry, repository: 'team/app' }, [one]);
  if (coverage.complete && coverage.fresh && uses.get(one) === 'unused')
    throw new Error('what runs is called unused');
}

export const inventoryCases: readonly UseCase<World>[] = [
  useCase('inventory read: a workload more', (app) => app.useCases().refresh('aks-prod'), {
    async prepare(sites) {
      const app = await used(sites);
      app.say('aks-prod', [
        claimed(pinned(one), 'web', { pulled: `${usedRegistry}/${pinned(one)}` }),
        claimed(pinned(digestOf('missing')), 'api'),
      ]);
      return { app, record: removal(app, one) };
    },
    meanwhile: neverUnused,
  }),
  useCase('inventory read: a workload less', (app) => app.useCases().refresh('aks-prod'), {
    async prepare(sites) {
      const app = await used(sites);
      app.say('aks-prod', []);
      return { app, record: removal(app, one) };
    },
  }),
  useCase(
    'inventory submitted',
    (app) =>
      app.useCases().submit('compose', {
        reading: { claims: [claimed('team/app:2.0', 'box')], problems: [] },
        isWhole: true,
      }),
    { meanwhile: neverUnused },
  ),
  useCase('inventory begun', (app) => app.useCases().refreshAll()),
  useCase(
    'source retired',
    (app) => app.useCases().retire('compose', { id: 'somebody', name: 'Somebody' }, 'moved'),
    {
      async prepare(sites) {
        const app = await used(sites);
        app.settings.sources = app.settings.sources.filter(({ name }) => name !== 'compose');
        return { app, record: removal(app, one) };
      },
    },
  ),
  useCase('deletion of what runs judged', (app) => app.settle(), {
    prepare: (sites) => deleted(sites, one),
    work: ({ app, record }) => app.record(record),
  }),
  useCase('deletion of what nothing runs judged', (app) => app.settle(), {
    prepare: (sites) => deleted(sites, two),
    work: ({ app, record }) => app.record(record),
  }),
  useCase(
    'uses of a repository assessed',
    (app) => app.useCases().assess({ registry: usedRegistry, repository: 'team/app' }),
    {
      prepare: (sites) => deleted(sites, one),
    },
  ),
  useCase('sources assessed', (app) => app.useCases().assessSources(), {
    async prepare(sites) {
      const app = await used(sites);
      app.wait(45);
      return { app, record: removal(app, one) };
    },
  }),
  useCase('claimed repositories asked for', (app) => app.useCases().assessClaimed()),
  useCase('findings escalated', (app) => app.escalate(), {
    async prepare(sites) {
      const { app, record } = await deleted(sites, one);
      await app.record(record);
      await app.settle();
      app.wait(26 * 60);
      return { app, record };
    },
  }),
  useCase('alerts told', (app) => app.deliver(), {
    async prepare(sites) {
      const { app, record } = await deleted(sites, one);
      await app.record(record);
      return { app, record };
    },
    // A receiver that refuses for good is not asked again, and the log says so.
    without: ['denied'],
  }),
];
