import { describe, expect, it } from '@jest/globals';
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
    [60, 'late: unchanged, a copy of west in eastus'],
    [60 + 1 / 60_000, 'late: unchanged in eastus'],
  ])('takes for copies what is told within an hour and no more (%d minutes)', async (minute, told) => {
    const history = await toldHistory(west, push('late', minute, 'one', 'prod', 'eastus'));
    expect(history.tag('prod').at(-1)).toBe(told);
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
