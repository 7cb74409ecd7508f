import type { Edge, ManifestHead, TagHead } from '../history/head.ts';
import type { RecentPush, RecentPushes } from '../history/recent-pushes.ts';
import type { Holding } from '../history/tag-timeline.ts';
import { parseDigest } from '../registry/digest.ts';
import { corrupt, instantText, optional, readInstant, readTime, textOf, timeText } from './entry-codec.ts';
import type { Columns, StoredRow } from './row.ts';

/** The columns of a tag's head. */
export function tagHeadColumns(head: TagHead): Columns {
  return {
    ...holdingColumns(head.holding),
    endedAt: head.endedAt && instantText(head.endedAt),
    newestPush: instantText(head.newestPush),
    oldestPush: instantText(head.oldestPush),
    lastUntag: head.lastUntag && instantText(head.lastUntag),
    recent: recentText(head.recent.pushes),
    recentIncompleteUntil:
      head.recent.incompleteUntil === undefined ? undefined : timeText(head.recent.incompleteUntil),
  };
}

/** Reads a tag's head; throws a permanent AuditFault when the row isn't one. */
export function readTagHead(row: StoredRow): TagHead {
  const [, tag] = row.rowKey.split('|');
  const newestPush = readInstant(textOf(row, 'newestPush'));
  const oldestPush = readInstant(textOf(row, 'oldestPush'));
  if (tag === undefined || newestPush === undefined || oldestPush === undefined) throw corrupt(row);
  return {
    tag,
    holding: readHolding(row),
    newestPush,
    oldestPush,
    recent: readRecent(row),
    ...optional('endedAt', readInstant(textOf(row, 'endedAt'))),
    ...optional('lastUntag', readInstant(textOf(row, 'lastUntag'))),
  };
}

/** The columns of a manifest's head. */
export function manifestHeadColumns(head: ManifestHead): Columns {
  return {
    presence: head.presence,
    newest: instantText(head.newest),
    lastDelete: head.lastDelete && instantText(head.lastDelete),
    lastDirectPush: head.lastDirectPush && instantText(head.lastDirectPush),
    lastFound: head.lastFound && instantText(head.lastFound),
  };
}

/** Reads a manifest's head; throws a permanent AuditFault when the row isn't one. */
export function readManifestHead(row: StoredRow): ManifestHead {
  const digest = parseDigest(row.rowKey.split('|')[1] ?? '');
  const presence = textOf(row, 'presence');
  const newest = readInstant(textOf(row, 'newest'));
  const isKnown = presence === 'present' || presence === 'deleted';
  if (digest === undefined || newest === undefined || !isKnown) throw corrupt(row);
  return {
    digest,
    presence,
    newest,
    ...optional('lastDelete', readInstant(textOf(row, 'lastDelete'))),
    ...optional('lastDirectPush', readInstant(textOf(row, 'lastDirectPush'))),
    ...optional('lastFound', readInstant(textOf(row, 'lastFound'))),
  };
}

/** The columns of an edge. */
export function edgeColumns(edge: Edge): Columns {
  return { ...holdingColumns(edge), until: edge.until && instantText(edge.until) };
}

/** Reads an edge; throws a permanent AuditFault when the row isn't one. */
export function readEdge(row: StoredRow): Edge {
  const [, , tag] = row.rowKey.split('|');
  if (tag === undefined) throw corrupt(row);
  return { tag, ...readHolding(row), ...optional('until', readInstant(textOf(row, 'until'))) };
}

function holdingColumns({ digest, stretch, lastPush }: Holding): Columns {
  return { digest, stretch: instantText(stretch), lastPush: instantText(lastPush) };
}

function readHolding(row: StoredRow): Holding {
  const digest = parseDigest(textOf(row, 'digest') ?? '');
  const stretch = readInstant(textOf(row, 'stretch'));
  const lastPush = readInstant(textOf(row, 'lastPush'));
  if (digest === undefined || stretch === undefined || lastPush === undefined) throw corrupt(row);
  return { digest, stretch, lastPush };
}

function recentText(pushes: readonly RecentPush[]): string | undefined {
  return pushes.length === 0 ? undefined : pushes.map(({ time, hint }) => `${time} ${hint}`).join();
}

function readRecent(row: StoredRow): RecentPushes {
  const pushes = (textOf(row, 'recent')?.split(',') ?? []).map((text): RecentPush => {
    const [time, hint] = text.split(' ');
    if (hint === undefined || !Number.isInteger(Number(time))) throw corrupt(row);
    return { time: Number(time), hint };
  });
  return { pushes, ...optional('incompleteUntil', readTime(textOf(row, 'recentIncompleteUntil'))) };
}
