import type { ReadPack } from './evidence-pack.ts';

/** What an auditor asks first, answered from the sections of a pack: a line each, and nothing that the sections do not say. */
export function evidenceGlance({
  subject,
  sections,
  told,
}: Pick<ReadPack, 'subject' | 'sections' | 'told'>): readonly string[] {
  const own = rowsOf(sections['timeline']).filter((row) => textAt(row, 'digest') === subject.digest);
  const pushes = own.filter((row) => textAt(row, 'what') === 'push');
  const removals = own.filter((row) => textAt(row, 'what') === 'delete');
  const findings = rowsOf(sections['findings']);
  const open = findings.filter((row) => textAt(row, 'status') !== 'resolved');
  const uses = rowsOf(told['uses']);
  const ended = uses.filter((row) => textAt(row, 'endedAt') !== '');
  const set = rowsOf(sections['locks']).filter((row) => textAt(row, 'what') === 'lock-set');
  const undone = rowsOf(sections['locks']).filter((row) => textAt(row, 'what') === 'lock-undone');
  return [
    `Pushed: ${timesOf(pushes)}.`,
    ...pushes.slice(0, 1).map((row) => `First pushed by: ${doerOf(row)}.`),
    `Deleted: ${timesOf(removals)}.`,
    `Tags it was pushed with: ${listed(pushes.map((row) => textAt(row, 'tag')))}.`,
    ...linesOf(rowsOf(sections['approvals']), 'Approvals: none.', (row) => {
      const of = (...names: readonly string[]) => textAt(row, 'approval', ...names);
      const who = listed([of('approver', 'name'), of('approver', 'id')]);
      return `Approved for ${of('environment')} by ${who} at ${of('requestedAt')}: ${of('state')}. Reason: ${of('reason')}.`;
    }),
    ...linesOf(rowsOf(sections['scans']), 'Scan results: none.', (row) => {
      const result = [
        textAt(row, 'content', 'tool'),
        textAt(row, 'content', 'status'),
        textAt(row, 'content', 'kind'),
      ];
      return `Scanned: ${listed([...result, textAt(row, 'content', 'severity')])}, told at ${textAt(row, 'occurredAt')}.`;
    }),
    `Locks: set ${set.length} times, undone ${undone.length} times by the service.`,
    ...linesOf(rowsOf(sections['holds']), 'Legal holds: none.', (row) => {
      return `Legal hold since ${textAt(row, 'hold', 'placedAt')}: ${textAt(row, 'hold', 'state')}. Reason: ${textAt(row, 'hold', 'reason')}.`;
    }),
    `Findings: ${findings.length}, of which not resolved: ${open.length}${open.length === 0 ? '' : ` (${listed(open.map((row) => textAt(row, 'kind')))})`}.`,
    `Uses that the inventories told, in no log: ${uses.length - ended.length} now, ${ended.length} that ended.`,
  ];
}

type Fields = Readonly<Record<string, unknown>>;

function rowsOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : [];
}

function textAt(row: Fields, ...names: readonly string[]): string {
  let value: unknown = row;
  for (const name of names) value = isFields(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return typeof value === 'string' ? value : '';
}

/** By the registry's log where that told it, else as the event did. */
function doerOf(row: Fields): string {
  const names = [textAt(row, 'by', 'identity'), textAt(row, 'client', 'actor')];
  return names.find((name) => name !== '') ?? 'not known';
}

function timesOf(rows: readonly Fields[]): string {
  const times = rows.map((row) => textAt(row, 'occurredAt'));
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined) return 'never, by any record';
  return times.length === 1 ? first : `${times.length} times, from ${first} to ${last}`;
}

function linesOf(rows: readonly Fields[], none: string, line: (row: Fields) => string): readonly string[] {
  return rows.length === 0 ? [none] : rows.map(line);
}

function listed(texts: readonly string[]): string {
  const known = [...new Set(texts.filter((text) => text !== ''))];
  return known.length === 0 ? 'none' : known.join(', ');
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
