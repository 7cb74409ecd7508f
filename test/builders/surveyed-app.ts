import { readFile } from 'node:fs/promises';
import { zeroSubscription } from '../../local/azure/arm-resource.ts';
import { type ArmStandIn, startArm } from '../../local/azure/arm-server.ts';
import { type RunningKubernetes, startKubernetes } from '../../local/kubernetes/kubernetes-server.ts';
import { type ReconcileSummary, reconcileRepository } from '../../src/audit/reconcile-repository.ts';
import { azureSource } from '../../src/inventory/azure-source.ts';
import { readSnapshot, type SentSnapshot } from '../../src/inventory/snapshot.ts';
import { knownContent } from '../../src/storage/known-content.ts';
import { storesOver } from './history-stores.ts';
import { type InUseAppOptions, inUseApp, sourcesOf, usedRegistry } from './in-use-app.ts';
import { accessToCluster } from './kubernetes-access.ts';

/** A source of each kind: a cluster, subscriptions of Azure, and files that are submitted. */
const surveyedSources = sourcesOf(
  { name: 'aks-prod', type: 'kubernetes', kubeconfig: 'prod', environment: 'production' },
  { name: 'azure', type: 'azure', subscriptions: [zeroSubscription], environment: 'production' },
  { name: 'compose', type: 'submitted', environment: 'production', freshness: 'P1D' },
);

export type SurveyedApp = ReturnType<typeof surveyedApp>;

/** What uses images, with sources that are read by their adapters from platforms on this machine, until it is closed. */
export function surveyedApp(options: InUseAppOptions = {}) {
  const app = inUseApp({ sources: surveyedSources, ...options });
  const { clock } = app;
  const log = { info() {}, warn() {}, error() {} };
  const started: { close(): Promise<void> }[] = [];

  /** Submits a snapshot as it would be sent. */
  async function submit(
    source: string,
    contentType: string,
    text: string,
    more: Partial<SentSnapshot> = {},
  ): Promise<void> {
    const snapshot = readSnapshot({ text, contentType, now: clock.now(), ...more });
    if (snapshot.outcome !== 'read') throw new Error(JSON.stringify(snapshot));
    const { reading, complete, ttl } = snapshot;
    await app
      .useCases()
      .submit(source, { reading, isWhole: complete, ...(ttl === undefined ? {} : { ttl }) });
  }

  return {
    ...app,
    /** A cluster that a source reads; its clock is as far ahead of ours as told, in milliseconds. */
    async cluster(
      source: string,
      { ahead = 0, pageSize = 500 }: { readonly ahead?: number; readonly pageSize?: number } = {},
    ): Promise<RunningKubernetes> {
      const cluster = await startKubernetes({ now: () => clock.time + ahead });
      started.push(cluster);
      app.attach(source, accessToCluster(cluster, { clock, pageSize }).source);
      return cluster;
    },
    /** The subscription of zeros, which a source reads. */
    async azure(source: string): Promise<ArmStandIn> {
      const arm = await startArm();
      started.push(arm);
      arm.addSubscription(zeroSubscription);
      const [workloads, vulnerabilities] = await Promise.all(
        ['workloads', 'vulnerabilities'].map((query) => readFile(`src/inventory/${query}.kql`, 'utf8')),
      );
      app.attach(
        source,
        azureSource({
          access: { type: 'azure', subscriptions: [zeroSubscription], managementGroups: [] },
          credential: {
            getToken: async () => ({ token: 'any', expiresOnTimestamp: Date.now() + 3_600_000 }),
          },
          armEndpoint: arm.endpoint,
          queries: { workloads: workloads ?? '', vulnerabilities: vulnerabilities ?? '' },
          clock,
          log,
        }),
      );
      return arm;
    },
    submit,
    /** Says of a source that submits that it uses nothing. */
    submitNothing: (source: string) =>
      submit(source, 'application/json', JSON.stringify({ complete: true, references: [] }), {
        format: 'references',
      }),
    /** Has every source that is asked read again, and all that follows from it done. */
    async survey(): Promise<void> {
      await app.useCases().refreshAll();
      await app.settle();
    },
    /** Compares a repository with its registry, and does all that follows; `before` is when that was done last. */
    async compare(repository: string, before?: number): Promise<ReconcileSummary> {
      const reconcile = reconcileRepository({
        ...storesOver(app.tables),
        onRecorded: app.onRecorded,
        content: app.registry.content,
        known: knownContent(app.tables.repositories),
        record: app.record,
        clock,
        log,
      });
      const about = { registry: usedRegistry, repository, source: 'reconcile' } as const;
      const found = await reconcile({ ...about, ...(before === undefined ? {} : { before }) });
      await app.settle();
      return found;
    },
    /** What is open of the kinds that tell of images that went. */
    async gone() {
      return (await app.open()).filter(({ kind }) => /^Deleted|^Missing/.test(kind));
    },
    async close(): Promise<void> {
      await Promise.all(started.map((platform) => platform.close()));
    },
  };
}
