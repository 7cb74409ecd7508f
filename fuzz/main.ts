import { createHash } from 'node:crypto';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { CampaignResult } from './campaign.ts';
import { keepInput } from './corpus.ts';
import type { Growth } from './growth.ts';
import { type Row, tableOf } from './table.ts';
import type { Target } from './target.ts';
import { targets } from './targets.ts';
import { readShown, shownMemory } from './watch.ts';

/** Seconds without a new case after which one does not end. */
const patience = 60;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '20260502' },
    minutes: { type: 'string' },
  },
});
const [runs, seed] = [Number(values.runs), Number(values.seed)];
const budgetMs =
  values.minutes === undefined ? undefined : (Number(values.minutes) * 60_000) / Math.max(1, chosen().length);
const unknown = positionals.filter((name) => !targets.some((target) => target.name === name));
if (unknown.length > 0 || [runs, seed, budgetMs ?? 0].some((number) => !(number >= 0))) {
  process.stderr.write(
    `Usage: node fuzz/main.ts [TARGET…] [--runs N] [--seed S] [--minutes M]\n` +
      `Targets: ${targets.map(({ name }) => name).join(', ')}\n`,
  );
  process.exit(2);
}

function chosen(): readonly Target[] {
  return targets.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
}

interface Outcome {
  readonly result: CampaignResult;
  readonly growth: readonly Growth[];
}

/** Tries a target in a thread of its own, which is ended when a case does not. */
function outcomeOf(target: Target): Promise<Outcome> {
  const shared = shownMemory();
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: { target: target.name, runs, seed, shared, ...(budgetMs === undefined ? {} : { budgetMs }) },
  });
  return new Promise((resolve, reject) => {
    let last = { count: -1, at: Date.now() };
    const timer = setInterval(() => {
      const { count, input } = readShown(shared);
      if (count !== last.count) {
        last = { count, at: Date.now() };
      } else if (Date.now() - last.at > patience * 1_000) {
        clearInterval(timer);
        const failure = { input: input(), problem: `no end after ${patience} seconds` };
        const none = { accepted: 0, kinds: 0, mostMicroseconds: 0, slowestLength: 0, microseconds: 0 };
        void worker.terminate();
        resolve({ result: { ...none, cases: count, failures: [failure] }, growth: [] });
      }
    }, 1_000);
    worker.once('message', (outcome: Outcome) => {
      clearInterval(timer);
      resolve(outcome);
    });
    worker.once('error', (error) => {
      clearInterval(timer);
      reject(error);
    });
  });
}

process.stdout.write(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'processor'}\n\n`);
const rows: Row[] = [];
for (const target of chosen()) {
  const { result, growth } = await outcomeOf(target);
  rows.push({ target: target.name, seed, result, growth });
  const cpu = (result.microseconds / 1_000_000).toFixed(1);
  process.stderr.write(
    `${target.name}: ${result.cases} cases, ${result.failures.length} failures, ${cpu} s\n`,
  );
  for (const { input, problem } of result.failures) {
    const called = `found-${createHash('sha256').update(input).digest('hex').slice(0, 12)}`;
    process.stderr.write(`\n${keepInput(target, called, input)}\n${problem}\n\n`);
  }
}
process.stdout.write(`${tableOf(rows)}\n`);
process.exit(rows.some(({ result }) => result.failures.length > 0) ? 1 : 0);
