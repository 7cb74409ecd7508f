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

const regions = ['westeurope', 'eastus', 'japaneast'] as const;

/** A shuffled copy. */
function shuffled<T>(items: readonly T[], random: () => number): T[] {
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
 * of repositories, from several regions. In the order in which they happened. Every id is its own; now and then two
 * happen in one millisecond, or another region tells again what one told shortly before.
 */
export function syntheticEvents(count: number, repositories: number, random: () => number): EventGridJson[] {
  const start = Date.UTC(2026, 3, 1);
  const events: EventGridJson[] = [];
  while (events.length < count) {
    const index = events.length;
    const last = events[index - 1];
    if (last !== undefined && random() < 0.1) {
      events.push(toldAgain(last, index, Math.floor(random() * 5_000), pick(regions, random)));
      continue;
    }
    const repository = `team-${Math.floor(random() * repositories)}/app`;
    const digest = digestOf(`${repository} ${Math.floor(random() * 40)}`);
    const isSameMoment = last !== undefined && random() < 0.05;
    const ownTime = new Date(start + index * 7_000 + Math.floor(random() * 5_000)).toISOString();
    const timestamp = isSameMoment ? last.data.timestamp : ownTime;
    const what = { id: `synthetic-${index}`, repository, digest, timestamp, location: pick(regions, random) };
    const chance = random();
    if (chance < 0.1) events.push(imageDeleted(what));
    else if (chance < 0.25) events.push(imagePushed({ ...what, tag: null }));
    else if (chance < 0.55) events.push(imagePushed({ ...what, tag: chance < 0.4 ? 'prod' : 'latest' }));
    else events.push(imagePushed({ ...what, tag: `1.${Math.floor(random() * 30)}` }));
  }
  return events;
}

function toldAgain(first: EventGridJson, index: number, laterMs: number, location: string): EventGridJson {
  const { target, timestamp, action } = first.data;
  const { repository, digest, tag = null } = target;
  const what = {
    id: `synthetic-${index}`,
    repository,
    digest,
    timestamp: new Date(Date.parse(timestamp) + laterMs).toISOString(),
    location,
  };
  return action === 'delete' ? imageDeleted(what) : imagePushed({ ...what, tag });
}

function pick(from: readonly [string, ...string[]], random: () => number): string {
  return from[Math.floor(random() * from.length)] ?? from[0];
}

/** The events, each one to five times, in any order. */
export function deliveriesOf<T>(events: readonly T[], random: () => number): T[] {
  const repeated = events.flatMap((event) =>
    Array.from({ length: 1 + Math.floor(random() * 5) }, () => event),
  );
  return shuffled(repeated, random);
}
