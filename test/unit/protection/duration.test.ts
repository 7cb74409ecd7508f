import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatDuration, msPerDay, parseDuration } from '../../../src/protection/duration.ts';

describe('parseDuration', () => {
  it.each([
    ['P60D', 60 * msPerDay],
    ['P2W', 14 * msPerDay],
    ['PT1H', 3_600_000],
    ['P1DT2H3M4S', 93_784_000],
    ['PT0S', 0],
    ['P3650D', 3_650 * msPerDay],
    ['PT90M', 5_400_000],
    ['P52W', 364 * msPerDay],
  ])('when the text is %s, says %d ms', (text, expected) => expect(parseDuration(text)).toBe(expected));

  it.each([
    ...[
      '',
      'P',
      'PT',
      'P1',
      '60D',
      'p60d',
      'P1DT',
      'PT1D',
      'P1H',
      'P1W2D',
      '-P1D',
      'P-1D',
      'P1.5D',
      'PT1,5H',
    ],
    ...[
      'P1Y',
      'P6M',
      'P1Y2M3D',
      ' P1D',
      'P1D ',
      'P1D\n',
      'P١D',
      'PT1M1H',
      `P${'9'.repeat(30)}D`,
      'P1000000W',
      'in P2W',
    ],
  ])('when the text is %j, refuses it', (text) => expect(parseDuration(text)).toBeUndefined());

  it('when the duration is longer than can be counted exactly (F18), refuses it', () => {
    expect(parseDuration('P999999999D')).toBeUndefined();
    expect(parseDuration('P104249991D')).toBe(104_249_991 * msPerDay);
  });

  it('when a duration in whole seconds is written and read again, it is the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (seconds) => {
        expect(parseDuration(formatDuration(seconds * 1_000))).toBe(seconds * 1_000);
      }),
    );
  });
});

describe('formatDuration', () => {
  it.each([
    [0, 'PT0S'],
    [999, 'PT0S'],
    [1_999, 'PT1S'],
    [msPerDay, 'P1D'],
    [14 * msPerDay, 'P14D'],
    [5_400_000, 'PT1H30M'],
    [93_784_000, 'P1DT2H3M4S'],
    [msPerDay + 60_000, 'P1DT1M'],
  ])('when it is %d ms, names the units that it has: %s', (duration, text) => {
    expect(formatDuration(duration)).toBe(text);
  });
});
