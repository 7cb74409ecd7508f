import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { alerts } from './alerts.ts';
import { appLoad } from './app-load.ts';
import { type Figure, tableOf } from './figure.ts';
import { ingest } from './ingest.ts';
import { pages } from './pages.ts';
import { reconcile } from './reconcile.ts';
import { retention } from './retention.ts';
import { retentionCheck } from './retention-check.ts';
import { roundTrips } from './round-trips.ts';
import { seal } from './seal.ts';

const benches: Readonly<Record<string, () => Promise<readonly Figure[]>>> = {
  'round-trips': roundTrips,
  ingest,
  reconcile,
  retention,
  'retention-check': retentionCheck,
  alerts,
  seal,
  pages,
  'app-load': appLoad,
};

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' } } });
const unknown = positionals.filter((name) => !(name in benches));
if (unknown.length > 0) {
  process.stderr.write(
    `No such bench: ${unknown.join(', ')}. There are ${Object.keys(benches).join(', ')}.\n`,
  );
  process.exit(2);
}

process.stdout.write(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'processor'}\n`);
const all: Figure[] = [];
for (const [name, bench] of Object.entries(benches)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const figures = await bench();
  all.push(...figures);
  process.stdout.write(`\n${name}\n${tableOf(figures)}\n`);
}
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(all, undefined, 2)}\n`);
