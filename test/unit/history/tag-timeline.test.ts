import { describe, expect, it } from '@jest/globals';
import { deletion, push, toldHistory } from '../../builders/told-history.ts';

describe('when a tag is pushed', () => {
  it('is created first and then moves, saying what it pointed to before', async () => {
    const history = await toldHistory(push('first', 0, 'one', 'prod'), push('second', 5, 'two', 'prod'));
    expect(history.tag('prod')).toEqual(['first: created, until second', 'second: moved from one']);
    expect(history.pointsTo('prod')).toBe('two');
  });

  it('is unchanged when what it points to is pushed again', async () => {
    const history = await toldHistory(push('first', 0, 'one', 'prod'), push('again', 5, 'one', 'prod'));
    expect(history.tag('prod')).toEqual(['first: created', 'again: unchanged']);
  });

  it('moves back to where it was before', async () => {
    const history = await toldHistory(
      push('first', 0, 'one', 'prod'),
      push('second', 5, 'two', 'prod'),
      push('rollback', 9, 'one', 'prod'),
    );
    expect(history.tag('prod')).toEqual([
      'first: created, until second',
      'second: moved from one, until rollback',
      'rollback: moved from two',
    ]);
  });

  it('does not concern another tag, not even one that differs only in case', async () => {
    const history = await toldHistory(push('first', 0, 'one', 'RC'), push('second', 5, 'two', 'rc'));
    expect(history.tag('RC')).toEqual(['first: created']);
    expect(history.tag('rc')).toEqual(['second: created']);
  });

  it('gives a known digest one more tag', async () => {
    const history = await toldHistory(push('first', 0, 'one', '1.4.2'), push('retag', 5, 'one', 'prod'));
    expect(history.tag('prod')).toEqual(['retag: created']);
    expect(history.tagsOf('one')).toEqual(['1.4.2', 'prod']);
    expect(history.digest('one')).toEqual(['first: created', 'retag: created']);
  });
});

describe('when a manifest is deleted', () => {
  it('ends all tags that point to it, and no others', async () => {
    const history = await toldHistory(
      push('a', 0, 'one', '1.4'),
      push('b', 1, 'one', '1.4.2'),
      push('c', 2, 'one', 'prod'),
      push('d', 3, 'two', 'latest'),
      deletion('gone', 9, 'one'),
    );
    for (const [tag, id] of [
      ['1.4', 'a'],
      ['1.4.2', 'b'],
      ['prod', 'c'],
    ] as const) {
      expect(history.tag(tag)).toEqual([`${id}: created, until gone`, 'gone: deleted']);
      expect(history.pointsTo(tag)).toBe('nothing');
    }
    expect(history.tag('latest')).toEqual(['d: created']);
    expect(history.digest('one').at(-1)).toBe('gone: deleted');
  });

  it('says nothing of a tag that moved on before', async () => {
    const history = await toldHistory(
      push('first', 0, 'one', 'prod'),
      push('second', 5, 'two', 'prod'),
      deletion('gone', 9, 'one'),
    );
    expect(history.tag('prod')).toEqual(['first: created, until second', 'second: moved from one']);
  });

  it('lets the tag be restored with the same digest, and created with another', async () => {
    const same = await toldHistory(
      push('first', 0, 'one', 'prod'),
      deletion('gone', 5, 'one'),
      push('back', 9, 'one', 'prod'),
    );
    expect(same.tag('prod')).toEqual([
      'first: created, until gone',
      'gone: deleted, until back',
      'back: restored',
    ]);

    const other = await toldHistory(
      push('first', 0, 'one', 'prod'),
      deletion('gone', 5, 'one'),
      push('next', 9, 'two', 'prod'),
    );
    expect(other.tag('prod').at(-1)).toBe('next: created');
  });

  it('ends a tag once, however often it is deleted', async () => {
    const history = await toldHistory(
      push('first', 0, 'one', 'prod'),
      deletion('gone', 5, 'one'),
      deletion('gone-again', 6, 'one'),
    );
    expect(history.tag('prod')).toEqual(['first: created, until gone', 'gone: deleted']);
    expect(history.digest('one')).toEqual(['first: created', 'gone: deleted', 'gone-again: deleted']);
  });
});

describe('when something is told late', () => {
  const [first, second] = [push('first', 0, 'one', 'prod'), push('second', 10, 'two', 'prod')];

  it('puts a push between two others, and corrects what follows', async () => {
    const history = await toldHistory(first, second, push('late', 5, 'three', 'prod'));
    expect(history.tag('prod')).toEqual([
      'first: created, until late',
      'late: moved from one, until second',
      'second: moved from three',
    ]);
    expect(history.digest('two')).toEqual(['second: moved from three']);
    expect(history.pointsTo('prod')).toBe('two');
  });

  it('puts a push before all others', async () => {
    const history = await toldHistory(second, first);
    expect(history.tag('prod')).toEqual(['first: created, until second', 'second: moved from one']);
  });

  it('turns a repeated push into a restoring one when the deletion in between arrives', async () => {
    const history = await toldHistory(first, push('again', 10, 'one', 'prod'), deletion('late', 5, 'one'));
    expect(history.tag('prod')).toEqual([
      'first: created, until late',
      'late: deleted, until again',
      'again: restored',
    ]);
  });

  it('takes back an end when it turns out that the tag had moved on before', async () => {
    const history = await toldHistory(first, deletion('gone', 10, 'one'), push('late', 5, 'two', 'prod'));
    expect(history.tag('prod')).toEqual(['first: created, until late', 'late: moved from one']);
    expect(history.pointsTo('prod')).toBe('two');
  });

  it('ends a tag by a deletion that was told before the push', async () => {
    const history = await toldHistory(deletion('gone', 10, 'one'), first);
    expect(history.tag('prod')).toEqual(['first: created, until gone', 'gone: deleted']);
    expect(history.pointsTo('prod')).toBe('nothing');
  });
});

describe('when two facts are of the same millisecond', () => {
  it('takes the larger id for the older, whichever arrives first', async () => {
    const [a, b] = [push('a', 0, 'one', 'prod'), push('b', 0, 'two', 'prod')];
    const told = ['b: created, until a', 'a: moved from two'];
    expect((await toldHistory(a, b)).tag('prod')).toEqual(told);
    expect((await toldHistory(b, a)).tag('prod')).toEqual(told);
  });
});
