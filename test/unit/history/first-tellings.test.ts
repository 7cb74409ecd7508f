import { describe, expect, it } from '@jest/globals';
import type { AuditRecord } from '../../../src/history/fact.ts';
import { firstTellings } from '../../../src/history/first-tellings.ts';
import { recordOf } from '../../builders/facts.ts';
import { deletion, push } from '../../builders/told-history.ts';

const west = recordOf(push('west', 0, 'one', 'prod', 'westeurope'));

/** The names of what is told first, newest first, of these, oldest first. */
function firstOf(...oldestFirst: readonly AuditRecord[]): readonly string[] {
  return firstTellings(oldestFirst.toReversed()).map(({ fact }) => fact.at.id);
}

describe('when several regions tell the same', () => {
  it('the first telling counts, and what is no copy of it, newest first', () => {
    const copies = ['eastus', 'japaneast'].map((region, place) =>
      recordOf(push(region, 1 + place, 'one', 'prod', region)),
    );
    const again = recordOf(push('again', 3, 'one', 'prod', 'eastus'));
    expect(firstOf(west, ...copies, again)).toEqual(['again', 'west']);
  });

  it.each<[string, AuditRecord]>([
    ['another tag', recordOf(push('other', 1, 'one', 'dev', 'eastus'))],
    ['no tag', recordOf(push('other', 1, 'one', undefined, 'eastus'))],
    ['another manifest', recordOf(push('other', 1, 'two', 'prod', 'eastus'))],
    ['a deletion', recordOf(deletion('other', 1, 'one', 'eastus'))],
    ['another repository', recordOf(push('other', 1, 'one', 'prod', 'eastus'), 'team/web')],
    [
      'another registry',
      { ...recordOf(push('other', 1, 'one', 'prod', 'eastus')), registry: 'fabrikam.azurecr.io' },
    ],
  ])('what is of %s is no copy', (_, other) => {
    expect(firstOf(west, other)).toEqual(['other', 'west']);
  });
});
