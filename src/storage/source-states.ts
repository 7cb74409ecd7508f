import type { SourceStates } from '../audit/workload-ports.ts';
import type { ReadingProblem } from '../workloads/claim.ts';
import type { SourceState } from '../workloads/coverage.ts';
import { corrupt, countIn, jsonIn, optional, readTime, textOf, timeText } from './entry-codec.ts';
import { keysUnder } from './keys.ts';
import { rowsOf, type StoredRow, type Table } from './row.ts';

const partitionKey = 'sources';

/** Keeps what looks at sources came to in the `inventory` table, one row a source. */
export function sourceStates(inventory: Table): SourceStates {
  return {
    all: () => Array.fromAsync(rowsOf(inventory, { partitionKey, ...keysUnder('') }), readState),
    async get(source) {
      const row = await inventory.get(partitionKey, source);
      return row && readState(row);
    },
    put: ({ source, completeAt, lookedAt, problems, problemCount, claims, ttl, retiredAt }) =>
      inventory.put({
        partitionKey,
        rowKey: source,
        columns: {
          completeAt: optionalTime(completeAt),
          lookedAt: optionalTime(lookedAt),
          problems: JSON.stringify(problems),
          problemCount,
          claims,
          ttl,
          retiredAt: optionalTime(retiredAt),
        },
      }),
  };
}

function optionalTime(time: number | undefined): string | undefined {
  return time === undefined ? undefined : timeText(time);
}

function readState(row: StoredRow): SourceState {
  const problems: unknown = jsonIn(row, 'problems');
  if (!Array.isArray(problems) || !problems.every(isProblem)) throw corrupt(row);
  return {
    source: row.rowKey,
    problems,
    problemCount: countIn(row, 'problemCount') ?? problems.length,
    claims: countIn(row, 'claims') ?? 0,
    ...optional('completeAt', readTime(textOf(row, 'completeAt'))),
    ...optional('lookedAt', readTime(textOf(row, 'lookedAt'))),
    ...optional('ttl', countIn(row, 'ttl')),
    ...optional('retiredAt', readTime(textOf(row, 'retiredAt'))),
  };
}

function isProblem(value: unknown): value is ReadingProblem {
  return (
    typeof value === 'object' &&
    value !== null &&
    'where' in value &&
    'problem' in value &&
    typeof value.where === 'string' &&
    typeof value.problem === 'string'
  );
}
