import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as z from 'zod/mini';
import { atMost, type Figure } from './figure.ts';

const run = z.object({
  repositories: z.number(),
  tags: z.number(),
  manifests: z.number(),
  untag: z.number(),
  delete: z.number(),
  classifySeconds: z.number(),
  /** With that of collecting garbage, which has threads of its own. */
  classifyCpuSeconds: z.number(),
  hashSeconds: z.number(),
  lineSeconds: z.number(),
  lineMiB: z.number(),
  peakMiB: z.number(),
});
type Run = z.output<typeof run>;

/** Seconds that the best public figure took for the largest of these. */
const publicSeconds = 111;

/** Manifests and tags; the last are those of the largest registry whose clean-up somebody has timed in public. */
const sizes = [
  [10_000, 8_474],
  [100_000, 84_742],
  [455_492, 385_992],
] as const;

/**
 * What goes of registries of several sizes, half of each in one repository: time, memory, and how both grow. Each size has a
 * process of its own.
 */
export async function retention(): Promise<readonly Figure[]> {
  const runs: Run[] = [];
  for (const [manifests, tags] of sizes) {
    const args = ['bench/retention-run.ts', String(manifests), String(tags)];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    runs.push(run.parse(JSON.parse(stdout)));
  }
  const [, middle] = runs;
  const largest = runs.at(-1);
  const figures = runs.flatMap((one) => figuresOf(one, one === largest));
  if (middle === undefined || largest === undefined) return figures;
  const each = ({ classifyCpuSeconds, manifests }: Run) => classifyCpuSeconds / manifests;
  return [
    ...figures,
    atMost(
      'classification beside the best public figure of that registry',
      largest.classifySeconds / publicSeconds,
      '×',
      1,
    ),
    atMost('CPU for each of 455,492 manifests, by that of 100,000', each(largest) / each(middle), '×', 2),
  ];
}

function figuresOf(one: Run, isLargest: boolean): readonly Figure[] {
  const of = `of ${one.manifests.toLocaleString('en')} manifests`;
  const seconds = `classification ${of}`;
  const peak = `  peak memory`;
  return [
    isLargest
      ? atMost(seconds, one.classifySeconds, 's', 10)
      : { name: seconds, value: one.classifySeconds, unit: 's' },
    isLargest ? atMost(peak, one.peakMiB, 'MiB', 1_024) : { name: peak, value: one.peakMiB, unit: 'MiB' },
    { name: '  its CPU', value: one.classifyCpuSeconds, unit: 's' },
    { name: '  caps and hash', value: one.hashSeconds, unit: 's' },
    { name: '  what is kept of the plan, as lines', value: one.lineSeconds, unit: 's' },
    { name: '  the lines, before compression', value: one.lineMiB, unit: 'MiB' },
    { name: '  tags', value: one.tags, unit: 'tags' },
    { name: '  tags untagged', value: one.untag, unit: 'tags' },
    { name: '  manifests deleted', value: one.delete, unit: 'manifests' },
  ];
}
