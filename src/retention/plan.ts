import type { RepositoryId } from '../history/fact.ts';
import type { Digest } from '../registry/digest.ts';
import type { KeepReason } from './keep-reason.ts';

/** What becomes of a tag or manifest: `untag` now; `delete` once the grace is over, or at once for what has had no tag for as long. */
export type RetentionAction = 'keep' | 'untag' | 'delete';

/** A tag or manifest of a plan, with every reason that keeps it; none when it goes. */
export interface PlanItem {
  /** A tag's name, or absent for a manifest. */
  readonly tag?: string;
  readonly digest: Digest;
  readonly action: RetentionAction;
  readonly reasons: readonly KeepReason[];
  /** Bytes that go with it at least, and at most: layers may be shared with what is kept. Of manifests alone. */
  readonly freed?: { readonly atLeast: number; readonly atMost: number };
  /** Place in the order of deletion: parents before their children. */
  readonly order?: number;
}

/** What a plan decides of one repository. */
export interface RepositoryPlan extends RepositoryId {
  /** Every tag, then every manifest; those that go in the order in which they do. */
  readonly items: readonly PlanItem[];
  readonly counts: {
    readonly tags: number;
    readonly manifests: number;
    readonly untag: number;
    readonly delete: number;
  };
  /** Why nothing of it may run; empty when it may. */
  readonly blocks: readonly string[];
}
