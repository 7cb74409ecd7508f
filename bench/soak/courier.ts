import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { below } from './plan.ts';

/** What became of deliveries. */
export interface DeliveryCounts {
  /** Acknowledged, duplicates included. */
  readonly delivered: number;
  readonly duplicates: number;
  /** Attempts that were not acknowledged, by status or reason; each was repeated. */
  readonly failures: ReadonlyMap<string, number>;
}

/** Delivers events as Event Grid does: at least once, some late, some twice, in no order. */
export interface Courier {
  send(event: unknown): void;
  /** Deliveries that are due or under way. */
  backlog(): number;
  counts(): DeliveryCounts;
  /** Milliseconds from when a delivery was due until it was acknowledged, of those since the last call. */
  takeLatencies(): readonly number[];
  /** Resolves when everything is delivered, whatever was held back. */
  settled(): Promise<void>;
  /** Gives up what is not delivered. */
  close(): void;
}

export interface CourierOptions {
  readonly endpoint: string;
  readonly random: () => number;
  /** Seconds by which the latest first delivery comes late. */
  readonly latestDelivery: number;
  /** Deliveries under way at once. */
  readonly atOnce?: number;
}

// As Event Grid waits at most for an answer: https://learn.microsoft.com/azure/event-grid/delivery-and-retry
const answerTimeoutMs = 30_000;
const firstRetryMs = 500;
const longestRetryMs = 10_000;

/** Carries events to an endpoint until each delivery is acknowledged. */
export function courierTo(options: CourierOptions): Courier {
  const { endpoint, random, latestDelivery, atOnce = 64 } = options;
  const failures = new Map<string, number>();
  const pending = new Set<Promise<void>>();
  const waiting: (() => void)[] = [];
  const closing = new AbortController();
  let [due, underWay, delivered, duplicates] = [0, 0, 0, 0];
  let latencies: number[] = [];

  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });

  async function attempt(body: string, count: number): Promise<boolean> {
    try {
      const status = await post(body, count);
      if (status < 300) return true;
      note(`status ${status}`);
    } catch (error) {
      note(error instanceof Error ? error.message : String(error));
    }
    return false;
  }

  /** By `node:http`, which does less than `fetch` for each request: the driver's CPU is taken from the service here. */
  async function post(body: string, count: number): Promise<number> {
    const asked = request(endpoint, {
      method: 'POST',
      agent,
      timeout: answerTimeoutMs,
      signal: closing.signal,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'aeg-event-type': 'Notification',
        'aeg-delivery-count': String(count),
      },
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.end(body);
    const [answer]: IncomingMessage[] = await once(asked, 'response');
    if (answer === undefined) throw new Error('no answer');
    answer.resume();
    await once(answer, 'end');
    return answer.statusCode ?? 0;
  }

  function note(reason: string): void {
    failures.set(reason, (failures.get(reason) ?? 0) + 1);
  }

  async function turn(): Promise<void> {
    if (underWay < atOnce) {
      underWay += 1;
      return;
    }
    await new Promise<void>((resume) => waiting.push(resume));
  }

  function passTurn(): void {
    const next = waiting.shift();
    if (next === undefined) underWay -= 1;
    else next();
  }

  async function deliver(body: string, afterMs: number): Promise<void> {
    await pause(afterMs, undefined, { signal: closing.signal });
    const since = performance.now();
    due += 1;
    for (let count = 0; ; count += 1) {
      await turn();
      const done = await attempt(body, count).finally(passTurn);
      if (done) break;
      await pause(Math.min(longestRetryMs, firstRetryMs * 2 ** count), undefined, { signal: closing.signal });
    }
    due -= 1;
    delivered += 1;
    latencies.push(performance.now() - since);
  }

  function schedule(body: string, afterMs: number): void {
    const delivery = deliver(body, afterMs)
      .catch((error: unknown) => {
        if (!closing.signal.aborted) throw error;
      })
      .finally(() => pending.delete(delivery));
    pending.add(delivery);
  }

  /** Most come at once, some overtake one another, a few come very late. */
  function delayMs(): number {
    const chance = random();
    if (chance < 0.85) return random() * 50;
    if (chance < 0.95) return random() * 2_000;
    return random() * latestDelivery * 1_000;
  }

  return {
    send(event) {
      const body = JSON.stringify([event]);
      const first = delayMs();
      schedule(body, first);
      if (random() >= 0.15) return;
      for (let copies = 1 + below(2, random); copies > 0; copies -= 1) {
        duplicates += 1;
        schedule(body, random() < 0.3 ? first : first + delayMs());
      }
    },
    backlog: () => due,
    counts: () => ({ delivered, duplicates, failures }),
    takeLatencies() {
      const taken = latencies;
      latencies = [];
      return taken;
    },
    async settled() {
      while (pending.size > 0) await Promise.all(pending);
    },
    close() {
      closing.abort();
      agent.destroy();
    },
  };
}
