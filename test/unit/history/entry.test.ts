import { describe, expect, it } from '@jest/globals';
import { beginsStretch, type Entry, endingBy, saysTheSame } from '../../../src/history/entry.ts';
import { fact } from '../../builders/facts.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { instantAt } from './instants.ts';

const moved: Entry = {
  fact: fact('moved', 0, { tag: 'prod', digest: digestOf('two') }),
  kind: 'moved',
  previousDigest: digestOf('one'),
  replicaOf: 'first',
  locations: ['eastus', 'westeurope'],
  until: { ...instantAt(9), notBefore: instantAt(5).time },
};
const { until: _, ...lasting } = moved;

describe('when an entry is told again', () => {
  it.each<[string, Entry, boolean]>([
    ['word for word', { ...moved, until: { ...instantAt(9), notBefore: instantAt(5).time } }, true],
    ['as another kind', { ...moved, kind: 'created' }, false],
    ['as moved from elsewhere', { ...moved, previousDigest: digestOf('three') }, false],
    ['as a copy of another', { ...moved, replicaOf: 'second' }, false],
    ['as told by fewer regions', { ...moved, locations: ['eastus'] }, false],
    ['as lasting', lasting, false],
    ['as ending at another time', { ...moved, until: instantAt(8) }, false],
    ['as ending at a known time', { ...moved, until: instantAt(9) }, false],
  ])('it says the same: %s', (_name, again, expected) => {
    expect(saysTheSame(moved, again)).toBe(expected);
    expect(saysTheSame(again, moved)).toBe(expected);
  });

  it('it says the same while it lasts', () => {
    expect(saysTheSame(lasting, { ...lasting })).toBe(true);
  });
});

describe('when an entry is part of a timeline', () => {
  it.each<[string, Entry, boolean]>([
    ['a move', { fact: moved.fact, kind: 'moved', locations: [] }, true],
    ['a deletion', { fact: moved.fact, kind: 'deleted', locations: [] }, true],
    ['a repeat', { fact: moved.fact, kind: 'unchanged', locations: [] }, false],
    ['a copy', moved, false],
  ])('it begins a stretch: %s', (_name, entry, expected) => {
    expect(beginsStretch(entry)).toBe(expected);
  });

  it('what went before ends at its time, or in its window', () => {
    expect(endingBy(moved.fact)).toStrictEqual(moved.fact.at);
    expect(endingBy({ ...moved.fact, notBefore: 7 })).toEqual({ ...moved.fact.at, notBefore: 7 });
  });
});
