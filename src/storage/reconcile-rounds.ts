import type { KnownRepository, ReconcileRounds } from '../audit/reconcile-registries.ts';
import { corrupt, countIn, optional, readTime, textOf, timeText } from './entry-codec.ts';
import { countRows, type RowRange, rowsOf, type StoredRow, type Table } from './row.ts';

const roundKey = 'round';
const repositoryPrefix = 'r|';
const partitionOf = (registry: string) => `reconcile|${registry}`;

/** Remembers rounds in the `inventory` table: one row a registry, and one a repository, written when it is first seen. */
export function reconcileRounds(inventory: Table): ReconcileRounds {
  return {
    async last(registry) {
      const row = await inventory.get(partitionOf(registry), roundKey);
      if (row === undefined) return undefined;
      const startedAt = readTime(textOf(row, 'startedAt'));
      if (startedAt === undefined) throw corrupt(row);
      return {
        startedAt,
        repositories: countIn(row, 'repositories') ?? 0,
        ...optional('before', readTime(textOf(row, 'before'))),
      };
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
    remember: (registry, { repository, failed }) =>
      inventory.put({
        partitionKey: partitionOf(registry),
        rowKey: `${repositoryPrefix}${repository.replaceAll('/', ':')}`,
        columns: {
          hasFailed: failed === undefined ? undefined : true,
          before: failed?.before === undefined ? undefined : timeText(failed.before),
        },
      }),
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
