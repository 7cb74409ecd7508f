import { createHash } from 'node:crypto';
import { concurrently } from '../audit/concurrently.ts';
import { AuditFault } from '../audit/fault.ts';
import type { FindingFilter, Findings, PlacedFinding } from '../audit/findings.ts';
import type { Alert } from '../audit/inventory-ports.ts';
import {
  type Actor,
  type Advance,
  advanceFinding,
  auditItself,
  openedAt,
  type StoredFinding,
  seen,
  settled,
} from '../findings/lifecycle.ts';
import { alertOf, alertRow } from './alert-codec.ts';
import { optional } from './entry-codec.ts';
import { findingColumns, findingRowKeys, readFindingRow, storableDetail } from './finding-codec.ts';
import {
  closedFindings,
  findingKey,
  keysUnder,
  openFindings,
  openFindingsAbout,
  openFindingsOfSeverity,
} from './keys.ts';
import { literal } from './odata.ts';
import { fullPage, type Operation, rowsOf, type Table } from './row.ts';

/** Races lost for one finding after which the caller has to come again. */
const mostAttempts = 16;
/** Findings written at once: enough to hide the round trips, bounded for a repository of thousands. */
const mostAtOnce = 8;
/** Findings read for one page, matching or not. */
const maxScanned = 5_000;
/** Findings read by one query. */
const largestPage = 1_000;

/**
 * Keeps findings in the `findings` table, a partition a registry. What is listed by range is kept with each list, in the same
 * transaction; a finding's own row guards them all, so that two who tell the same at once make one of it. What became of a
 * finding is put into the outbox of alerts by that transaction too, so that it is told whatever comes after; `onAlert` hears
 * of it at once.
 */
export function findingsStore(findings: Table, onAlert: (alert: Alert) => void = () => undefined): Findings {
  /** Makes of a finding what `next` makes of it as it is at that moment, nothing when `undefined`. Answers it as it is then. */
  async function change(
    registry: string,
    id: string,
    at: number,
    by: Actor,
    next: (before: StoredFinding | undefined) => Advance | undefined,
  ): Promise<StoredFinding | undefined> {
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      const row = await findings.get(registry, findingKey(id));
      const before = row && readFindingRow(row);
      const advance = next(before);
      if (advance === undefined) return before;
      const { finding: after } = advance;
      if (before !== undefined && isSame(before, after)) return before;
      const alert = alertOf(advance, at, by);
      const outcome = await findings.transact(operationsOf(registry, before, after, row?.etag, alert));
      if (outcome !== 'committed') continue;
      if (alert !== undefined) onAlert(alert);
      return after;
    }
    throw new AuditFault('contention', `${mostAttempts} lost races for the finding ${id}`, {
      retryable: true,
    });
  }

  return {
    async raise(registry, raised, at) {
      const found = new Map(raised.map((finding) => [findingId(finding.identity), finding]));
      const isNew = new Map<string, boolean>();
      await concurrently(found, mostAtOnce, async ([id, finding]) => {
        const storable = { ...finding, detail: storableDetail(finding.detail) };
        const now = await change(registry, id, at, auditItself, (known) => seen(known, id, storable, at));
        // By its times, since whoever repeats a call whose answer was lost is to hear the same.
        isNew.set(id, now?.status === 'open' && openedAt(now) === at);
      });
      return raised.map(({ identity }) => {
        const id = findingId(identity);
        return { id, isNew: isNew.get(id) === true };
      });
    },

    async settle(registry, { repository, kinds }, stillThere, at) {
      const there = new Set([...stillThere].map(findingId));
      const range = {
        partitionKey: registry,
        ...keysUnder(listOf({ statuses: ['open'], ...optional('repository', repository) })),
      };
      const open = await Array.fromAsync(rowsOf(findings, range));
      // What is of another kind is not read: a later version may know kinds that this one does not.
      const ofKinds = open.filter(({ columns }) => kinds.some((kind) => kind === columns['kind']));
      const gone = ofKinds.map(readFindingRow).filter(({ id }) => !there.has(id));
      const resolved: string[] = [];
      await concurrently(gone, mostAtOnce, async ({ id }) => {
        const now = await change(registry, id, at, auditItself, (known) => settled(known, at));
        if (now?.resolvedAt === at) resolved.push(id);
      });
      return resolved;
    },

    async get(registry, id) {
      const row = await findings.get(registry, findingKey(id));
      return row && readFindingRow(row);
    },

    async change(registry, id, event, by, at) {
      let problem: string | undefined;
      let isChanged = false;
      const finding = await change(registry, id, at, by, (known) => {
        const advance = known && advanceFinding(known, event, by, at);
        problem = advance !== undefined && 'problem' in advance ? advance.problem : undefined;
        isChanged = advance !== undefined && 'finding' in advance;
        return advance !== undefined && 'finding' in advance ? advance : undefined;
      });
      if (finding === undefined) return undefined;
      if (problem !== undefined) return { outcome: 'refused', problem };
      return { outcome: isChanged ? 'changed' : 'unchanged', finding };
    },

    async page(registry, filter, limit, after) {
      const list = listOf(filter);
      const wanted = conditionOf(filter);
      const items: PlacedFinding[] = [];
      let last = after;
      // The first query mostly is enough; what has to be searched further is read in few.
      for (let scanned = 0, size = limit; scanned < maxScanned; size = largestPage) {
        const from = last === undefined ? {} : { after: `${list}${last}` };
        const range = { partitionKey: registry, ...keysUnder(list, from), ...optional('filter', wanted) };
        const { rows, next } = await fullPage(findings, range, size);
        scanned += rows.length;
        for (const [index, row] of rows.entries()) {
          last = row.rowKey.slice(list.length);
          const finding = readFindingRow(row);
          if (!isWanted(finding, filter)) continue;
          items.push({ finding, position: last });
          if (items.length < limit) continue;
          const isEnd = next === undefined && index === rows.length - 1;
          return isEnd ? { items } : { items, next: last };
        }
        if (next === undefined) return { items };
      }
      return { items, ...(last === undefined ? {} : { next: last }) };
    },
  };
}

/** The id of a finding: the first half of its identity's SHA-256. */
export function findingId(identity: string): string {
  return createHash('sha256').update(identity, 'utf8').digest('hex').slice(0, 32);
}

function isSame(a: StoredFinding, b: StoredFinding): boolean {
  return JSON.stringify(findingColumns(a)) === JSON.stringify(findingColumns(b));
}

/** All rows of a finding as it becomes, and away with those that listed it as it was. */
function operationsOf(
  registry: string,
  before: StoredFinding | undefined,
  after: StoredFinding,
  etag: string | undefined,
  alert: Alert | undefined,
): readonly Operation[] {
  const columns = findingColumns(after);
  const [own, ...lists] = findingRowKeys(after);
  const row = (rowKey: string) => ({ partitionKey: registry, rowKey, columns });
  const left = before === undefined ? [] : findingRowKeys(before).slice(1);
  return [
    etag === undefined
      ? { operation: 'insert', row: row(own) }
      : { operation: 'replace', row: row(own), over: etag },
    ...lists.map((key): Operation => ({ operation: 'replace', row: row(key) })),
    ...left
      .filter((key) => !lists.includes(key))
      .map((rowKey): Operation => ({ operation: 'remove', row: { partitionKey: registry, rowKey } })),
    ...(alert === undefined ? [] : [{ operation: 'insert' as const, row: alertRow(registry, alert) }]),
  ];
}

/** The shortest list that has all findings asked for. */
function listOf({ statuses, severity, repository }: FindingFilter): string {
  if (statuses.includes('resolved')) return closedFindings;
  if (repository !== undefined) return openFindingsAbout(repository);
  return severity === undefined ? openFindings : openFindingsOfSeverity(severity);
}

/** What storage can tell by itself, so that what is not asked for is not sent: OData on columns, or nothing. */
function conditionOf({
  statuses,
  severity,
  kind,
  repository,
  tag,
  digest,
}: FindingFilter): string | undefined {
  const [status, ...others] = statuses;
  // No list has all statuses: what is not closed is open, acknowledged or waived.
  const areActive = statuses.length === 2 && statuses.includes('open') && statuses.includes('acknowledged');
  const conditions = [
    ...(status !== undefined && others.length === 0 ? [`status eq ${literal(status)}`] : []),
    ...(areActive ? ["status ne 'waived'"] : []),
    ...(kind === undefined ? [] : [`kind eq ${literal(kind)}`]),
    ...(severity === undefined ? [] : [`severity eq ${literal(severity)}`]),
    ...(repository === undefined ? [] : [`repository eq ${literal(repository)}`]),
    ...(tag === undefined ? [] : [`tag eq ${literal(tag)}`]),
    ...(digest === undefined ? [] : [`digest eq ${literal(digest)}`]),
  ];
  return conditions.length === 0 ? undefined : conditions.join(' and ');
}

function isWanted({ kind, severity, status, subject }: StoredFinding, filter: FindingFilter): boolean {
  return (
    filter.statuses.includes(status) &&
    (filter.kind ?? kind) === kind &&
    (filter.severity ?? severity) === severity &&
    (filter.repository ?? subject.repository) === subject.repository &&
    (filter.tag ?? subject.tag) === subject.tag &&
    (filter.digest ?? subject.digest) === subject.digest
  );
}
