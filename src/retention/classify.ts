import { subjectOfTag } from '../protection/referrer-kind.ts';
import type { Digest } from '../registry/digest.ts';
import { type Asked, withReferrers } from './asked.ts';
import { deletionOrder } from './deletion-order.ts';
import type { KeepReason } from './keep-reason.ts';
import { keepWhatBelongs, tagsAbout } from './kept-closure.ts';
import {
  type ManifestRelations,
  mayListAnything,
  ownReasons,
  relationsOf,
  untaggedReasons,
  untaggedRules,
} from './manifest-reasons.ts';
import type { PlanItem } from './plan.ts';
import type { RepositoryContent, RetentionManifest, RetentionTag } from './repository-content.ts';
import type { RetentionPolicy } from './rule.ts';
import { notAsked, tagReasons } from './tag-reasons.ts';

/** Milliseconds after which a comparison says too little of what a repository holds now. */
const comparisonGoodMs = 26 * 3_600_000;

/**
 * What becomes of every tag and manifest of a repository, and why. A manifest goes only when nothing keeps it: no tag, no
 * reason of its own, nothing that is kept lists it, is about it or would go with it, and everything that could say otherwise
 * is known. Tags that go leave their manifests until these have had no tag for the grace. With `asked`, it is what somebody
 * else may delete of that, all of it together. Pure, and linear in what there is.
 */
export function classifyRepository(
  content: RepositoryContent,
  policy: RetentionPolicy,
  askedFor?: Asked,
): readonly PlanItem[] {
  const relations = relationsOf(content.manifests);
  const asked = askedFor && withReferrers(askedFor, relations);
  const forAll = reasonsForAll(content);
  const ofTags = tagReasons(content, policy, relations.present, asked);
  const reasons = manifestReasons({ content, policy, relations, ofTags, asked }, forAll.length > 0);
  keepWhatBelongs(reasons, relations, tagsAbout(content.tags, relations.present));

  const ordered = deletionOrder(content.manifests.filter(({ digest }) => !reasons.has(digest)));
  const going = new Set(ordered.map(({ digest }) => digest));
  const kept = content.manifests.filter(({ digest }) => !going.has(digest));
  return [
    ...content.tags.map((tag) => tagItem(tag, ofTags.get(tag.tag) ?? [], forAll, going, relations)),
    ...kept.map(
      ({ digest }): PlanItem => ({
        digest,
        action: 'keep',
        reasons: [...forAll, ...(reasons.get(digest) ?? [listsItself])],
      }),
    ),
    ...ordered.map(
      ({ digest, size = 0 }, order): PlanItem => ({
        digest,
        action: 'delete',
        reasons: [],
        order,
        freed: { atLeast: 0, atMost: size },
      }),
    ),
  ];
}

interface Classification {
  readonly content: RepositoryContent;
  readonly policy: RetentionPolicy;
  readonly relations: ManifestRelations;
  readonly ofTags: ReadonlyMap<string, readonly KeepReason[]>;
  readonly asked: Asked | undefined;
}

/** Why nothing of the repository may go. */
function reasonsForAll(content: RepositoryContent): readonly KeepReason[] {
  const { unclaimed, doubts, heldBy, comparedAt, now } = content;
  const reasons: KeepReason[] = [];
  if (heldBy !== undefined) reasons.push({ code: 'held', detail: heldBy });
  if (comparedAt === undefined) reasons.push({ code: 'history-stale', detail: 'never compared whole' });
  else if (now - comparedAt > comparisonGoodMs) {
    reasons.push({ code: 'history-stale', detail: `last compared ${new Date(comparedAt).toISOString()}` });
  }
  if (unclaimed === 'unknown') reasons.push(...(doubts.length === 0 ? [unknownUses] : doubts));
  return reasons;
}

/** Why each manifest stays, apart from what it belongs to. Where all stay anyway, every one of them has an entry. */
function manifestReasons(
  { content, policy, relations, ofTags, asked }: Classification,
  doAllStay: boolean,
): Map<Digest, KeepReason[]> {
  const tagsOf = new Map<Digest, RetentionTag[]>();
  for (const tag of content.tags) {
    const known = tagsOf.get(tag.digest);
    if (known === undefined) tagsOf.set(tag.digest, [tag]);
    else known.push(tag);
  }
  const unread = content.manifests.find(mayListAnything);
  const rules = untaggedRules(content, policy);
  const reasons = new Map<Digest, KeepReason[]>();
  for (const manifest of content.manifests) {
    const { digest } = manifest;
    const own = ownReasons(manifest, content, policy);
    if (unread !== undefined && unread.digest !== digest) own.push(mayBeListed(unread));
    const tags = tagsOf.get(digest) ?? [];
    const isAsked = asked?.digests.has(digest) === true;
    if (asked !== undefined && !isAsked) own.push(notAsked);
    if (tags.length > 0) own.push(...taggedReasons(tags, ofTags, doAllStay, isAsked));
    else if (!belongsToSome(manifest, relations)) {
      own.push(
        ...untaggedReasons(manifest, content.now, rules).filter(({ code }) => !isAsked || code !== 'no-rule'),
      );
    }
    if (isSubjectRecent(manifest, relations, content.now - policy.grace)) own.push(reTagged(manifest));
    if (own.length > 0 || doAllStay) reasons.set(digest, own);
  }
  return reasons;
}

function mayBeListed({ digest }: RetentionManifest): KeepReason {
  return { code: 'index-unreadable', detail: 'this may list it', of: digest };
}

/** Whoever asks about a manifest with all its tags removes them first. */
function taggedReasons(
  tags: readonly RetentionTag[],
  ofTags: ReadonlyMap<string, readonly KeepReason[]>,
  doAllStay: boolean,
  isAsked: boolean,
): readonly KeepReason[] {
  const kept = tags.find(({ tag }) => doAllStay || ofTags.has(tag));
  if (kept !== undefined) return [{ code: 'tagged', detail: kept.tag }];
  return isAsked ? [] : [tagsFirst];
}

/** Whether rules about untagged images leave it out: it is a part, or is about something that is there. */
function belongsToSome({ digest, subject }: RetentionManifest, relations: ManifestRelations): boolean {
  return relations.listed.has(digest) || (subject !== undefined && relations.present.has(subject));
}

function isSubjectRecent(
  { subject }: RetentionManifest,
  { present }: ManifestRelations,
  since: number,
): boolean {
  const about = subject === undefined ? undefined : present.get(subject);
  return about !== undefined && about.changedAt > since;
}

function reTagged({ subject }: RetentionManifest): KeepReason {
  return { code: 're-tagged', ...(subject === undefined ? {} : { of: subject }) };
}

/** A tag that is about a manifest stays with it. */
function tagItem(
  { tag, digest }: RetentionTag,
  own: readonly KeepReason[],
  forAll: readonly KeepReason[],
  going: ReadonlySet<Digest>,
  { present }: ManifestRelations,
): PlanItem {
  const subject = subjectOfTag(tag);
  const isSubjectKept = subject !== undefined && present.has(subject) && !going.has(subject);
  const about: readonly KeepReason[] = isSubjectKept ? [{ code: 'referrer-of-kept', of: subject }] : [];
  const reasons = [...forAll, ...own, ...about];
  return { tag, digest, action: reasons.length > 0 ? 'keep' : 'untag', reasons };
}

const unknownUses: KeepReason = { code: 'coverage-incomplete', detail: 'no source of the inventory' };
const tagsFirst: KeepReason = { code: 'young', detail: 'no sooner than its tags' };
const listsItself: KeepReason = { code: 'index-unreadable', detail: 'it lists itself' };
