import type { Actor, FindingChange, StoredFinding } from '../findings/lifecycle.ts';
import type { Digest } from '../registry/digest.ts';
import type { InventoryReading, ReadingProblem } from '../workloads/claim.ts';

/** A place where workloads are: a cluster, subscriptions of Azure. */
export interface InventorySource {
  /**
   * Reads all of it. What cannot be reached or read is told as a problem, beside all that can be; it does not throw for it,
   * so that one refused list is never taken for an empty one. Only an abort throws.
   */
  read(signal?: AbortSignal): Promise<InventoryReading>;
}

/** A vulnerability that a scanner found in a manifest. */
export interface Vulnerability {
  readonly registry: string;
  readonly repository: string;
  readonly digest: Digest;
  /** The scanner's id of it, such as `CVE-2024-0001`. */
  readonly id: string;
  readonly severity: 'critical' | 'high' | 'medium' | 'low';
}

/** What scanners found in manifests. */
export interface VulnerabilityReports {
  read(signal?: AbortSignal): Promise<{
    readonly vulnerabilities: readonly Vulnerability[];
    readonly problems: readonly ReadingProblem[];
  }>;
}

/** That something became of a finding, to be told to whoever listens. */
export interface Alert {
  /** The same for the same change, however often it is told: receivers know a repetition by it. 1 to 64 of `[0-9a-z.-]`. */
  readonly id: string;
  readonly change: FindingChange;
  /** Who did it: a principal, or the audit itself. */
  readonly by: Actor;
  /** When it came to be so, in epoch milliseconds. */
  readonly at: number;
  /** The finding as it was then. */
  readonly finding: StoredFinding;
}

/** Somebody who is told. */
export interface AlertSink {
  /** Names it among the others, for logs and for what is still to be sent. */
  readonly name: string;
  /** @throws AuditFault when it was not taken: retryable, or not where sending it again could not help. */
  send(alert: Alert): Promise<void>;
}
