import type { TagRule } from '../protection/policy.ts';
import type { Pattern } from '../registry/pattern.ts';

/**
 * Which images of some repositories may go by age or number: tagged ones by their tags, and manifests without tags that no
 * index lists and that are about no other. Parts of images never count by themselves. What no rule names is kept.
 */
export interface RetentionRule {
  readonly repositories: Pattern;
  /** Tags it is about, with the examples tried when it was read; absent: every tag of the repositories. */
  readonly tags?: TagRule;
  /**
   * How many of its tagged images are kept, newest first by when they were last pushed, each repository by itself; one of
   * several tags counts once.
   */
  readonly keepNewest?: number;
  /** Milliseconds since the last push for which an image is kept. */
  readonly keepYounger?: number;
  /** Milliseconds since the creation after which images without tags may go; absent: they are kept. */
  readonly untaggedOlderThan?: number;
}

/** How much one run may delete; more than any of them, and the plan cannot run. */
export interface RetentionCaps {
  /** Of a repository's manifests, and of all that were looked at, 1 to 100. */
  readonly percent: number;
  /** Manifests of one repository, and of all. */
  readonly perRepository: number;
  readonly whole: number;
}

/** What may go, read with the policy. */
export interface RetentionPolicy {
  readonly rules: readonly RetentionRule[];
  /** Tags that are always kept. */
  readonly keepTags: readonly TagRule[];
  /** Milliseconds between the removal of tags and the deletion of what they named. */
  readonly grace: number;
  readonly caps: RetentionCaps;
  /** Changes since the plan that a run may come upon before it stops. */
  readonly mostSurprises: number;
  /** Milliseconds after which a plan is too old to run. */
  readonly planAge: number;
  /** Repositories whose plans may run without a second principal. */
  readonly byPolicy: readonly Pattern[];
}
