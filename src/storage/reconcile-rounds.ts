import type { KnownRepository, ReconcileRounds, Round } from '../audit/reconcile-registries.ts';
import { corrupt, countIn, optional, readTime, textOf, timeText } from './entry-codec.ts';
import { keysUnder } from './keys.ts';
import { countRows, fullPage, type RowRange, rowsOf, type StoredRow, type Table } from './row.ts';

const roundKey = 'round';
const repositoryPrefix = 'r|';
/** Rows of failed comparisons that are counted. */
const mostFailed = 1_000;
const partitionOf = (registry: string) => `reconcile|${registry}`;

/** Remembers rounds in the `inventory` table: one row a registry, and one a repository, written when it is first seen. */
export function reconcileRounds(inventory: Table): ReconcileRounds {
  return {
    async last(registry) {
      const row = await inventory.get(partitionOf(registry), roundKey);
      return row && readRound(row);
    },
    begin: (registry, { startedAt, repositories, before }) =>
      inventory.put({
        partitionKey: partitionOf(registry),
        rowKey: roundKey,
        columns: {
          startedAt: timeText(startedAt),
          repositories,
          before: before === undefined ? undefined : timeText(before),
        },
      }),
    async *repositories(registry) {
      for await (const row of rowsOf(inventory, repositoryRange(registry))) yield readKnown(row);
    },
    failed: (registry) =>
      countRows(inventory, { ...repositoryRange(registry), filter: 'hasFailed eq true', select: [] }),
    async state(registry) {
      const range = {
        partitionKey: partitionOf(registry),
        from: roundKey,
        before: `${repositoryPrefix}~`,
        filter: `hasFailed eq true or RowKey eq '${roundKey}'`,
      };
      // One more than is counted: the round itself.
      const { rows } = await inventory.page(range, mostFailed);
      const round = rows.find(({ rowKey }) => rowKey === roundKey);
      const failed = rows.length - (round === undefined ? 0 : 1);
      return { failed, ...optional('last', round && readRound(round)) };
    },
    remember: (registry, { repository, failed }) =>
      inventory.put({
        partitionKey: partitionOf(registry),
        rowKey: keyOf(repository),
        columns: {
          hasFailed: failed === undefined ? undefined : true,
          before: failed?.before === undefined ? undefined : timeText(failed.before),
        },
      }),
  };
}

/** The names of repositories that comparisons remember. */
export interface KnownNames {
  wasCompared(registry: string): Promise<boolean>;
  /** At most `limit` (1 to 1,000), in the order of their keys, after one where it is given. */
  names(
    registry: string,
    limit: number,
    after?: string,
  ): Promise<{ readonly items: readonly string[]; readonly isMore: boolean }>;
}

/** Reads them from the `inventory` table. */
export function knownNames(inventory: Table): KnownNames {
  return {
    wasCompared: async (registry) => (await inventory.get(partitionOf(registry), roundKey)) !== undefined,
    async names(registry, limit, after) {
      const from = after === undefined ? {} : { after: keyOf(after) };
      const keys = keysUnder(repositoryPrefix, from);
      const range = { partitionKey: partitionOf(registry), ...keys, select: [] };
      const { rows, next } = await fullPage(inventory, range, limit);
      return { items: rows.map((row) => readKnown(row).repository), isMore: next !== undefined };
    },
  };
}

function keyOf(repository: string): string {
  return `${repositoryPrefix}${repository.replaceAll('/', ':')}`;
}

function readRound(row: StoredRow): Round {
  const startedAt = readTime(textOf(row, 'startedAt'));
  if (startedAt === undefined) throw corrupt(row);
  return {
    startedAt,
    repositories: countIn(row, 'repositories') ?? 0,
    ...optional('before', readTime(textOf(row, 'before'))),
  };
}

function repositoryRange(registry: string): RowRange {
  return { partitionKey: partitionOf(registry), from: repositoryPrefix, before: `${repositoryPrefix}~` };
}

function readKnown(row: StoredRow): KnownRepository {
  const repository = row.rowKey.slice(repositoryPrefix.length).replaceAll(':', '/');
  if (row.columns['hasFailed'] !== true) return { repository };
  const before = readTime(textOf(row, 'before'));
  return { repository, failed: before === undefined ? {} : { before } };
}
