import { describe, expect, it } from '@jest/globals';
import { planDeletion, scopeDeletion } from '../../../src/history/delete-plan.ts';
import type { Entry } from '../../../src/history/entry.ts';
import type { Edge, Versioned } from '../../../src/history/head.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { deletion, push } from '../../builders/told-history.ts';
import { manifestHead } from './heads.ts';
import { instantAt } from './instants.ts';

const one = digestOf('one');
const gone = deletion('gone', 20, 'one');
const byHead = { manifestHead: manifestHead(one, 10), isPartlyTold: false };

function edge(tag: string, what: Partial<Edge> = {}): Versioned<Edge> {
  const at = instantAt(0);
  return { value: { tag, digest: one, stretch: at, lastPush: at, ...what }, version: `edge of ${tag}` };
}

describe('when a manifest is deleted that tags pointed to', () => {
  const edges = [
    edge('points'),
    edge('pushed since', { lastPush: instantAt(25) }),
    edge('moved since', { until: instantAt(25) }),
    edge('moved before', { until: instantAt(15) }),
  ];
  const tagsOf = (some: readonly Versioned<Edge>[]) => some.map(({ value }) => value.tag);

  it('those end that point to it, and those are read that changed since', () => {
    const { ending, toRetell } = scopeDeletion(gone, byHead, edges);
    expect(tagsOf(ending)).toEqual(['points']);
    expect(tagsOf(toRetell)).toEqual(['pushed since', 'moved since']);
  });

  it('all are read that it may concern when it is told from all that is known', () => {
    const { ending, toRetell } = scopeDeletion(gone, { ...byHead, digestLookback: [] }, edges);
    expect(tagsOf(ending)).toEqual([]);
    expect(tagsOf(toRetell)).toEqual(['points', 'pushed since', 'moved since']);
  });

  it('none are when it is the copy of a deletion that was told', () => {
    const copied: Entry = {
      fact: deletion('west', 15, 'one', 'westeurope'),
      kind: 'deleted',
      locations: ['westeurope'],
    };
    const found = { ...deletion('found', 15.01, 'one'), source: 'reconcile' as const };
    const reading = { ...byHead, digestLookback: [copied] };
    const scope = scopeDeletion(found, reading, edges);
    expect(scope).toMatchObject({ ending: [], toRetell: [] });
    const { changes } = planDeletion(found, reading, scope, [], []);
    expect(changes.map(({ write }) => write)).toEqual(['digest-entry', 'manifest-head', 'record']);
  });

  it('the end is written in each, over the version that was read', () => {
    const scope = scopeDeletion({ ...gone, notBefore: 7 }, byHead, [edge('prod')]);
    const { entry, changes } = planDeletion({ ...gone, notBefore: 7 }, byHead, scope, [], []);
    expect(entry).toMatchObject({ kind: 'deleted', fact: { at: gone.at } });
    expect(changes).toEqual([
      { write: 'tag-entry', tag: 'prod', entry },
      { write: 'tag-entry-end', tag: 'prod', at: instantAt(0), until: { ...gone.at, notBefore: 7 } },
      { write: 'tag-head-end', tag: 'prod', endedAt: gone.at },
      { write: 'edge', edge: { ...edge('prod').value, until: gone.at }, over: 'edge of prod' },
      { write: 'digest-entry', entry },
      {
        write: 'manifest-head',
        head: { digest: one, presence: 'deleted', newest: gone.at, lastDelete: gone.at },
        over: 'manifest',
      },
      { write: 'record', entry, isNew: true },
    ]);
  });

  it('it depends on the other manifests that its tags tell of', () => {
    const reading = { ...byHead, digestLookback: [] };
    const moved = edge('prod', { until: instantAt(25) });
    const pushed: Entry = { fact: push('moved', 25, 'two', 'prod'), kind: 'created', locations: [] };
    const first: Entry = {
      fact: push('first', 0, 'one', 'prod'),
      kind: 'created',
      locations: [],
      until: pushed.fact.at,
    };
    const scope = scopeDeletion(gone, reading, [moved]);
    const lookback = {
      entries: [first, { ...pushed, kind: 'moved' as const, previousDigest: one }],
      deletions: scope.digest.deletions,
    };
    const others = [{ ...manifestHead(digestOf('two'), 25), version: 'two' }];
    const { changes } = planDeletion(gone, reading, scope, [{ tag: 'prod', lookback }], others);
    expect(changes[0]).toEqual({ write: 'manifest-guard', digest: digestOf('two'), over: 'two' });
    expect(changes).toContainEqual({ write: 'record', entry: pushed, isNew: false });
  });
});
