import { describe, expect, it } from '@jest/globals';
import {
  compareManifest,
  compareTag,
  type Difference,
  isSettledByList,
  type Look,
  type Seen,
} from '../../../src/history/comparison.ts';
import { announcementToleranceMs } from '../../../src/history/found.ts';
import type { ManifestHead, TagHead } from '../../../src/history/head.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { manifestHead, tagHead } from './heads.ts';
import { instantAt } from './instants.ts';

const [one, two] = [digestOf('one'), digestOf('two')];
const timeOf = (minute: number) => instantAt(minute).time;
const look: Look = { now: timeOf(60), before: timeOf(30) };
const same: Difference = { differs: 'not' };

/** A tag that was pushed at minute 10, and ended at a minute, if any. */
function tag(endedAt?: number, newestPush = 10): TagHead {
  const ended = endedAt === undefined ? {} : { endedAt: instantAt(endedAt) };
  return tagHead(one, 10, { newestPush: instantAt(newestPush), ...ended }).value;
}

function seen(digest: Seen['digest'], minute: number, ms = 0): Seen {
  return { digest, updatedAt: timeOf(minute) + ms };
}

function pushed({ digest, updatedAt }: Seen): Difference {
  return { differs: 'pushed', digest, at: updatedAt };
}

/** A push at an unknown time between two minutes. */
function pushedBetween(digest: Seen['digest'], from: number, to: number, ms = 0): Difference {
  return { differs: 'pushed', digest, at: timeOf(to) + ms, notBefore: timeOf(from) };
}

function goneBetween(from: number, to: number, ms = 0): Difference {
  return { differs: 'gone', digest: one, at: timeOf(to) + ms, notBefore: timeOf(from) };
}

describe('when a tag is compared with its history', () => {
  it.each<[string, Seen | undefined, TagHead | undefined, Difference]>([
    ['is nowhere', undefined, undefined, same],
    ['is not in history', seen(one, 10), undefined, pushed(seen(one, 10))],
    ['is the same', seen(one, 10), tag(), same],
    ['was listed with an earlier time', seen(one, 5), tag(), same],
    ['was pushed again, as the event told', seen(one, 10, announcementToleranceMs), tag(), same],
    [
      'was pushed again later',
      seen(one, 10, announcementToleranceMs + 1),
      tag(),
      pushed(seen(one, 10, announcementToleranceMs + 1)),
    ],
    ['moved', seen(two, 40), tag(), pushed(seen(two, 40))],
    ['moved to what is older, some time since', seen(two, 5), tag(), pushedBetween(two, 10, 60)],
    ['moved in the same millisecond', seen(two, 10), tag(), pushedBetween(two, 10, 60)],
    ['moved, by a clock ahead of ours', seen(two, 5), tag(undefined, 90), pushedBetween(two, 90, 90, 1)],
    ['was removed, some time since the last look', undefined, tag(), goneBetween(30, 60)],
    ['was pushed and removed since', undefined, tag(undefined, 40), goneBetween(40, 60)],
    ['was removed, by a clock ahead of ours', undefined, tag(undefined, 90), goneBetween(90, 90, 1)],
    ['had ended', undefined, tag(20), same],
    ['is back at an unknown time', seen(one, 15), tag(20), pushedBetween(one, 20, 60)],
    ['is back though a copy came after its end', seen(one, 22), tag(20, 25), pushedBetween(one, 25, 60)],
    ['is back at a known time', seen(one, 25), tag(20), pushed(seen(one, 25))],
    ['had moved before its manifest was deleted', seen(two, 15), tag(20), pushed(seen(two, 15))],
  ])('that %s', (_, present, head, difference) => {
    expect(compareTag(present, head, look)).toEqual(difference);
  });

  it.each<[string, Look, Difference]>([
    ['its push, when nothing was compared before', { now: look.now }, goneBetween(10, 60)],
    ['the look before', { ...look, before: look.now }, goneBetween(60, 60)],
    [
      'its push, when the clock of the look before was ahead',
      { ...look, before: look.now + 1 },
      goneBetween(10, 60),
    ],
  ])('and is gone, it is so since %s', (_, looked, difference) => {
    expect(compareTag(undefined, tag(), looked)).toEqual(difference);
  });
});

describe('when a manifest is compared with its history', () => {
  const { value: present } = manifestHead(one, 10);
  const { value: deleted } = manifestHead(one, 20, { presence: 'deleted' });

  it.each<[string, Seen | undefined, ManifestHead | undefined, Difference]>([
    ['is nowhere', undefined, undefined, same],
    ['is not in history', seen(one, 10), undefined, pushed(seen(one, 10))],
    ['is there, whenever it was pushed', seen(one, 40), present, same],
    ['is gone', undefined, present, goneBetween(30, 60)],
    ['was deleted', undefined, deleted, same],
    ['is back at a known time', seen(one, 25), deleted, pushed(seen(one, 25))],
    ['is back at an unknown time', seen(one, 15), deleted, pushedBetween(one, 20, 60)],
  ])('that %s', (_, there, head, difference) => {
    expect(compareManifest(there, head, look)).toEqual(difference);
  });
});

describe('when a list shows a difference', () => {
  it.each<[Difference, boolean]>([
    [same, true],
    [pushed(seen(one, 10)), true],
    [pushedBetween(one, 10, 60), false],
    [goneBetween(10, 60), false],
  ])('%j is settled by it: %s', (difference, isSettled) => {
    expect(isSettledByList(difference)).toBe(isSettled);
  });
});
