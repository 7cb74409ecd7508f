import type { RepositoryId } from '../history/fact.ts';
import type { Digest } from '../registry/digest.ts';

/** What a scanner said of an image when it was approved. */
export interface ScanEvidence {
  readonly tool: string;
  readonly status: 'passed' | 'warning' | 'failed';
  /** Findings by severity, as the tool names it. */
  readonly counts?: Readonly<Record<string, number>>;
  /** An https address. */
  readonly report?: string;
}

/** What an approver rests on. Texts are bounded and printable, but not encoded for any output. */
export interface Evidence {
  readonly ticket?: string;
  readonly build?: string;
  /** The source's commit: 7 to 64 lower-case hexadecimal digits. */
  readonly commit?: string;
  readonly scan?: ScanEvidence;
  /** What to go back to when the release fails; kept as long as the release itself. */
  readonly rollbackDigest?: Digest;
  readonly notes?: string;
  readonly reason: string;
}

/** Who approved. */
export interface Approver {
  /** Stable id of the principal. */
  readonly id: string;
  readonly name: string;
}

/**
 * Where an approval stands. `requested`: recorded. `protecting`: its locks are being set. `protected`: all were read back.
 * `superseded`: protected still, but another release is current. `expired`: its window is over, its locks may still be
 * there. `released`: none of its locks is left. `failed`: it could not be protected.
 */
export const approvalStates = [
  'requested',
  'protecting',
  'protected',
  'superseded',
  'expired',
  'released',
  'failed',
] as const;
export type ApprovalState = (typeof approvalStates)[number];

/** That a digest may run in an environment, on whose word, and for how long it is kept. */
export interface Approval extends RepositoryId, Evidence {
  readonly id: string;
  readonly digest: Digest;
  /** The tag that pointed to the digest when it was approved by tag, or that was named along with it. */
  readonly tag?: string;
  readonly environment: string;
  readonly approver: Approver;
  /** Epoch milliseconds. */
  readonly requestedAt: number;
  /** Milliseconds from the request for which it is kept. */
  readonly retainFor: number;
  /** It is kept while fewer other good releases than this are newer. */
  readonly retainReleases: number;
  readonly lockTag: boolean;
  /** Milliseconds from the request until which silence about the outcome does not yet mean that it is good. */
  readonly monitoringWindow?: number;
  readonly outcome?: 'good' | 'failed';
  readonly state: ApprovalState;
  /** Why it `failed`. */
  readonly failure?: string;
  /** Who ended its window before its time, and why. */
  readonly endedEarly?: { readonly by: string; readonly at: number; readonly reason: string };
}

/** What happens to an approval. */
export type ApprovalEvent =
  /** Enforcement has begun to set its locks. */
  | { readonly event: 'begun' }
  /** All its locks were set and read back. */
  | { readonly event: 'protected' }
  /** It cannot be protected. */
  | { readonly event: 'failed'; readonly reason: string }
  /** A newer release of its environment is protected. */
  | { readonly event: 'superseded' }
  /** It is current again: the release that had superseded it failed or was ended. */
  | { readonly event: 'reinstated' }
  /** It is in its window again: a newer release turned out to have failed, or it is held. */
  | { readonly event: 'retained' }
  /** Its window is over. */
  | { readonly event: 'expired' }
  /** None of its locks is left. */
  | { readonly event: 'released' }
  /** The release was found good, or failed. May be told again, and otherwise. */
  | { readonly event: 'judged'; readonly outcome: 'good' | 'failed' }
  /** Somebody ends its window now. */
  | { readonly event: 'ended-early'; readonly by: string; readonly at: number; readonly reason: string };

/** What an event makes of an approval; `unchanged` when it was told before, as events may be. */
export type Advance =
  | { readonly outcome: 'advanced'; readonly approval: Approval }
  | { readonly outcome: 'unchanged'; readonly approval: Approval }
  | { readonly outcome: 'refused'; readonly problem: string };

type Step = Exclude<ApprovalEvent['event'], 'judged' | 'ended-early'>;

const steps: Readonly<Record<Step, Readonly<Partial<Record<ApprovalState, ApprovalState>>>>> = {
  begun: { requested: 'protecting' },
  protected: { protecting: 'protected' },
  failed: { requested: 'failed', protecting: 'failed' },
  superseded: { protected: 'superseded' },
  reinstated: { superseded: 'protected' },
  retained: { expired: 'superseded' },
  expired: { requested: 'expired', protecting: 'expired', protected: 'expired', superseded: 'expired' },
  released: { expired: 'released' },
};

/** The states an event may already have led to, when it is told again. */
const reached: Readonly<Record<Step, readonly ApprovalState[]>> = {
  begun: ['protecting'],
  protected: ['protected'],
  failed: ['failed'],
  superseded: ['superseded'],
  reinstated: ['protected'],
  retained: ['superseded'],
  expired: ['expired'],
  released: ['released'],
};

/** What an event makes of an approval. Events that its state does not allow are refused, never skipped over. */
export function advance(approval: Approval, event: ApprovalEvent): Advance {
  switch (event.event) {
    case 'judged':
      return judged(approval, event.outcome);
    case 'ended-early':
      return endedEarly(approval, event);
    default:
      return stepped(approval, event);
  }
}

/** Whether an approval is over for good: nothing is locked for its sake any more, or it never came to it. */
export function isOver({ state }: Approval): boolean {
  return state === 'released' || state === 'failed';
}

function stepped(approval: Approval, event: Extract<ApprovalEvent, { readonly event: Step }>): Advance {
  if (reached[event.event].includes(approval.state)) return { outcome: 'unchanged', approval };
  const state = steps[event.event][approval.state];
  if (state === undefined) return refused(approval, event.event);
  const failure = event.event === 'failed' ? { failure: event.reason } : {};
  return { outcome: 'advanced', approval: { ...approval, ...failure, state } };
}

function judged(approval: Approval, outcome: 'good' | 'failed'): Advance {
  if (isOver(approval)) return refused(approval, 'judged');
  if (approval.outcome === outcome) return { outcome: 'unchanged', approval };
  return { outcome: 'advanced', approval: { ...approval, outcome } };
}

function endedEarly(
  approval: Approval,
  { by, at, reason }: { by: string; at: number; reason: string },
): Advance {
  if (isOver(approval)) return refused(approval, 'ended early');
  if (approval.endedEarly !== undefined) return { outcome: 'unchanged', approval };
  return { outcome: 'advanced', approval: { ...approval, endedEarly: { by, at, reason } } };
}

function refused({ id, state }: Approval, event: string): Advance {
  return { outcome: 'refused', problem: `approval ${id} is ${state} and cannot be ${event}` };
}
