import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { InventoryCoverage } from '../../../src/protection/lock-situation.ts';
import type { Digest } from '../../../src/registry/digest.ts';
import { claimStates } from '../../../src/workloads/claim.ts';
import {
  type Above,
  deletionJudged,
  type ResolvedClaim,
  untagJudged,
  useAnswer,
  usesOf,
} from '../../../src/workloads/judgement.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { claimOf, useOf } from './claims.ts';

const [child, index, outer, subject, other] = ['child', 'index', 'outer', 'subject', 'other'].map(
  digestOf,
) as [Digest, Digest, Digest, Digest, Digest];

const sure: InventoryCoverage = { complete: true, fresh: true };
const doubts: readonly InventoryCoverage[] = [
  { complete: true, fresh: false },
  { complete: false, fresh: false },
  { complete: false, fresh: true },
];

/** A claim that may need these digests. */
function needing(
  digests: readonly Digest[],
  more: Partial<Omit<ResolvedClaim, 'digests'>> = {},
): ResolvedClaim {
  return { claim: claimOf(), certainty: 'exact', isCut: false, ...more, digests: new Set(digests) };
}

describe('when it is asked who needs a manifest', () => {
  const above: Above = new Map([
    [child, 'itself'],
    [subject, 'subject'],
    [index, 'index'],
    [outer, 'index'],
  ]);

  it('whoever claims it, an index that lists it, or what it is about, does, and nobody else', () => {
    const [own, ofIndex, ofOuter, ofSubject, none] = [[child], [index], [outer], [subject], [other]].map(
      (digests) => needing(digests),
    ) as [ResolvedClaim, ResolvedClaim, ResolvedClaim, ResolvedClaim, ResolvedClaim];
    expect(usesOf(above, [own, ofIndex, ofOuter, ofSubject, none])).toEqual([
      useOf(own.claim, { via: 'itself' }),
      useOf(ofIndex.claim, { via: 'index' }),
      useOf(ofOuter.claim, { via: 'index' }),
      useOf(ofSubject.claim, { via: 'subject' }),
    ]);
  });

  it('one that needs it in several ways does so in the nearest, once, as surely as it is known', () => {
    const all = needing([subject, outer, index, child, other], { certainty: 'inferred' });
    expect(usesOf(above, [all])).toEqual([useOf(all.claim, { via: 'itself', certainty: 'inferred' })]);
    const indirect = needing([subject, outer]);
    expect(usesOf(above, [indirect])).toEqual([useOf(indirect.claim, { via: 'index' })]);
  });
});

describe('when it is asked whether a manifest is used', () => {
  const use = useOf(claimOf());

  it('one use is enough, whatever is not known besides', () => {
    for (const coverage of [sure, ...doubts]) {
      expect(useAnswer([use], [needing([child], { isCut: true })], coverage)).toBe('used');
    }
  });

  it('it is unused only when every source said so completely and lately', () => {
    expect(useAnswer([], [needing([other])], sure)).toBe('unused');
    for (const coverage of doubts) expect(useAnswer([], [needing([other])], coverage)).toBe('unknown');
  });

  it('it is not known while any claim may need more than could be read back', () => {
    expect(useAnswer([], [needing([other]), needing([], { isCut: true })], sure)).toBe('unknown');
  });
});

describe('when a deleted manifest is judged', () => {
  const above: Above = new Map([
    [child, 'itself'],
    [subject, 'subject'],
  ]);
  const running = claimOf({ state: 'running' });
  const kept = claimOf({ state: 'rollback' });

  it('the most pressing of its uses decides', () => {
    const claims = [needing([child], { claim: kept }), needing([child], { claim: running })];
    expect(deletionJudged(above, claims, sure)).toMatchObject({ answer: 'used', state: 'running' });
    expect(deletionJudged(above, claims.slice(0, 1), sure)).toMatchObject({
      answer: 'used',
      state: 'rollback',
    });
  });

  it('what only signs or describes what runs is needed for a check and not for a start', () => {
    const signed = needing([subject], { claim: running });
    expect(deletionJudged(above, [signed], sure)).toMatchObject({ answer: 'used', state: 'rollback' });
    const both = [signed, needing([child], { claim: claimOf({ state: 'desired' }) })];
    expect(deletionJudged(above, both, sure).state).toBe('desired');
  });

  it('and nobody needs it, it has no state, and is unused or unknown by what was read', () => {
    expect(deletionJudged(above, [needing([other])], sure)).toEqual({ answer: 'unused', uses: [] });
    for (const coverage of doubts) {
      expect(deletionJudged(above, [], coverage)).toEqual({ answer: 'unknown', uses: [] });
    }
  });

  it('more claims, or more doubt, never make it less needed', () => {
    const anyClaim = fc
      .record({
        state: fc.constantFrom(...claimStates),
        digests: fc.subarray([child, subject, other]),
        isCut: fc.boolean(),
        certainty: fc.constantFrom('exact' as const, 'inferred' as const),
      })
      .map(({ state, digests, ...more }) => needing(digests, { claim: claimOf({ state }), ...more }));
    const anyCoverage = fc.constantFrom(sure, ...doubts);
    const claims = fc.array(anyClaim, { maxLength: 5 });
    const rank = { unused: 0, unknown: 1, used: 2 };
    const pressing = [undefined, 'rollback', 'desired', 'running'];
    fc.assert(
      fc.property(claims, anyClaim, anyCoverage, (some, more, coverage) => {
        const before = deletionJudged(above, some, coverage);
        const after = deletionJudged(above, [...some, more], coverage);
        expect(rank[after.answer]).toBeGreaterThanOrEqual(rank[before.answer]);
        expect(pressing.indexOf(after.state)).toBeGreaterThanOrEqual(pressing.indexOf(before.state));
        for (const doubt of doubts) {
          const inDoubt = deletionJudged(above, some, doubt);
          expect(inDoubt.answer).not.toBe('unused');
          expect(inDoubt.uses).toEqual(before.uses);
        }
      }),
    );
  });
});

describe('when a removed tag is judged', () => {
  it('whoever names it, and no digest, needs it, with whatever it once pulled', () => {
    const byTag = claimOf({ tag: 'prod', digest: other, state: 'desired' });
    const judged = untagJudged('prod', [byTag, claimOf({ tag: 'dev' }), claimOf({ digest: other })], sure);
    expect(judged).toEqual({ answer: 'used', uses: [useOf(byTag)], state: 'desired' });
  });

  it('whoever names a digest beside the tag starts again without it', () => {
    const pinned = claimOf({ tag: 'prod', digest: other, isPinned: true });
    expect(untagJudged('prod', [pinned], sure)).toEqual({ answer: 'unused', uses: [] });
  });

  it('tags that differ in case are two', () => {
    expect(untagJudged('Prod', [claimOf({ tag: 'prod' })], sure).answer).toBe('unused');
  });

  it('and nobody is known to name it, it is unused only when everything was read', () => {
    expect(untagJudged('prod', [], sure)).toEqual({ answer: 'unused', uses: [] });
    for (const coverage of doubts) expect(untagJudged('prod', [], coverage).answer).toBe('unknown');
  });
});
