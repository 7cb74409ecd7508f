import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { boundedDetail } from '../../../src/findings/bounded-detail.ts';
import type { FindingDetail } from '../../../src/findings/finding.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: fc.constantFrom('"', '\\', '\u0000', 'é', '🐳', '\u202e'), maxLength: 400 }),
);
const details: fc.Arbitrary<FindingDetail> = fc.dictionary(
  fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 }),
  fc.oneof(text, fc.maxSafeInteger(), fc.boolean(), fc.array(text, { maxLength: 30 })),
  { maxKeys: 12 },
);

describe('when a detail is bounded', () => {
  it('its JSON is never longer than the limit, whatever is in it', () => {
    fc.assert(
      fc.property(details, fc.integer({ min: 40, max: 3_000 }), (detail, limit) => {
        expect(JSON.stringify(boundedDetail(detail, limit)).length).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it('it stays as it is when it is as long as the limit, and loses when that is one less', () => {
    const detail = { images: ['one', 'two'], by: 'ci' };
    const { length } = JSON.stringify(detail);
    expect(boundedDetail(detail, length)).toEqual(detail);
    expect(boundedDetail(detail, length - 1)).not.toEqual(detail);
  });

  it('a limit that no detail can keep is refused', () => {
    expect(() => boundedDetail({}, 1)).toThrow('the limit is less than any detail has');
  });

  it('it stays as it is when it fits and is fit to show', () => {
    const detail = {
      approvals: ['a1', 'a2'],
      notBefore: 1,
      opened: [],
      tagLocked: true,
      code: '405 "no" <b>é🐳</b>',
    };
    expect(boundedDetail(detail, 1_000)).toEqual(detail);
  });

  it('what could forge a line or turn the text around is replaced', () => {
    expect(boundedDetail({ detail: 'a\nb\u202e', gaps: ['\u0000'] }, 1_000)).toEqual({
      detail: 'a\uFFFDb\uFFFD',
      gaps: ['\uFFFD'],
    });
  });

  it('the longest gives way, and the others stay whole', () => {
    const approvals = ['a1', 'a2', 'a3'];
    const gaps = Array.from({ length: 64 }, (_, index) => `gap ${index}`);
    const bounded = boundedDetail({ approvals, gaps, gapCount: 64 }, 300);
    expect(bounded).toEqual({ approvals, gaps: gaps.slice(0, 16), gapCount: 64, gapsOmitted: 48 });
    expect(boundedDetail({ approvals, detail: 'x'.repeat(1_000) }, 300)).toEqual({
      approvals,
      detail: 'x'.repeat(150),
    });
  });
});
