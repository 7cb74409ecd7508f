import { rootsOf } from '../protection/desired-locks.ts';
import type { ApprovalWindow, WindowReason } from '../protection/rollback-window.ts';
import type { Digest } from '../registry/digest.ts';
import type { Kept } from './repository-content.ts';

const codes: readonly (readonly [WindowReason, Kept['code']])[] = [
  ['held', 'held'],
  ['current', 'approved'],
  ['recent-release', 'rollback-window'],
  ['retain-for', 'rollback-window'],
];

/** What approvals keep while their windows are open: what was approved, and what it would be rolled back to. */
export function keptByWindows(windows: readonly ApprovalWindow[]): ReadonlyMap<Digest, readonly Kept[]> {
  const kept = new Map<Digest, Kept[]>();
  for (const { approval, reasons } of windows) {
    const named = new Set(codes.flatMap(([reason, code]) => (reasons.includes(reason) ? [code] : [])));
    if (named.size === 0) continue;
    for (const root of rootsOf(approval)) {
      const all = [...(kept.get(root) ?? []), ...[...named].map((code): Kept => ({ code, by: approval.id }))];
      kept.set(root, all);
    }
  }
  return kept;
}
