import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { loadServerCertificate } from '../../local/acr/tls.ts';

/** A row of a table, with the documented columns; a time in RFC 3339 with seven digits of a second, as the API gives it. */
export type TableRow = Readonly<Record<string, string | number | null>>;

/** A query as it arrived. */
export interface AskedQuery {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly prefer: string | undefined;
  readonly query: string;
  readonly timespan: string;
}

/** An answer other than the rows. */
export interface OtherAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text as it is, anything else as JSON. */
  readonly body: unknown;
}

/** The query API of Log Analytics on this machine. */
export interface LogAnalytics {
  readonly url: string;
  readonly ca: string;
  readonly asked: readonly AskedQuery[];
  /** What tables hold from now on; forgets what was asked. */
  hold(tables: Readonly<Record<string, readonly TableRow[]>>): void;
  /** Answers the next queries otherwise. */
  answer(...answers: readonly OtherAnswer[]): void;
  close(): Promise<void>;
}

const body = z.object({ query: z.string(), timespan: z.string() });

/**
 * Starts a TLS server that answers like the query API: it understands the clauses that the adapter writes (a span of
 * time, a login server, operations, columns, the first so many by time) and refuses any other as the service refuses
 * what it cannot parse. Source: https://learn.microsoft.com/azure/azure-monitor/logs/api/response-format
 */
export async function startLogAnalytics(): Promise<LogAnalytics> {
  const directory = await mkdtemp(join(tmpdir(), 'log-analytics-'));
  const { ca, certificate, key } = await loadServerCertificate(directory);
  const asked: AskedQuery[] = [];
  const others: OtherAnswer[] = [];
  let tables: Readonly<Record<string, readonly TableRow[]>> = {};

  async function answerTo(request: IncomingMessage): Promise<OtherAnswer> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const { query, timespan } = body.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
    const { authorization, prefer } = request.headers;
    asked.push({ path: request.url ?? '', authorization, prefer: String(prefer), query, timespan });
    return others.shift() ?? rowsFor(query, tables);
  }

  const server = createServer({ cert: certificate, key }, (request, response) => {
    answerTo(request).then(
      ({ status = 200, headers, body: content }) => {
        response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', ...headers });
        response.end(typeof content === 'string' ? content : JSON.stringify(content));
      },
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `https://localhost:${port}`,
    ca,
    asked,
    hold(held) {
      tables = held;
      asked.length = 0;
    },
    answer: (...answers) => void others.push(...answers),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function rowsFor(query: string, tables: Readonly<Record<string, readonly TableRow[]>>): OtherAnswer {
  const [table = '', ...clauses] = query.split('\n| ');
  let rows = [...(tables[table] ?? [])];
  let columns: readonly string[] = [];
  for (const clause of clauses) {
    const span = /^where TimeGenerated between \(datetime\((.*)\) \.\. datetime\((.*)\)\)$/.exec(clause);
    const server = /^where LoginServer =~ "([A-Za-z0-9.:-]*)"$/.exec(clause);
    const projection = /^project ([A-Za-z, ]+)$/.exec(clause);
    const top = /^top (\d+) by TimeGenerated asc$/.exec(clause);
    if (span !== null) {
      const [from, to] = [Date.parse(span[1] ?? ''), Date.parse(span[2] ?? '')];
      rows = rows.filter((row) => exactTime(row) >= from && exactTime(row) <= to);
    } else if (server !== null) {
      rows = rows.filter((row) => String(row['LoginServer']).toLowerCase() === server[1]?.toLowerCase());
    } else if (clause.startsWith('where OperationName in~ ')) {
      rows = rows.filter((row) => /^(?:push|delete|untag)$|^purge/i.test(String(row['OperationName'])));
    } else if (projection !== null) {
      columns = projection[1]?.split(', ') ?? [];
    } else if (top !== null) {
      rows = rows.toSorted((a, b) => exactTime(a) - exactTime(b)).slice(0, Number(top[1]));
    } else {
      return { status: 400, body: refusal('BadArgumentError', 'The request had some invalid properties') };
    }
  }
  return {
    body: {
      tables: [
        {
          name: 'PrimaryResult',
          columns: columns.map((name) => ({ name, type: name === 'TimeGenerated' ? 'datetime' : 'string' })),
          rows: rows.map((row) => columns.map((name) => row[name] ?? '')),
        },
      ],
    },
  };
}

/** Milliseconds with the finer digits. */
function exactTime(row: TableRow): number {
  const text = String(row['TimeGenerated']);
  const [, fraction = ''] = /\.(\d+)Z$/.exec(text) ?? [];
  return Date.parse(text.replace(/\.\d+Z$/, 'Z')) + Number(`0.${fraction}0`) * 1_000;
}

/** An error as the API writes it. */
export function refusal(code: string, message: string): object {
  return { error: { code, message } };
}
