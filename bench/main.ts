import { readFile, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { readArguments, usage } from './arguments.ts';
import type { Measurement } from './bench.ts';
import { benches } from './benches.ts';
import { machineLine, thisMachine } from './machine.ts';
import { withTables } from './markdown.ts';
import { missed, reportedFigures, tableOf } from './report.ts';

const names = benches.map(({ name }) => name);
const reading = readArguments(process.argv.slice(2), names);
if (reading.outcome !== 'read') {
  const isHelp = reading.outcome === 'help';
  if (isHelp) process.stdout.write(`${usage}\n${names.join(', ')}\n`);
  else process.stderr.write(reading.problem);
  process.exit(isHelp ? 0 : 2);
}
const { json, markdown, full, strict, ...asked } = reading.value;

// Leaving in order takes the storage and the stand-ins along.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

const machine = await thisMachine();
const load = loadavg()[0] ?? 0;
process.stdout.write(`${machineLine(machine)}, load average ${load.toFixed(2)}\n`);

const done: Measurement[] = [];
let hasFailed = false;
for (const bench of benches.filter(({ name }) => asked.names.includes(name))) {
  const startedAt = new Date();
  const loadBefore = loadavg()[0] ?? 0;
  try {
    const figures = await bench.run({ full });
    const seconds = (Date.now() - startedAt.getTime()) / 1_000;
    done.push({ bench: bench.name, figures, load: loadBefore, seconds, startedAt });
    process.stdout.write(`\n${bench.name}, ${seconds.toFixed(0)} s\n${tableOf(figures)}\n${bench.limit}\n`);
    // After each, so that a run that is cut off keeps what it measured.
    await write();
  } catch (error) {
    hasFailed = true;
    process.stderr.write(`\n${bench.name} failed: ${error instanceof Error ? error.stack : error}\n`);
  }
}

async function write(): Promise<void> {
  if (json !== undefined) await writeFile(json, `${JSON.stringify(reportedFigures(done), undefined, 2)}\n`);
  if (markdown === undefined) return;
  const before = await readFile(markdown, 'utf8').catch(() => '');
  await writeFile(markdown, withTables(before, benches, done, machine));
}

const misses = missed(done);
const seconds = done.reduce((sum, each) => sum + each.seconds, 0);
process.stdout.write(`\n${done.length} benches in ${seconds.toFixed(0)} s, goals missed: ${misses.length}\n`);
for (const { name } of misses) process.stdout.write(`  ${name}\n`);
if (hasFailed || (strict && misses.length > 0)) process.exitCode = 1;
