import type { Digest } from '../registry/digest.ts';
import { manifestKind } from '../registry/manifest.ts';
import type { KeepReason } from './keep-reason.ts';
import { neededReasons } from './need.ts';
import type { RepositoryContent, RetentionManifest } from './repository-content.ts';
import type { RetentionPolicy } from './rule.ts';

/** How the manifests of a repository belong together. */
export interface ManifestRelations {
  readonly present: ReadonlyMap<Digest, RetentionManifest>;
  /** What some index lists. */
  readonly listed: ReadonlySet<Digest>;
  /** What signs, describes or attests a manifest. */
  readonly referrers: ReadonlyMap<Digest, readonly Digest[]>;
}

/** Why a manifest stays by itself, whatever becomes of its tags and of what it belongs to. */
export function ownReasons(
  manifest: RetentionManifest,
  content: RepositoryContent,
  policy: RetentionPolicy,
): KeepReason[] {
  const { digest, changedAt } = manifest;
  const { softDeleted, now } = content;
  const reasons = [...neededReasons(manifest, content)];
  if (now - changedAt < policy.grace) reasons.push(young);
  if (softDeleted?.has(digest) === true) reasons.push(twin);
  if (!isKnownKind(manifest)) reasons.push(unknownType);
  else if (!manifest.isDescribed) reasons.push(unread);
  else if (manifest.isUnreadable) reasons.push(unreadable);
  return reasons;
}

/** Whether nobody knows what a manifest lists: an index that was not read, or something of an unknown type. */
export function mayListAnything(manifest: RetentionManifest): boolean {
  if (manifestKind(manifest.mediaType ?? '') === 'image') return false;
  return !isKnownKind(manifest) || !manifest.isDescribed || manifest.isUnreadable;
}

/** A rule that lets images without tags of the repository go: its place in the policy, and its age in milliseconds. */
export interface UntaggedRule {
  readonly index: number;
  readonly age: number;
}

/** The rules about images without tags of a repository; without any, they stay. */
export function untaggedRules(
  { repository: { repository } }: Pick<RepositoryContent, 'repository'>,
  { rules }: RetentionPolicy,
): readonly UntaggedRule[] {
  return rules.flatMap(({ untaggedOlderThan, repositories }, index) =>
    untaggedOlderThan !== undefined && repositories.matches(repository)
      ? [{ index, age: untaggedOlderThan }]
      : [],
  );
}

/** Why an image without tags that nothing lists, and that is about nothing, stays by the rules. */
export function untaggedReasons(
  { changedAt }: RetentionManifest,
  now: number,
  rules: readonly UntaggedRule[],
): readonly KeepReason[] {
  if (rules.length === 0) return noRule;
  return rules
    .filter(({ age }) => now - changedAt < age)
    .map(({ index }) => ({ code: 'age', detail: `rules.${index}: younger than untaggedOlderThan` }));
}

/** How the manifests of a repository belong together, as far as they are there. */
export function relationsOf(manifests: readonly RetentionManifest[]): ManifestRelations {
  const present = new Map(manifests.map((manifest) => [manifest.digest, manifest]));
  const listed = new Set<Digest>();
  const referrers = new Map<Digest, Digest[]>();
  for (const { digest, children, subject } of manifests) {
    for (const child of children) if (present.has(child)) listed.add(child);
    if (subject !== undefined && present.has(subject)) add(referrers, subject, digest);
  }
  return { present, listed, referrers };
}

function isKnownKind({ mediaType }: RetentionManifest): boolean {
  return manifestKind(mediaType ?? '') !== 'unknown';
}

function add(lists: Map<Digest, Digest[]>, key: Digest, value: Digest): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

const young: KeepReason = { code: 'young', detail: 'changed within the grace' };
const twin: KeepReason = { code: 'soft-deleted-twin' };
const unknownType: KeepReason = { code: 'unknown-media-type' };
const unread: KeepReason = { code: 'index-unreadable', detail: 'it was not read yet' };
const unreadable: KeepReason = { code: 'index-unreadable', detail: 'it could not be read' };
const noRule: readonly KeepReason[] = [{ code: 'no-rule' }];
