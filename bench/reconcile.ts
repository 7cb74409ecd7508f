import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as z from 'zod/mini';
import type { BenchOptions } from './bench.ts';
import { atMost, type Figure } from './figure.ts';

const comparison = z.object({
  rows: z.number(),
  seconds: z.number(),
  cpuSeconds: z.number(),
  calls: z.object({ lists: z.number(), documents: z.number(), others: z.number() }),
});
const run = z.object({
  manifests: z.number(),
  indexes: z.number(),
  peakMiB: z.number(),
  first: comparison,
  second: comparison,
  lists: z.object({ seconds: z.number(), cpuSeconds: z.number() }),
});

const sizes = [1_000, 10_000];
const fullSizes = [10_000, 100_000];

/** Entries of a registry's list page. */
const pageSize = 1_000;

/**
 * The comparison of repositories of 1,000 and 10,000 manifests (or, in full, of 100,000) with a history that knows nothing of them, and again:
 * calls of the registry, rows written, memory and time. Each size has a process of its own.
 */
export async function reconcile({ full }: BenchOptions): Promise<readonly Figure[]> {
  const runs: z.output<typeof run>[] = [];
  for (const size of full ? fullSizes : sizes) runs.push(await runOf(size));
  const figures = runs.flatMap(figuresOf);
  const [small, large] = runs;
  if (small === undefined || large === undefined) return figures;
  return [
    ...figures,
    atMost('peak memory of ten times the manifests', large.peakMiB / small.peakMiB, '×', 1.5),
  ];
}

async function runOf(size: number): Promise<z.output<typeof run>> {
  const { stdout } = await promisify(execFile)(process.execPath, ['bench/reconcile-run.ts', String(size)]);
  return run.parse(JSON.parse(stdout));
}

function figuresOf({
  manifests,
  indexes,
  peakMiB,
  first,
  second,
  lists,
}: z.output<typeof run>): readonly Figure[] {
  const of = `of ${manifests.toLocaleString('en')} manifests`;
  // One tag for eight of ten manifests; a list that ends with a full page takes one more call where the link says so.
  const pages = Math.ceil(manifests / pageSize) + Math.ceil((manifests * 0.8) / pageSize);
  return [
    { name: `first comparison ${of}`, value: first.seconds, unit: 's' },
    { name: `  rows written`, value: first.rows, unit: 'rows' },
    atMost('  list calls beyond the pages', first.calls.lists - pages, 'calls', 4),
    atMost('  documents read beyond the indexes', first.calls.documents - indexes, 'calls', 8),
    { name: '  calls for tokens', value: first.calls.others, unit: 'calls' },
    { name: `second comparison ${of}`, value: second.seconds, unit: 's' },
    atMost('  rows written', second.rows, 'rows', 0),
    atMost('  calls beyond the pages', second.calls.lists + second.calls.documents - pages, 'calls', 4),
    { name: '  its time beside the lists by the SDK', value: second.seconds / lists.seconds, unit: '×' },
    { name: '  its CPU beside the lists by the SDK', value: second.cpuSeconds / lists.cpuSeconds, unit: '×' },
    { name: `peak memory ${of}`, value: peakMiB, unit: 'MiB' },
  ];
}
