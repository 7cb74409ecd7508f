import { type RecordAttributionPorts, recordAttributions } from '../../src/audit/record-attribution.ts';
import type { Attribution } from '../../src/history/attribution.ts';
import type { AuditRecord, Fact } from '../../src/history/fact.ts';
import { historyReader, historyWriter } from '../../src/storage/history-store.ts';
import { outbox } from '../../src/storage/outbox.ts';
import { epoch, recordOf } from './facts.ts';
import type { HistoryTables } from './history-stores.ts';

/** What attributions are recorded with, over the given tables, at one time. */
export function attributionPorts({ repositories, digests, log }: HistoryTables): RecordAttributionPorts {
  return {
    reader: historyReader(repositories),
    writer: historyWriter(repositories, digests),
    outbox: outbox(log),
    clock: { now: () => epoch + 86_400_000 },
  };
}

/** An attribution that names whom it attributes to by the fact's id. */
export function attributionOf(fact: Fact, what: Partial<Attribution> = {}): Attribution {
  return {
    identity: `${fact.at.id}@contoso.com`,
    address: '203.0.113.7',
    at: fact.at.time + 40,
    evidence: { table: 'ContainerRegistryRepositoryEvents', operation: 'Push', correlationId: fact.at.id },
    certainty: 'certain',
    ...what,
  };
}

/** Records an {@link attributionOf} each of the facts, of `team/app`. */
export function attributeAll(tables: HistoryTables, facts: readonly Fact[]): Promise<number> {
  const attributions = new Map<AuditRecord, Attribution>(
    facts.map((fact) => [recordOf(fact), attributionOf(fact)]),
  );
  return recordAttributions(attributionPorts(tables))(attributions);
}
