import { atLeast, atMost, type Figure, median } from '../figure.ts';
import type { SoakOutcome } from './outcome.ts';
import type { Sample } from './samples.ts';
import { type Point, partOf, slopeOf } from './trend.ts';

const mebi = 1024 * 1024;
const hour = 3_600;

/** Rows whether everything ended as it should: none depends on how fast the machine is. */
export function endFigures(outcome: SoakOutcome): readonly Figure[] {
  const { differences, locks, ledger, left, rejected } = outcome;
  return [
    ...[...differences].map(([aspect, found]) => atMost(aspect, found.length, '', 0)),
    atMost('approved digests in force that are not locked', locks.unlocked.length, '', 0),
    atMost('messages rejected or given up', rejected, '', 0),
    atMost('messages and records left waiting', left, '', 0),
    atMost('exit code of the verification of the ledger and its rows', ledger.code, '', 0),
    atMost('rows that are not as sealed', ledger.rowsWrong, '', 0),
    atLeast('entries of the ledger', ledger.entries, '', outcome.journal.told.length),
    atMost('ends of the host', outcome.hostEnded ? 1 : 0, '', 0),
  ];
}

/** Rows whether it stayed as it was: memory, latency, backlog. */
export function steadyFigures({ samples, plan, seconds, journal }: SoakOutcome): readonly Figure[] {
  const second = partOf(samples, 1 / 3, 2 / 3);
  const third = partOf(samples, 2 / 3, 1);
  const late = partOf(samples, 1 / 2, 1);
  const growth = (value: (sample: Sample) => number) => {
    const points = late.map((sample): Point => ({ at: sample.at, value: value(sample) }));
    return (slopeOf(points) * hour) / mebi;
  };
  const ratio = (value: (sample: Sample) => number) => median(third.map(value)) / median(second.map(value));
  return [
    atLeast('events told', journal.told.length / seconds, '/s', plan.rate * 0.9),
    atMost(
      'growth of heap, after collection',
      growth(({ host }) => host.heapUsed),
      'MiB/h',
      16,
    ),
    atMost(
      'growth of memory (RSS)',
      growth(({ host }) => host.rss),
      'MiB/h',
      64,
    ),
    atMost(
      'delivery p50, last third to second',
      ratio(({ latency }) => latency.p50),
      '×',
      1.25,
    ),
    atMost(
      'delivery p99, last third to second',
      ratio(({ latency }) => latency.p99),
      '×',
      1.5,
    ),
    atMost(
      'backlog, last third, most',
      Math.max(...third.map(({ backlog }) => backlog)),
      'deliveries',
      plan.rate,
    ),
    atMost(
      'records waiting to be sealed, last third, most',
      Math.max(...third.map((one) => one.waitingForSeal ?? 0)),
      '',
      plan.rate * 120,
    ),
  ];
}

/** Rows that describe. */
export function describingFigures(outcome: SoakOutcome): readonly Figure[] {
  const { samples, deliveries, journal, locks, ledger } = outcome;
  const middle = (value: (sample: Sample) => number) => median(samples.map(value));
  const row = (name: string, value: number, unit = ''): Figure => ({ name, value, unit });
  const failed = [...deliveries.failures.values()].reduce((sum, count) => sum + count, 0);
  return [
    row('traffic', outcome.seconds, 's'),
    row('events told', journal.told.length),
    row('untags, of which no event tells', journal.untaggings.length),
    row('pushes and deletions refused, being locked', journal.refused),
    row('deliveries acknowledged', deliveries.delivered),
    row('of these, duplicates', deliveries.duplicates),
    row('attempts not acknowledged, repeated', failed),
    row(
      'delivery p50, median window',
      middle(({ latency }) => latency.p50),
      'ms',
    ),
    row(
      'delivery p99, median window',
      middle(({ latency }) => latency.p99),
      'ms',
    ),
    row('delivery p99, worst window', Math.max(...samples.map(({ latency }) => latency.p99)), 'ms'),
    row(
      'answer to readers p50, median window',
      middle(({ reading }) => reading.p50),
      'ms',
    ),
    row(
      'event loop delay p99, median window',
      middle(({ host }) => host.loopP99),
      'ms',
    ),
    row('heap after collection, last', (samples.at(-1)?.host.heapUsed ?? 0) / mebi, 'MiB'),
    row('memory (RSS), last', (samples.at(-1)?.host.rss ?? 0) / mebi, 'MiB'),
    row(
      'CPU of the host',
      middle(({ cores }) => cores.host),
      'cores',
    ),
    row(
      'CPU of storage',
      middle(({ cores }) => cores.storage ?? Number.NaN),
      'cores',
    ),
    row(
      'CPU of driver and registry',
      middle(({ cores }) => cores.driver),
      'cores',
    ),
    ...stolenFigures(samples),
    row('backlog, most', Math.max(...samples.map(({ backlog }) => backlog)), 'deliveries'),
    row('approvals in force', locks.inForce),
    row('checkpoints', ledger.checkpoints),
    row('statements announced twice, to be taken back', outcome.abandoned),
    row('rows as sealed', ledger.rowsSame),
  ];
}

/** Rows of the CPU that other machines on the same hardware had; none where that is not told. */
export function stolenFigures(samples: readonly Pick<Sample, 'cores'>[]): readonly Figure[] {
  const stolen = samples.flatMap(({ cores }) => cores.stolen ?? []);
  if (stolen.length === 0) return [];
  return [
    { name: 'CPU that other machines had, median window', value: median(stolen), unit: 'cores' },
    { name: 'CPU that other machines had, worst window', value: Math.max(...stolen), unit: 'cores' },
  ];
}

/** One line of a sample, for who watches. */
export function sampleLine({
  at,
  host,
  cores,
  latency,
  backlog,
  queues,
  waitingForSeal,
  delivered,
}: Sample): string {
  const waiting = queues && Object.values(queues).reduce((sum, count) => sum + count, 0);
  return [
    `${at.toFixed(0).padStart(5)} s`,
    `heap ${(host.heapUsed / mebi).toFixed(1)} MiB, RSS ${(host.rss / mebi).toFixed(0)}`,
    `loop p99 ${host.loopP99.toFixed(0)} ms`,
    `${delivered} delivered, p50 ${latency.p50.toFixed(0)} ms, p99 ${latency.p99.toFixed(0)} ms`,
    `backlog ${backlog}, queued ${waiting ?? '?'}, to seal ${waitingForSeal ?? '?'}`,
    `cores ${[cores.host, cores.storage, cores.driver].map((one) => one?.toFixed(2) ?? '?').join(' ')}, stolen ${cores.stolen?.toFixed(2) ?? '?'}`,
  ].join(' | ');
}
