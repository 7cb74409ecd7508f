import type { Entry } from '../src/history/entry.ts';
import { recordIdOf } from '../src/history/record-id.ts';
import { type Digest, parseDigest } from '../src/registry/digest.ts';
import { entryColumns } from '../src/storage/entry-codec.ts';
import { tagEntryKey } from '../src/storage/keys.ts';
import { entityJson } from '../src/storage/odata.ts';

/** The first push, and milliseconds between two. */
const start = Date.UTC(2026, 0, 1);
const pace = 1_000;

/** The tag whose history it is. */
export const movedTag = 'prod';

/** When a push happened, epoch milliseconds. */
export function timeOf(push: number): number {
  return start + push * pace;
}

/**
 * Rows of a tag's timeline after so many pushes, newest first, each made when it is asked for: a million of them take no
 * memory. Of two pushes one moves the tag, the other repeats what it points to.
 */
export function timelineOf(partitionKey: string, pushes: number) {
  const at = (push: number) => ({ time: timeOf(push), id: recordIdOf(`push-${push}`) });
  const digestOf = (push: number): Digest => {
    const digest = parseDigest(
      `sha256:${Math.floor(push / 2)
        .toString(16)
        .padStart(64, '0')}`,
    );
    if (digest === undefined) throw new Error('not a digest');
    return digest;
  };
  const key = (row: number) => tagEntryKey(movedTag, at(pushes - 1 - row));

  function entryOf(row: number): Entry {
    const push = pushes - 1 - row;
    const isMove = push % 2 === 0;
    return {
      kind: push === 0 ? 'created' : isMove ? 'moved' : 'unchanged',
      locations: ['westeurope'],
      ...(isMove && push > 0 ? { previousDigest: digestOf(push - 2) } : {}),
      ...(isMove && push + 2 < pushes ? { until: at(push + 2) } : {}),
      fact: {
        at: at(push),
        action: 'push',
        tag: movedTag,
        digest: digestOf(push),
        recordedAt: timeOf(push),
        source: 'event',
        eventId: `push-${push}`,
        client: { userAgent: 'docker/27.0.3', actor: 'builder' },
      },
    };
  }

  return {
    /** The first row whose key is not before this one. */
    firstFrom(from: string): number {
      let [low, high] = [0, pushes];
      while (low < high) {
        const middle = Math.floor((low + high) / 2);
        if (key(middle) < from) low = middle + 1;
        else high = middle;
      }
      return low;
    },
    isBefore: (row: number, before: string) => row < pushes && key(row) < before,
    kind: (row: number) => entryOf(row).kind,
    key,
    json: (row: number) => entityJson(partitionKey, key(row), entryColumns(entryOf(row))),
  };
}
