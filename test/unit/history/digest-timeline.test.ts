import { describe, expect, it } from '@jest/globals';
import { deletion, push, toldHistory } from '../../builders/told-history.ts';

describe('when a manifest is pushed by digest', () => {
  it('is created, as the children of an index are, and no tag knows of it', async () => {
    const history = await toldHistory(
      push('amd64', 0, 'one'),
      push('arm64', 0, 'two'),
      push('index', 1, 'three', 'prod'),
    );
    expect(history.digest('one')).toEqual(['amd64: created']);
    expect(history.digest('two')).toEqual(['arm64: created']);
    expect(history.tagsOf('one')).toEqual([]);
    expect(history.tag('prod')).toEqual(['index: created']);
  });

  it('is unchanged when it is there, be it by a push with a tag', async () => {
    const history = await toldHistory(
      push('tagged', 0, 'one', 'prod'),
      push('direct', 1, 'one'),
      push('again', 9, 'one'),
    );
    expect(history.digest('one')).toEqual(['tagged: created', 'direct: unchanged', 'again: unchanged']);
  });

  it('is restored after a deletion, which needs no push before it', async () => {
    const history = await toldHistory(deletion('gone', 0, 'one'), push('back', 5, 'one'));
    expect(history.digest('one')).toEqual(['gone: deleted', 'back: restored']);
  });

  it('restores no tag', async () => {
    const history = await toldHistory(
      push('first', 0, 'one', 'prod'),
      deletion('gone', 5, 'one'),
      push('back', 9, 'one'),
    );
    expect(history.digest('one')).toEqual(['first: created', 'gone: deleted', 'back: restored']);
    expect(history.pointsTo('prod')).toBe('nothing');
  });

  it('is told again when an earlier one arrives late', async () => {
    const history = await toldHistory(push('second', 9, 'one'), push('first', 0, 'one'));
    expect(history.digest('one')).toEqual(['first: created', 'second: unchanged']);
  });
});
