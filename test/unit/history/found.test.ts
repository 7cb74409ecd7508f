import { describe, expect, it } from '@jest/globals';
import type { Fact } from '../../../src/history/fact.ts';
import { announcementOf, announcementToleranceMs, mayAnnounce } from '../../../src/history/found.ts';
import type { Instant } from '../../../src/history/instant.ts';
import { fact } from '../../builders/facts.ts';
import { digestOf } from '../../builders/registry-event.ts';

const [one, two] = [digestOf('one'), digestOf('two')];
const found = fact('found', 10, { digest: one, source: 'reconcile' });
const windowed: Fact = { ...found, notBefore: fact('', 5, { digest: one }).at.time };

/** An event's push so many milliseconds after what was found. */
function event(name: string, ms: number, what: Partial<Fact> = {}): Fact {
  return fact(name, 10 + ms / 60_000, { digest: one, ...what });
}

describe('when something was found that an earlier event tells, which still holds', () => {
  const edge = -announcementToleranceMs;

  it.each<[string, Fact, number, boolean]>([
    ['seconds before', found, edge, true],
    ['longer before', found, edge - 1, false],
    ['since its window began', windowed, -300_000 + edge, true],
    ['before its window', windowed, -300_000 + edge - 1, false],
  ])('that event is its announcement: %s', (_, of, ms, isAnnounced) => {
    const { at } = event('event', ms);
    expect(announcementOf(of, at, [of])).toEqual(isAnnounced ? at : undefined);
  });

  it('no event is, when none stands', () => {
    expect(announcementOf(found, undefined, [event('event', -1), found])).toBeUndefined();
  });

  it('a later event is, when the one that stands is too old', () => {
    const later = event('later', 1_000);
    expect(announcementOf(found, event('old', edge - 1).at, [found, later])).toEqual(later.at);
  });
});

describe('when something was found that a later event tells', () => {
  it.each<[string, Fact, boolean]>([
    ['seconds after', event('event', announcementToleranceMs), true],
    ['longer after', event('event', announcementToleranceMs + 1), false],
    ['of another manifest', event('event', 1, { digest: two }), false],
    ['of a deletion', event('event', 1, { action: 'delete' }), false],
    ['that was found as well', event('event', 1, { source: 'backfill' }), false],
  ])('that event is its announcement: %s', (_, later, isAnnounced) => {
    expect(announcementOf(found, undefined, [later, found])).toEqual(isAnnounced ? later.at : undefined);
  });

  it('the first of several is', () => {
    const [first, second] = [event('first', 10), event('second', 20)];
    expect(announcementOf(found, undefined, [second, first])).toEqual(first.at);
  });
});

describe('when an event comes after something was found', () => {
  it.each<[string, Fact, Instant | undefined, boolean]>([
    ['nothing was found', event('event', 0), undefined, false],
    ['within seconds', event('1', announcementToleranceMs), found.at, true],
    ['long before', event('event', -3_600_000), found.at, true],
    ['later', event('event', announcementToleranceMs + 1), found.at, false],
    ['it was found itself', event('event', 0, { source: 'reconcile' }), found.at, false],
  ])('it may announce that: %s', (_, told, lastFound, expected) => {
    expect(mayAnnounce(told, lastFound)).toBe(expected);
  });
});
