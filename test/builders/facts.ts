import fc from 'fast-check';
import type { AuditRecord, Fact } from '../../src/history/fact.ts';
import { recordIdOf } from '../../src/history/record-id.ts';
import type { Digest } from '../../src/registry/digest.ts';
import { digestOf } from './registry-event.ts';

/** The instant the built facts begin at. */
export const epoch = Date.UTC(2026, 4, 2, 14, 0, 0);

/** A push or delete at `minute` minutes after {@link epoch}; its id is its name. */
export function fact(name: string, minute: number, what: Partial<Fact> & { digest: Digest }): Fact {
  return {
    at: { time: epoch + Math.round(minute * 60_000), id: recordIdOf(name) },
    action: 'push',
    recordedAt: epoch,
    source: 'event',
    eventId: name,
    client: {},
    ...what,
  };
}

/** The fact as a record of `contoso.azurecr.io/team/app`. */
export function recordOf(of: Fact, repository = 'team/app'): AuditRecord {
  return { registry: 'contoso.azurecr.io', repository, fact: of };
}

const digests = ['one', 'two', 'three', 'four'].map(digestOf);
const tags = ['prod', '1.0', 'latest', 'Latest'];
const regions = ['westeurope', 'eastus', 'japaneast', 'uksouth', 'brazilsouth', 'norwayeast'];

/** How much there is to choose from: the less, the more facts concern one another. */
interface Variety {
  readonly digests: number;
  readonly tags: number;
  /** 0: no fact has a location. */
  readonly regions: number;
  /** One in so many is a deletion. */
  readonly deletions: number;
  readonly spanMinutes: number;
  /** Milliseconds between two times, where they are not very close. */
  readonly stepMs: number;
}

const arbitraryVariety: fc.Arbitrary<Variety> = fc.record({
  digests: fc.integer({ min: 1, max: digests.length }),
  tags: fc.integer({ min: 1, max: tags.length }),
  regions: fc.constantFrom(0, 2, 3, regions.length),
  deletions: fc.constantFrom(2, 4, 8),
  spanMinutes: fc.constantFrom(5, 90, 300),
  stepMs: fc.constant(60_000),
});

/** So little, within seconds, that much is undone and done again while a push that is found may be any of it. */
const arbitraryHaste: fc.Arbitrary<Variety> = fc.record({
  digests: fc.integer({ min: 1, max: 2 }),
  tags: fc.integer({ min: 1, max: 2 }),
  regions: fc.constantFrom(0, 2),
  deletions: fc.constantFrom(2, 4),
  spanMinutes: fc.constant(0.2),
  stepMs: fc.constant(1_000),
});

/** Milliseconds after {@link epoch}: anywhere, close together, or about a whole number of hours apart. */
function arbitraryOffset({ spanMinutes, stepMs }: Variety): fc.Arbitrary<number> {
  const hours = fc.integer({ min: 0, max: Math.ceil(spanMinutes / 60) });
  return fc.oneof(
    fc.integer({ min: 0, max: (spanMinutes * 60_000) / stepMs }).map((step) => step * stepMs),
    fc.integer({ min: 0, max: 3 }),
    fc.tuple(hours, fc.integer({ min: -2, max: 3 })).map(([hour, ms]) => Math.max(0, hour * 3_600_000 + ms)),
  );
}

function arbitraryFact(variety: Variety): fc.Arbitrary<Fact> {
  const oneOf = <T>(values: readonly T[], count: number) => fc.constantFrom(...values.slice(0, count));
  return fc
    .record({
      offset: arbitraryOffset(variety),
      // Few enough that an id comes back at another time, which makes it another fact.
      name: fc.integer({ min: 0, max: 99 }),
      digest: oneOf(digests, variety.digests),
      tag: fc.option(oneOf(tags, variety.tags), { nil: undefined, freq: 4 }),
      isDelete: fc.integer({ min: 1, max: variety.deletions }).map((number) => number === variety.deletions),
      location:
        variety.regions === 0
          ? fc.constant(undefined)
          : fc.option(oneOf(regions, variety.regions), { nil: undefined, freq: 5 }),
    })
    .map(({ offset, name, digest, tag, isDelete, location }) =>
      fact(`event-${name}`, offset / 60_000, {
        digest,
        ...(isDelete ? { action: 'delete' } : {}),
        ...(tag === undefined || isDelete ? {} : { tag }),
        ...(location === undefined ? {} : { location }),
      }),
    );
}

const instantName = ({ at }: Fact) => `${at.time} ${at.id}`;

function arbitraryFactsUpTo(
  most: number,
  least = 1,
  varieties = arbitraryVariety,
): fc.Arbitrary<readonly Fact[]> {
  return varieties.chain((variety) =>
    fc.uniqueArray(arbitraryFact(variety), { minLength: least, maxLength: most, selector: instantName }),
  );
}

/**
 * What may happen to one repository, close together: few tags and digests, pushes with and without a tag, deletions,
 * several regions telling the same, equal times, gaps of about an hour, ids used again, at times many in an hour.
 */
const arbitraryFacts: fc.Arbitrary<readonly Fact[]> = fc.oneof(
  { weight: 30, arbitrary: arbitraryFactsUpTo(14) },
  { weight: 1, arbitrary: arbitraryFactsUpTo(60, 34) },
);

/**
 * A manifest under so many tags that what one deletion changes does not fit one transaction: each tag pushed once or
 * twice, some moved to another manifest, and the manifest deleted once or twice anywhere in between.
 */
export const arbitraryManyTags: fc.Arbitrary<readonly Fact[]> = fc
  .record({
    tags: fc.array(
      fc.record({
        first: fc.integer({ min: 0, max: 40 }),
        second: fc.option(fc.integer({ min: 0, max: 120 }), { nil: undefined }),
        moves: fc.boolean(),
      }),
      { minLength: 12, maxLength: 40 },
    ),
    deletions: fc.array(fc.integer({ min: 30, max: 130 }), { minLength: 1, maxLength: 2 }),
  })
  .map(({ tags: some, deletions }) => [
    ...some.flatMap(({ first, second, moves }, index) => {
      const tag = `1.${index}`;
      const digest = digestOf(moves ? 'two' : 'one');
      return [
        fact(`push-${index}`, first, { tag, digest: digestOf('one') }),
        ...(second === undefined ? [] : [fact(`again-${index}`, second, { tag, digest })]),
      ];
    }),
    ...deletions.map((minute, index) =>
      fact(`delete-${index}`, minute, { action: 'delete', digest: digestOf('one') }),
    ),
  ]);

/** What a comparison with the registry adds: tellings of what events tell, or not, and of tags removed. */
const arbitraryFinding = fc.record({
  of: fc.nat(),
  isUntag: fc.boolean(),
  offset: fc.oneof(fc.integer({ min: -6_000, max: 6_000 }), fc.integer({ min: -400_000, max: 4_000_000 })),
  window: fc.oneof(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 0, max: 10_000_000 })),
  isWindowed: fc.boolean(),
});

/** Facts of which some are also, or only, found in the registry, and tags that are found removed. */
export const arbitraryFindings: fc.Arbitrary<readonly Fact[]> = fc
  .tuple(
    fc.oneof(arbitraryFactsUpTo(10), arbitraryFactsUpTo(10, 1, arbitraryHaste)),
    fc.array(arbitraryFinding, { minLength: 1, maxLength: 5 }),
  )
  .map(([facts, findings]) => [
    ...facts,
    ...findings.flatMap(({ of, isUntag, offset, window, isWindowed }, index): Fact[] => {
      const one = facts[of % facts.length];
      if (one === undefined) return [];
      const { action, digest, tag } = one;
      // A tag is found removed after it was pushed.
      const time = Math.max(isUntag ? one.at.time + 1 : epoch, one.at.time + offset);
      const at = { time, id: `found-${index}` };
      const found = { ...fact(`found-${index}`, 0, { digest, source: 'reconcile' }), at };
      const since = { notBefore: time - window };
      if (action === 'delete') return [{ ...found, action, ...since }];
      if (isUntag) return tag === undefined ? [] : [{ ...found, action: 'untag', tag, ...since }];
      // A push has the registry's own time, unless history already goes on later.
      return [{ ...found, ...(tag === undefined ? {} : { tag }), ...(isWindowed ? since : {}) }];
    }),
  ]);

/**
 * The deliveries in an order in which no tag is found removed before any push of it arrived: what is found removed was
 * known.
 */
export function withUntagsAfterPushes({ facts, deliveries }: Deliveries): Deliveries {
  const early: Fact[] = [];
  const ordered: Fact[] = [];
  const pushed = new Set<string>();
  for (const one of deliveries) {
    if (one.action === 'untag' && !pushed.has(one.tag ?? '')) {
      early.push(one);
      continue;
    }
    ordered.push(one);
    if (one.action === 'push' && one.tag !== undefined) pushed.add(one.tag);
  }
  return { facts, deliveries: [...ordered, ...early] };
}

/**
 * A busy hour of one tag and manifest, told by many regions: one late fact shifts which of the following are copies of
 * which, so that more entries change than one transaction can hold.
 */
export const arbitraryBursts: fc.Arbitrary<readonly Fact[]> = fc.uniqueArray(
  arbitraryFact({
    digests: 1,
    tags: 1,
    regions: regions.length,
    deletions: 12,
    spanMinutes: 5,
    stepMs: 60_000,
  }),
  { minLength: 40, maxLength: 70, selector: instantName },
);

/** Facts with an order of delivery in which each comes one to three times. */
export interface Deliveries {
  readonly facts: readonly Fact[];
  readonly deliveries: readonly Fact[];
}

/** The facts, shuffled and repeated. */
export function deliveriesOf(facts: fc.Arbitrary<readonly Fact[]>): fc.Arbitrary<Deliveries> {
  return facts.chain((some) =>
    fc
      .array(fc.integer({ min: 1, max: 3 }), { minLength: some.length, maxLength: some.length })
      .chain((times) => {
        const all = some.flatMap((one, index) => Array.from({ length: times[index] ?? 1 }, () => one));
        return fc
          .shuffledSubarray(all, { minLength: all.length, maxLength: all.length })
          .map((deliveries) => ({ facts: some, deliveries }));
      }),
  );
}

export const arbitraryDeliveries: fc.Arbitrary<Deliveries> = deliveriesOf(arbitraryFacts);
