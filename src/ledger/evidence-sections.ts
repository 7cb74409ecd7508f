import { isTimeName } from '../findings/finding.ts';
import { attributedBy } from '../history/attribution-plan.ts';
import type { AuditRecord } from '../history/fact.ts';
import type { JsonContent, JsonValue, Statement } from '../history/statement.ts';
import { formatDuration } from '../protection/duration.ts';
import type { EvidenceSubject } from './evidence-concern.ts';
import { type EvidenceLeaf, type EvidenceRef, inOrder } from './evidence-leaf.ts';
import { handoverKind } from './key-handover.ts';

/** What a pack claims, with the records that it is claimed by. */
export type EvidenceRow = JsonContent & { readonly records: readonly EvidenceRef[] };

/** The parts of a pack that are made of records alone. */
export const sectionNames = [
  'timeline',
  'manifests',
  'approvals',
  'holds',
  'locks',
  'scans',
  'findings',
  'uses',
  'retention',
  'keys',
  'others',
] as const;
export type SectionName = (typeof sectionNames)[number];
export type EvidenceSections = Readonly<Record<SectionName, readonly EvidenceRow[]>>;

type StatementLeaf = Extract<EvidenceLeaf, { readonly type: 'statement' }>;

/**
 * What records say of a subject, in sections. It follows from the records alone, so that whoever has them makes the same:
 * a section that differs says something that no record does.
 */
export function sectionsOf(subject: EvidenceSubject, leaves: readonly EvidenceLeaf[]): EvidenceSections {
  const ordered = inOrder(leaves);
  const statements = ordered.filter((leaf) => leaf.type === 'statement');
  const of = (...names: readonly SectionName[]) =>
    statements.filter((leaf) => names.includes(sectionOf(leaf.record)));
  const findings = of('findings');
  return {
    timeline: timelineOf(subject, ordered),
    manifests: of('manifests').map(rowOf),
    approvals: statesIn(of('approvals'), 'a|', 'approval'),
    holds: statesIn(of('holds'), 'h|', 'hold'),
    locks: of('locks').map(rowOf),
    scans: [...scansOf(of('approvals')), ...findings.filter(isVulnerability).map(rowOf)],
    findings: findingsOf(findings),
    uses: of('uses').map(rowOf),
    retention: of('retention').map((leaf) => retentionRow(subject, leaf)),
    keys: of('keys').map(rowOf),
    others: of('others').map(rowOf),
  };
}

function sectionOf({ kind }: Statement): SectionName {
  if (kind === 'attributed') return 'timeline';
  if (kind === 'manifest-described') return 'manifests';
  if (kind.startsWith('approval-')) return 'approvals';
  if (kind.startsWith('hold-')) return 'holds';
  if (/^(?:un)?locks?-/.test(kind)) return 'locks';
  if (kind.startsWith('finding-')) return 'findings';
  if (kind === 'deletion-judged') return 'uses';
  if (kind === handoverKind) return 'keys';
  return /^(?:retention|restore)-/.test(kind) ? 'retention' : 'others';
}

function timelineOf(subject: EvidenceSubject, leaves: readonly EvidenceLeaf[]): readonly EvidenceRow[] {
  const doers = new Map(
    leaves.flatMap((leaf) => {
      if (leaf.type !== 'statement') return [];
      const of = attributedBy(leaf.record)?.of;
      return of === undefined ? [] : [[of.id, leaf] as const];
    }),
  );
  const told = new Set<EvidenceLeaf>();
  const rows = leaves.flatMap((leaf): EvidenceRow[] => {
    if (leaf.type === 'statement') return [];
    const doer = doers.get(leaf.record.fact.at.id);
    if (doer !== undefined) told.add(doer);
    return [factRow(subject, leaf.record, leaf.ref, doer)];
  });
  // Of a record that is not here: said by itself.
  return [...rows, ...[...doers.values()].filter((leaf) => !told.has(leaf)).map(rowOf)];
}

function factRow(
  subject: EvidenceSubject,
  { fact }: AuditRecord,
  ref: EvidenceRef,
  doer: StatementLeaf | undefined,
): EvidenceRow {
  const { at, action, tag, digest, notBefore, recordedAt, source, client, mediaType, size, notes } = fact;
  const by = doer?.record.content['attribution'];
  return row([ref, ...(doer === undefined ? [] : [doer.ref])], {
    occurredAt: iso(at.time),
    notBefore: notBefore === undefined ? undefined : iso(notBefore),
    recordedAt: iso(recordedAt),
    what: action,
    tag,
    digest,
    of: digest === subject.digest ? 'itself' : (partOf(subject, digest) ?? 'another'),
    source,
    client: Object.keys(client).length === 0 ? undefined : { ...client },
    by,
    mediaType,
    size,
    notes,
  });
}

function partOf({ parts }: EvidenceSubject, digest: string): string | undefined {
  return parts.some((part) => part === digest) ? 'part' : undefined;
}

/** A statement as it is. */
function rowOf({ ref, record }: StatementLeaf): EvidenceRow {
  const { at, notBefore, recordedAt, kind, content } = record;
  return row([ref], {
    occurredAt: iso(at.time),
    notBefore: notBefore === undefined ? undefined : iso(notBefore),
    recordedAt: iso(recordedAt),
    what: kind,
    content,
  });
}

/** What became of approvals or holds: their newest state, and each step with who made it. */
function statesIn(leaves: readonly StatementLeaf[], prefix: string, name: string): readonly EvidenceRow[] {
  const byKey = Map.groupBy(
    leaves,
    ({ record }) => record.states?.find(({ key }) => key.startsWith(prefix))?.key ?? '',
  );
  return [...byKey].map(([key, some]) => {
    const states = some.flatMap(({ record }) => record.states?.filter((state) => state.key === key) ?? []);
    return row(refsOf(some), { [name]: states.at(-1)?.content, steps: some.map(stepOf) });
  });
}

function findingsOf(leaves: readonly StatementLeaf[]): readonly EvidenceRow[] {
  const byFinding = Map.groupBy(leaves, ({ record }) => String(record.content['finding']));
  return [...byFinding].map(([finding, some]) => {
    const { kind, severity, status, tag, digest } = some.at(-1)?.record.content ?? {};
    return row(refsOf(some), { finding, kind, severity, status, tag, digest, steps: some.map(stepOf) });
  });
}

function stepOf({ ref, record }: StatementLeaf): JsonValue {
  return { record: ref, occurredAt: iso(record.at.time), what: record.kind, content: record.content };
}

/** Scans that approvals rest on, as who asked for the approval told them. */
function scansOf(leaves: readonly StatementLeaf[]): readonly EvidenceRow[] {
  return leaves.flatMap((leaf) =>
    leaf.record.kind !== 'approval-requested'
      ? []
      : (leaf.record.states ?? []).flatMap(({ content }) => {
          const scan = content?.['scan'];
          if (content === undefined || scan === undefined) return [];
          const { id, digest } = content;
          const at = iso(leaf.record.at.time);
          return [row([leaf.ref], { occurredAt: at, what: 'scan', approval: id, digest, content: scan })];
        }),
  );
}

function isVulnerability({ record }: StatementLeaf): boolean {
  return String(record.content['kind']).startsWith('Vulnerable');
}

/** What plans did with a subject: of the items that a record names together, its own. */
function retentionRow({ digest, parts }: EvidenceSubject, leaf: StatementLeaf): EvidenceRow {
  const { items, ...content } = leaf.record.content;
  if (!Array.isArray(items)) return rowOf(leaf);
  const wanted = new Set<JsonValue | undefined>([digest, ...parts]);
  const own = items.filter((item: JsonValue) => isObject(item) && wanted.has(item['digest']));
  return rowOf({ ...leaf, record: { ...leaf.record, content: { ...content, items: own } } });
}

function isObject(value: JsonValue): value is { readonly [name: string]: JsonValue | undefined } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refsOf(leaves: readonly StatementLeaf[]): readonly EvidenceRef[] {
  return leaves.map(({ ref }) => ref);
}

/** A row without what is not known of it; one that rests on a record that waits says so. */
function row(records: readonly EvidenceRef[], content: JsonContent): EvidenceRow {
  const isWaiting = records.some((ref) => typeof ref === 'string');
  return { records, ...(isWaiting ? { waiting: true } : {}), ...readable(content) };
}

/** Content as people read it: times as RFC 3339 and lengths of time as ISO 8601, where records have milliseconds. */
function readable(content: JsonContent): JsonContent {
  const entries = Object.entries(content).map(([name, value]) => [name, readableValue(name, value)] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function readableValue(name: string, value: JsonValue | undefined): JsonValue | undefined {
  if (typeof value === 'number') return readableNumber(name, value);
  if (Array.isArray(value)) return value.map((one: JsonValue) => (isObject(one) ? readable(one) : one));
  return value !== undefined && isObject(value) ? readable(value) : value;
}

function readableNumber(name: string, value: number): JsonValue {
  if (!Number.isSafeInteger(value) || value < 0 || value > latestTime) return value;
  if (name === 'at' || isTimeName(name)) return iso(value);
  return name === 'retainFor' || name === 'monitoringWindow' ? formatDuration(value) : value;
}

/** The last millisecond of the year 9999. */
const latestTime = 253_402_300_799_999;

function iso(time: number): string {
  return new Date(time).toISOString();
}
