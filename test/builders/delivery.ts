import type { RecordOutcome } from '../../src/audit/record-fact.ts';
import type { AuditRecord, Fact } from '../../src/history/fact.ts';
import { epoch, recordOf } from './facts.ts';

/** How deliveries are made. */
export interface DeliveryOptions {
  /** Senders that each wait for their own answers only. */
  readonly senders?: number;
  /** The repository of a fact; `team/app` unless said. */
  readonly repositoryOf?: (fact: Fact) => string;
  /** Whether a delivery that failed is repeated until it succeeds, as Event Grid repeats it. */
  readonly repeat?: boolean;
}

/** Delivers facts in the order given. Each attempt would record its fact at another time. */
export async function deliver(
  record: (record: AuditRecord) => Promise<RecordOutcome>,
  deliveries: readonly Fact[],
  { senders = 1, repositoryOf = () => 'team/app', repeat = false }: DeliveryOptions = {},
): Promise<readonly RecordOutcome[]> {
  const outcomes: RecordOutcome[] = [];
  const waiting = deliveries.values();
  let recordedAt = epoch;

  async function attempt(fact: Fact): Promise<RecordOutcome> {
    for (;;) {
      recordedAt += 1;
      try {
        return await record(recordOf({ ...fact, recordedAt }, repositoryOf(fact)));
      } catch (fault) {
        if (!repeat) throw fault;
      }
    }
  }

  async function sender(): Promise<void> {
    // One iterator for all senders: each takes the next delivery that no other has.
    for (const fact of waiting) outcomes.push(await attempt(fact));
  }

  await Promise.all(Array.from({ length: senders }, sender));
  return outcomes;
}
