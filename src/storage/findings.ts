import { AuditFault } from '../audit/fault.ts';
import type { FindingFilter, Findings, StoredFinding } from '../audit/findings.ts';
import type { Finding } from '../findings/finding.ts';
import { findingKinds, type Severity } from '../findings/kind.ts';
import { findingColumns, findingId, readFinding } from './finding-codec.ts';
import { inverted, keysUnder } from './keys.ts';
import { fullPage, type Operation, rowsOf, type StoredRow, type Table } from './row.ts';

/** Lost races after which one finding is given up and told again later. */
const maxAttempts = 16;

const findingKey = (id: string) => `f|${id}`;
const openKey = (finding: StoredFinding) => `o|${inverted(openedAt(finding))}|${finding.id}`;
const severityKey = (finding: StoredFinding) =>
  `s|${finding.severity}|${inverted(openedAt(finding))}|${finding.id}`;
const closedKey = (finding: StoredFinding) => `c|${inverted(finding.resolvedAt ?? 0)}|${finding.id}`;

function openedAt({ firstSeen, reopenedAt }: StoredFinding): number {
  return reopenedAt ?? firstSeen;
}

/**
 * Keeps findings in the `findings` table, a partition a registry: each under its id, and again among the open or the closed
 * ones, newest first, and, while it is open, among those of its severity. All are written in one transaction.
 */
export function findings(table: Table): Findings {
  /** Makes a finding something else, over the version read; `undefined` leaves it as it is. */
  async function changed(
    registry: string,
    id: string,
    change: (stored: StoredFinding | undefined) => StoredFinding | undefined,
  ): Promise<StoredFinding | undefined> {
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const row = await table.get(registry, findingKey(id));
      const before = row && readFinding(row);
      const after = change(before);
      if (after === undefined) return undefined;
      const operations = operationsOf(registry, before, after, row);
      if ((await table.transact(operations)) === 'committed') return after;
    }
    throw new AuditFault('contention', `${maxAttempts} lost races for the finding ${id}`, {
      retryable: true,
    });
  }

  async function raised(registry: string, finding: Finding, at: number): Promise<StoredFinding | undefined> {
    const id = findingId(finding.identity);
    let isNew = false;
    const stored = await changed(registry, id, (before) => {
      isNew = before === undefined || before.status === 'resolved';
      if (before === undefined) return { ...finding, id, status: 'open', firstSeen: at, lastSeen: at };
      const { resolvedAt: _, ...rest } = before;
      const lastSeen = Math.max(at, before.lastSeen);
      const told = { ...rest, ...finding, status: 'open' as const, lastSeen };
      return before.status === 'open' ? told : { ...told, reopenedAt: at };
    });
    return isNew ? stored : undefined;
  }

  return {
    async raise(registry, some, at) {
      const opened: StoredFinding[] = [];
      for (const finding of some) {
        const stored = await raised(registry, finding, at);
        if (stored !== undefined) opened.push(stored);
      }
      return opened;
    },
    async settle(registry, { repository, kinds }, stillThere, at) {
      const keep = new Set([...stillThere].map(findingId));
      const range = {
        partitionKey: registry,
        ...keysUnder('o|'),
        filter: `repository eq '${repository.replaceAll("'", "''")}'`,
      };
      for await (const row of rowsOf(table, range)) {
        const { id, kind } = readFinding(row);
        if (!kinds.includes(kind) || keep.has(id)) continue;
        await changed(registry, id, (before) =>
          before?.status === 'open' ? { ...before, status: 'resolved', resolvedAt: at } : undefined,
        );
      }
    },
    async get(registry, id) {
      const row = await table.get(registry, findingKey(id));
      return row && readFinding(row);
    },
    async page(registry, filter, limit, after) {
      const prefix = prefixOf(filter);
      const range = {
        partitionKey: registry,
        ...keysUnder(prefix, after === undefined ? {} : { after: `${prefix}${after}` }),
        ...conditionOf(filter),
      };
      const { rows, next } = await fullPage(table, range, limit);
      const last = rows.at(-1)?.rowKey;
      return {
        items: rows.map(readFinding).filter((one) => isOf(one, filter.severity)),
        ...(next === undefined || last === undefined ? {} : { next: last.slice(prefix.length) }),
      };
    },
  };
}

function isOf({ severity }: StoredFinding, wanted: Severity | undefined): boolean {
  return wanted === undefined || severity === wanted;
}

function prefixOf({ status, severity }: FindingFilter): string {
  if (status === 'resolved') return 'c|';
  return severity === undefined ? 'o|' : `s|${severity}|`;
}

function conditionOf({ kind, repository }: FindingFilter): { readonly filter?: string } {
  const conditions = [
    ...(kind === undefined || !Object.hasOwn(findingKinds, kind) ? [] : [`kind eq '${kind}'`]),
    ...(repository === undefined ? [] : [`repository eq '${repository.replaceAll("'", "''")}'`]),
  ];
  return conditions.length === 0 ? {} : { filter: conditions.join(' and ') };
}

function operationsOf(
  registry: string,
  before: StoredFinding | undefined,
  after: StoredFinding,
  row: StoredRow | undefined,
): readonly Operation[] {
  const columns = findingColumns(after);
  const own = { partitionKey: registry, rowKey: findingKey(after.id), columns };
  const [was, is] = [placesOf(before), placesOf(after)];
  return [
    row === undefined
      ? { operation: 'insert', row: own }
      : { operation: 'replace', row: own, over: row.etag },
    ...was
      .filter((rowKey) => !is.includes(rowKey))
      .map((rowKey): Operation => ({ operation: 'remove', row: { partitionKey: registry, rowKey } })),
    ...is.map(
      (rowKey): Operation => ({ operation: 'replace', row: { partitionKey: registry, rowKey, columns } }),
    ),
  ];
}

function placesOf(finding: StoredFinding | undefined): readonly string[] {
  if (finding === undefined) return [];
  return finding.status === 'open' ? [openKey(finding), severityKey(finding)] : [closedKey(finding)];
}
