import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseSchedule, repeatsWithinMinute } from '../../../local/host/schedule.ts';
import { parseTimeSpan } from '../../../local/host/time-span.ts';

const after = new Date(2026, 0, 1, 0, 0, 0);

/** The first occurrences after midnight of 1 January 2026 (a Thursday), as local times. */
function occurrences(text: string, count: number): readonly string[] {
  const schedule = parseSchedule(text);
  if (typeof schedule === 'string') throw new Error(schedule);
  const found: string[] = [];
  let instant = after;
  for (let index = 0; index < count; index++) {
    instant = schedule.next(instant);
    const pad = (value: number) => String(value).padStart(2, '0');
    const date = `${instant.getFullYear()}-${pad(instant.getMonth() + 1)}-${pad(instant.getDate())}`;
    found.push(
      `${date} ${pad(instant.getHours())}:${pad(instant.getMinutes())}:${pad(instant.getSeconds())}`,
    );
  }
  return found;
}

describe('NCRONTAB', () => {
  it.each([
    ['0 */5 * * * *', ['2026-01-01 00:05:00', '2026-01-01 00:10:00']],
    ['*/5 * * * *', ['2026-01-01 00:05:00', '2026-01-01 00:10:00']],
    ['0 0 * * * *', ['2026-01-01 01:00:00', '2026-01-01 02:00:00']],
    [
      '30 15 9-17/4 * * MON-FRI',
      ['2026-01-01 09:15:30', '2026-01-01 13:15:30', '2026-01-01 17:15:30', '2026-01-02 09:15:30'],
    ],
    ['0 30 9 * Jan Mon', ['2026-01-05 09:30:00', '2026-01-12 09:30:00']],
    ['1,3 0 0 1 1 *', ['2026-01-01 00:00:01', '2026-01-01 00:00:03', '2027-01-01 00:00:01']],
  ])('when the schedule is "%s", it occurs as documented', (text, expected) => {
    expect(occurrences(text, expected.length)).toEqual(expected);
  });

  it('when day of month and day of week are both given, both must hold', () => {
    expect(occurrences('0 0 12 13 * FRI', 2)).toEqual(['2026-02-13 12:00:00', '2026-03-13 12:00:00']);
  });

  it.each([
    '',
    '* * * *',
    '* * * * * * *',
    '@daily',
    '0 0 0 L * *',
    '0 0 0 ? * *',
    '0 0 0 * * 5#2',
    'H * * * * *',
  ])('when the schedule is "%s", it is refused', (text) => {
    expect(parseSchedule(text)).toMatch(/neither NCRONTAB nor a TimeSpan|not valid NCRONTAB/);
  });

  it.each([
    '60 * * * * *',
    '0 0 24 * * *',
    '0 0 0 32 * *',
    '0 0 0 * 13 *',
    '0 0 0 30 2 *',
    '0 0 0 30 2 MON',
    '0 0 0 * * FOO',
  ])('when no instant fits "%s", it is refused', (text) => {
    expect(typeof parseSchedule(text)).toBe('string');
  });

  it('when the text is arbitrary, it is read or refused, never thrown at', () => {
    const field = fc.stringMatching(/^[*\d/,\-a-z]{1,6}$/);
    const texts = fc.oneof(
      fc.string(),
      fc.array(field, { minLength: 5, maxLength: 6 }).map((fields) => fields.join(' ')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const schedule = parseSchedule(text);
        return typeof schedule === 'string' || schedule.next(after) > after;
      }),
    );
  });
});

describe('TimeSpan', () => {
  it.each([
    ['00:05:00', 300_000],
    ['1.12:30:00', 131_400_000],
    ['00:00:00.25', 250],
    ['10:30', 37_800_000],
    ['-00:00:01', -1_000],
    ['24:00:00', undefined],
    ['00:60:00', undefined],
    ['5 minutes', undefined],
  ])('when the text is "%s", it is %p milliseconds', (text, expected) => {
    expect(parseTimeSpan(text)).toBe(expected);
  });

  it('when a schedule is a TimeSpan, it repeats by that much', () => {
    expect(occurrences('06:00:00', 3)).toEqual([
      '2026-01-01 06:00:00',
      '2026-01-01 12:00:00',
      '2026-01-01 18:00:00',
    ]);
  });

  it.each(['00:00:00', '-00:01:00'])('when a schedule is the TimeSpan "%s", it is refused', (text) => {
    expect(parseSchedule(text)).toMatch(/not longer than zero/);
  });
});

describe('monitoring', () => {
  it.each([
    ['0 * * * * *', false],
    ['00:01:00', false],
    ['*/30 * * * * *', true],
    ['0,20 30 0 * * *', false],
    ['00:00:59', true],
  ])('when the schedule is "%s", repeating within a minute is %p', (text, expected) => {
    const schedule = parseSchedule(text);
    expect(typeof schedule === 'string' ? schedule : repeatsWithinMinute(schedule, after)).toBe(expected);
  });
});
