import { createHash } from 'node:crypto';
import { digestOf, type EventGridJson, imageDeleted, imagePushed } from './registry-event.ts';

/** Numbers from 0 to 1 that a seed decides: the sequence is SHA-256 of the seed and a counter. */
export function randomFrom(seed: string): () => number {
  let counter = 0;
  return () => {
    counter += 1;
    return createHash('sha256').update(`${seed} ${counter}`).digest().readUInt32BE(0) / 2 ** 32;
  };
}

/** A shuffled copy. */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const copy = [...items];
  for (let index = copy.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    const [a, b] = [copy[index], copy[other]];
    if (a !== undefined && b !== undefined) [copy[index], copy[other]] = [b, a];
  }
  return copy;
}

/**
 * A registry's days: pushes of versions, moves of `prod` and `latest`, pushes by digest, deletions, over the given number
 * of repositories. In the order in which they happened; every id and time is its own.
 */
export function syntheticEvents(count: number, repositories: number, random: () => number): EventGridJson[] {
  const start = Date.UTC(2026, 3, 1);
  return Array.from({ length: count }, (_, index) => {
    const repository = `team-${Math.floor(random() * repositories)}/app`;
    const digest = digestOf(`${repository} ${Math.floor(random() * 40)}`);
    const timestamp = new Date(start + index * 7_000 + Math.floor(random() * 5_000)).toISOString();
    const what = { id: `synthetic-${index}`, repository, digest, timestamp };
    const chance = random();
    if (chance < 0.1) return imageDeleted(what);
    if (chance < 0.25) return imagePushed({ ...what, tag: null });
    if (chance < 0.55) return imagePushed({ ...what, tag: chance < 0.4 ? 'prod' : 'latest' });
    return imagePushed({ ...what, tag: `1.${Math.floor(random() * 30)}` });
  });
}

/** The events, each one to five times, in any order. */
export function deliveriesOf<T>(events: readonly T[], random: () => number): T[] {
  const repeated = events.flatMap((event) =>
    Array.from({ length: 1 + Math.floor(random() * 5) }, () => event),
  );
  return shuffled(repeated, random);
}
