import type { Entry } from '../../src/history/entry.ts';
import type { Fact } from '../../src/history/fact.ts';
import type { Edge, ManifestHead, TagHead } from '../../src/history/head.ts';
import type { Instant } from '../../src/history/instant.ts';

/** All that is kept of one repository's history. */
export interface History {
  /** By instant, as all entries here. */
  readonly records: readonly Entry[];
  readonly tags: Readonly<Record<string, { readonly entries: readonly Entry[]; readonly head: TagHead }>>;
  readonly digests: Readonly<
    Record<string, { readonly entries: readonly Entry[]; readonly head: ManifestHead }>
  >;
  /** By digest and tag. */
  readonly edges: readonly Edge[];
}

const hourMs = 3_600_000;

/**
 * The history that a set of facts amounts to, told from the beginning with everything known: no order of arrival, no
 * heads to follow, no correcting. Slow and plain, to compare the real telling with.
 */
export function historyOf(facts: readonly Fact[]): History {
  const inOrder = facts.toSorted((a, b) => order(a.at, b.at));
  const replicas = replicasOf(inOrder);
  const tagNames = [...new Set(inOrder.flatMap(({ tag }) => (tag === undefined ? [] : [tag])))].sort();
  const tags = tagNames.map((tag) => ({ tag, ...tagHistory(tag, inOrder, replicas) }));
  const toldOfTags = new Map(
    tags.flatMap(({ entries }) => entries.map(({ until: _, ...entry }) => [entry.fact, entry] as const)),
  );
  const digestNames = [...new Set(inOrder.map(({ digest }) => digest))].sort();
  const digests = digestNames.map((digest) =>
    digestHistory(
      inOrder.filter((fact) => fact.digest === digest),
      toldOfTags,
      replicas,
    ),
  );
  return {
    records: digests.flatMap(({ entries }) => entries).sort((a, b) => order(a.fact.at, b.fact.at)),
    tags: Object.fromEntries(tags.map(({ tag, entries, head }) => [tag, { entries, head }])),
    digests: Object.fromEntries(digests.map((one) => [one.head.digest, one])),
    edges: tags
      .flatMap(({ edges }) => edges)
      .sort((a, b) => (`${a.digest} ${a.tag}` < `${b.digest} ${b.tag}` ? -1 : 1)),
  };
}

/** By time; in the same millisecond the larger id is the older. */
function order(a: Instant, b: Instant): number {
  if (a.time !== b.time) return a.time - b.time;
  if (a.id === b.id) return 0;
  return a.id > b.id ? -1 : 1;
}

/** Which facts only tell another region's copy (or were found and an event's deletion), and each first telling's regions. */
interface Replicas {
  readonly originOf: ReadonlyMap<Fact, Fact>;
  regionsOf(firstTold: Fact): readonly string[];
}

function replicasOf(inOrder: readonly Fact[]): Replicas {
  const originOf = new Map<Fact, Fact>();
  const regionsOf = (origin: Fact) => {
    const tellings = inOrder.filter((fact) => fact === origin || originOf.get(fact) === origin);
    return [
      ...new Set(tellings.flatMap(({ location }) => (location === undefined ? [] : [location]))),
    ].sort();
  };
  inOrder.forEach((fact, index) => {
    const { location } = fact;
    if (location === undefined) return;
    const origin = inOrder
      .slice(0, index)
      .filter((earlier) => !originOf.has(earlier))
      .filter(({ action, digest, tag }) => {
        return action === fact.action && digest === fact.digest && (action === 'delete' || tag === fact.tag);
      })
      .filter((earlier) => fact.at.time - earlier.at.time <= hourMs)
      .find((earlier) => regionsOf(earlier).length > 0 && !regionsOf(earlier).includes(location));
    if (origin !== undefined) originOf.set(fact, origin);
  });
  const announced = foundDeletions(inOrder, originOf);
  for (const [found, announcement] of announced) originOf.set(found, announcement);
  return { originOf, regionsOf };
}

/** Whether an event gives a time that what was found may have: within five seconds of it, or of its window. */
function isNear(event: Fact, found: Fact): boolean {
  const from = (found.notBefore ?? found.at.time) - 5_000;
  return event.at.time >= from && event.at.time <= found.at.time + 5_000;
}

/** What an event tells of a found fact, when what the event told holds until then, or when it comes after it. */
function announcementOf(found: Fact, inOrder: readonly Fact[], holdsUntilThen: (event: Fact) => boolean) {
  if (found.source === 'event' || found.action === 'untag') return undefined;
  const same = inOrder.filter(
    ({ source, action, digest, tag }) =>
      source === 'event' &&
      action === found.action &&
      digest === found.digest &&
      (found.tag === undefined || tag === found.tag),
  );
  const earlier = same.findLast((event) => order(event.at, found.at) < 0 && holdsUntilThen(event));
  const later = same.find((event) => order(event.at, found.at) > 0);
  return [earlier, later].find((event) => event !== undefined && isNear(event, found));
}

/** Found deletions by the events that tell them: the manifest was not pushed in between. */
function foundDeletions(inOrder: readonly Fact[], copies: Replicas['originOf']): ReadonlyMap<Fact, Fact> {
  const told = new Map<Fact, Fact>();
  for (const found of inOrder.filter(({ action }) => action === 'delete')) {
    const before = inOrder.filter(({ digest, at }) => digest === found.digest && order(at, found.at) < 0);
    const sincePush = before.slice(before.findLastIndex((fact) => isPush(fact) && !copies.has(fact)) + 1);
    const deletions = sincePush.filter(({ action, source }) => action === 'delete' && source === 'event');
    // A copy that comes after a push copies the deletion before the push.
    const holding = deletions.slice(deletions.findIndex((deletion) => !copies.has(deletion)));
    const holds = (event: Fact) => deletions.some((one) => !copies.has(one)) && holding.includes(event);
    const announcement = announcementOf(found, inOrder, holds);
    if (announcement !== undefined) told.set(found, announcement);
  }
  return told;
}

function isPush({ action }: Fact): boolean {
  return action === 'push';
}

function copyEntry(fact: Fact, origin: Fact): Entry {
  return {
    fact,
    kind: fact.action === 'push' ? 'unchanged' : 'deleted',
    replicaOf: origin.at.id,
    locations: fact.location === undefined ? [] : [fact.location],
  };
}

/** A time during which a tag pointed to one digest. */
type Stretch = Edge;

function tagHistory(tag: string, inOrder: readonly Fact[], replicas: Replicas) {
  const entries: Entry[] = [];
  const stretches: Stretch[] = [];
  const replaceLast = (stretch: Stretch) => stretches.splice(-1, 1, stretch);
  for (const fact of inOrder) {
    const last = stretches.at(-1);
    const held = last?.until === undefined ? last : undefined;
    const holdsUntilThen = ({ at }: Fact) => held?.digest === fact.digest && order(at, held.stretch) >= 0;
    const origin =
      replicas.originOf.get(fact) ??
      (isPush(fact) ? announcementOf(fact, inOrder, holdsUntilThen) : undefined);
    const locations = replicas.regionsOf(fact);
    if (fact.action === 'delete') {
      if (origin !== undefined || held?.digest !== fact.digest) continue;
      replaceLast({ ...held, until: fact.at });
      entries.push({ fact, kind: 'deleted', locations });
      continue;
    }
    if (fact.tag !== tag) continue;
    if (fact.action === 'untag') {
      if (held?.digest === fact.digest) replaceLast({ ...held, until: fact.at });
      const explainedBy = held?.digest === fact.digest ? undefined : (last?.until ?? last?.stretch);
      entries.push({
        fact,
        kind: 'untagged',
        locations: [],
        ...(explainedBy === undefined ? {} : { replicaOf: explainedBy.id }),
      });
      continue;
    }
    if (origin !== undefined) {
      entries.push(copyEntry(fact, origin));
    } else if (held?.digest === fact.digest) {
      replaceLast({ ...held, lastPush: fact.at });
      entries.push({ fact, kind: 'unchanged', locations });
    } else {
      if (held !== undefined) {
        replaceLast({ ...held, until: fact.at });
        entries.push({ fact, kind: 'moved', previousDigest: held.digest, locations });
      } else {
        entries.push({ fact, kind: last?.digest === fact.digest ? 'restored' : 'created', locations });
      }
      stretches.push({ tag, digest: fact.digest, stretch: fact.at, lastPush: fact.at });
    }
  }
  return { entries: withEnds(entries), head: tagHead(tag, entries, stretches), edges: edgesOf(stretches) };
}

function withEnds(entries: readonly Entry[]): readonly Entry[] {
  const lasts = ({ kind, replicaOf }: Entry) => kind !== 'unchanged' && replicaOf === undefined;
  return entries.map((entry, index) => {
    const next = entries.slice(index + 1).find(lasts);
    return lasts(entry) && next !== undefined ? { ...entry, until: endOf(next.fact) } : entry;
  });
}

/** The last stretch for every digest. */
function edgesOf(stretches: readonly Stretch[]): readonly Edge[] {
  return [...new Map(stretches.map((stretch) => [stretch.digest, stretch])).values()];
}

function tagHead(tag: string, entries: readonly Entry[], stretches: readonly Stretch[]): TagHead {
  const pushes = entries.filter(({ fact }) => fact.action === 'push');
  const [oldest, newest] = [pushes[0], pushes.at(-1)];
  const last = stretches.at(-1);
  const lastUntag = entries.findLast(({ fact }) => fact.action === 'untag');
  if (oldest === undefined || newest === undefined || last === undefined)
    throw new Error(`no push to ${tag}`);
  const { digest, stretch, lastPush, until } = last;
  const since = newest.fact.at.time - hourMs;
  const recent = pushes
    .filter(
      ({ fact, replicaOf }) =>
        fact.source !== 'event' || (replicaOf === undefined && fact.location !== undefined),
    )
    .filter(({ fact }) => fact.at.time >= since)
    .map(({ fact }) => ({ time: fact.at.time, hint: fact.digest.replace(/^.*:/, '').slice(0, 10) }));
  const leftOut = recent.at(-33);
  return {
    tag,
    holding: { digest, stretch, lastPush },
    ...(until === undefined ? {} : { endedAt: until }),
    newestPush: newest.fact.at,
    oldestPush: oldest.fact.at,
    ...(lastUntag === undefined ? {} : { lastUntag: lastUntag.fact.at }),
    recent: {
      pushes: recent.slice(-32),
      ...(leftOut === undefined ? {} : { incompleteUntil: leftOut.time }),
    },
  };
}

function digestHistory(
  inOrder: readonly Fact[],
  toldOfTags: ReadonlyMap<Fact, Entry>,
  replicas: Replicas,
): { readonly entries: readonly Entry[]; readonly head: ManifestHead } {
  const entries: Entry[] = [];
  let presence: 'never' | 'present' | 'deleted' = 'never';
  let presentSince: Instant | undefined;
  for (const fact of inOrder) {
    const since = presentSince;
    const holdsUntilThen = ({ at }: Fact) => since !== undefined && order(at, since) >= 0;
    const ofTag = toldOfTags.get(fact);
    const origin = isPush(fact)
      ? (replicas.originOf.get(fact) ?? announcementOf(fact, inOrder, holdsUntilThen))
      : replicas.originOf.get(fact);
    const locations = replicas.regionsOf(fact);
    if (fact.tag !== undefined && ofTag !== undefined) entries.push(ofTag);
    else if (origin !== undefined) entries.push(copyEntry(fact, origin));
    else if (fact.action === 'delete') entries.push({ fact, kind: 'deleted', locations });
    else
      entries.push({
        fact,
        kind: ({ never: 'created', present: 'unchanged', deleted: 'restored' } as const)[presence],
        locations,
      });
    const isCopy = ofTag === undefined ? origin !== undefined : ofTag.replicaOf !== undefined;
    if (isCopy || fact.action === 'untag') continue;
    presence = fact.action === 'push' ? 'present' : 'deleted';
    presentSince = fact.action === 'push' ? (presentSince ?? fact.at) : undefined;
  }
  const newest = inOrder.at(-1);
  if (newest === undefined || presence === 'never') throw new Error('nothing told of a digest');
  const lastDelete = inOrder.findLast(({ action }) => action === 'delete');
  const lastFound = inOrder.findLast(({ source }) => source !== 'event');
  const lastDirectPush = inOrder.findLast(({ action, tag }) => action === 'push' && tag === undefined);
  return {
    entries,
    head: {
      digest: newest.digest,
      presence,
      newest: newest.at,
      ...(lastDelete === undefined ? {} : { lastDelete: lastDelete.at }),
      ...(lastDirectPush === undefined ? {} : { lastDirectPush: lastDirectPush.at }),
      ...(lastFound === undefined ? {} : { lastFound: lastFound.at }),
    },
  };
}

/** A found end is known only to be in a window. */
function endOf({ at, notBefore }: Fact) {
  return notBefore === undefined ? at : { ...at, notBefore };
}
