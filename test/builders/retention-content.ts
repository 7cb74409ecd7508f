import { createHash } from 'node:crypto';
import { type Digest, parseDigest } from '../../src/registry/digest.ts';
import { unlocked } from '../../src/registry/lock-state.ts';
import { readPattern } from '../../src/registry/pattern.ts';
import type {
  RepositoryContent,
  RetentionManifest,
  RetentionTag,
} from '../../src/retention/repository-content.ts';
import type { RetentionPolicy, RetentionRule } from '../../src/retention/rule.ts';

export const day = 86_400_000;
/** The present of samples. */
export const now = Date.parse('2026-06-01T00:00:00Z');
const image = 'application/vnd.oci.image.manifest.v1+json';
const index = 'application/vnd.oci.image.index.v1+json';

/** A digest that is the same for the same text. */
export function digestOf(text: string): Digest {
  const digest = parseDigest(`sha256:${createHash('sha256').update(text).digest('hex')}`);
  if (digest === undefined) throw new Error('not a digest');
  return digest;
}

/** A pattern that has to be one. */
export function patternOf(text: string) {
  const reading = readPattern(text);
  if (!reading.ok) throw new Error(reading.problem);
  return reading.pattern;
}

/** An image that was pushed, and lost its tags, long ago; a name stands for its digest. */
export function imageOf(name: string, over: Partial<RetentionManifest> = {}): RetentionManifest {
  return {
    digest: digestOf(name),
    changedAt: now - 400 * day,
    mediaType: image,
    size: 1000,
    locks: unlocked,
    isDescribed: true,
    isUnreadable: false,
    children: [],
    ...over,
  };
}

/** An index of others, as {@link imageOf}. */
export function indexOf(
  name: string,
  children: readonly string[],
  over: Partial<RetentionManifest> = {},
): RetentionManifest {
  return imageOf(name, { mediaType: index, children: children.map(digestOf), ...over });
}

/** A tag that was pushed long ago. */
export function tagOf(tag: string, name: string, over: Partial<RetentionTag> = {}): RetentionTag {
  return { tag, digest: digestOf(name), pushedAt: now - 400 * day, locks: unlocked, ...over };
}

/** A repository of which everything is known and nothing is used. */
export function contentOf(over: Partial<RepositoryContent> = {}): RepositoryContent {
  return {
    repository: { registry: 'contoso.azurecr.io', repository: 'team/app' },
    tags: [],
    manifests: [],
    uses: new Map(),
    tagUses: new Map(),
    unclaimed: 'unused',
    doubts: [],
    kept: new Map(),
    ownLocks: new Set(),
    comparedAt: now - 3_600_000,
    now,
    ...over,
  };
}

/** A rule about every repository. */
export function ruleOf(over: Partial<RetentionRule> & { readonly tagsLike?: string } = {}): RetentionRule {
  const { tagsLike, ...rule } = over;
  const every = patternOf('.*');
  const tags =
    tagsLike === undefined
      ? {}
      : { tags: { repositories: every, tags: patternOf(tagsLike), matches: [], mustNotMatch: [] } };
  return { repositories: every, ...tags, ...rule };
}

/** A policy that lets everything go that is a month old, tagged or not. */
export function policyOf(over: Partial<RetentionPolicy> = {}): RetentionPolicy {
  return {
    rules: [ruleOf({ keepYounger: 30 * day, untaggedOlderThan: 14 * day })],
    keepTags: [],
    grace: 14 * day,
    caps: { percent: 100, perRepository: 1_000_000, whole: 1_000_000 },
    mostSurprises: 5,
    planAge: day,
    byPolicy: [],
    ...over,
  };
}
