import type { DeliveryCounts } from './courier.ts';
import type { Journal } from './journal.ts';
import type { LedgerCheck } from './ledger-verdict.ts';
import type { LockVerdict } from './locks.ts';
import type { SoakPlan } from './plan.ts';
import type { Sample } from './samples.ts';
import type { Differences } from './truth.ts';

/** All that a soak came to. */
export interface SoakOutcome {
  readonly plan: SoakPlan;
  /** Seconds of traffic: fewer than planned where it was ended. */
  readonly seconds: number;
  readonly journal: Journal;
  readonly deliveries: DeliveryCounts;
  readonly samples: readonly Sample[];
  /** What approvers, attackers, workloads and readers were answered, and how often. */
  readonly company: ReadonlyMap<string, number>;
  readonly warnings: ReadonlyMap<string, number>;
  readonly hostEnded: boolean;
  /** Messages that could not be read, or were given up. */
  readonly rejected: number;
  /** Messages in queues, and records waiting to be sealed, when all had settled. */
  readonly left: number;
  /** Statements that were announced and lost a race, to be taken back an hour later. */
  readonly abandoned: number;
  readonly differences: Differences;
  readonly locks: LockVerdict;
  readonly ledger: LedgerCheck;
}
