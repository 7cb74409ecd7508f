import { approvalWindows, approveImage, changeApproval } from '../../src/audit/approvals.ts';
import { assessClaimed } from '../../src/audit/assess-claimed.ts';
import { assessSources } from '../../src/audit/assess-sources.ts';
import { assessUses } from '../../src/audit/assess-uses.ts';
import { assessVulnerabilities } from '../../src/audit/assess-vulnerabilities.ts';
import { deliverAlerts, tellAtOnce } from '../../src/audit/deliver-alerts.ts';
import { escalateFindings } from '../../src/audit/escalate-findings.ts';
import { holdsOf } from '../../src/audit/holds.ts';
import type {
  Alert,
  AlertSink,
  InventorySource,
  VulnerabilityReports,
} from '../../src/audit/inventory-ports.ts';
import { judgeDeletion } from '../../src/audit/judge-deletion.ts';
import { listUses } from '../../src/audit/list-uses.ts';
import type { Log } from '../../src/audit/ports.ts';
import { recordFact } from '../../src/audit/record-fact.ts';
import { refreshInventory, refreshSource } from '../../src/audit/refresh-source.ts';
import type { RegistryContent } from '../../src/audit/registry-content.ts';
import { stillGoes } from '../../src/audit/still-goes.ts';
import { retireSource, submitSnapshot } from '../../src/audit/submit-snapshot.ts';
import { inventoryUses, sourceCoverage } from '../../src/audit/uses.ts';
import { estate } from '../../src/findings/finding.ts';
import type { StoredFinding } from '../../src/findings/lifecycle.ts';
import type { AuditRecord, Fact, RepositoryId } from '../../src/history/fact.ts';
import { recordIdOf } from '../../src/history/record-id.ts';
import type { Statement } from '../../src/history/statement.ts';
import { heldDigest } from '../../src/history/tag-timeline.ts';
import { readStatement } from '../../src/ledger/recorded-leaf.ts';
import type { Policy } from '../../src/protection/policy.ts';
import type { Digest } from '../../src/registry/digest.ts';
import { alertOutbox } from '../../src/storage/alert-outbox.ts';
import { claimsStore } from '../../src/storage/claims.ts';
import { findingsStore } from '../../src/storage/findings.ts';
import { historyPages } from '../../src/storage/history-pages.ts';
import { knownLocks } from '../../src/storage/known-locks.ts';
import { manifestLinks } from '../../src/storage/manifest-links.ts';
import { protectionIndex } from '../../src/storage/protection-index.ts';
import type { Table } from '../../src/storage/row.ts';
import { sourceStates } from '../../src/storage/source-states.ts';
import { stateReader } from '../../src/storage/state-reader.ts';
import type { ReadingProblem, ReportedClaim } from '../../src/workloads/claim.ts';
import type { Source } from '../../src/workloads/source.ts';
import { readSources } from '../../src/workloads/source-reading.ts';
import type { CallSites, Wrapping } from './call-sites.ts';
import { storesOver } from './history-stores.ts';
import { memoryLeases } from './memory-leases.ts';
import { memoryRegistryContent } from './memory-registry-content.ts';
import { memoryTable } from './memory-table.ts';
import { policyOf } from './protection-app.ts';

/** The registry whose images are used in these tests. */
export const usedRegistry = 'contoso.azurecr.io';

/** Sources as a file of settings gives them. */
export function sourcesOf(...sources: readonly Readonly<Record<string, unknown>>[]): readonly Source[] {
  const reading = readSources({ version: 1, sources });
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.sources;
}

/** A cluster of production, asked, and files that are submitted. */
export const usualSources = sourcesOf(
  { name: 'aks-prod', type: 'kubernetes', kubeconfig: 'prod', environment: 'production', freshness: 'PT30M' },
  { name: 'compose', type: 'submitted', environment: 'production', freshness: 'P1D' },
);

/** A claim of a Deployment, running unless told. */
export function claimed(
  image: string,
  name: string,
  more: Partial<ReportedClaim> & { readonly namespace?: string; readonly kind?: string } = {},
): ReportedClaim {
  const { namespace = 'shop', kind = 'Deployment', ...rest } = more;
  return {
    workload: { kind, name, namespace, container: 'app' },
    state: 'running',
    image: /^[^/]+\.[^/]+\//.test(image) ? image : `${usedRegistry}/${image}`,
    ...rest,
  };
}

export interface InUseAppOptions {
  readonly sources?: readonly Source[];
  readonly policy?: Policy;
  readonly start?: number;
  readonly sinks?: readonly AlertSink[];
  /** Where lines are written to, in place of `lines`. */
  readonly log?: Log;
  /** Tables other than those in memory, or these with faults. */
  readonly tables?: { readonly [name in TableName]?: Table };
  /** Whether soft delete keeps what is deleted. */
  readonly isRestorable?: boolean;
  /** What reads a registry other than that in memory. */
  readonly content?: RegistryContent;
  /** What everything outside the use cases is called through. */
  readonly sites?: CallSites;
}

type TableName = 'repositories' | 'digests' | 'log' | 'inventory' | 'findings' | 'workloads';

/** What uses images, over tables in memory, a registry in memory, and sources that say what a test has them say. */
export function inUseApp(options: InUseAppOptions = {}) {
  const tables = {
    repositories: memoryTable(),
    digests: memoryTable(),
    log: memoryTable(),
    inventory: memoryTable(),
    findings: memoryTable(),
    workloads: memoryTable(),
  };
  const { sites } = options;
  const given: Record<TableName, Table> = { ...tables, ...options.tables };
  const over =
    sites === undefined
      ? given
      : {
          repositories: sites.table(given.repositories, 'repositories'),
          digests: sites.table(given.digests, 'digests'),
          log: sites.table(given.log, 'log'),
          inventory: sites.table(given.inventory, 'inventory'),
          findings: sites.table(given.findings, 'findings'),
          workloads: sites.table(given.workloads, 'workloads'),
        };
  const around = <T extends object>(port: T, wrapping: Wrapping): T => sites?.port(port, wrapping) ?? port;
  const settings = { sources: options.sources ?? usualSources };
  const policy = options.policy ?? policyOf();
  const clock = {
    time: options.start ?? Date.UTC(2026, 4, 2, 14),
    now() {
      clock.time += 1;
      return clock.time;
    },
  };
  let made = 0;
  const hex = (number: number) => number.toString(16).padStart(12, '0');
  const ids = {
    random() {
      made += 1;
      return hex(made);
    },
    of: (text: string) => hex([...text].reduce((sum, each) => (sum * 31 + each.charCodeAt(0)) % 2 ** 40, 7)),
  };
  const lines: { readonly message: string; readonly values: unknown }[] = [];
  const write = (message: string, values: unknown) => void lines.push({ message, values });
  const log = options.log ?? { info: write, warn: write, error: write };
  const registry = memoryRegistryContent();
  const content = around(options.content ?? registry.content, {
    dependency: 'registry',
    name: 'content',
    lists: ['repositories', 'tags', 'manifests', 'newestManifests'],
  });
  const contents = new Map([[usedRegistry, content]]);
  const registries = [usedRegistry];
  const stores = storesOver(over);
  const states = stateReader(over.repositories);
  const claims = claimsStore(over.workloads, over.inventory);
  const links = manifestLinks(over.repositories, over.digests);
  const looks = sourceStates(over.inventory);
  const pages = historyPages(over.repositories, over.log);
  const holds = holdsOf(states);
  const windows = approvalWindows({ states, holds, clock });
  const leases = around(memoryLeases(), { dependency: 'blobs', name: 'leases', once: ['hold'] });

  const alerts: Alert[] = [];
  const memorySink: AlertSink = { name: 'memory', send: async (alert) => void alerts.push(alert) };
  const sinks = (options.sinks ?? [memorySink]).map((sink) =>
    around(sink, { dependency: 'alerts', name: sink.name }),
  );
  const outbox = alertOutbox(over.findings, log);
  const telling = { ...stores, alerts: outbox, sinks, clock, log };
  const tell = tellAtOnce(telling);
  const told: Promise<unknown>[] = [];
  const findings = findingsStore(over.findings, (alert) => {
    told.push(tell(alert));
  });

  const said = new Map<string, { claims: readonly ReportedClaim[]; problems: readonly ReadingProblem[] }>();
  const attached = new Map<string, InventorySource>();
  const waiting: { readonly refresh?: string; readonly assess?: RepositoryId }[] = [];
  const queue = around(
    {
      refresh: async (source: string) => void waiting.push({ refresh: source }),
      assess: async (repository: RepositoryId) => void waiting.push({ assess: repository }),
    },
    { dependency: 'queues', name: 'inventory' },
  );
  const heldBy = async (repository: RepositoryId, tag: string): Promise<Digest | undefined> => {
    const head = await pages.tagHead(repository, tag);
    return head && heldDigest(head);
  };

  /** The use cases, made anew each time: settings change while the app runs. */
  function useCases() {
    const { sources } = settings;
    const uses = { sources, states: looks, claims, tags: stores.reader, links, clock };
    const deleted = { isRestorable: async () => options.isRestorable };
    const judging = { ...stores, ...uses, ids, verdicts: states, deleted, findings, heldBy, log };
    const inventories = new Map(
      sources
        .filter(({ access }) => access.type !== 'submitted')
        .map(({ name }): readonly [string, InventorySource] => [
          name,
          attached.get(name) ?? {
            async read() {
              return (
                said.get(name) ?? { claims: [], problems: [{ where: name, problem: 'cannot be reached' }] }
              );
            },
          },
        ]),
    );
    const looking = {
      sources,
      inventories,
      claims,
      states: looks,
      queue,
      registries,
      onChanged: assessSources({
        sources,
        states: looks,
        claims,
        findings,
        queue,
        registries,
        policy,
        clock,
        log,
      }),
      leases,
      clock,
      log,
    };
    return {
      judge: judgeDeletion({ ...judging, queue }),
      uses: inventoryUses(uses),
      stillGoes: stillGoes({ ...uses, windows, holds }),
      list: listUses(uses),
      coverage: sourceCoverage(uses),
      refresh: refreshSource(looking),
      refreshAll: refreshInventory(looking),
      submit: submitSnapshot(looking),
      retire: retireSource({ ...looking, ...stores, ids }),
      assess: assessUses({ ...judging, contents, windows, policy }),
      assessSources: looking.onChanged,
      assessVulnerabilities: (reports: VulnerabilityReports) =>
        assessVulnerabilities({ ...uses, reports, registries, findings, log })(),
      assessClaimed: assessClaimed({ claims, queue, registries, log }),
    };
  }

  async function onRecorded(record: AuditRecord): Promise<void> {
    if (record.fact.action !== 'push') return useCases().judge(record);
    if (await claims.isClaimed(record)) await queue.assess(record);
  }
  const record = recordFact({ ...stores, onRecorded });

  /** Does what waits in the queues, until nothing does. */
  async function settle(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { refresh, assess } = useCases();
      if (next.refresh !== undefined) await refresh(next.refresh);
      if (next.assess !== undefined) await assess(next.assess);
    }
    await Promise.all(told.splice(0));
  }

  let facts = 0;
  async function happen(
    action: Fact['action'],
    repository: string,
    digest: Digest,
    more: Partial<Fact> = {},
  ): Promise<AuditRecord> {
    facts += 1;
    const time = clock.now();
    const fact: Fact = {
      at: { time, id: recordIdOf(`fact-${facts}`) },
      action,
      digest,
      recordedAt: time,
      source: 'event',
      eventId: `fact-${facts}`,
      client: { actor: 'somebody' },
      ...more,
    };
    const told_ = { registry: usedRegistry, repository, fact };
    await record(told_);
    return told_;
  }

  const listed = async (where: string, statuses: readonly StoredFinding['status'][]) =>
    (await findings.page(where, { statuses }, 1000)).items.map(({ finding }) => finding);

  return {
    tables,
    clock,
    settings,
    alerts,
    lines,
    registry,
    findings,
    claims,
    states: looks,
    leases,
    useCases,
    record,
    onRecorded,
    settle,
    waiting,
    /** Passes time, in minutes. */
    wait(minutes: number) {
      clock.time += minutes * 60_000;
    },
    /** Pushes an image, in the registry and in history. */
    async push(repository: string, tag: string | undefined, digest: Digest, more: Partial<Fact> = {}) {
      registry.repository(repository).push(tag, digest, clock.time);
      await happen('push', repository, digest, { ...(tag === undefined ? {} : { tag }), ...more });
    },
    async remove(repository: string, digest: Digest, more: Partial<Fact> = {}) {
      registry.repository(repository).deleteManifest(digest);
      return happen('delete', repository, digest, more);
    },
    async untag(repository: string, tag: string, digest: Digest, more: Partial<Fact> = {}) {
      registry.repository(repository).untag(tag);
      return happen('untag', repository, digest, { tag, source: 'reconcile', ...more });
    },
    /** Has a source say something from now on, and reads it. */
    async report(
      source: string,
      reported: readonly ReportedClaim[],
      problems: readonly ReadingProblem[] = [],
    ): Promise<void> {
      said.set(source, { claims: reported, problems });
      const { refresh, submit } = useCases();
      const isAsked = settings.sources.some(
        ({ name, access }) => name === source && access.type !== 'submitted',
      );
      if (isAsked) await refresh(source);
      else await submit(source, { reading: { claims: reported, problems }, isWhole: true });
    },
    /** Has a source say something from now on, without reading it. */
    say(source: string, reported: readonly ReportedClaim[], problems: readonly ReadingProblem[] = []) {
      said.set(source, { claims: reported, problems });
    },
    silence: (source: string) => said.delete(source),
    /** Has a source read by its adapter from now on, and say nothing else. */
    attach: (source: string, inventory: InventorySource) => void attached.set(source, inventory),
    open: (where = usedRegistry) => listed(where, ['open']),
    listed,
    estate: () => listed(estate, ['open']),
    approve: async (image: string, environment = 'production') => {
      const statements = { ...stores, states, clock, ids };
      const index = protectionIndex(over.inventory);
      const known = knownLocks(over.repositories);
      const approve = approveImage({ ...statements, contents, index, known, policy });
      const reference = image.match(/^(?<repository>[^@:]+)(?::(?<tag>[^@]+))?(?:@(?<digest>.+))?$/)?.groups;
      if (reference?.['repository'] === undefined) throw new Error(image);
      const outcome = await approve(
        {
          image: {
            registry: usedRegistry,
            repository: reference['repository'],
            ...(reference['tag'] === undefined ? {} : { tag: reference['tag'] }),
          },
          environment,
          reason: 'release',
        },
        { id: 'release-manager', name: 'release-manager', roles: ['Release.Approve'] },
      );
      if (outcome.outcome !== 'approved') throw new Error(JSON.stringify(outcome));
      const change = changeApproval(statements);
      await change(
        { registry: usedRegistry, repository: reference['repository'] },
        outcome.approval.id,
        { event: 'begun' },
        'somebody',
      );
      return outcome.approval;
    },
    /** What records statements. */
    /** What reads each registry. */
    readers: contents,
    recording: { ...stores, states, clock, ids },
    escalate: escalateFindings({ findings, registries, clock, log }),
    deliver: deliverAlerts({ ...telling, registries }),
    /** Everything stated of a repository, oldest first. */
    statements(repository = 'team/app', where = usedRegistry): readonly Statement[] {
      const rows = tables.repositories
        .rows()
        .filter(
          ({ rowKey, partitionKey }) =>
            rowKey.startsWith('S|') && partitionKey === `${where}|${repository.replaceAll('/', ':')}`,
        );
      return rows.flatMap(({ columns }) => readStatement(String(columns['leaf'])) ?? []).reverse();
    },
  };
}

export type InUseApp = ReturnType<typeof inUseApp>;
