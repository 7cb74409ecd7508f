import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { timeParameter } from '../../../src/api/time-parameter.ts';

describe('time parameter', () => {
  it.each([
    ['2026-05-02T14:03:00Z', '2026-05-02T14:03:00.000Z'],
    ['2026-05-02t14:03:00.1239999z', '2026-05-02T14:03:00.123Z'],
    ['2026-05-02T14:03:00+02:00', '2026-05-02T12:03:00.000Z'],
    ['2026-05-02T14:03:00 02:00', '2026-05-02T12:03:00.000Z'],
    ['2026-05-02T14:03:00-02:00', '2026-05-02T16:03:00.000Z'],
    [' 2026-05-02T14:03:00Z ', '2026-05-02T14:03:00.000Z'],
    ['1970-01-01T00:00:00Z', '1970-01-01T00:00:00.000Z'],
  ])('when it is %j, it is %s', (text, time) => {
    expect(timeParameter.parse(text)).toBe(Date.parse(time));
  });

  it.each([
    '',
    'now',
    '2026-05-02',
    '2026-05-02T14:03:00',
    '2026-05-02 14:03:00Z',
    '2026-02-30T00:00:00Z',
    '2026-05-02T24:00:00Z',
    '1777730580',
    '1969-12-31T23:59:59Z',
    '10000-01-01T00:00:00Z',
    '2026-05-02T14:03:00Z,2026-05-03T14:03:00Z',
  ])('when it is %j, it is refused with an example', (text) => {
    const reading = timeParameter.safeParse(text);
    expect(reading.error?.issues.map(({ message }) => message)).toEqual([
      'is not an RFC 3339 time: write it like 2026-05-02T14:03:00Z',
    ]);
  });

  it('when it is any time as the API writes it, it is read as that time', () => {
    const time = fc.date({
      min: new Date(0),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(time, (date) => {
        expect(timeParameter.parse(date.toISOString())).toBe(date.getTime());
      }),
    );
  });
});
