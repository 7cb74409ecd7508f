import { setTimeout as pause } from 'node:timers/promises';
import * as z from 'zod/mini';

/** What the service answered. */
export interface Answered {
  readonly status: number;
  readonly body: unknown;
}

/** Asks the service, and counts what it answered. */
export interface ServiceCalls {
  get(path: string): Promise<Answered>;
  send(method: 'POST' | 'PUT', path: string, body: unknown): Promise<Answered>;
  /** Runs a function that a timer runs at other times. */
  run(functionName: string): Promise<void>;
  status(): Promise<Status>;
  /** Asked so far, by method, first segment of the path and status. */
  readonly counts: ReadonlyMap<string, number>;
  /** Milliseconds of the questions since the last call. */
  takeLatencies(): readonly number[];
}

const status = z.object({
  registries: z.array(
    z.object({
      rejected: z.number(),
      lastRound: z.optional(z.object({ startedAt: z.string() })),
      repositoriesFailed: z.number(),
      ledger: z.object({ size: z.optional(z.number()) }),
    }),
  ),
  comparisonsWaiting: z.number(),
  deadLetters: z.object({ waiting: z.number(), quarantined: z.number() }),
  unattributed: z.object({ rejected: z.number() }),
});

/** What the service says of itself. */
export type Status = z.output<typeof status>;

const answerTimeoutMs = 120_000;

/** Calls of a service at an address. A connection that was closed meanwhile is made again, for what only reads. */
export function callsOf(url: string): ServiceCalls {
  const counts = new Map<string, number>();
  let latencies: number[] = [];

  async function asked(path: string, init: RequestInit = {}): Promise<Answered> {
    const since = performance.now();
    const response = await fetch(`${url}/${path}`, { ...init, signal: AbortSignal.timeout(answerTimeoutMs) });
    const text = await response.text();
    latencies.push(performance.now() - since);
    const kind = `${init.method ?? 'GET'} ${/^(?:api\/v1\/)?[a-z/]+/.exec(path)?.[0]} ${response.status}`;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return { status: response.status, body: isJson && text !== '' ? JSON.parse(text) : text };
  }

  async function get(path: string): Promise<Answered> {
    try {
      return await asked(path);
    } catch {
      await pause(100);
      return asked(path);
    }
  }

  const headers = { 'content-type': 'application/json' };
  return {
    counts,
    get,
    send: (method, path, body) => asked(path, { method, headers, body: JSON.stringify(body) }),
    async run(functionName) {
      const body = JSON.stringify({ input: '' });
      const path = `admin/functions/${functionName}`;
      const answered = await asked(path, { method: 'POST', headers, body });
      if (answered.status !== 202) throw new Error(`${functionName} was not run: ${answered.status}`);
    },
    status: async () => status.parse((await get('api/v1/status')).body),
    takeLatencies() {
      const taken = latencies;
      latencies = [];
      return taken;
    },
  };
}
