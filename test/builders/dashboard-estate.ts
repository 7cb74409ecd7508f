import { approvalId } from '../../src/audit/approval-id.ts';
import { recordEvent } from '../../src/audit/record-event.ts';
import { findingOf } from '../../src/findings/finding.ts';
import { findingKinds } from '../../src/findings/kind.ts';
import { approvalContent, approvalStateKey } from '../../src/protection/approval-content.ts';
import { claimsStore } from '../../src/storage/claims.ts';
import { instantText } from '../../src/storage/entry-codec.ts';
import { findingId, findingsStore } from '../../src/storage/findings.ts';
import { historyReader, historyWriter } from '../../src/storage/history-store.ts';
import {
  childKey,
  descriptionKey,
  locksKey,
  parentKey,
  referrerKey,
  repositoryKey,
} from '../../src/storage/keys.ts';
import { childColumns, descriptionColumns, locksColumns } from '../../src/storage/observation-codec.ts';
import { outbox } from '../../src/storage/outbox.ts';
import { protectionIndex } from '../../src/storage/protection-index.ts';
import { reconcileRounds } from '../../src/storage/reconcile-rounds.ts';
import { rejections } from '../../src/storage/rejections.ts';
import { sourceStates } from '../../src/storage/source-states.ts';
import type { Claim } from '../../src/workloads/claim.ts';
import { sourcesOf } from './in-use-app.ts';
import { type MemoryTable, memoryTable } from './memory-table.ts';
import { approvalOf } from './protected-repository.ts';
import { digestOf, imagePushed } from './registry-event.ts';

/** The registry of the estate, and the repository of it in which most happens. */
export const estateRegistry = 'contoso.azurecr.io';
export const busiest = { registry: estateRegistry, repository: 'team/app' };

const names = ['repositories', 'digests', 'log', 'rejected', 'inventory', 'workloads', 'findings'] as const;

/** Tables of an estate, in memory. */
export type EstateTables = Readonly<Record<(typeof names)[number], MemoryTable>>;

/** How much there is of everything. */
export interface EstateSize {
  /** Pushes, of which every fourth is to the busiest repository: there they move `prod` and make tags of their own in turn. */
  readonly records: number;
  readonly repositories: number;
  readonly claims: number;
  readonly findings: number;
  readonly approvals: number;
  /** Whether a comparison with the registry was ever made. */
  readonly isCompared: boolean;
}

/** Sources that say what runs, which are all clusters. */
export const estateSources = sourcesOf(
  ...['aks-1', 'aks-2', 'aks-3', 'aks-4', 'aks-5', 'aks-6'].map((name) => {
    return { name, type: 'kubernetes', kubeconfig: name, environment: 'production', freshness: 'PT30M' };
  }),
);

/** Milliseconds between two pushes. */
const pace = 60_000;
/** Platforms of the index that `prod` points to, and tags that point to it too. */
const [platforms, tagsOfIndex] = [10, 60];

/** Where a page of each kind finds much. */
export interface SeededEstate {
  readonly tables: EstateTables;
  readonly index: string;
  readonly child: string;
  readonly finding: string;
}

/** What records events in an estate. */
function estateHandler(now: number) {
  return ({ repositories, digests, log, rejected }: EstateTables) =>
    recordEvent([{ loginServer: estateRegistry }], {
      reader: historyReader(repositories),
      writer: historyWriter(repositories, digests),
      outbox: outbox(log),
      rejections: rejections(rejected),
      clock: { now: () => now },
      log: { info: () => {}, warn: () => {}, error: () => {} },
    });
}

/** An estate in which there is much of everything. */
export async function seededEstate(size: EstateSize, now: number): Promise<SeededEstate> {
  const tables: EstateTables = {
    repositories: memoryTable(),
    digests: memoryTable(),
    log: memoryTable(),
    rejected: memoryTable(),
    inventory: memoryTable(),
    workloads: memoryTable(),
    findings: memoryTable(),
  };
  const handle = estateHandler(now)(tables);
  const nameOf = (place: number) =>
    place % 4 === 0 ? busiest.repository : `team/other-${place % size.repositories}`;
  for (let push = 0; push < size.records; push += 1) {
    const timestamp = new Date(now - (size.records - push) * pace).toISOString();
    const tag = push % 8 === 0 ? 'prod' : `1.${push}.0`;
    const digest = digestOf(`${push}`);
    await handle(imagePushed({ id: `push-${push}`, repository: nameOf(push), tag, digest, timestamp }));
    if (push % 4 === 0) await describe(tables, digest, push);
  }
  const index = digestOf('index');
  for (const tag of ['prod', ...Array.from({ length: tagsOfIndex }, (_, place) => `0.${place}.0`)]) {
    const timestamp = new Date(now - pace / 2).toISOString();
    await handle(
      imagePushed({ id: `index-${tag}`, repository: busiest.repository, tag, digest: index, timestamp }),
    );
  }
  await describe(tables, index, 0, platforms);
  await protect(tables, size.approvals, index, now);
  await use(tables, size, now);
  const rounds = reconcileRounds(tables.inventory);
  if (size.isCompared) {
    await rounds.begin(estateRegistry, { startedAt: now - pace, repositories: size.repositories });
    for (let place = 0; place < size.repositories; place += 1) {
      await rounds.remember(estateRegistry, {
        repository: nameOf(place * 4 + 1 + (place % 3)),
        ...(place % 50 === 0 ? { failed: {} } : {}),
      });
    }
  }
  for (let place = 0; place < 1_200; place += 1) {
    await tables.rejected.put({
      partitionKey: estateRegistry,
      rowKey: `r${place}`,
      columns: { reason: 'x' },
    });
  }
  return {
    tables,
    index,
    child: digestOf('child 0'),
    finding: await find(tables, size.findings, index, now),
  };
}

/** What a manifest is, with what it lists, what is about it, and its locks and those of its tags. */
async function describe(
  { repositories }: EstateTables,
  digest: ReturnType<typeof digestOf>,
  place: number,
  children = 0,
) {
  const partitionKey = repositoryKey(busiest);
  const put = (rowKey: string, columns: Parameters<typeof repositories.put>[0]['columns']) =>
    repositories.put({ partitionKey, rowKey, columns });
  const about = { digest, mediaType: 'application/vnd.oci.image.manifest.v1+json', size: 41_000_000 };
  await put(
    descriptionKey(digest),
    descriptionColumns(
      children > 0 ? { ...about, children } : { ...about, os: 'linux', architecture: 'amd64' },
    ),
  );
  const locked = { canDelete: false, canWrite: false, canRead: true, canList: true };
  if (place % 16 === 0) {
    await put(locksKey(digest), locksColumns(locked));
    await put(locksKey(`1.${place}.0`), locksColumns(locked));
  }
  for (let child = 0; child < children; child += 1) {
    const of = digestOf(`child ${child}`);
    const platform = { os: 'linux', architecture: child % 2 === 0 ? 'amd64' : 'arm64' };
    await put(
      childKey(digest, of),
      childColumns({ digest: of, mediaType: about.mediaType, size: 700, platform }),
    );
    await put(parentKey(of, digest), {});
    await put(descriptionKey(of), descriptionColumns({ ...about, digest: of, ...platform }));
    const signature = digestOf(`signature ${child}`);
    await put(referrerKey(digest, signature), {
      artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json',
    });
  }
}

async function protect(
  { repositories, inventory }: EstateTables,
  approvals: number,
  digest: ReturnType<typeof digestOf>,
  now: number,
): Promise<void> {
  const index = protectionIndex(inventory);
  for (let place = 0; place < approvals; place += 1) {
    const requestedAt = now - (place + 1) * pace;
    const id = approvalId(requestedAt, String(place).padStart(12, '0'));
    const repository = place % 3 === 0 ? busiest.repository : `team/other-${place}`;
    const approval = approvalOf({
      id,
      repository,
      requestedAt,
      tag: 'prod',
      digest: place % 2 === 0 ? digest : digestOf(id),
    });
    await index.note(estateRegistry, id, repository);
    await repositories.put({
      partitionKey: repositoryKey({ registry: estateRegistry, repository }),
      rowKey: approvalStateKey(id),
      columns: {
        at: instantText({ time: requestedAt, id }),
        content: JSON.stringify(approvalContent(approval)),
      },
    });
  }
}

/** Workloads that know their digest and such that do not, in the busiest repository and in all others. */
async function use(
  { inventory, workloads }: EstateTables,
  { claims, repositories }: EstateSize,
  now: number,
) {
  const store = claimsStore(workloads, inventory);
  const states = sourceStates(inventory);
  for (const [at, { name: source }] of estateSources.entries()) {
    const seen = Array.from({ length: Math.ceil(claims / estateSources.length) }, (_, count): Claim => {
      const place = count * estateSources.length + at;
      const repository = place % 2 === 0 ? busiest.repository : `team/other-${place % repositories}`;
      const tag = place % 6 === 0 ? 'prod' : `1.${place * 4}.0`;
      return {
        source,
        workload: { kind: 'Deployment', name: `web-${place}`, namespace: 'shop', container: 'app' },
        state: 'running',
        image: `${estateRegistry}/${repository}:${tag}`,
        registry: estateRegistry,
        repository,
        tag,
        isPinned: false,
        ...(place % 4 === 0 ? {} : { digest: digestOf(place % 8 === 1 ? 'index' : `${place * 4}`) }),
      };
    });
    await store.see(source, seen, true, now - pace);
    await states.put({ source, completeAt: now - pace, problems: [], problemCount: 0, claims: seen.length });
  }
}

/** Open findings, some waived, of every kind; the id of one. */
async function find(
  { findings }: EstateTables,
  count: number,
  digest: ReturnType<typeof digestOf>,
  now: number,
) {
  const store = findingsStore(findings);
  const kinds = Object.keys(findingKinds) as (keyof typeof findingKinds)[];
  const found = Array.from({ length: count }, (_, place) => {
    const subject = { ...busiest, tag: `1.${place}.0`, ...(place % 10 === 0 ? { digest } : {}) };
    return findingOf(kinds[place % kinds.length] ?? 'OrphanLock', subject, { place });
  });
  for (let from = 0; from < found.length; from += 500) {
    await store.raise(estateRegistry, found.slice(from, from + 500), now - count + from);
  }
  return findingId(found[0]?.identity ?? '');
}
