import type { Entry } from '../../src/history/entry.ts';
import type { Fact } from '../../src/history/fact.ts';
import { deliver } from './delivery.ts';
import { historyIn } from './history-reading.ts';
import { recorderOver } from './history-stores.ts';
import { memoryTable } from './memory-table.ts';
import { digestOf } from './registry-event.ts';

/** A repository's history as lines to read, oldest first, such as `second: moved from one, until third`. */
export interface ToldHistory {
  tag(name: string): readonly string[];
  /** A digest by the seed it was made of. */
  digest(seed: string): readonly string[];
  /** The seed of the digest a tag points to, or `nothing`. */
  pointsTo(tag: string): string;
  /** The tags that point to a digest. */
  tagsOf(seed: string): readonly string[];
}

const seeds = new Map(['one', 'two', 'three'].map((seed) => [digestOf(seed), seed]));
const seedOf = (digest: Fact['digest']) => seeds.get(digest) ?? digest;

/** Records the facts in the order given, which is the order of their arrival, and tells the history they end in. */
export async function toldHistory(...arriving: readonly Fact[]): Promise<ToldHistory> {
  const tables = { repositories: memoryTable(), digests: memoryTable(), log: memoryTable() };
  await deliver(recorderOver(tables), arriving);
  const repository = { registry: 'contoso.azurecr.io', repository: 'team/app' };
  const history = await historyIn(tables.repositories, repository);
  const holding = history.edges.filter(({ until }) => until === undefined);
  return {
    tag: (name) => (history.tags[name]?.entries ?? []).map(line),
    digest: (seed) => (history.digests[digestOf(seed)]?.entries ?? []).map(line),
    pointsTo(tag) {
      const edge = holding.find((one) => one.tag === tag);
      return edge === undefined ? 'nothing' : seedOf(edge.digest);
    },
    tagsOf: (seed) => holding.filter(({ digest }) => digest === digestOf(seed)).map(({ tag }) => tag),
  };
}

function line({ fact, kind, previousDigest, replicaOf, locations, until }: Entry): string {
  return [
    `${fact.at.id}: ${kind}`,
    previousDigest === undefined ? '' : ` from ${seedOf(previousDigest)}`,
    replicaOf === undefined ? '' : `, a copy of ${replicaOf}`,
    locations.length === 0 ? '' : ` in ${locations.join(' and ')}`,
    until === undefined ? '' : `, until ${until.id}`,
  ].join('');
}

/** A push of the digest made of a seed, so many minutes in. */
export function push(name: string, minute: number, seed: string, tag?: string, location?: string): Fact {
  return {
    at: { time: Date.UTC(2026, 4, 2, 14) + minute * 60_000, id: name },
    action: 'push',
    digest: digestOf(seed),
    recordedAt: 0,
    source: 'event',
    eventId: name,
    client: {},
    ...(tag === undefined ? {} : { tag }),
    ...(location === undefined ? {} : { location }),
  };
}

/** A deletion of the digest made of a seed, so many minutes in. */
export function deletion(name: string, minute: number, seed: string, location?: string): Fact {
  return { ...push(name, minute, seed, undefined, location), action: 'delete' };
}
