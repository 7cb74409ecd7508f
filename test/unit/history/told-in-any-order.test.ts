import { describe, it } from '@jest/globals';
import type { Fact } from '../../../src/history/fact.ts';
import { withUntagsAfterPushes } from '../../builders/facts.ts';
import { expectHistory } from '../../builders/history-expectation.ts';
import { deletion, push } from '../../builders/told-history.ts';

/** The fact as a comparison with the registry found it, since some minutes before or at the registry's own time. */
function found(fact: Fact, window?: number): Fact {
  const since = window === undefined ? {} : { notBefore: fact.at.time - window * 60_000 };
  return { ...fact, source: 'reconcile', ...since };
}

function untag(name: string, minute: number, seed: string, window: number): Fact {
  return found({ ...push(name, minute, seed, 'prod'), action: 'untag' }, window);
}

/** The facts as they happened and the other way round, beginning with each of them. */
function ordersOf(facts: readonly Fact[]): readonly (readonly Fact[])[] {
  return [facts, facts.toReversed()].flatMap((order) =>
    order.map((_, place) => [...order.slice(place), ...order.slice(0, place)]),
  );
}

const second = 1 / 60;

/** What may happen to a repository. */
const stories: readonly [string, readonly Fact[]][] = [
  [
    'a deletion ends what a tag points to then, and no more',
    [
      push('first', 0, 'one', 'prod'),
      push('moved', 5, 'two', 'prod'),
      deletion('gone', 10, 'one'),
      push('back', 15, 'one', 'prod'),
    ],
  ],
  [
    'what is deleted twice is restored in between',
    [
      push('first', 0, 'one', 'prod'),
      deletion('gone', 5, 'one'),
      push('back', 10, 'one', 'dev'),
      deletion('gone-again', 15, 'one'),
    ],
  ],
  [
    'regions tell pushes and deletions again',
    [
      push('west', 0, 'one', 'prod', 'westeurope'),
      push('east', 2, 'one', 'prod', 'eastus'),
      deletion('gone-east', 4, 'one', 'eastus'),
      deletion('gone-west', 60, 'one', 'westeurope'),
    ],
  ],
  [
    'regions tell pushes by digest again, for an hour',
    [
      push('west', 0, 'one', undefined, 'westeurope'),
      push('east', 60, 'one', undefined, 'eastus'),
      push('west-again', 60 + second, 'one', undefined, 'westeurope'),
      deletion('gone', 61, 'one'),
    ],
  ],
  [
    'hours lie between pushes',
    [
      push('first', 0, 'one', 'prod'),
      push('second', 180, 'two', 'prod'),
      push('third', 241, 'three', 'prod'),
      push('fourth', 500, 'one', 'prod'),
    ],
  ],
  [
    'a push is found that an event tells, and one that none does',
    [
      push('event', 0, 'one', 'prod'),
      found(push('found', second, 'one', 'prod')),
      deletion('gone', 2 * second, 'one'),
      found(push('found-again', 3 * second, 'one', 'prod')),
    ],
  ],
  [
    'a deletion is found that an event tells, and a push in between',
    [
      push('first', 0, 'one', 'prod'),
      deletion('gone', 10, 'one'),
      push('back', 20, 'one'),
      found(deletion('found', 30, 'one'), 25),
    ],
  ],
  [
    'a tag is found removed, moved or ended',
    [
      push('first', 0, 'one', 'prod'),
      untag('removed', 20, 'one', 10),
      push('moved', 30, 'two', 'prod'),
      untag('explained', 40, 'one', 35),
    ],
  ],
  [
    'a region tells a push of a tag again after a deletion, which another region told',
    [
      push('west', 0, 'one', 'prod', 'westeurope'),
      deletion('gone', 1, 'one', 'uksouth'),
      push('east', 2, 'one', 'prod', 'eastus'),
    ],
  ],
  [
    'a region tells a push by digest again after a deletion, which that does not undo',
    [
      push('west', 0, 'one', undefined, 'westeurope'),
      deletion('gone', 1, 'one'),
      push('east', 2, 'one', undefined, 'eastus'),
      found(deletion('found', 3, 'one'), 3),
      push('back', 4, 'one'),
    ],
  ],
  [
    'what is found after that is no push that was told',
    [
      push('west', 0, 'one', undefined, 'westeurope'),
      deletion('gone', second, 'one'),
      push('east', 2 * second, 'one', undefined, 'eastus'),
      found(push('found', 3 * second, 'one')),
    ],
  ],
  [
    'a push by digest and those of tags are no copies of one another',
    [
      push('tagged', 0, 'one', 'prod', 'westeurope'),
      push('direct', 1, 'one', undefined, 'eastus'),
      push('other', 2, 'one', 'dev', 'japaneast'),
    ],
  ],
  [
    'a deletion is a copy of a deletion and of no push',
    [
      push('pushed', 0, 'one', undefined, 'westeurope'),
      deletion('gone', 1, 'one', 'japaneast'),
      deletion('gone-east', 2, 'one', 'eastus'),
    ],
  ],
  [
    'a push is a copy of a push and of no deletion',
    [
      deletion('gone', 0, 'one', 'westeurope'),
      push('back', 1, 'one', undefined, 'japaneast'),
      push('back-east', 2, 'one', undefined, 'eastus'),
    ],
  ],
  [
    'a region tells a push of a tag twice',
    [
      push('west', 0, 'one', 'prod', 'westeurope'),
      push('east', 2, 'one', 'prod', 'eastus'),
      push('east-again', 3, 'one', 'prod', 'eastus'),
    ],
  ],
  [
    'a push by digest is found twice, and once after it was undone',
    [
      push('event', 0, 'one'),
      found(push('found', second, 'one')),
      found(push('found-again', 2 * second, 'one')),
      deletion('gone', 3 * second, 'one'),
      found(push('found-later', 4 * second, 'one')),
    ],
  ],
  [
    'a deletion is found twice that two regions told, the first of them before it can have been',
    [
      push('first', 0, 'one'),
      deletion('west', 1, 'one', 'westeurope'),
      deletion('east', 2, 'one', 'eastus'),
      found(deletion('found', 3, 'one'), 1.5),
      found(deletion('found-again', 4, 'one'), 2.5),
    ],
  ],
  [
    'a deletion is found that no event tells: the copy after the push is of the one before',
    [
      deletion('west', 0, 'one', 'westeurope'),
      push('back', 1, 'one'),
      deletion('east', 2, 'one', 'eastus'),
      found(deletion('found', 3, 'one'), 1.5),
    ],
  ],
  [
    'what a tag points to is found, by the copy that told it last and not by that of what it pointed to before',
    [
      push('west', 0, 'one', 'prod', 'westeurope'),
      push('east', second, 'one', 'prod', 'eastus'),
      found(push('found', 2 * second, 'one', 'prod')),
      push('moved', 3 * second, 'two', 'prod'),
      push('japan', 4 * second, 'one', 'prod', 'japaneast'),
      found(push('found-moved', 5 * second, 'two', 'prod')),
    ],
  ],
  [
    'a tag that ended is pushed anew, twice',
    [
      push('first', 0, 'one', 'prod'),
      deletion('gone', 5, 'one'),
      push('second', 100, 'two', 'prod'),
      push('third', 120, 'three', 'prod'),
    ],
  ],
  [
    'what is pushed again moves later',
    [push('first', 0, 'one', 'prod'), push('again', 5, 'one', 'prod'), push('moved', 10, 'two', 'prod')],
  ],
  [
    'a tag is found removed hours after pushes that regions may copy',
    [
      push('first', 0, 'one', 'prod', 'westeurope'),
      push('moved', 10, 'two', 'prod', 'westeurope'),
      untag('removed', 300, 'two', 10),
    ],
  ],
  [
    'of one millisecond the larger id is the older',
    [push('a', 0, 'one', 'prod'), push('b', 0, 'two', 'prod'), deletion('c', 0, 'two')],
  ],
];

describe('when facts arrive in any order', () => {
  it.each(stories)('the history is what they amount to: %s', async (_, facts) => {
    for (const deliveries of ordersOf(facts)) {
      await expectHistory(withUntagsAfterPushes({ facts, deliveries }), { senders: 1, seed: 1 });
    }
  });
});
