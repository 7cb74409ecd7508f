import { describe, expect, it } from '@jest/globals';
import { isNextOfDigest, retellDigest } from '../../../src/history/digest-retelling.ts';
import { tellDigest, unseenDigest } from '../../../src/history/digest-timeline.ts';
import type { Fact } from '../../../src/history/fact.ts';
import type { ManifestHead } from '../../../src/history/head.ts';
import { fact } from '../../builders/facts.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { deletion, push } from '../../builders/told-history.ts';
import { manifestHead } from './heads.ts';
import { instantAt } from './instants.ts';

const one = digestOf('one');

describe('when a push or delete is the next of its manifest by the head', () => {
  const head = (what: Partial<ManifestHead> = {}) => manifestHead(one, 10, what).value;
  const pushed = head({ lastDirectPush: instantAt(10) });
  const deleted = head({ lastDelete: instantAt(10) });
  const regional = (minute: number) => push('next', minute, 'one', undefined, 'eastus');

  it.each<[string, Fact, ManifestHead | undefined, boolean]>([
    ['nothing is known of it', push('next', 5, 'one'), undefined, true],
    ['it is the newest', push('next', 15, 'one'), head(), true],
    ['it is older than another', push('next', 5, 'one'), head(), false],
    ['it is found', fact('found', 15, { digest: one, source: 'reconcile' }), head(), false],
    ['it may announce what was found', push('next', 10.05, 'one'), head({ lastFound: instantAt(10) }), false],
    ['a push within the hour', regional(70), pushed, false],
    ['a push later', regional(70.001), pushed, true],
    ['a push after a deletion', regional(15), deleted, true],
    ['a push without a region', push('next', 15, 'one'), pushed, true],
    ['a push of a tag', push('next', 15, 'one', 'prod', 'eastus'), pushed, true],
    ['a deletion within the hour', deletion('next', 15, 'one', 'eastus'), deleted, false],
    ['a deletion after a push', deletion('next', 15, 'one', 'eastus'), pushed, true],
  ])('no timeline is read: %s', (_, next, known, isNext) => {
    expect(isNextOfDigest(next, known)).toBe(isNext);
  });
});

describe('when a manifest is told again', () => {
  const facts = [
    push('old', -46, 'one'),
    push('first', -45, 'one'),
    deletion('gone', 10, 'one'),
    push('back', 20, 'one'),
  ];
  const recorded = () => tellDigest(unseenDigest, [], facts).entries;
  const late = push('late', 15, 'one');
  const head = manifestHead(one, 20, { lastDelete: instantAt(10, 'gone') });
  const written = ({ changes }: ReturnType<typeof retellDigest>) =>
    changes.map((change) =>
      'entry' in change ? `${change.write} ${change.entry.fact.at.id}` : change.write,
    );

  it('only what a late push changes is written beside it', () => {
    const retold = retellDigest(late, head, recorded(), [], false);
    expect(retold.entry.kind).toBe('restored');
    expect(written(retold)).toEqual([
      'record back',
      'digest-entry back',
      'digest-entry late',
      'manifest-head',
    ]);
    expect(retold.changedDeletions).toEqual([]);
    expect(retold.deletions.map((entry) => entry.fact.at.id)).toEqual(['gone']);
  });

  it('all of the hour before is written when it may have been told in part, and what its deletions end', () => {
    const retold = retellDigest(late, head, recorded(), [], true);
    expect(written(retold)).toEqual([
      ...['first', 'gone', 'back'].flatMap((id) => [`record ${id}`, `digest-entry ${id}`]),
      'digest-entry late',
      'manifest-head',
    ]);
    expect(new Set(retold.changedDeletions)).toEqual(new Set([instantAt(10, 'gone')]));
  });

  it('one that is recorded is told once, as another instance may have done it', () => {
    const back = push('back', 20, 'one');
    const retold = retellDigest(back, head, recorded(), [], false);
    expect(retold.entry.kind).toBe('restored');
    expect(written(retold)).toEqual(['digest-entry back', 'manifest-head']);
  });

  it('the head is written over the version that was read, and the first as new', () => {
    const next = push('next', 30, 'one', undefined, 'eastus');
    expect(retellDigest(next, head, undefined, [], false).changes.at(-1)).toEqual({
      write: 'manifest-head',
      head: {
        digest: one,
        presence: 'present',
        newest: next.at,
        lastDelete: instantAt(10, 'gone'),
        lastDirectPush: next.at,
      },
      over: 'manifest',
    });
    expect(retellDigest(next, undefined, undefined, [], false)).toMatchObject({
      entry: { kind: 'created' },
      changes: [{ write: 'digest-entry' }, { write: 'manifest-head', over: 'absent' }],
    });
  });

  it('deletions that change what tags say are told in order', () => {
    const again = deletion('again', 5, 'one');
    const found = { ...deletion('found', 10.01, 'one'), source: 'reconcile' as const };
    const { entries: known } = tellDigest(unseenDigest, [], [push('first', 0, 'one'), found]);
    expect(retellDigest(again, head, known, [], false).changedDeletions).toEqual([again.at]);
    const announcement = deletion('event', 10, 'one');
    for (const isPartlyTold of [false, true]) {
      expect(retellDigest(announcement, head, known, [], isPartlyTold).changedDeletions).toEqual([
        announcement.at,
        found.at,
      ]);
    }
  });

  it('a push of a tag has to be told by its tag first', () => {
    const tagged = push('tagged', 30, 'one', 'prod');
    expect(() => retellDigest(tagged, head, undefined, [], false)).toThrow('told nothing');
  });
});
