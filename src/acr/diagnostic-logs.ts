import type { TokenCredential } from '@azure/core-auth';
import { type PipelinePolicy, RestError } from '@azure/core-rest-pipeline';
import type { LogsQueryClient, LogsTable } from '@azure/monitor-query-logs';
import { AuditFault } from '../audit/fault.ts';
import type { Log } from '../audit/ports.ts';
import type { RegistryLogs } from '../audit/registry-logs.ts';
import type { LogSpan } from '../history/log-matching.ts';
import type { LogSource } from '../registry/log-source.ts';
import { boundedHttpClient } from './bounded-http-client.ts';
import { changesQuery, kqlOf, type LogQuery, loginsQuery } from './log-query.ts';
import { type LogRow, readChange, readLogin, timeOfRow } from './log-reading.ts';
import { type RetryOptions, registryCall } from './registry-call.ts';
import { registryCredential } from './registry-credential.ts';

export interface DiagnosticLogsOptions {
  readonly source: LogSource;
  readonly credential: TokenCredential;
  readonly log: Log;
  /** Such as `https://api.loganalytics.io`; that of the registry's cloud unless told. */
  readonly endpoint?: string;
  /** The authority to trust, as PEM text, instead of those of the system. */
  readonly ca?: string;
  /** Rows of one answer, 5,000 unless told. */
  readonly pageSize?: number;
  /** Milliseconds one attempt of one query may take, 90 seconds unless told. */
  readonly timeoutMs?: number;
  readonly retry?: RetryOptions;
}

/** A row of ours is about half a kilobyte, and at most six. The service itself sends no more than 100 MB. */
const maxAnswerBytes = 64 * 1024 * 1024;

/** Seconds that the service may take for a query. */
const serverTimeoutSeconds = 60;

/** The most answers followed for one span: two million rows in answers of 5,000. */
const maxPages = 400;

/**
 * A registry's diagnostic logs in Log Analytics, through the Azure SDK, which is loaded when something is first asked.
 * Faults are `logs-<status>`, `logs-partial` (some of what was asked for), `logs-unreachable`, `logs-silent`,
 * `logs-unreadable`, `logs-too-many` and `logs-credential`.
 */
export function diagnosticLogs(options: DiagnosticLogsOptions): RegistryLogs {
  const { source, log, timeoutMs = 90_000, pageSize = 5_000, retry = {} } = options;
  const endpoint = options.endpoint ?? endpointOf(source.loginServer);
  const host = new URL(endpoint).host;
  const call = registryCall({ timeoutMs, retry });
  let made: Promise<LogsQueryClient> | undefined;

  async function makeClient(): Promise<LogsQueryClient> {
    const { LogsQueryClient } = await import('@azure/monitor-query-logs');
    const client = new LogsQueryClient(registryCredential(options.credential, host), {
      endpoint: `${endpoint}/v1`,
      credentials: { scopes: [`${endpoint}/.default`] },
      httpClient: boundedHttpClient({ timeoutMs, maxBytes: maxAnswerBytes }),
      retryOptions: { maxRetries: 0 },
      redirectOptions: { allowCrossOriginRedirects: false },
      ...(options.ca === undefined ? {} : { tlsOptions: { ca: options.ca } }),
    });
    client.pipeline.addPolicy(refusals);
    return client;
  }

  function fault(code: string, problem: string, retryable: boolean): AuditFault {
    return new AuditFault(`logs-${code}`, `${host} ${problem} for ${source.loginServer}`, { retryable });
  }

  async function ask(query: LogQuery, span: LogSpan): Promise<readonly LogRow[]> {
    made ??= makeClient();
    const client = await made;
    const kql = kqlOf(query, source, span, pageSize);
    // The condition on the time is the query's; this one only spares the service from looking elsewhere.
    const around = { startTime: new Date(span.from - 1_000), endTime: new Date(span.to + 1_000) };
    const settings = { serverTimeoutInSeconds: serverTimeoutSeconds };
    const question = { registry: host, doing: `list ${query.table} of ${source.loginServer}` };
    const result = await call(question, [], () =>
      'workspaceId' in source
        ? client.queryWorkspace(source.workspaceId, kql, around, settings)
        : client.queryResource(source.resourceId.replace(/^\//, ''), kql, around, settings),
    ).catch((error: unknown) => {
      throw asLogsFault(error);
    });
    if (result === undefined) throw fault('unreadable', 'answered nothing', false);
    if (!('tables' in result)) throw fault('partial', 'answered only part of what was asked', true);
    const [table] = result.tables;
    if (table === undefined) throw fault('unreadable', 'answered without a table', false);
    return rowsOf(table);
  }

  async function* pagesOf(query: LogQuery, { from: first, to }: LogSpan): AsyncGenerator<readonly LogRow[]> {
    let from = first;
    let known: ReadonlySet<string> = new Set();
    for (let page = 0; page < maxPages; page += 1) {
      const rows = (await ask(query, { from, to })).map((row) => {
        const at = timeOfRow(row);
        if (at === undefined) throw fault('unreadable', 'answered a row without its time', false);
        return { row, at, text: JSON.stringify(row) };
      });
      yield rows.filter(({ text }) => !known.has(text)).map(({ row }) => row);
      const last = rows.at(-1)?.at;
      if (last === undefined || rows.length < pageSize) return;
      // Rows of the last millisecond come again, with those of it that were cut off.
      if (last <= from && page > 0) break;
      known = new Set(rows.filter(({ at }) => at === last).map(({ text }) => text));
      from = last;
    }
    throw fault('too-many', 'has more rows than are read', false);
  }

  async function* recordsOf<T extends object>(
    query: LogQuery,
    span: LogSpan,
    read: (row: LogRow) => T | 'unreadable' | 'other',
  ): AsyncGenerator<readonly T[]> {
    for await (const rows of pagesOf(query, span)) {
      const readings = rows.map(read);
      const unreadable = readings.filter((reading) => reading === 'unreadable').length;
      if (unreadable > 0) {
        log.warn('log records not read', { registry: source.loginServer, table: query.table, unreadable });
      }
      yield readings.filter((reading): reading is T => typeof reading === 'object');
    }
  }

  return {
    changes: (span) => recordsOf(changesQuery, span, readChange),
    logins: (span) => recordsOf(loginsQuery, span, readLogin),
  };
}

/**
 * The endpoint of the cloud that a registry is in, by its domain.
 * Source: `KnownMonitorLogsQueryAudience` of the SDK, of which only the public one is its default.
 */
function endpointOf(loginServer: string): string {
  if (loginServer.endsWith('.azurecr.cn')) return 'https://api.loganalytics.azure.cn';
  if (loginServer.endsWith('.azurecr.us')) return 'https://api.loganalytics.us';
  return 'https://api.loganalytics.io';
}

/** Tells a refusal by its status: the SDK reads the body of any answer as its own error, which a proxy's is not. */
const refusals: PipelinePolicy = {
  name: 'refusals',
  async sendRequest(request, next) {
    const response = await next(request);
    if (response.status === 200) return response;
    throw new RestError(`the answer was ${response.status}`, {
      statusCode: response.status,
      request,
      response,
    });
  },
};

/** The fault under the name of the logs: the same calls ask registries. */
function asLogsFault(error: unknown): unknown {
  if (!(error instanceof AuditFault)) return error;
  const { code, message, retryable, cause } = error;
  return new AuditFault(code.replace(/^registry-/, 'logs-'), message, { retryable, cause });
}

function rowsOf({ columnDescriptors, rows }: LogsTable): readonly LogRow[] {
  return rows.map((row) =>
    Object.fromEntries(columnDescriptors.map(({ name }, index) => [name, row[index]])),
  );
}
