import type { Digest } from '../registry/digest.ts';
import type { LockState } from '../registry/lock-state.ts';
import type { ManifestChild } from '../registry/manifest.ts';
import type { Attribution } from './attribution.ts';
import type { Ending, Entry } from './entry.ts';
import type { Edge, ManifestHead, TagHead } from './head.ts';
import type { Instant } from './instant.ts';
import type { LockSubject, ManifestDescription } from './observation.ts';
import type { StatedState, Statement } from './statement.ts';

/**
 * One write to a repository's rows. All changes made from one reading are committed together or not at all; `over`
 * names the version that was read (`absent` when there was no row), and the commit fails when that is no longer so.
 */
export type Change =
  /** The audit record itself; `isNew` fails when it was recorded already. */
  | { readonly write: 'record'; readonly entry: Entry; readonly isNew: boolean }
  | { readonly write: 'tag-entry'; readonly tag: string; readonly entry: Entry }
  | { readonly write: 'tag-entry-end'; readonly tag: string; readonly at: Instant; readonly until: Ending }
  | { readonly write: 'tag-entry-removal'; readonly tag: string; readonly at: Instant }
  | { readonly write: 'digest-entry'; readonly entry: Entry }
  | { readonly write: 'tag-head'; readonly head: TagHead; readonly over: string | 'absent' }
  | { readonly write: 'tag-head-end'; readonly tag: string; readonly endedAt: Instant }
  | { readonly write: 'manifest-head'; readonly head: ManifestHead; readonly over: string | 'absent' }
  /** Changes nothing, but fails when the manifest changed since it was read. */
  | { readonly write: 'manifest-guard'; readonly digest: Digest; readonly over: string }
  /** The same for a tag. */
  | { readonly write: 'tag-guard'; readonly tag: string; readonly over: string }
  | { readonly write: 'edge'; readonly edge: Edge; readonly over?: string }
  /** A statement, which fails when it was recorded already. */
  | { readonly write: 'statement'; readonly statement: Statement }
  /** Who did what a record tells, in one of the rows that tell it. */
  | {
      readonly write: 'attribution';
      readonly in: 'records' | { readonly tag: string } | { readonly digest: Digest };
      readonly of: Instant;
      readonly attribution: Attribution;
    }
  | { readonly write: 'description'; readonly description: ManifestDescription }
  | { readonly write: 'child'; readonly index: Digest; readonly child: ManifestChild }
  | { readonly write: 'parent'; readonly child: Digest; readonly index: Digest }
  | { readonly write: 'referrer'; readonly subject: Digest; readonly referrer: ManifestDescription }
  | { readonly write: 'locks'; readonly of: LockSubject; readonly locks: LockState }
  /** The present state of something that statements tell; without content there is none any more. */
  | ({ readonly write: 'state'; readonly at: Instant; readonly over?: string | 'absent' } & StatedState);
