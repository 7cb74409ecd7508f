import { describe, expect, it } from '@jest/globals';
import { toldDetail } from '../../../src/findings/told-detail.ts';

const at = Date.UTC(2026, 4, 2, 14, 3);
const latest = 8_640_000_000_000_000;

describe('a detail as it is told outside', () => {
  it('has its times as RFC 3339, by their names alone', () => {
    const detail = {
      deletedAt: at,
      notBefore: at,
      retainedAfter: at,
      workloadCount: at,
      Attempts: at,
      by: 'ci',
    };
    const time = '2026-05-02T14:03:00.000Z';
    expect(toldDetail(detail)).toEqual({ ...detail, deletedAt: time, notBefore: time, retainedAfter: time });
  });

  it.each([
    ['a text', 'yesterday'],
    ['a text of digits', '1777730580000'],
    ['a flag', true],
    ['a list', ['a']],
    ['later than any time', latest + 1],
    ['earlier than any time', -latest - 1],
  ])('leaves %s under such a name as it is', (_, value) => {
    expect(toldDetail({ deletedAt: value })).toEqual({ deletedAt: value });
  });

  it('tells the latest time there is', () => {
    expect(toldDetail({ deletedAt: latest })).toEqual({ deletedAt: '+275760-09-13T00:00:00.000Z' });
  });
});
