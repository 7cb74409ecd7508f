import { atLeast, atMost, type Figure, median, quantile } from './figure.ts';
import { bareSdk, eventsOf, plansOf } from './ingest-plans.ts';
import { benchStorage, benchTables, handlerOver } from './setting.ts';

const rounds = 12;

/**
 * The whole handler (reading the event, canonical JSON, writing) against the bare SDK making the same transactions with
 * rows prepared beforehand, in turns, on one Azurite. Eight senders, one a repository; half the pushes are of new digests.
 */
export async function ingest(): Promise<readonly Figure[]> {
  const storage = await benchStorage();
  try {
    const tables = await benchTables(storage);
    const handle = handlerOver(tables);
    const sdk = await bareSdk(storage);
    const ours: Round[] = [];
    const bare: Round[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const events = eventsOf(round);
      const plans = await plansOf(events);
      const turns = [
        async () => ours.push(await measured(events, (event) => handle(event))),
        async () => bare.push(await measured(plans, (plan) => sdk(plan))),
      ];
      for (const turn of round % 2 === 0 ? turns : turns.reverse()) await turn();
    }
    // The first round warms both up.
    const [a, b] = [ours.slice(1), bare.slice(1)];
    const ratios = (of: (round: Round) => number) =>
      median(a.map((one, index) => of(one) / of(b[index] ?? one)));
    const p99 = (some: readonly Round[]) =>
      quantile(
        some.flatMap((one) => one.latencies),
        0.99,
      );
    return [
      { name: 'ingest: events handled', value: median(a.map((one) => one.rate)), unit: '/s' },
      { name: 'bare SDK: same transactions', value: median(b.map((one) => one.rate)), unit: '/s' },
      atLeast(
        'ingest rate beside the bare SDK',
        ratios((one) => one.rate),
        '×',
        1,
      ),
      { name: 'ingest: p99', value: p99(a), unit: 'ms' },
      atMost('ingest p99 beside the bare SDK', p99(a) / p99(b), '×', 1.2),
      { name: 'ingest: client CPU an event', value: median(a.map((one) => one.cpu)), unit: 'ms' },
      atMost(
        'ingest client CPU beside the bare SDK',
        ratios((one) => one.cpu),
        '×',
        1,
      ),
    ];
  } finally {
    await storage.stop();
  }
}

interface Round {
  /** Events a second, over all senders. */
  readonly rate: number;
  /** Milliseconds of each event. */
  readonly latencies: readonly number[];
  /** Milliseconds of our own CPU an event. */
  readonly cpu: number;
}

/** Works off one queue a repository, all at once. */
async function measured<T>(
  queues: readonly (readonly T[])[],
  work: (item: T) => Promise<unknown>,
): Promise<Round> {
  const latencies: number[] = [];
  const cpu = process.cpuUsage();
  const start = performance.now();
  await Promise.all(
    queues.map(async (queue) => {
      for (const item of queue) {
        const begun = performance.now();
        await work(item);
        latencies.push(performance.now() - begun);
      }
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { rate: latencies.length / seconds, latencies, cpu: (user + system) / 1000 / latencies.length };
}
