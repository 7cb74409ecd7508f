import { parentPort, workerData } from 'node:worker_threads';
import * as z from 'zod/mini';
import { campaign } from './campaign.ts';
import { growthOf } from './growth.ts';
import { targets } from './targets.ts';
import { writeShown } from './watch.ts';

const form = z.object({
  target: z.string(),
  runs: z.number(),
  seed: z.number(),
  budgetMs: z.optional(z.number()),
  shared: z.instanceof(SharedArrayBuffer),
});

/** Tries one target, and shows each input beforehand to whoever watches: an input that does not end is known. */
async function run(): Promise<void> {
  const { target: name, runs, seed, budgetMs, shared } = form.parse(workerData);
  const target = targets.find((one) => one.name === name);
  if (target === undefined) throw new Error(`no target ${name}`);
  const show = writeShown(shared);
  const options = { runs, seed, before: show, ...(budgetMs === undefined ? {} : { budgetMs }) };
  const result = await campaign(target, options);
  const { growth, failures } = await growthOf({
    ...target,
    check(input) {
      show(input);
      return target.check(input);
    },
  });
  parentPort?.postMessage({ result: { ...result, failures: [...result.failures, ...failures] }, growth });
}

void run();
