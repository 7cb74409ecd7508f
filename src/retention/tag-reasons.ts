import { subjectOfTag } from '../protection/referrer-kind.ts';
import type { Digest } from '../registry/digest.ts';
import type { Asked } from './asked.ts';
import type { KeepReason } from './keep-reason.ts';
import { isLocked, lockReason, neededReasons, workloadsText } from './need.ts';
import type { RepositoryContent, RetentionManifest, RetentionTag } from './repository-content.ts';
import type { RetentionPolicy, RetentionRule } from './rule.ts';

/** Milliseconds for which a pushed tag stays whatever rules say: what is to run it may not have been seen yet. */
const settlingMs = 3_600_000;

/**
 * Why each tag stays, by what rules, workloads and approvals say of it and of what it names; a tag that is not in it may go,
 * unless it is about a manifest that stays.
 */
export function tagReasons(
  content: RepositoryContent,
  policy: RetentionPolicy,
  present: ReadonlyMap<Digest, RetentionManifest>,
  asked?: Asked,
): ReadonlyMap<string, readonly KeepReason[]> {
  const { repository, tags, now } = content;
  const rules = rulesFor(content, policy, present);
  const always = policy.keepTags.filter(({ repositories }) => repositories.matches(repository.repository));
  const reasons = new Map<string, readonly KeepReason[]>();
  for (const tag of tags) {
    const found: KeepReason[] = [];
    const manifest = present.get(tag.digest);
    const isAsked = asked?.tags.has(tag.tag) === true;
    if (asked !== undefined && !isAsked) found.push(notAsked);
    else if (!isAboutSome(tag, present)) found.push(...ruleReasons(tag, rules, now, isAsked));
    if (always.some(({ tags: pattern }) => pattern.matches(tag.tag))) found.push(alwaysKept);
    const named = content.tagUses.get(tag.tag);
    if (named !== undefined) found.push({ code: 'in-use', detail: workloadsText(named) });
    if (isLocked(tag.locks)) found.push(lockReason(content.ownLocks.has(tag.tag)));
    if (now - tag.pushedAt < settlingMs) found.push(justPushed);
    found.push(...(manifest === undefined ? notRecorded : neededReasons(manifest, content)));
    if (found.length > 0) reasons.set(tag.tag, found);
  }
  return reasons;
}

/** Whether a tag is a signature's or the like, by its name, of a manifest that is there: it stays or goes with that. */
function isAboutSome({ tag }: RetentionTag, present: ReadonlyMap<Digest, RetentionManifest>): boolean {
  const subject = subjectOfTag(tag);
  return subject !== undefined && present.has(subject);
}

/** Why something stays that whoever wants to delete others did not name. */
export const notAsked: KeepReason = { code: 'not-asked' };

// Shared by all that have the same: a registry has hundreds of thousands of items.
const alwaysKept: KeepReason = { code: 'pattern', detail: 'keepTags' };
const notRecorded: readonly KeepReason[] = [{ code: 'not-recorded', detail: 'its manifest' }];
const noRule: KeepReason = { code: 'no-rule' };
const justPushed: KeepReason = { code: 'young', detail: 'pushed within the last hour' };

/** A rule about tags of the repository, with the digests it keeps for being the newest. */
interface TagsRule {
  readonly rule: RetentionRule;
  readonly covers: ReadonlySet<string>;
  readonly newest: ReadonlySet<Digest>;
  readonly newestReason: KeepReason;
  readonly ageReason: KeepReason;
}

function rulesFor(
  { repository, tags }: RepositoryContent,
  { rules }: RetentionPolicy,
  present: ReadonlyMap<Digest, RetentionManifest>,
): readonly TagsRule[] {
  const images = tags.filter((tag) => !isAboutSome(tag, present));
  return rules.flatMap((rule, index): readonly TagsRule[] => {
    const { keepNewest, keepYounger } = rule;
    if (!rule.repositories.matches(repository.repository)) return [];
    if (keepNewest === undefined && keepYounger === undefined) return [];
    const pattern = rule.tags?.tags;
    const covered = pattern === undefined ? images : images.filter(({ tag }) => pattern.matches(tag));
    return [
      {
        rule,
        covers: new Set(covered.map(({ tag }) => tag)),
        newest: newestOf(covered, keepNewest ?? 0),
        newestReason: { code: 'newest', detail: `rules.${index}: one of the newest ${keepNewest}` },
        ageReason: { code: 'age', detail: `rules.${index}: younger than keepYounger` },
      },
    ];
  });
}

/** The images last pushed. One with several tags counts once, so that its names do not crowd out others. */
function newestOf(tags: readonly RetentionTag[], count: number): ReadonlySet<Digest> {
  if (count === 0) return new Set();
  const newest = new Set<Digest>();
  const newestFirst = [...tags].sort((a, b) => b.pushedAt - a.pushedAt || (a.tag < b.tag ? -1 : 1));
  for (const { digest } of newestFirst) {
    newest.add(digest);
    if (newest.size === count) break;
  }
  return newest;
}

/** A tag that several rules are about goes only when all of them let it. */
function ruleReasons(
  tag: RetentionTag,
  rules: readonly TagsRule[],
  now: number,
  isAsked: boolean,
): readonly KeepReason[] {
  const about = rules.filter(({ covers }) => covers.has(tag.tag));
  if (about.length === 0) return isAsked ? [] : [noRule];
  return about.flatMap(({ rule, newest, newestReason, ageReason }) => [
    ...(newest.has(tag.digest) ? [newestReason] : []),
    ...(rule.keepYounger !== undefined && now - tag.pushedAt < rule.keepYounger ? [ageReason] : []),
  ]);
}
