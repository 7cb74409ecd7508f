import type { StoredState } from '../audit/ports.ts';
import type { RecordedStanding, RecordedStandings } from '../audit/retention-ports.ts';
import type { RepositoryId } from '../history/fact.ts';
import { type Digest, parseDigest } from '../registry/digest.ts';
import { type LockState, unlocked } from '../registry/lock-state.ts';
import { isRepositoryName } from '../registry/name.ts';
import type { RetentionManifest, RetentionTag } from '../retention/repository-content.ts';
import { corrupt, countIn, optional, readInstant, readTime, textOf } from './entry-codec.ts';
import { comparedKey, repositoryKey } from './keys.ts';
import { readLocks } from './observation-codec.ts';
import type { RowContinuation, RowPage, RowRange, StoredRow, Table } from './row.ts';
import { readState } from './state-reader.ts';

/**
 * Rows that tell what is there, and what is stated of it, lie between these; those that tell the same from the other side,
 * children to indexes and subjects to referrers, lie there too. One range, for each query more costs every repository one.
 */
const presentRows = { from: 'a|', before: 't|~' };

const columns = [
  ...['presence', 'newest', 'lastDirectPush'],
  ...['digest', 'lastPush', 'until', 'endedAt'],
  ...['mediaType', 'size', 'subject', 'children', 'unreadable'],
  ...['canDelete', 'canWrite', 'canRead', 'canList'],
  ...['content', 'at'],
];

const pageSize = 1_000;

/**
 * Reads what is recorded to be in repositories from the `repositories` table: one range of a partition, page after page.
 * `names` lists the partitions of a registry.
 */
export function recordedContents(
  repositories: Table,
  names: (registry: string) => AsyncIterable<string>,
): RecordedStandings {
  return {
    async read(repository) {
      const range = { partitionKey: repositoryKey(repository), ...presentRows, select: columns };
      const gathered = gathering();
      let from: RowContinuation | undefined;
      do {
        // By the page: a repository may have a million rows.
        const page: RowPage = await repositories.page(range satisfies RowRange, pageSize, from);
        for (const row of page.rows) gathered.take(row);
        from = page.next;
      } while (from !== undefined);
      return gathered.content(repository);
    },
    async *repositories(registry) {
      // What concerns a whole registry is kept in a partition too, of a name that no repository has.
      for await (const name of names(registry)) if (isRepositoryName(name)) yield name;
    },
  };
}

interface Described {
  readonly mediaType?: string;
  readonly size?: number;
  readonly subject?: Digest;
  readonly children?: number;
  readonly isUnreadable: boolean;
}

/** A manifest that is there, and the newest of what is known to have happened to it. */
interface Found {
  readonly digest: Digest;
  changedAt: number;
}

/** Takes rows in the order of their keys, and makes of them what they tell. */
function gathering() {
  const children = new Map<string, Digest[]>();
  const locks = new Map<string, LockState>();
  const found = new Map<string, Found>();
  const described = new Map<string, Described>();
  const pointedBy = new Map<string, Found>();
  const states: StoredState[] = [];
  let comparedAt: number | undefined;
  const tags: { readonly tag: string; readonly digest: Digest; readonly pushedAt: number }[] = [];

  function takeChild(row: StoredRow, index: string, child: string): void {
    const digest = digestIn(row, child);
    const listed = children.get(index);
    if (listed === undefined) children.set(index, [digest]);
    else listed.push(digest);
  }

  function takeLocks(row: StoredRow, name: string): void {
    const state = readLocks(row);
    if (!(state.canDelete && state.canWrite && state.canRead && state.canList)) locks.set(name, state);
  }

  function takeHead(row: StoredRow, name: string): void {
    const presence = textOf(row, 'presence');
    if (presence !== 'present' && presence !== 'deleted') throw corrupt(row);
    const changedAt = Math.max(timeIn(row, 'newest'), laterIn(row, 'lastDirectPush'));
    if (presence === 'present') found.set(name, { digest: digestIn(row, name), changedAt });
  }

  /** A tag that moved on or went is a change of what it had pointed to. */
  function takeEdge(row: StoredRow, name: string, tag: string): void {
    const manifest = found.get(name);
    const until = laterIn(row, 'until');
    const changedAt = Math.max(timeIn(row, 'lastPush'), until);
    if (manifest === undefined) return;
    manifest.changedAt = Math.max(manifest.changedAt, changedAt);
    if (until === 0) pointedBy.set(tag, manifest);
  }

  function takeDescription(row: StoredRow, name: string): void {
    const subject = textOf(row, 'subject');
    described.set(name, {
      isUnreadable: textOf(row, 'unreadable') !== undefined,
      ...optional('mediaType', textOf(row, 'mediaType')),
      ...optional('size', countIn(row, 'size')),
      ...optional('children', countIn(row, 'children')),
      ...optional('subject', subject === undefined ? undefined : digestIn(row, subject)),
    });
  }

  function takeTag(row: StoredRow, tag: string): void {
    const held = digestIn(row, textOf(row, 'digest') ?? '');
    const [pushedAt, endedAt] = [timeIn(row, 'lastPush'), laterIn(row, 'endedAt')];
    // The same text as the manifest's own, so that it is held once.
    if (endedAt === 0) tags.push({ tag, digest: found.get(held)?.digest ?? held, pushedAt });
    // It moved on, or went, since the manifest was read: pages are not of one instant.
    const before = pointedBy.get(tag);
    if (before !== undefined && (endedAt > 0 || before.digest !== held)) {
      before.changedAt = Math.max(before.changedAt, endedAt, pushedAt);
    }
  }

  function takeCompared(row: StoredRow): void {
    comparedAt = readTime(textOf(row, 'at'));
    if (comparedAt === undefined) throw corrupt(row);
  }

  function manifestOf({ digest, changedAt }: Found): RetentionManifest {
    const { isUnreadable = false, children: count, ...known } = described.get(digest) ?? {};
    const listed = children.get(digest) ?? none;
    return {
      digest,
      changedAt,
      ...known,
      locks: locks.get(digest) ?? unlocked,
      isDescribed: described.has(digest),
      // Rows of some children may be missing, or be those of a description that is not whole yet.
      isUnreadable: isUnreadable || listed.length !== (count ?? 0),
      children: listed.length === 0 ? none : listed.map((child) => found.get(child)?.digest ?? child),
    };
  }

  return {
    take(row: StoredRow): void {
      const [kind, name = '', other] = row.rowKey.split('|');
      switch (kind) {
        case 'a':
        case 'k':
          states.push(readState(row));
          break;
        case 'i':
          takeChild(row, name, other ?? '');
          break;
        case 'l':
          takeLocks(row, name);
          break;
        case 'm':
          if (other === undefined) takeHead(row, name);
          else takeEdge(row, name, other);
          break;
        case 'o':
          takeDescription(row, name);
          break;
        case 't':
          takeTag(row, name);
          break;
        default:
          if (row.rowKey === comparedKey) takeCompared(row);
      }
    },
    content: (repository: RepositoryId): RecordedStanding => ({
      repository,
      tags: tags.map((tag): RetentionTag => ({ ...tag, locks: locks.get(tag.tag) ?? unlocked })),
      manifests: Array.from(found.values(), manifestOf),
      states,
      ...optional('comparedAt', comparedAt),
    }),
  };
}

const none: readonly Digest[] = [];

function digestIn(row: StoredRow, text: string): Digest {
  const digest = parseDigest(text);
  if (digest === undefined) throw corrupt(row);
  return digest;
}

function timeIn(row: StoredRow, name: string): number {
  const instant = readInstant(textOf(row, name));
  if (instant === undefined) throw corrupt(row);
  return instant.time;
}

/** The time of a column that may be absent: then it was never. */
function laterIn(row: StoredRow, name: string): number {
  return textOf(row, name) === undefined ? 0 : timeIn(row, name);
}
