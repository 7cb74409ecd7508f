import type { KqlFacts } from '../../infra/checks/kql-check.ts';
import type { KqlType } from '../../infra/checks/kql-functions.ts';
import { severities } from '../../src/findings/kind.ts';
import { findingChanges } from '../../src/findings/lifecycle.ts';
import type { SourceCondition } from '../../src/workloads/coverage.ts';
import type { LoggedLine } from './logged-lines.ts';

/** Columns that are used, of https://learn.microsoft.com/azure/azure-monitor/reference/tables/apptraces and of AppRequests. */
const tables: ReadonlyMap<string, ReadonlyMap<string, KqlType>> = new Map([
  [
    'AppTraces',
    new Map<string, KqlType>([
      ['TimeGenerated', 'datetime'],
      ['Message', 'string'],
      ['SeverityLevel', 'number'],
      ['OperationId', 'string'],
      ['OperationName', 'string'],
    ]),
  ],
  [
    'AppRequests',
    new Map<string, KqlType>([
      ['TimeGenerated', 'datetime'],
      ['OperationId', 'string'],
      ['OperationName', 'string'],
      ['Success', 'bool'],
      ['DurationMs', 'number'],
    ]),
  ],
]);

const conditions: readonly SourceCondition[] = ['fresh', 'stale', 'incomplete', 'never', 'removed'];
const values = new Map<string, readonly string[]>([
  ['change', findingChanges],
  ['severity', severities],
  ['condition', conditions],
]);

/** What queries are held to: tables as they are documented, and lines as they were written. */
export function kqlFactsOf(logged: readonly LoggedLine[]): KqlFacts {
  const lines = new Map(
    [...Map.groupBy(logged, ({ message }) => message)].map(
      ([message, some]) => [message, new Set(some.flatMap((line) => Object.keys(line)))] as const,
    ),
  );
  return { tables, lineColumn: 'Message', lines, values };
}
