import { describe, expect, it } from '@jest/globals';
import type { Entry } from '../../../src/history/entry.ts';
import type { Edge, Versioned } from '../../../src/history/head.ts';
import { edgesSince, guards, retoldRecords, toldOfDigest } from '../../../src/history/retold-tags.ts';
import type { TagRetelling } from '../../../src/history/tag-retelling.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { deletion, push } from '../../builders/told-history.ts';
import { manifestHead } from './heads.ts';
import { instantAt } from './instants.ts';

const entryOf = (fact: Entry['fact'], kind: Entry['kind']): Entry => ({ fact, kind, locations: [] });
const pushed = entryOf(push('pushed', 0, 'two', 'prod'), 'created');
const gone = entryOf(deletion('gone', 9, 'two'), 'deleted');
const ended = entryOf(deletion('ended', 5, 'three'), 'deleted');
const retold: readonly TagRetelling[] = [{ told: [pushed, gone], removed: [ended], changes: [] }];

describe('when tags are told again', () => {
  it('the commit depends on what was first read of other manifests that they tell of', () => {
    const heads = [
      ...['two', 'three', 'one', 'four'].map((seed) => ({
        ...manifestHead(digestOf(seed), 0),
        version: `${seed}, first`,
      })),
      { ...manifestHead(digestOf('two'), 5), version: 'two, again' },
    ];
    const expected = ['two', 'three'].map((seed) => ({
      write: 'manifest-guard',
      digest: digestOf(seed),
      over: `${seed}, first`,
    }));
    const own = entryOf(push('late', 7, 'one', 'prod'), 'created');
    const made = guards([...retold, { told: [own], removed: [], changes: [] }], own.fact, heads);
    expect(made).toHaveLength(2);
    expect(made).toEqual(expect.arrayContaining(expected));
  });

  it('the records of pushes are told anew, those of deletions say what they said', () => {
    expect(retoldRecords([pushed, gone])).toEqual([
      { write: 'record', entry: pushed, isNew: false },
      { write: 'digest-entry', entry: pushed },
    ]);
  });

  it('the pushes of one manifest are those that they tell of it', () => {
    expect(toldOfDigest(retold, push('late', 7, 'two'))).toEqual([pushed]);
    expect(toldOfDigest(retold, push('late', 7, 'three'))).toEqual([]);
  });

  it('a deletion concerns those that still pointed to its manifest then', () => {
    const edge = (tag: string, until?: number): Versioned<Edge> => ({
      value: {
        tag,
        digest: digestOf('one'),
        stretch: instantAt(0),
        lastPush: instantAt(0),
        ...(until === undefined ? {} : { until: instantAt(until) }),
      },
      version: tag,
    });
    const edges = [edge('points'), edge('moved then', 10), edge('moved later', 11), edge('moved before', 9)];
    const concerned = edgesSince(edges, instantAt(10).time);
    expect(concerned.map(({ version }) => version)).toEqual(['points', 'moved then', 'moved later']);
  });
});
