import type { Change } from '../history/change.ts';
import { canonicalContent, canonicalStatement } from '../ledger/canonical-record.ts';
import { attributionText, endingText, entryColumns, instantText } from './entry-codec.ts';
import { edgeColumns, manifestHeadColumns, tagHeadColumns } from './head-codec.ts';
import {
  childKey,
  descriptionKey,
  digestEntryKey,
  edgeKey,
  locksKey,
  manifestHeadKey,
  parentKey,
  recordKey,
  referrerKey,
  statementKey,
  tagEntryKey,
  tagHeadKey,
} from './keys.ts';
import { childColumns, descriptionColumns, locksColumns } from './observation-codec.ts';
import type { Columns, Operation } from './row.ts';

/** Most rows of one transaction: https://learn.microsoft.com/azure/storage/tables/scalability-targets. */
const maxTransactionRows = 100;

/**
 * The changes cut into transactions, in order. A tag's changes stay together as long as they fit in one: whatever was
 * cut off, a tag's head, timeline, records and edges say the same.
 */
export function transactionsOf(
  partitionKey: string,
  changes: readonly Change[],
): readonly (readonly Operation[])[] {
  const transactions: Change[][] = [];
  let current: Change[] = [];
  for (const group of groupsOf(changes)) {
    for (let start = 0; start < group.length; start += maxTransactionRows) {
      const piece = group.slice(start, start + maxTransactionRows);
      if (current.length + piece.length > maxTransactionRows) {
        transactions.push(current);
        current = [];
      }
      current.push(...piece);
    }
  }
  const all = current.length === 0 ? transactions : [...transactions, current];
  return all.map((transaction) => transaction.map((change) => operationOf(partitionKey, change)));
}

function groupsOf(changes: readonly Change[]): readonly (readonly Change[])[] {
  const groups: Change[][] = [];
  let last: string | undefined;
  for (const change of changes) {
    const name = groupOf(change) ?? last;
    const group = groups.at(-1);
    if (group === undefined || name !== last) groups.push([change]);
    else group.push(change);
    last = name;
  }
  return groups;
}

/** The tag that a change concerns, or else the record; `undefined`: it belongs to the changes before it. */
function groupOf(change: Change): string | undefined {
  switch (change.write) {
    case 'record':
    case 'digest-entry':
      return change.entry.fact.tag ?? recordKey(change.entry.fact.at);
    case 'tag-head':
      return change.head.tag;
    case 'edge':
      return change.edge.tag;
    case 'attribution':
      return typeof change.in === 'object' && 'tag' in change.in ? change.in.tag : undefined;
    case 'statement':
      return statementKey(change.statement.at);
    case 'manifest-head':
    case 'manifest-guard':
    case 'description':
    case 'child':
    case 'parent':
    case 'referrer':
    case 'locks':
    case 'state':
      return undefined;
    default:
      return change.tag;
  }
}

function operationOf(partitionKey: string, change: Change): Operation {
  const row = (rowKey: string, columns: Columns = {}) => ({ partitionKey, rowKey, columns });
  switch (change.write) {
    case 'record': {
      const { until: _, ...entry } = change.entry;
      const record = row(recordKey(entry.fact.at), entryColumns(entry));
      return { operation: change.isNew ? 'insert' : 'replace', row: record };
    }
    case 'tag-entry': {
      const { tag, entry } = change;
      return { operation: 'replace', row: row(tagEntryKey(tag, entry.fact.at), entryColumns(entry)) };
    }
    case 'tag-entry-end': {
      const key = tagEntryKey(change.tag, change.at);
      return { operation: 'merge', row: row(key, { until: endingText(change.until) }) };
    }
    case 'tag-entry-removal':
      return { operation: 'remove', row: row(tagEntryKey(change.tag, change.at)) };
    case 'digest-entry': {
      const { until: _, ...entry } = change.entry;
      const key = digestEntryKey(entry.fact.digest, entry.fact.at);
      return { operation: 'replace', row: row(key, entryColumns(entry)) };
    }
    case 'tag-head':
      return guarded(row(tagHeadKey(change.head.tag), tagHeadColumns(change.head)), change.over);
    case 'tag-head-end': {
      const ended = { endedAt: instantText(change.endedAt) };
      return { operation: 'merge', row: row(tagHeadKey(change.tag), ended) };
    }
    case 'manifest-head':
      return guarded(row(manifestHeadKey(change.head.digest), manifestHeadColumns(change.head)), change.over);
    case 'manifest-guard':
      return { operation: 'merge', row: row(manifestHeadKey(change.digest)), over: change.over };
    case 'tag-guard':
      return { operation: 'merge', row: row(tagHeadKey(change.tag)), over: change.over };
    case 'attribution': {
      const columns = { attribution: attributionText(change.attribution) };
      return { operation: 'merge', row: row(attributedKey(change), columns) };
    }
    case 'statement': {
      const { at } = change.statement;
      return {
        operation: 'insert',
        row: row(statementKey(at), { leaf: canonicalStatement(change.statement) }),
      };
    }
    case 'description': {
      const { description } = change;
      return {
        operation: 'replace',
        row: row(descriptionKey(description.digest), descriptionColumns(description)),
      };
    }
    case 'locks': {
      const key = locksKey('tag' in change.of ? change.of.tag : change.of.digest);
      return { operation: 'replace', row: row(key, locksColumns(change.locks)) };
    }
    case 'referrer': {
      const { digest, artifactType } = change.referrer;
      return { operation: 'replace', row: row(referrerKey(change.subject, digest), { artifactType }) };
    }
    case 'child': {
      const { index, child } = change;
      return { operation: 'replace', row: row(childKey(index, child.digest), childColumns(child)) };
    }
    case 'state': {
      const { key, at, content, over } = change;
      if (content === undefined) {
        return { operation: 'remove', row: row(key), ...(over === undefined ? {} : { over }) };
      }
      const state = row(key, { at: instantText(at), content: canonicalContent(content) });
      return over === undefined ? { operation: 'replace', row: state } : guarded(state, over);
    }
    case 'parent':
      return { operation: 'replace', row: row(parentKey(change.child, change.index)) };
    case 'edge': {
      const edge = row(edgeKey(change.edge.digest, change.edge.tag), edgeColumns(change.edge));
      return { operation: 'replace', row: edge, ...(change.over === undefined ? {} : { over: change.over }) };
    }
  }
}

function attributedKey({ in: place, of }: Extract<Change, { write: 'attribution' }>): string {
  if (place === 'records') return recordKey(of);
  return 'tag' in place ? tagEntryKey(place.tag, of) : digestEntryKey(place.digest, of);
}

function guarded(row: Operation['row'] & { columns: Columns }, over: string): Operation {
  return over === 'absent' ? { operation: 'insert', row } : { operation: 'replace', row, over };
}
