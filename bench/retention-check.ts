import { usedRegistry } from '../test/builders/in-use-app.ts';
import { digestOf } from '../test/builders/registry-event.ts';
import { retentionApp } from '../test/builders/retention-app.ts';
import { atMost, type Figure } from './figure.ts';

const repositories = 4;
const imagesEach = 250;
const rounds = 40;

/**
 * Whether 1,000 images of four repositories may go, asked again and again over tables in memory: the queries of each
 * repository, and our own time, storage's left out.
 */
export async function retentionCheck(): Promise<readonly Figure[]> {
  const app = retentionApp();
  const names = Array.from({ length: repositories }, (_, number) => `team/app-${number}`);
  const images: string[] = [];
  for (const name of names) {
    for (let number = 0; number < imagesEach; number += 1) {
      const digest = digestOf(`${name} ${number}`);
      await app.push(name, `1.${number}`, digest);
      images.push(`${usedRegistry}/${name}:1.${number}@${digest}`);
    }
    await app.compare(name);
  }
  await app.idle();
  const times: number[] = [];
  let most = 0;
  let pages = 0;
  for (let round = 0; round < rounds; round += 1) {
    app.queries.length = 0;
    const started = performance.now();
    const { items } = await app.check(...images);
    times.push(performance.now() - started);
    if (items.length !== images.length) throw new Error(`${items.length} answers`);
    for (const name of names) {
      const key = `|${name.replaceAll('/', ':')} `;
      const made = app.queries.filter((query) => query.includes(key));
      most = Math.max(most, new Set(made).size);
      pages = Math.max(pages, made.length);
    }
  }
  times.sort((a, b) => a - b);
  const p95 = times[Math.ceil(times.length * 0.95) - 1] ?? 0;
  return [
    atMost('queries of a repository, for 1,000 images of 4', most, 'queries', 2),
    { name: '  their pages of 1,000 rows', value: pages, unit: 'pages' },
    atMost('our time, p95', p95, 'ms', 1_000),
  ];
}
