import { describe, expect, it } from '@jest/globals';
import { planPush } from '../../../src/history/push-plan.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { push } from '../../builders/told-history.ts';
import { manifestHead, tagHead } from './heads.ts';
import { instantAt } from './instants.ts';

const [one, two] = [digestOf('one'), digestOf('two')];

describe('when a push is the next by the heads', () => {
  it('the first of its tag and manifest is written as new', () => {
    const first = push('first', 0, 'one', 'prod', 'eastus');
    const holding = { digest: one, stretch: first.at, lastPush: first.at };
    const { entry, changes } = planPush(first, { isPartlyTold: false });
    expect(entry).toEqual({ fact: first, kind: 'created', locations: ['eastus'] });
    expect(changes).toEqual([
      { write: 'tag-entry', tag: 'prod', entry },
      { write: 'edge', edge: { tag: 'prod', ...holding } },
      {
        write: 'tag-head',
        head: {
          tag: 'prod',
          holding,
          newestPush: first.at,
          oldestPush: first.at,
          recent: { pushes: [{ time: first.at.time, hint: one.slice(7, 17) }] },
        },
        over: 'absent',
      },
      { write: 'digest-entry', entry },
      {
        write: 'manifest-head',
        head: { digest: one, presence: 'present', newest: first.at },
        over: 'absent',
      },
      { write: 'record', entry, isNew: true },
    ]);
  });

  it('one that moves its tag ends what it pointed to, over the versions that were read', () => {
    const next = { ...push('next', 20, 'two', 'prod'), notBefore: 7 };
    const reading = { tagHead: tagHead(one, 10), manifestHead: manifestHead(two, 10), isPartlyTold: false };
    const { entry, changes } = planPush(next, reading);
    const [before, holding] = [
      reading.tagHead.value.holding,
      { digest: two, stretch: next.at, lastPush: next.at },
    ];
    expect(entry).toEqual({ fact: next, kind: 'moved', previousDigest: one, locations: [] });
    expect(changes).toEqual([
      { write: 'tag-entry', tag: 'prod', entry },
      { write: 'tag-entry-end', tag: 'prod', at: instantAt(10), until: { ...next.at, notBefore: 7 } },
      { write: 'edge', edge: { tag: 'prod', ...before, until: next.at } },
      { write: 'edge', edge: { tag: 'prod', ...holding } },
      {
        write: 'tag-head',
        head: {
          tag: 'prod',
          holding,
          newestPush: next.at,
          oldestPush: instantAt(10),
          recent: { pushes: [] },
        },
        over: 'tag',
      },
      { write: 'digest-entry', entry },
      {
        write: 'manifest-head',
        head: { digest: two, presence: 'present', newest: next.at },
        over: 'manifest',
      },
      { write: 'record', entry, isNew: true },
    ]);
  });

  it('one that repeats what its tag points to ends nothing', () => {
    const again = push('again', 20, 'one', 'prod');
    const reading = { tagHead: tagHead(one, 10), manifestHead: manifestHead(one, 10), isPartlyTold: false };
    const { changes } = planPush(again, reading);
    expect(changes.map(({ write }) => write)).toEqual([
      'tag-entry',
      'edge',
      'tag-head',
      'digest-entry',
      'manifest-head',
      'record',
    ]);
    expect(changes[1]).toMatchObject({ edge: { stretch: instantAt(10), lastPush: again.at } });
  });

  it('one after its tag ended ends that end, and points from nowhere', () => {
    const back = push('back', 20, 'one', 'prod');
    const ended = tagHead(one, 10, { endedAt: instantAt(15), lastUntag: instantAt(15) });
    const { entry, changes } = planPush(back, { tagHead: ended, isPartlyTold: false });
    expect(entry.kind).toBe('restored');
    expect(changes[1]).toMatchObject({ write: 'tag-entry-end', at: instantAt(15), until: back.at });
    expect(changes.filter(({ write }) => write === 'edge')).toHaveLength(1);
    expect(changes.find(({ write }) => write === 'tag-head')).toMatchObject({
      head: { lastUntag: instantAt(15) },
    });
  });
});
