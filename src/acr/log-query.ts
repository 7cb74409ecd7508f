import type { LogSpan } from '../history/log-matching.ts';
import { loginEventsTable, repositoryEventsTable } from '../history/log-record.ts';
import type { LogSource } from '../registry/log-source.ts';

/** What is read of a log: a table, the rows of it and their columns. */
export interface LogQuery {
  readonly table: string;
  /** A condition in KQL without anything from outside. */
  readonly condition?: string;
  readonly columns: readonly string[];
}

/** Operations that changed something, refused ones among them. */
export const changesQuery: LogQuery = {
  table: repositoryEventsTable,
  condition: 'OperationName in~ ("Push", "Delete", "Untag") or OperationName startswith "Purge"',
  columns: [
    'TimeGenerated',
    'OperationName',
    'Repository',
    'Digest',
    'Tag',
    'Identity',
    'CallerIpAddress',
    'UserAgent',
    'CorrelationId',
    'ResultDescription',
  ],
};

/** Logins, refused ones among them. */
export const loginsQuery: LogQuery = {
  table: loginEventsTable,
  columns: ['TimeGenerated', 'Identity', 'CallerIpAddress', 'CorrelationId', 'ResultDescription'],
};

/**
 * The query in KQL: the first rows of a span, oldest first. A workspace holds the logs of other registries too; asked by
 * the registry itself, only its own are there.
 */
export function kqlOf(query: LogQuery, source: LogSource, { from, to }: LogSpan, limit: number): string {
  const { table, condition, columns } = query;
  return [
    table,
    `where TimeGenerated between (datetime(${isoTime(from)}) .. datetime(${isoTime(to)}))`,
    ...('workspaceId' in source ? [`where LoginServer =~ ${kqlText(source.loginServer)}`] : []),
    ...(condition === undefined ? [] : [`where ${condition}`]),
    `project ${columns.join(', ')}`,
    `top ${limit} by TimeGenerated asc`,
  ].join('\n| ');
}

/**
 * A string literal: https://learn.microsoft.com/kusto/query/scalar-data-types/string. Whatever is no letter, digit, dot,
 * hyphen or colon is written by its code.
 */
function kqlText(text: string): string {
  const escaped = text.replace(/[^A-Za-z0-9.:-]/gu, (character) =>
    Array.from({ length: character.length }, (_, unit) => character.charCodeAt(unit))
      .map((code) => `\\u${code.toString(16).padStart(4, '0')}`)
      .join(''),
  );
  return `"${escaped}"`;
}

function isoTime(time: number): string {
  return new Date(time).toISOString();
}
