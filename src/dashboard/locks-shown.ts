import { html } from 'hono/html';
import type { LockState } from '../registry/lock-state.ts';
import type { Html } from './html.ts';
import { badge } from './shown.ts';

/** What a lock forbids, in words. */
export function locksShown(locks: LockState | undefined, of: string): Html | undefined {
  if (locks === undefined) return undefined;
  const forbidden = [
    ...(locks.canDelete ? [] : ['deletion']),
    ...(locks.canWrite ? [] : ['writing']),
    ...(locks.canRead ? [] : ['reading']),
    ...(locks.canList ? [] : ['listing']),
  ];
  if (forbidden.length === 0) return undefined;
  return html`${badge(`${of}: no ${forbidden.join(', ')}`, locks.canRead ? 'good' : 'warn')}`;
}
