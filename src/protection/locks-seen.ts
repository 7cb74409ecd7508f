import type { Digest } from '../registry/digest.ts';
import type { LockState } from '../registry/lock-state.ts';

/** Something the registry says it does not have, or that could not be asked. */
export type NotSeen =
  | { readonly state: 'missing' }
  | { readonly state: 'unreadable'; readonly reason: string };

/** The registry's locks, as read for one run. What is not in it was not looked at: nothing is done about it. */
export interface LocksSeen {
  readonly manifests: ReadonlyMap<Digest, { readonly state: 'present'; readonly lock: LockState } | NotSeen>;
  readonly tags: ReadonlyMap<
    string,
    { readonly state: 'present'; readonly digest: Digest; readonly lock: LockState } | NotSeen
  >;
}

/** The lock of one manifest or tag as seen. */
export type LockSeen = { readonly state: 'present'; readonly lock: LockState } | NotSeen;

/** What stands for everything that was not looked at. */
export const notLookedAt: LockSeen = { state: 'unreadable', reason: 'was not looked at' };
