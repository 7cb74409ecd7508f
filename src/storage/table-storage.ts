import {
  createDefaultHttpClient,
  createHttpHeaders,
  createPipelineRequest,
  type HttpClient,
  type HttpMethods,
  type PipelineResponse,
} from '@azure/core-rest-pipeline';
import type { TableClient } from '@azure/data-tables';
import { AuditFault } from '../audit/fault.ts';
import { acceptedIn, batchBody, batchContentType, refusalOf } from './batch.ts';
import { entityRequest } from './entity-request.ts';
import { entityPath, literal } from './odata.ts';
import type { Operation, RowContinuation, RowPage, RowRange, Table } from './row.ts';
import { readRow, readRows, unreadable } from './table-answer.ts';

/** Milliseconds after which a call, its retries included, is given up: well below Event Grid's 30 s. */
const callTimeoutMs = 15_000;

interface Call {
  readonly method: HttpMethods;
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A table of Azure Table Storage, reached through the SDK client's own pipeline (its authentication, retries and
 * telemetry) with our own request bodies: the SDK's serialisation costs three to four times the CPU.
 * A table that does not exist is created at the first refusal.
 */
export function tableStorage(client: TableClient, httpClient: HttpClient = createDefaultHttpClient()): Table {
  const accountUrl = client.url.replace(/(?<!\/)\/+$/, '');
  const table = client.tableName;

  async function create(): Promise<void> {
    // That another caller was first is no error to the SDK.
    await client.createTable().catch((cause: unknown) => {
      throw new AuditFault('storage-unreachable', `Table Storage did not create ${table}`, {
        retryable: true,
        cause,
      });
    });
  }

  async function send(call: Call, mayCreate = true): Promise<PipelineResponse> {
    // Ended with the call: what `AbortSignal.timeout` holds stays in memory until the time is over, for thousands of calls.
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), callTimeoutMs).unref();
    const request = createPipelineRequest({
      url: `${accountUrl}/${call.path}`,
      method: call.method,
      headers: createHttpHeaders({
        accept: 'application/json;odata=minimalmetadata',
        dataserviceversion: '3.0',
        'x-ms-version': '2019-02-02',
        ...(call.contentType === undefined ? {} : { 'content-type': call.contentType }),
        ...call.headers,
      }),
      abortSignal: limit.signal,
      allowInsecureConnection: accountUrl.startsWith('http://'),
      ...(call.body === undefined ? {} : { body: call.body }),
    });
    const response = await client.pipeline
      .sendRequest(httpClient, request)
      .catch((cause: unknown) => {
        throw new AuditFault('storage-unreachable', `Table Storage did not answer for ${table}`, {
          retryable: true,
          cause,
        });
      })
      .finally(() => clearTimeout(timer));
    if (mayCreate && lacksTable(response)) {
      await create();
      return send(call, false);
    }
    return response;
  }

  const write = (operation: Operation) => send(entityRequest(table, operation));

  return {
    async get(partitionKey, rowKey) {
      const response = await send({ method: 'GET', path: entityPath(table, partitionKey, rowKey) });
      if (response.status === 404) return undefined;
      requireStatus(response, table, 200);
      return readRow(response.bodyAsText ?? '', table, response.headers.get('etag'));
    },

    async insert(row) {
      const response = await write({ operation: 'insert', row });
      if (response.status === 409) return 'exists';
      requireWritten(response, table);
      return 'inserted';
    },

    async put(row) {
      requireWritten(await write({ operation: 'replace', row }), table);
    },

    async transact(operations) {
      const [operation] = operations;
      // One operation needs no transaction, whose parts client and storage would have to write and read.
      if (operation !== undefined && operations.length === 1) {
        const response = await write(operation);
        if (isConflict(response.status)) return 'conflict';
        requireWritten(response, table);
        return 'committed';
      }
      const response = await send({
        method: 'POST',
        path: '$batch',
        body: batchBody(accountUrl, table, operations),
        contentType: batchContentType,
      });
      const answer = response.bodyAsText ?? '';
      const refusal = refusalOf(answer) ?? (response.status >= 400 ? { status: response.status } : undefined);
      if (refusal === undefined) {
        requireStatus(response, table, 202);
        // An answer that was cut, or is another's, does not say that it was done.
        if (acceptedIn(answer) !== operations.length) throw unreadable(table);
        return 'committed';
      }
      if (isConflict(refusal.status)) return 'conflict';
      throw faultOf(refusal.status, table, answer);
    },

    async page(range, limit, from) {
      const response = await send({ method: 'GET', path: `${table}()?${queryOf(range, limit, from)}` });
      requireStatus(response, table, 200);
      return pageOf(response, table);
    },
  };
}

/** Whether the table is missing. What is stored may speak of errors too, so only a refusal is asked. */
function lacksTable({ status, bodyAsText }: PipelineResponse): boolean {
  const answer = bodyAsText ?? '';
  return (status >= 400 || refusalOf(answer)?.status === 404) && answer.includes('TableNotFound');
}

function queryOf(range: RowRange, limit: number, from: RowContinuation | undefined): string {
  const conditions = [
    `PartitionKey eq ${literal(range.partitionKey)}`,
    `RowKey ge ${literal(range.from)}`,
    `RowKey lt ${literal(range.before)}`,
    ...(range.filter === undefined ? [] : [`(${range.filter})`]),
  ];
  const query = new Map([
    ['$filter', conditions.join(' and ')],
    ['$top', String(limit)],
  ]);
  if (range.select !== undefined) query.set('$select', ['PartitionKey', 'RowKey', ...range.select].join());
  if (from !== undefined) query.set('NextPartitionKey', from.partitionKey);
  if (from?.rowKey !== undefined) query.set('NextRowKey', from.rowKey);
  return [...query].map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
}

function pageOf(response: PipelineResponse, table: string): RowPage {
  const rows = readRows(response.bodyAsText ?? '', table);
  const partitionKey = response.headers.get('x-ms-continuation-nextpartitionkey');
  const rowKey = response.headers.get('x-ms-continuation-nextrowkey');
  if (partitionKey === undefined) return { rows };
  return { rows, next: { partitionKey, ...(rowKey === undefined ? {} : { rowKey }) } };
}

/** Something is not as was required. 404: a row that was to be changed or removed is gone, so it isn't as it was read either. */
function isConflict(status: number): boolean {
  return status === 409 || status === 412 || status === 404;
}

/** 201 where the wish for no content is not granted. */
function requireWritten(response: PipelineResponse, table: string): void {
  requireStatus(response, table, 204, 201);
}

/** Any other status is a refusal or, below 400, the answer of something in between. */
function requireStatus(response: PipelineResponse, table: string, ...statuses: readonly number[]): void {
  if (statuses.includes(response.status)) return;
  if (response.status < 400) throw unreadable(table);
  throw faultOf(response.status, table, response.bodyAsText ?? '');
}

function faultOf(status: number, table: string, answer: string): AuditFault {
  const code = /"code"\s*:\s*"([^"]*)"/.exec(answer)?.[1] ?? 'unknown';
  return new AuditFault(`storage-${status}`, `Table Storage refused ${table} with ${status} ${code}`, {
    retryable: status >= 500 || status === 408 || status === 429,
  });
}
