import type { TokenCredential } from '@azure/core-auth';
import type { QueueServiceClient } from '@azure/storage-queue';
import { deletedManifests } from './acr/deleted-manifests.ts';
import type { InventoryUseCases, Submission, SubmissionOutcome } from './api/inventory.ts';
import { askedWork, askForWork } from './audit/asked-work.ts';
import { assessClaimed } from './audit/assess-claimed.ts';
import { assessRegistrySettings } from './audit/assess-registry-settings.ts';
import { assessSources } from './audit/assess-sources.ts';
import { assessUses } from './audit/assess-uses.ts';
import { assessVulnerabilities } from './audit/assess-vulnerabilities.ts';
import type { Findings } from './audit/findings.ts';
import type { HistoryPages } from './audit/history-pages.ts';
import type { InventorySource, VulnerabilityReports } from './audit/inventory-ports.ts';
import { judgeDeletion } from './audit/judge-deletion.ts';
import { listUses } from './audit/list-uses.ts';
import { listWorkloads } from './audit/list-workloads.ts';
import type { Clock, HistoryReader, Leases, Log } from './audit/ports.ts';
import type { ProtectionRecordsPorts } from './audit/protection-records.ts';
import { refreshInventory, refreshSource } from './audit/refresh-source.ts';
import type { RegistryContent } from './audit/registry-content.ts';
import type { DeletedManifests } from './audit/removal-judgement.ts';
import type { RegistrySettingsReader } from './audit/retention-ports.ts';
import { retireSource, submitSnapshot, submittingSource } from './audit/submit-snapshot.ts';
import { inventoryUses, sourceCoverage } from './audit/uses.ts';
import { usesOverTime } from './audit/uses-over-time.ts';
import type { AuditRecord, RepositoryId } from './history/fact.ts';
import { heldDigest } from './history/tag-timeline.ts';
import type { ApprovalWindow } from './protection/rollback-window.ts';
import type { Settings } from './settings.ts';
import { claimsStore } from './storage/claims.ts';
import { assessQueue, assessQueueName, refreshQueue, refreshQueueName } from './storage/inventory-queue.ts';
import { manifestLinks } from './storage/manifest-links.ts';
import { sourceStates } from './storage/source-states.ts';
import type { Tables } from './storage/tables.ts';
import { turnRecords } from './storage/turn-records.ts';
import type { Source, SourceAccess } from './workloads/source.ts';

/** What the composition root has made already. */
export interface WorkloadParts {
  readonly settings: Settings;
  readonly tables: Tables;
  readonly queues: QueueServiceClient;
  readonly identity: TokenCredential;
  readonly registryCredential: TokenCredential;
  readonly contents: ReadonlyMap<string, RegistryContent>;
  readonly reader: HistoryReader;
  readonly pages: HistoryPages;
  readonly statements: ProtectionRecordsPorts;
  readonly findings: Findings;
  readonly windows: (repository: RepositoryId) => Promise<readonly ApprovalWindow[]>;
  readonly leases: Leases;
  readonly readText: (path: string) => string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** What uses images, and what becomes of it: part of the composition root. */
export function workloadsOf(parts: WorkloadParts) {
  const { settings, tables, queues, statements, contents, findings, leases, clock, log } = parts;
  const { sources, policy } = settings;
  const registries = settings.registries.map(({ loginServer }) => loginServer);
  const claims = claimsStore(tables.workloads, tables.inventory);
  const links = manifestLinks(tables.repositories, tables.digests);
  const states = sourceStates(tables.inventory);
  const turns = turnRecords(tables.inventory, 'looked');
  const sendAssess = assessQueue(queues.getQueueClient(assessQueueName));
  const queue = {
    refresh: refreshQueue(queues.getQueueClient(refreshQueueName)),
    assess: askForWork({ turns, send: sendAssess, clock }),
  };
  const inventories = new Map(
    sources.flatMap((source) => {
      const inventory = inventoryOf(source, parts);
      return inventory === undefined ? [] : [[source.name, inventory] as const];
    }),
  );
  const heldBy = async (repository: RepositoryId, tag: string) => {
    const head = await parts.pages.tagHead(repository, tag);
    return head && heldDigest(head);
  };
  const uses = { sources, states, claims, tags: parts.reader, links, clock };
  const { outbox, writer, ids, states: verdicts } = statements;
  const deleted = deletedIn(parts);
  const judging = { ...uses, outbox, writer, ids, verdicts, deleted, findings, heldBy, log };
  const looking = {
    sources,
    inventories,
    claims,
    states,
    queue,
    registries,
    onChanged: assessSources({ sources, states, claims, findings, queue, registries, policy, clock, log }),
    leases,
    clock,
    log,
  };
  const judge = judgeDeletion({ ...judging, queue });
  const submit = submitSnapshot(looking);

  const reports = vulnerabilityReports(parts);
  const registrySettings = registrySettingsReader(parts);

  return {
    uses: inventoryUses(uses),
    /** What uses are found by. */
    usesPorts: uses,
    links,
    registrySettings,
    listUses: listUses(uses),
    listWorkloads: listWorkloads(uses),
    tagEntries: uses.tags,
    usesOverTime: usesOverTime(uses),
    ...(reports === undefined
      ? {}
      : { assessVulnerabilities: assessVulnerabilities({ ...uses, reports, registries, findings, log }) }),
    assessRegistrySettings: assessRegistrySettings({
      reader: registrySettings,
      registries: settings.registries,
      claims,
      findings,
      clock,
      log,
    }),
    refreshInventory: refreshInventory(looking),
    refreshSource: refreshSource(looking),
    assessUses: askedWork({
      work: assessUses({ ...judging, contents, windows: parts.windows, policy }),
      turns,
      clock,
    }),
    assessSources: looking.onChanged,
    assessClaimed: assessClaimed({
      claims,
      queue: { assess: (repository) => sendAssess(repository) },
      registries,
      log,
    }),
    inventory: {
      submit: (name, submission) => submitted(name, submission, { sources, submit, clock }),
      coverage: sourceCoverage(uses),
      retire: retireSource({ ...looking, outbox, writer, ids }),
    } satisfies InventoryUseCases,
    /** Judges deletions, and has the uses of a repository looked at after a push that may concern some. */
    async onRecorded(record: AuditRecord): Promise<void> {
      const { fact, registry, repository } = record;
      if (fact.action !== 'push') return judge(record);
      if (fact.source === 'backfill') return;
      if (await claims.isClaimed({ registry, repository })) await queue.assess({ registry, repository });
    },
  };
}

/** How a source is asked; nothing for one that reports by itself. SDKs are loaded when they are first needed. */
function inventoryOf(source: Source, parts: WorkloadParts): InventorySource | undefined {
  const { access, ownerLabel } = source;
  const owner = ownerLabel === undefined ? {} : { ownerLabel };
  const { identity, log, clock, settings } = parts;
  const arm = settings.armEndpoint === undefined ? {} : { armEndpoint: settings.armEndpoint };
  switch (access.type) {
    case 'submitted':
      return undefined;
    case 'aks':
    case 'kubeconfig': {
      return loaded(async () => {
        const { clusterSource } = await import('./inventory/cluster-source.ts');
        return clusterSource({
          access,
          credential: identity,
          readText: parts.readText,
          ...owner,
          ...arm,
          clock,
          log,
        });
      });
    }
    case 'azure':
      return loaded(() => azureOf(access, ownerLabel, parts));
  }
}

/** Subscriptions of Azure, with the queries that are deployed beside the bundles. */
async function azureOf(
  access: Extract<SourceAccess, { type: 'azure' }>,
  ownerLabel: string | undefined,
  { identity, log, clock, readText, settings: { armEndpoint } }: WorkloadParts,
) {
  const { azureSource } = await import('./inventory/azure-source.ts');
  return azureSource({
    access,
    credential: identity,
    queries: {
      workloads: queryNamed('workloads', readText),
      vulnerabilities: queryNamed('vulnerabilities', readText),
    },
    ...(ownerLabel === undefined ? {} : { ownerLabel }),
    ...(armEndpoint === undefined ? {} : { armEndpoint }),
    clock,
    log,
  });
}

function queryNamed(name: string, readText: WorkloadParts['readText']): string {
  const text = readText(`dist/${name}.kql`);
  if (text === undefined) throw new Error(`dist/${name}.kql is not deployed`);
  return text;
}

/** What scanners found, by every source of Azure; nothing where there is none. */
function vulnerabilityReports(parts: WorkloadParts): VulnerabilityReports | undefined {
  const azure = parts.settings.sources.flatMap(({ access, ownerLabel }) =>
    access.type === 'azure' ? [{ access, ownerLabel }] : [],
  );
  if (azure.length === 0) return undefined;
  return {
    async read(signal) {
      const all = await Promise.all(
        azure.map(async ({ access, ownerLabel }) =>
          (await azureOf(access, ownerLabel, parts)).vulnerabilities.read(signal),
        ),
      );
      return {
        vulnerabilities: all.flatMap(({ vulnerabilities }) => vulnerabilities),
        problems: all.flatMap(({ problems }) => problems),
      };
    },
  };
}

/** How registries are set; those without a resource id are looked for where the sources of Azure are. */
function registrySettingsReader(parts: WorkloadParts): RegistrySettingsReader {
  const { identity, log, clock, readText, settings } = parts;
  return loaded(async () => {
    const { azureRegistrySettings } = await import('./inventory/registry-settings.ts');
    const azure = settings.sources.flatMap(({ access }) => (access.type === 'azure' ? [access] : []));
    const scope = {
      subscriptions: azure.flatMap(({ subscriptions }) => subscriptions),
      managementGroups: [...new Set(azure.flatMap(({ managementGroups }) => managementGroups))],
    };
    return azureRegistrySettings({
      credential: identity,
      ...(settings.armEndpoint === undefined ? {} : { armEndpoint: settings.armEndpoint }),
      ...(azure.length === 0 ? {} : { scope: { ...scope, query: queryNamed('registries', readText) } }),
      now: () => clock.now(),
      log,
    });
  });
}

function loaded<Question extends readonly unknown[], Answer>(
  load: () => Promise<{ read(...question: Question): Promise<Answer> }>,
): { read(...question: Question): Promise<Answer> } {
  let source: ReturnType<typeof load> | undefined;
  return {
    async read(...question) {
      source ??= load();
      return (await source).read(...question);
    },
  };
}

/** Asks the registry that a manifest was deleted from. */
function deletedIn({ settings, registryCredential }: WorkloadParts): DeletedManifests {
  const asked = new Map(
    settings.registries.map(({ loginServer }) => [
      loginServer,
      deletedManifests({ endpoint: `https://${loginServer}`, credential: registryCredential }),
    ]),
  );
  return {
    isRestorable: async (repository, digest) =>
      asked.get(repository.registry)?.isRestorable(repository, digest),
  };
}

/** Reads a snapshot and takes it. */
async function submitted(
  name: string,
  { text, contentType, format: asked, environment, since, isWhole }: Submission,
  {
    sources,
    submit,
    clock,
  }: {
    readonly sources: readonly Source[];
    readonly submit: ReturnType<typeof submitSnapshot>;
    readonly clock: Clock;
  },
): Promise<SubmissionOutcome> {
  const source = submittingSource(sources, name);
  const names = sources.filter(({ access }) => access.type === 'submitted').map((one) => one.name);
  if (source === undefined) return { outcome: 'unknown-source', names };
  const { readSnapshot } = await import('./inventory/snapshot.ts');
  const { ownerLabel } = source;
  const snapshot = readSnapshot({
    text,
    contentType,
    now: clock.now(),
    ...(asked === undefined ? {} : { format: asked }),
    ...(environment === undefined ? {} : { environment }),
    ...(since === undefined ? {} : { since }),
    ...(ownerLabel === undefined ? {} : { ownerLabel }),
  });
  if (snapshot.outcome !== 'read') return snapshot;
  const { reading, complete, ttl } = snapshot;
  const summary = await submit(name, {
    reading,
    isWhole: isWhole && complete,
    ...(ttl === undefined ? {} : { ttl }),
  });
  return summary === undefined ? { outcome: 'unknown-source', names } : { outcome: 'taken', summary };
}
