import type { WaitingAlert } from '../audit/deliver-alerts.ts';
import type { Alert } from '../audit/inventory-ports.ts';
import { type Actor, type Advance, type FindingChange, findingChanges } from '../findings/lifecycle.ts';
import { corrupt, countIn, optional, readTime, textOf, timeText } from './entry-codec.ts';
import { findingColumns, readFindingRow } from './finding-codec.ts';
import { alertKey } from './keys.ts';
import type { Row, StoredRow } from './row.ts';

/** The alert that tells what became of a finding; nothing when only its detail did. */
export function alertOf({ finding, change }: Advance, at: number, by: Actor): Alert | undefined {
  return change === undefined
    ? undefined
    : { id: `${finding.id}.${finding.revision}`, change, at, by, finding };
}

/** An alert in the outbox, before it was told to anybody. */
export function alertRow(registry: string, { id, change, at, by, finding }: Alert): Row {
  return {
    partitionKey: registry,
    rowKey: alertKey(at, id),
    columns: { ...findingColumns(finding), change, changedAt: timeText(at), by: by.id, byName: by.name },
  };
}

/** Reads an alert of the outbox; throws a permanent AuditFault when the row isn't one. */
export function readAlertRow(row: StoredRow): WaitingAlert {
  const finding = readFindingRow(row);
  const change = textOf(row, 'change');
  const at = readTime(textOf(row, 'changedAt'));
  const id = row.rowKey.split('|').at(-1);
  if (!isChange(change) || at === undefined || id === undefined) throw corrupt(row);
  const by = { id: textOf(row, 'by') ?? '', name: textOf(row, 'byName') ?? '' };
  return {
    alert: { id, change, at, by, finding },
    told: (textOf(row, 'told') ?? '').split(' ').filter((name) => name !== ''),
    attempts: countIn(row, 'attempts') ?? 0,
    ...optional('notBefore', readTime(textOf(row, 'notBefore'))),
  };
}

function isChange(text: string | undefined): text is FindingChange {
  return findingChanges.some((change) => change === text);
}
