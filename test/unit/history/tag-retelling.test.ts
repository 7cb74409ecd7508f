import { describe, expect, it } from '@jest/globals';
import type { Change } from '../../../src/history/change.ts';
import type { Entry } from '../../../src/history/entry.ts';
import type { Fact } from '../../../src/history/fact.ts';
import type { TagHead } from '../../../src/history/head.ts';
import { replicaWindowMs } from '../../../src/history/replicas.ts';
import { isNextPush, lookbackStart, retellTag, tellingStart } from '../../../src/history/tag-retelling.ts';
import { tellTag, unseenTag } from '../../../src/history/tag-timeline.ts';
import { fact } from '../../builders/facts.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { deletion, push } from '../../builders/told-history.ts';
import { tagHead } from './heads.ts';
import { instantAt } from './instants.ts';

const one = digestOf('one');

describe('when a push is the next of its tag by the head', () => {
  const head = (what: Partial<TagHead> = {}) => tagHead(one, 10, what).value;
  const recent = { pushes: [{ time: instantAt(10).time, hint: one.slice(7, 17) }] };

  it.each<[string, Fact, TagHead | undefined, boolean]>([
    ['nothing is known of the tag', push('next', 5, 'one', 'prod'), undefined, true],
    ['it is the newest', push('next', 15, 'one', 'prod'), head(), true],
    ['it is older than another', push('next', 5, 'one', 'prod'), head(), false],
    ['the tag ended before', push('next', 25, 'one', 'prod'), head({ endedAt: instantAt(20) }), true],
    ['the tag ended since', push('next', 15, 'one', 'prod'), head({ endedAt: instantAt(20) }), false],
    [
      'the tag was found removed since',
      push('next', 15, 'one', 'prod'),
      head({ lastUntag: instantAt(20) }),
      false,
    ],
    ['it may be a copy of another', push('next', 15, 'one', 'prod', 'eastus'), head({ recent }), false],
    ['it is found', fact('found', 15, { tag: 'prod', digest: one, source: 'reconcile' }), head(), false],
    ['it is an untag', fact('untag', 15, { action: 'untag', tag: 'prod', digest: one }), head(), false],
  ])('no timeline is read: %s', (_, next, known, isNext) => {
    expect(isNextPush(next, known)).toBe(isNext);
  });
});

describe('when a tag is told again', () => {
  const old = push('old', -61, 'four', 'prod');
  const [first, second, third] = [
    push('first', 0, 'four', 'prod'),
    push('second', 10, 'two', 'prod'),
    push('third', 20, 'one', 'prod'),
  ];
  const recorded = () => ({
    tag: 'prod',
    time: second.at.time,
    head: tagHead(one, 20),
    lookback: { entries: tellTag(unseenTag, [old, first, second, third], []).entries, deletions: [] },
    isPartlyTold: false,
  });
  const ids = (some: readonly { readonly fact: Fact }[]) => some.map((entry) => entry.fact.at.id);
  const edges = (changes: readonly Change[]) =>
    changes.flatMap((change) => (change.write === 'edge' ? [change.edge.digest] : []));

  it('nothing is written that says the same', () => {
    expect(retellTag(recorded())).toEqual({ told: [], removed: [], changes: [] });
  });

  it('only what a late push changes is written, and the head over the version that was read', () => {
    const late = push('late', 15, 'three', 'prod');
    const retold = retellTag({ ...recorded(), time: late.at.time, added: late });
    expect(ids(retold.told)).toEqual(['second', 'late', 'third']);
    expect(edges(retold.changes)).toEqual(['two', 'three', 'one'].map(digestOf));
    expect(retold.changes[0]).toMatchObject({
      write: 'tag-head',
      head: { holding: { digest: one, stretch: third.at }, newestPush: third.at },
      over: 'tag',
    });
  });

  it('the push itself is written though it is recorded, as another instance may have done it', () => {
    expect(ids(retellTag({ ...recorded(), added: second }).told)).toEqual(['second']);
  });

  it('all that it could have changed is written when it may have been told in part', () => {
    expect(ids(retellTag({ ...recorded(), isPartlyTold: true }).told)).toEqual(['first', 'second', 'third']);
  });

  it('an end that holds no more is removed', () => {
    const gone = { ...push('gone', 30, 'one'), action: 'delete' as const };
    const deleted = tellTag(unseenTag, [second, third], [{ fact: gone, kind: 'deleted', locations: [] }]);
    const retold = retellTag({ ...recorded(), lookback: { entries: deleted.entries, deletions: [] } });
    expect(ids(retold.removed)).toEqual(['gone']);
    expect(retold.changes).toContainEqual({ write: 'tag-entry-removal', tag: 'prod', at: gone.at });
    expect(ids(retold.told)).toEqual(['third']);
  });

  it('an end that holds no more is taken from what lasts since before the hour, and nothing else is written', () => {
    const gone = deletion('gone', 90, 'four');
    const retold = (deletions: readonly Entry[]) => {
      const { entries } = tellTag(unseenTag, [first], deletions);
      return retellTag({ ...recorded(), time: gone.at.time, lookback: { entries, deletions: [] } });
    };
    expect(retold([])).toEqual({ told: [], removed: [], changes: [] });

    const { changes } = retold([{ fact: gone, kind: 'deleted', locations: [] }]);
    const lasting = { fact: first, kind: 'created', locations: [] };
    const edge = { tag: 'prod', digest: digestOf('four'), stretch: first.at, lastPush: first.at };
    expect(changes.slice(1)).toEqual([
      { write: 'tag-entry-removal', tag: 'prod', at: gone.at },
      { write: 'tag-entry', tag: 'prod', entry: lasting },
      { write: 'edge', edge },
    ]);
  });

  it('an hour before it is told again, and two more are read', () => {
    expect(tellingStart(second.at.time)).toBe(second.at.time - replicaWindowMs);
    expect(lookbackStart(second.at.time)).toBe(second.at.time - 3 * replicaWindowMs);
  });
});

describe('when a tag is found removed before a push of it is known', () => {
  const untag = fact('untag', 30, { action: 'untag', tag: 'prod', digest: one, source: 'reconcile' });
  const retold = (added: Fact, entries: readonly Entry[]) =>
    retellTag({
      tag: 'prod',
      time: added.at.time,
      head: undefined,
      lookback: { entries, deletions: [] },
      added,
      isPartlyTold: false,
    });
  const removed: Entry = { fact: untag, kind: 'untagged', locations: [] };

  it('has no head, as nothing is known that it pointed to', () => {
    expect(retold(untag, []).changes).toEqual([{ write: 'tag-entry', tag: 'prod', entry: removed }]);
  });

  it('has ended when the push before it is told', () => {
    const late = push('late', 20, 'one', 'prod');
    const { at } = late;
    expect(retold(late, [removed]).changes[0]).toEqual({
      write: 'tag-head',
      head: {
        tag: 'prod',
        holding: { digest: one, stretch: at, lastPush: at },
        endedAt: untag.at,
        newestPush: at,
        oldestPush: at,
        lastUntag: untag.at,
        recent: { pushes: [] },
      },
      over: 'absent',
    });
  });
});
