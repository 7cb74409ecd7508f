import fc from 'fast-check';
import { AuditFault } from '../../src/audit/fault.ts';
import { readAlertRow } from '../../src/storage/alert-codec.ts';
import { claimColumns, readClaimRow } from '../../src/storage/claim-codec.ts';
import { entryColumns, readEntryRow } from '../../src/storage/entry-codec.ts';
import { findingColumns, readFindingRow } from '../../src/storage/finding-codec.ts';
import {
  edgeColumns,
  manifestHeadColumns,
  readEdge,
  readManifestHead,
  readTagHead,
  tagHeadColumns,
} from '../../src/storage/head-codec.ts';
import {
  inverted,
  readAnnouncedKey,
  readRepositoryKey,
  readSealedKey,
  readWaitingKey,
  repositoryKey,
} from '../../src/storage/keys.ts';
import {
  childColumns,
  descriptionColumns,
  locksColumns,
  readChild,
  readDescription,
  readLocks,
} from '../../src/storage/observation-codec.ts';
import { entityJson, readEntity } from '../../src/storage/odata.ts';
import { planColumns, readPlanRow } from '../../src/storage/plan-codec.ts';
import type { Columns, StoredRow } from '../../src/storage/row.ts';
import { readState } from '../../src/storage/state-reader.ts';
import { jsonOf } from '../outside-json.ts';
import { accepted, hold, refused, type Target } from '../target.ts';
import { asJson, digests, maybe, outsideTexts, ownTimes, repositories, tags } from '../values.ts';

const ids = fc.constantFrom('e-1', 'e=2Fx', '0123456789abcdef0123456789abcdef');
const instants = fc.tuple(ownTimes, ids).map((parts) => parts.join('|'));
const keys = fc
  .tuple(fc.date({ min: new Date(0), max: new Date(Date.UTC(2100, 0, 1)), noInvalidDate: true }), ids)
  .map(([at, id]) => `${inverted(at.getTime())}|${id}`);
const counts = fc.nat().map(String);

const entries = fc.record({
  RowKey: keys.map((key) => `E|${key}`),
  kind: fc.constantFrom('created', 'moved', 'deleted'),
  action: fc.constantFrom('push', 'delete', 'untag'),
  source: fc.constantFrom('event', 'reconcile', 'backfill'),
  digest: digests,
  recordedAt: ownTimes,
  tag: maybe(tags),
  prev: maybe(digests),
  until: maybe(fc.tuple(instants, ownTimes).map((parts) => parts.join('|'))),
  size: maybe(counts),
  notes: maybe(fc.constantFrom('["repaired"]', '[]', '{}', '[')),
  attribution: maybe(
    fc.constantFrom(
      '{"at":"2026-05-02T14:00:00.000Z","certainty":"likely","evidence":{"table":"t","operation":"Push"}}',
      '{',
      '[]',
    ),
  ),
  userAgent: maybe(outsideTexts),
  locations: maybe(fc.constantFrom('westeurope', 'westeurope,eastus')),
});
const heads = fc.record({
  RowKey: fc.oneof(
    tags.map((tag) => `t|${tag}`),
    digests.map((digest) => `m|${digest}`),
    fc.tuple(digests, tags).map((parts) => `m|${parts.join('|')}`),
  ),
  digest: digests,
  stretch: instants,
  lastPush: instants,
  newestPush: instants,
  oldestPush: instants,
  endedAt: maybe(instants),
  recent: maybe(fc.constantFrom('1777730400000 a', '1 a,2 b', 'x')),
  recentIncompleteUntil: maybe(ownTimes),
  presence: fc.constantFrom('present', 'deleted'),
  newest: instants,
});
const findings = fc.record({
  RowKey: fc.constantFrom(
    'f|0123456789abcdef0123456789abcdef',
    'x|0000000000000|0123456789abcdef0123456789abcdef.2',
  ),
  kind: fc.constantFrom('TagMoved', 'LockRemoved', 'UnannouncedChange', 'DangerousSetting'),
  severity: fc.constantFrom('high', 'critical', 'low'),
  repository: repositories,
  detail: fc.constantFrom('{}', '{"a":"b","c":["d"]}', '{"a":{}}', '[]', '{'),
  firstSeen: ownTimes,
  lastSeen: ownTimes,
  status: maybe(fc.constantFrom('open', 'acknowledged', 'resolved', 'waived')),
  resolution: maybe(
    fc.constantFrom('{"by":"a","byName":"b","reason":"c","at":"2026-05-02T14:00:00.000Z"}', '{'),
  ),
  waiver: maybe(
    fc.constantFrom(
      '{"by":"a","byName":"b","reason":"c","at":"2026-05-02T14:00:00.000Z","owner":"o","until":"2026-06-02T14:00:00.000Z"}',
      'null',
    ),
  ),
  change: maybe(fc.constantFrom('opened', 'resolved')),
  changedAt: maybe(ownTimes),
  revision: maybe(counts),
});
const others = fc.record({
  RowKey: fc.oneof(
    keys,
    digests.map((digest) => `o|${digest}`),
    fc.tuple(digests, digests).map((parts) => `i|${parts.join('|')}`),
  ),
  canDelete: fc.boolean(),
  canWrite: fc.boolean(),
  canRead: fc.boolean(),
  canList: fc.boolean(),
  isPinned: fc.boolean(),
  content: maybe(fc.constantFrom('{}', '{"a":1}', '[]', '{')),
  at: maybe(instants),
  size: maybe(counts),
  children: maybe(counts),
  firstSeen: ownTimes,
  source: maybe(fc.constant('cluster')),
  kind: maybe(fc.constant('Pod')),
  name: maybe(outsideTexts),
  state: maybe(fc.constantFrom('running', 'desired')),
  image: maybe(fc.constant('contoso.azurecr.io/team/app:1.4.2')),
  registry: maybe(fc.constant('contoso.azurecr.io')),
  repository: maybe(repositories),
  header0: maybe(fc.constantFrom('{}', '{"id":', 'null')),
});

interface Codec {
  read(row: StoredRow): unknown;
  /** The columns that are written of what was read. */
  write?(row: StoredRow): Columns;
}

const codecs: Readonly<Record<string, Codec>> = {
  entry: { read: readEntryRow, write: (row) => entryColumns(readEntryRow(row)) },
  tagHead: { read: readTagHead, write: (row) => tagHeadColumns(readTagHead(row)) },
  manifestHead: { read: readManifestHead, write: (row) => manifestHeadColumns(readManifestHead(row)) },
  edge: { read: readEdge, write: (row) => edgeColumns(readEdge(row)) },
  finding: { read: readFindingRow, write: (row) => findingColumns(readFindingRow(row)) },
  alert: { read: readAlertRow },
  claim: { read: readClaimRow, write: (row) => claimColumns(readClaimRow(row)) },
  description: { read: readDescription, write: (row) => descriptionColumns(readDescription(row)) },
  child: { read: readChild, write: (row) => childColumns(readChild(row)) },
  locks: { read: readLocks, write: (row) => locksColumns(readLocks(row)) },
  plan: { read: readPlanRow, write: (row) => planColumns(readPlanRow(row)) },
  state: { read: readState },
};

/** Rows of every table, as whoever may write to storage could have left them. */
export const tableRow: Target = {
  name: 'table-row',
  form: 'text',
  property:
    'a row is read, or told as a damaged row by a permanent fault; what was read is written as columns that read the same again; keys read as what they were made of',
  made: fc
    .oneof(entries, heads, findings, others)
    .map((columns) => asJson({ PartitionKey: 'contoso.azurecr.io|team:app', ...columns })),
  words: [
    'PartitionKey',
    'RowKey',
    'odata.etag',
    'content',
    'detail',
    'notes',
    'attribution',
    'waiver',
    'header0',
    'size',
    '1e309',
    'NaN',
    '0x10',
    '2026-05-02T14:00:00.000Z|e-1',
    '+275760-09-13T00:00:00.000Z',
    '|',
    'E|',
    't|',
  ],
  large: {
    notes: (length) =>
      asJson({
        PartitionKey: 'a|b',
        RowKey: 'E|0000000000000|a',
        notes: `[${'"a",'.repeat(length / 4)}"a"]`,
      }),
    content: (length) => asJson({ PartitionKey: 'a|b', RowKey: 'a', content: '['.repeat(length) }),
    recent: (length) => asJson({ PartitionKey: 'a|b', RowKey: 't|a', recent: '1 a,'.repeat(length / 4) }),
    key: (length) => asJson({ PartitionKey: 'a|'.repeat(length / 4), RowKey: '~q|'.repeat(length / 6) }),
  },
  check(text) {
    const json = jsonOf(text);
    const row = json === undefined ? undefined : readEntity(json.value, 'W/"1"');
    if (row === undefined) return refused('no row');
    holdKeys(row);
    const read = Object.entries(codecs).filter(([name, codec]) => isRead(name, codec, row));
    const kind = `${read.map(([name]) => name).join()} ${Object.keys(row.columns).slice(0, 30).join()}`;
    return read.length === 0 ? refused(kind) : accepted(kind);
  },
};

function isRead(name: string, { read, write }: Codec, row: StoredRow): boolean {
  try {
    read(row);
  } catch (error) {
    hold(error instanceof AuditFault, `${name}: ${String(error)}`);
    hold(
      !error.retryable && error.message.length < 4_096 + row.rowKey.length + row.partitionKey.length,
      `${name}: it would be read again for ever`,
    );
    return false;
  }
  if (write === undefined) return true;
  const written = write(row);
  const again = readEntity(JSON.parse(entityJson(row.partitionKey, row.rowKey, written)), row.etag);
  hold(again !== undefined, `${name}: it is written as no row`);
  const second = JSON.stringify(write(again));
  hold(
    second === JSON.stringify(written),
    `${name}: it is written as ${JSON.stringify(written)}, then as ${second}`,
  );
  return true;
}

function holdKeys({ partitionKey, rowKey }: StoredRow): void {
  const repository = readRepositoryKey(partitionKey);
  hold(
    repository === undefined || partitionKey.includes('/') || repositoryKey(repository) === partitionKey,
    'a partition is of another repository',
  );
  readAnnouncedKey(rowKey);
  readWaitingKey(rowKey);
  readSealedKey(rowKey);
}
