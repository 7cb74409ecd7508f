import { describe, expect, it } from '@jest/globals';
import type { Fact } from '../../../src/history/fact.ts';
import { originOf, replicaWindowMs, type Told, withTelling } from '../../../src/history/replicas.ts';
import { deletion, push, toldHistory } from '../../builders/told-history.ts';

describe('when several regions tell the same push', () => {
  const west = push('west', 0, 'one', 'prod', 'westeurope');
  const east = push('east', 2, 'one', 'prod', 'eastus');

  it('takes the later ones for copies of the first, which names all regions', async () => {
    const history = await toldHistory(west, east, push('japan', 3, 'one', 'prod', 'japaneast'));
    expect(history.tag('prod')).toEqual([
      'west: created in eastus and japaneast and westeurope',
      'east: unchanged, a copy of west in eastus',
      'japan: unchanged, a copy of west in japaneast',
    ]);
    expect(history.digest('one')).toEqual(history.tag('prod'));
  });

  it('finds out that the first was a copy when an earlier one arrives', async () => {
    const history = await toldHistory(east, west);
    expect(history.tag('prod')).toEqual([
      'west: created in eastus and westeurope',
      'east: unchanged, a copy of west in eastus',
    ]);
  });

  it('takes a second telling of the same region for a push of its own', async () => {
    const history = await toldHistory(west, push('west-again', 5, 'one', 'prod', 'westeurope'), {
      ...east,
      at: { ...east.at, time: east.at.time + 360_000 },
    });
    expect(history.tag('prod')).toEqual([
      'west: created in eastus and westeurope',
      'west-again: unchanged in westeurope',
      'east: unchanged, a copy of west in eastus',
    ]);
  });

  it('does not let a late copy undo what happened since', async () => {
    const moved = push('moved', 1, 'two', 'prod', 'westeurope');
    const history = await toldHistory(west, moved, east);
    expect(history.pointsTo('prod')).toBe('two');
    expect(history.tag('prod')).toEqual([
      'west: created in eastus and westeurope, until moved',
      'moved: moved from one in westeurope',
      'east: unchanged, a copy of west in eastus',
    ]);
  });

  it.each([
    [60, ['west: created in eastus and westeurope', 'late: unchanged, a copy of west in eastus']],
    [60 + 1 / 60_000, ['west: created in westeurope', 'late: unchanged in eastus']],
  ])('takes for copies what is told within an hour and no more (%d minutes)', async (minute, told) => {
    const history = await toldHistory(west, push('late', minute, 'one', 'prod', 'eastus'));
    expect(history.tag('prod')).toEqual(told);
  });

  it('takes what comes without a region for no copy, and nothing for a copy of it', async () => {
    const history = await toldHistory(
      push('nowhere', 0, 'one', 'prod'),
      east,
      push('again', 3, 'one', 'prod'),
    );
    expect(history.tag('prod')).toEqual([
      'nowhere: created',
      'east: unchanged in eastus',
      'again: unchanged',
    ]);
  });

  it('takes a push by digest and one to another tag for no copies', async () => {
    const history = await toldHistory(
      west,
      push('other-tag', 1, 'one', 'latest', 'eastus'),
      push('direct', 2, 'one', undefined, 'eastus'),
    );
    expect(history.digest('one')).toEqual([
      'west: created in westeurope',
      'other-tag: created in eastus',
      'direct: unchanged in eastus',
    ]);
  });
});

describe('when several regions tell the same deletion', () => {
  it('takes the later ones for copies, in the manifest and in the tags it ended', async () => {
    const history = await toldHistory(
      push('first', 0, 'one', 'prod'),
      deletion('west', 5, 'one', 'westeurope'),
      deletion('east', 6, 'one', 'eastus'),
    );
    expect(history.digest('one')).toEqual([
      'first: created',
      'west: deleted in eastus and westeurope',
      'east: deleted, a copy of west in eastus',
    ]);
    expect(history.tag('prod')).toEqual([
      'first: created, until west',
      'west: deleted in eastus and westeurope',
    ]);
  });

  it('does not let a late copy delete what was pushed since', async () => {
    const history = await toldHistory(
      push('first', 0, 'one', 'prod'),
      deletion('west', 5, 'one', 'westeurope'),
      push('back', 6, 'one', 'prod'),
      deletion('east', 7, 'one', 'eastus'),
    );
    expect(history.pointsTo('prod')).toBe('one');
  });
});

describe('when a telling is laid to earlier ones', () => {
  const east = push('east', 60, 'one', 'prod', 'eastus');
  const toldOf = ({ at, digest }: Fact, ...locations: readonly string[]): Told => ({ at, digest, locations });
  const an = (minutesBefore: number, id: string, seed = 'one') => push(id, 60 - minutesBefore, seed, 'prod');
  const hour = replicaWindowMs / 60_000;

  it.each<[string, boolean, Told]>([
    ['of the hour before', true, toldOf(an(hour, 'first'), 'westeurope')],
    ['of longer ago', false, toldOf(an(hour + 0.001, 'first'), 'westeurope')],
    ['of another manifest', false, toldOf(an(5, 'first', 'two'), 'westeurope')],
    ['of no region', false, toldOf(an(5, 'first'))],
    ['of its own region', false, toldOf(an(5, 'first'), 'eastus', 'westeurope')],
    ['of a moment later', false, toldOf(an(-0.001, 'first'), 'westeurope')],
    ['of the same millisecond that comes before', true, toldOf(an(0, 'z'), 'westeurope')],
    ['of the same millisecond that comes after', false, toldOf(an(0, 'a'), 'westeurope')],
    ['of the very same instant', false, toldOf(east, 'westeurope')],
  ])('it is the copy of one %s: %s', (_, isCopy, told) => {
    expect(originOf(east, [told])).toBe(isCopy ? told : undefined);
  });

  it('a copy adds its region to the one that it copies, and nothing to others', () => {
    const first = toldOf(an(20, 'first'), 'westeurope');
    const again = toldOf(an(10, 'again'), 'westeurope');
    expect(withTelling(east, first, [first, again])).toEqual([
      { ...first, locations: ['eastus', 'westeurope'] },
      again,
    ]);
  });

  it('what a region may yet copy is kept: an hour, and no more', () => {
    const [kept, stale] = [
      toldOf(an(hour, 'kept'), 'westeurope'),
      toldOf(an(hour + 0.001, 'stale'), 'westeurope'),
    ];
    expect(withTelling(east, undefined, [stale, kept])).toEqual([kept, toldOf(east, 'eastus')]);
  });
});
