import { writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import type { Figure } from './figure.ts';
import { tableOf } from './report.ts';
import { markdownOf, writeBlock } from './soak/markdown.ts';
import type { SoakOutcome } from './soak/outcome.ts';
import { usualPlan } from './soak/plan.ts';
import { describingFigures, endFigures, steadyFigures } from './soak/report.ts';
import { soak } from './soak/run.ts';

const usage = `Usage: npm run soak -- [options]
The deployed bundle under steady traffic; at its end, everything is compared with what happened.
  --minutes N      how long the traffic lasts (default ${usualPlan.minutes})
  --rate N         events per second that the registry tells (default ${usualPlan.rate})
  --repositories N how many repositories they are of (default ${usualPlan.repositories})
  --seed TEXT      decides what happens and how it is delivered (default: the time)
  --markdown FILE  writes the table into FILE, between <!-- soak --> and <!-- /soak --> where it has them
  --json FILE      writes the figures and all samples
Ctrl-C ends the traffic; what happened until then is compared and reported. A second one ends everything at once.
Exit code: 0 the final state and the ledger are right, 1 they are not, 2 wrong usage.
`;

/** How many examples of each difference are printed. */
const mostExamples = 5;

function printOutcome(outcome: SoakOutcome, groups: readonly (readonly [string, readonly Figure[]])[]): void {
  for (const [title, figures] of groups) process.stdout.write(`\n${title}\n${tableOf(figures)}\n`);
  const { differences, locks, ledger, deliveries, company, warnings } = outcome;
  for (const [aspect, found] of differences) {
    for (const example of found.slice(0, mostExamples)) process.stdout.write(`\n${aspect}: ${example}\n`);
  }
  for (const image of locks.unlocked.slice(0, mostExamples)) process.stdout.write(`\nnot locked: ${image}\n`);
  if (ledger.code !== 0) process.stdout.write(`\n${ledger.text}\n`);
  const counted = { 'deliveries not acknowledged': deliveries.failures, company, 'host warns': warnings };
  for (const [title, counts] of Object.entries(counted)) {
    if (counts.size > 0) process.stdout.write(`\n${title}\n`);
    for (const [what, count] of counts) process.stdout.write(`  ${count} × ${what}\n`);
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: String(usualPlan.minutes) },
      rate: { type: 'string', default: String(usualPlan.rate) },
      repositories: { type: 'string', default: String(usualPlan.repositories) },
      seed: { type: 'string', default: String(Date.now()) },
      markdown: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  const { seed, markdown, json } = values;
  const [minutes = 0, rate = 0, repositories = 0] = [values.minutes, values.rate, values.repositories].map(
    Number,
  );
  if (values.help || !(minutes > 0 && rate > 0 && repositories >= 1)) {
    process.stderr.write(usage);
    return values.help ? 0 : 2;
  }
  const plan = { ...usualPlan, minutes, rate, repositories, seed };
  const machine = `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const command = `npm run soak -- --minutes ${minutes} --rate ${rate} --repositories ${repositories} --seed ${seed}`;
  process.stdout.write(`${command}\n${machine}\n`);

  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // The second ends everything at once: what was started goes with this process.
      if (interruption.signal.aborted) process.exit(1);
      interruption.abort();
    });
  }
  const outcome = await soak(plan, interruption.signal, (text) => process.stderr.write(`${text}\n`));

  const end = endFigures(outcome);
  const groups = [
    ['At its end', end],
    ['Whether it stayed as it was', steadyFigures(outcome)],
    ['What happened', describingFigures(outcome)],
  ] as const;
  printOutcome(outcome, groups);
  const figures = groups.flatMap(([, some]) => some);
  const { samples } = outcome;
  if (json !== undefined)
    await writeFile(json, `${JSON.stringify({ command, machine, figures, samples }, undefined, 2)}\n`);
  if (markdown !== undefined) await writeBlock(markdown, markdownOf(command, machine, groups));
  return end.every(({ met }) => met !== false) ? 0 : 1;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 1;
  },
);
