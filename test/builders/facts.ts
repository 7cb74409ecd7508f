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

const digests = ['one', 'two', 'three'].map(digestOf);
const tags = ['prod', '1.0', 'latest'];

/**
 * What may happen to one repository, close together: few tags and digests, pushes with and without a tag, deletions,
 * several regions telling the same, equal times, quiet days in between.
 */
export const arbitraryFacts: fc.Arbitrary<readonly Fact[]> = fc
  .array(
    fc.record({
      minute: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 12 })),
      digest: fc.constantFrom(...digests),
      tag: fc.option(fc.constantFrom(...tags), { nil: undefined, freq: 4 }),
      isDelete: fc.boolean().chain((maybe) => (maybe ? fc.boolean() : fc.constant(false))),
      location: fc.option(fc.constantFrom('westeurope', 'eastus', 'japaneast'), { nil: undefined, freq: 3 }),
    }),
    { minLength: 1, maxLength: 14 },
  )
  .map((items) =>
    items.map(({ minute, digest, tag, isDelete, location }, index) =>
      fact(`event-${index}`, minute, {
        digest,
        ...(isDelete ? { action: 'delete' } : {}),
        ...(tag === undefined || isDelete ? {} : { tag }),
        ...(location === undefined ? {} : { location }),
      }),
    ),
  );

/** Facts with an order of delivery in which each comes one to three times. */
export const arbitraryDeliveries: fc.Arbitrary<{ facts: readonly Fact[]; deliveries: readonly Fact[] }> =
  arbitraryFacts.chain((facts) =>
    fc
      .array(fc.integer({ min: 1, max: 3 }), { minLength: facts.length, maxLength: facts.length })
      .chain((times) => {
        const all = facts.flatMap((one, index) => Array.from({ length: times[index] ?? 1 }, () => one));
        return fc
          .shuffledSubarray(all, { minLength: all.length, maxLength: all.length })
          .map((deliveries) => ({ facts, deliveries }));
      }),
  );
