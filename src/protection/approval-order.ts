import type { RepositoryId } from '../history/fact.ts';
import { compareInstants } from '../history/instant.ts';
import { type Approval, isOver } from './approval.ts';

/** The releases of one repository in one environment. */
export interface Releases extends RepositoryId {
  readonly environment: string;
  /** The newest that stands; absent when all failed to be protected, were released or were ended early. */
  readonly current?: Approval;
  /** Everything else that stands, newest first. */
  readonly superseded: readonly Approval[];
}

/**
 * Negative when `a` was approved before `b`. Approvals asked for in one millisecond are ordered as history orders records,
 * so that whoever looks sees the same one current.
 */
export function compareApprovals(a: Approval, b: Approval): number {
  return compareInstants({ time: a.requestedAt, id: a.id }, { time: b.requestedAt, id: b.id });
}

/** Whether an approval can be current: it has not failed and nobody has ended it. */
export function stands(approval: Approval): boolean {
  return !isOver(approval) && approval.endedEarly === undefined;
}

/** The current and the superseded releases of every repository and environment among the approvals, in no order. */
export function orderOf(approvals: readonly Approval[]): readonly Releases[] {
  return byEnvironment(approvals).map((ofOne) => {
    const [first] = ofOne;
    const { registry, repository, environment } = first;
    const [current, ...superseded] = ofOne.filter(stands).sort((a, b) => compareApprovals(b, a));
    return { registry, repository, environment, ...(current && { current }), superseded };
  });
}

/** The approvals of each repository and environment. */
export function byEnvironment(
  approvals: readonly Approval[],
): readonly (readonly [Approval, ...Approval[]])[] {
  const groups = new Map<string, [Approval, ...Approval[]]>();
  for (const approval of approvals) {
    const key = JSON.stringify([approval.registry, approval.repository, approval.environment]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [approval]);
    else group.push(approval);
  }
  return [...groups.values()];
}
