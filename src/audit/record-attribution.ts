import type { Attribution } from '../history/attribution.ts';
import { attributedBy, planAttribution, statedAttribution } from '../history/attribution-plan.ts';
import type { Change } from '../history/change.ts';
import type { AuditRecord } from '../history/fact.ts';
import type { Statement } from '../history/statement.ts';
import { AuditFault } from './fault.ts';
import type { Clock, HistoryReader, HistoryWriter, Outbox } from './ports.ts';
import type { Pseudonyms } from './pseudonyms.ts';

export interface RecordAttributionPorts {
  readonly reader: HistoryReader;
  readonly writer: Pick<HistoryWriter, 'commit'>;
  readonly outbox: Pick<Outbox, 'announceStatements' | 'announcedStatement'>;
  /** What names people is replaced before anything is kept, where the policy wants that. */
  readonly pseudonyms?: Pick<Pseudonyms, 'ofAttribution'>;
  readonly clock: Clock;
}

/** Lost races after which it is left for the next run. */
const maxAttempts = 64;

/** Timeline entries looked for at once. */
const mostAtOnce = 32;

/**
 * Records who did what records of one registry tell: announced in the ledger's outbox together, then written to each
 * row that tells the record. One that was attributed before stays as it was. Answers how many were attributed. Throws a
 * retryable {@link AuditFault} when it lost too many races.
 */
export function recordAttributions(ports: RecordAttributionPorts) {
  const { outbox, clock, pseudonyms } = ports;
  return async (attributions: ReadonlyMap<AuditRecord, Attribution>): Promise<number> => {
    const stated = await Promise.all(
      [...attributions].map(async ([record, came]) => {
        const attribution = pseudonyms === undefined ? came : await pseudonyms.ofAttribution(came);
        return { record, statement: statedAttribution(record, attribution, clock.now()) };
      }),
    );
    if (stated.length === 0) return 0;
    const announced = await outbox.announceStatements(stated.map(({ statement }) => statement));
    let attributed = 0;
    for (const { record, statement } of stated) {
      // What was announced first will be sealed, whatever the log says now.
      const first = announced === 'new' ? undefined : await outbox.announcedStatement(record, statement.at);
      if (await write(ports, record, first ?? statement)) attributed += 1;
    }
    return attributed;
  };
}

async function write(
  { reader, writer }: RecordAttributionPorts,
  record: AuditRecord,
  statement: Statement,
): Promise<boolean> {
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const changes = await planned(reader, record, statement);
    if (changes === undefined) return false;
    if ((await writer.commit(record, changes)) === 'committed') return true;
  }
  throw new AuditFault('contention', `${record.repository}: ${maxAttempts} lost races for one attribution`, {
    retryable: true,
  });
}

/** What to write; nothing when the record is attributed, or isn't there, or the statement is of another. */
async function planned(
  reader: HistoryReader,
  record: AuditRecord,
  statement: Statement,
): Promise<readonly Change[] | undefined> {
  const { at, action, digest, tag } = record.fact;
  const attributed = attributedBy(statement);
  if (attributed === undefined || attributed.of.id !== at.id) return undefined;
  // The manifest's head is no newer than what is read of the tags: a change in between makes the commit fail.
  const { head: manifest, edges } =
    action === 'delete'
      ? await reader.manifest(record, digest)
      : { head: (await reader.heads(record, digest, undefined)).manifest, edges: [] };
  const entry = await reader.record(record, at);
  if (manifest === undefined || entry === undefined || entry.fact.attribution !== undefined) return undefined;
  const names = action === 'delete' ? edges.map(({ value }) => value.tag) : tag === undefined ? [] : [tag];
  const tags = [];
  for (let start = 0; start < names.length; start += mostAtOnce) {
    const some = names.slice(start, start + mostAtOnce);
    tags.push(...(await Promise.all(some.map((name) => tagOf(reader, record, name)))));
  }
  return planAttribution(statement, attributed, { manifest, tags: tags.filter((one) => one !== undefined) });
}

/** A tag whose timeline has an entry of the record. */
async function tagOf(reader: HistoryReader, record: AuditRecord, tag: string) {
  const { tag: head } = await reader.heads(record, record.fact.digest, tag);
  const entry = await reader.tagEntry(record, tag, record.fact.at);
  return entry && { tag, ...(head === undefined ? {} : { head }) };
}
