import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readEventList } from '../../../src/audit/event-list.ts';

const one = { id: '1' };
const two = { id: '2' };

describe('a list of events', () => {
  it.each<[string, string, readonly unknown[]]>([
    ['an array', JSON.stringify([one, two]), [one, two]],
    ['an array over many lines', JSON.stringify([one, two], null, 2), [one, two]],
    ['an empty array', ' [] ', []],
    ['one event', JSON.stringify(one), [one]],
    ['an event a line', `${JSON.stringify(one)}\n${JSON.stringify(two)}`, [one, two]],
    [
      'an event a line, ended as on Windows',
      `${JSON.stringify(one)}\r\n\r\n${JSON.stringify(two)}\r\n`,
      [one, two],
    ],
    ['an array a line', `${JSON.stringify([one])}\n${JSON.stringify([two])}`, [one, two]],
    ['an array after a byte order mark', `\uFEFF${JSON.stringify([one])}`, [one]],
    ['lines after a byte order mark', `\uFEFF${JSON.stringify(one)}\n${JSON.stringify(two)}`, [one, two]],
    ['an array of what are no events', '[1,null,[{}]]', [1, null, [{}]]],
  ])('when it is %s, its events are read in order', (_, text, events) => {
    expect(readEventList(text)).toEqual({ outcome: 'events', events });
  });

  it.each<[string, string, RegExp]>([
    ['empty', '', /^is empty$/],
    ['blank', '\uFEFF \r\n\t', /^is empty$/],
    ['cut off', JSON.stringify([one, two]).slice(0, -3), /^is not JSON: /],
    ['an event a line, the last cut off', `${JSON.stringify(one)}\n{"id`, /^is not JSON: /],
    ['text', 'no event', /^is not JSON: /],
    ['text with characters that forge a line', '<script>\u2028\u202e', /^is not JSON: [^\u2028\u202e]*$/],
    ['a number', '42', /^is neither an event nor a list/],
    ['null', 'null', /^is neither an event nor a list/],
    ['a line that is no event', `${JSON.stringify(one)}\n7`, /^is neither an event nor a list/],
    ['longer than Event Grid could write it', `[${'0,'.repeat(50_000)}0]`, /^has more than 50000 events$/],
    ['of more lines than Event Grid could write', '{}\n'.repeat(60_000), /^has more than 50000 events$/],
  ])('when it is %s, it is unreadable, in one line', (_, text, problem) => {
    expect(readEventList(text)).toEqual({ outcome: 'unreadable', problem: expect.stringMatching(problem) });
  });

  it('when it is any text, it is read or told why not, never thrown', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const reading = readEventList(text);
        if (reading.outcome === 'unreadable') expect(reading.problem.length).toBeLessThanOrEqual(256);
      }),
    );
  });
});
