import { assessRegistrySettings } from '../../src/audit/assess-registry-settings.ts';
import type { Vulnerability } from '../../src/audit/inventory-ports.ts';
import type { FindingEvent } from '../../src/findings/lifecycle.ts';
import type { RegistrySettings } from '../../src/retention/registry-settings.ts';
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

/** What was deleted though it runs, found. */
async function found(sites: CallSites): Promise<World> {
  const world = await deleted(sites, one);
  await world.app.record(world.record);
  await world.app.settle();
  return world;
}

/** What somebody does with what is found, by one call of the API. */
function changed(event: FindingEvent) {
  return async (app: InUseApp): Promise<void> => {
    const by = { id: 'somebody', name: 'Somebody' };
    for (const { id } of await app.open()) {
      await app.findings.change(usedRegistry, id, event, by, app.clock.time);
    }
  };
}

const vulnerable = (digest: typeof one): Vulnerability => ({
  registry: usedRegistry,
  repository: 'team/app',
  digest,
  id: 'CVE-2026-0001',
  severity: 'critical',
});

const dangerous: RegistrySettings = {
  softDelete: { days: 7, enabled: false },
  anonymousPull: true,
  adminUser: false,
  tasks: [],
  hasAllTasks: true,
};

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
  useCase('finding taken up', changed({ event: 'acknowledge', reason: 'looked at' }), { prepare: found }),
  useCase(
    'finding waived',
    changed({ event: 'waive', reason: 'accepted', owner: 'payments', until: Date.UTC(2027, 0, 1) }),
    { prepare: found },
  ),
  useCase('vulnerabilities assessed', (app) =>
    app.useCases().assessVulnerabilities({
      read: async () => ({ vulnerabilities: [vulnerable(one), vulnerable(two)], problems: [] }),
    }),
  ),
  useCase('settings of registries assessed', ({ claims, findings, clock }) =>
    assessRegistrySettings({
      reader: { read: async () => ({ settings: dangerous, problems: [] }) },
      registries: [{ loginServer: usedRegistry }],
      ...{ claims, findings, clock },
      log: { info() {}, warn() {}, error() {} },
    })(),
  ),
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
