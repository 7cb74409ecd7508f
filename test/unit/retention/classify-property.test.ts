import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { subjectOfTag } from '../../../src/protection/referrer-kind.ts';
import type { Digest } from '../../../src/registry/digest.ts';
import type { Asked } from '../../../src/retention/asked.ts';
import { classifyRepository } from '../../../src/retention/classify.ts';
import type { KeepReason } from '../../../src/retention/keep-reason.ts';
import type { PlanItem } from '../../../src/retention/plan.ts';
import type { RepositoryContent, RetentionManifest } from '../../../src/retention/repository-content.ts';
import type { RetentionPolicy } from '../../../src/retention/rule.ts';
import {
  anyDigest,
  anyKept,
  anyNeed,
  anyTag,
  randomContent,
  randomPolicy,
} from '../../builders/random-retention.ts';
import {
  contentOf,
  day,
  digestOf,
  imageOf,
  indexOf,
  now,
  policyOf,
  ruleOf,
} from '../../builders/retention-content.ts';

const hour = 3_600_000;
const runs = { numRuns: 400 };
const anyContent = fc.oneof(
  { weight: 3, arbitrary: randomContent('whole') },
  { weight: 1, arbitrary: randomContent('partial') },
);

/** What is decided, by name: a tag's own, a manifest's digest. */
function decided(content: RepositoryContent, policy: RetentionPolicy, asked?: Asked) {
  const items = classifyRepository(content, policy, asked);
  const manifests = items.filter(({ tag }) => tag === undefined);
  const tags = items.filter((item): item is PlanItem & { readonly tag: string } => item.tag !== undefined);
  return {
    items,
    tags,
    manifests,
    deleted: new Set(manifests.filter(({ action }) => action === 'delete').map(({ digest }) => digest)),
    untagged: new Set(tags.filter(({ action }) => action === 'untag').map(({ tag }) => tag)),
  };
}

/** What goes, as a set of texts. */
function goingOf(content: RepositoryContent, policy: RetentionPolicy): ReadonlySet<string> {
  const { deleted, untagged } = decided(content, policy);
  return new Set([...deleted, ...untagged]);
}

/** What has to be there for a manifest to be whole, of what is there: its parts, and what is about it. */
function neededBy(manifest: RetentionManifest, { manifests, tags }: RepositoryContent): readonly Digest[] {
  const present = new Set(manifests.map(({ digest }) => digest));
  return [
    ...manifest.children,
    ...manifests.filter(({ subject }) => subject === manifest.digest).map(({ digest }) => digest),
    ...tags.filter(({ tag }) => subjectOfTag(tag) === manifest.digest).map(({ digest }) => digest),
  ].filter((digest) => present.has(digest));
}

/** Whether something lists what it is about, at some depth: the order of parts is then against that of referrers. */
function isRing({ digest, subject }: RetentionManifest, { manifests }: RepositoryContent): boolean {
  const after = new Set([digest]);
  for (const one of after) {
    for (const next of manifests.find((manifest) => manifest.digest === one)?.children ?? []) after.add(next);
    for (const referrer of manifests) if (referrer.subject === one) after.add(referrer.digest);
  }
  return subject !== undefined && after.has(subject);
}

describe('what becomes of any repository', () => {
  it('when anything is decided, every tag and manifest is decided once, what goes in order at the end', () => {
    fc.assert(
      fc.property(anyContent, randomPolicy, (content, policy) => {
        const { items, tags, manifests, deleted } = decided(content, policy);
        expect(tags.map(({ tag }) => tag).sort()).toEqual(content.tags.map(({ tag }) => tag).sort());
        expect(manifests.map(({ digest }) => digest).sort()).toEqual(
          content.manifests.map(({ digest }) => digest).sort(),
        );
        expect(items.slice(0, tags.length)).toEqual(tags);
        expect(tags.every(({ action }) => action !== 'delete')).toBe(true);
        expect(manifests.every(({ action }) => action !== 'untag')).toBe(true);
        expect(items.slice(items.length - deleted.size).map(({ order }) => order)).toEqual(
          Array.from(deleted, (_, order) => order),
        );
      }),
      runs,
    );
  });

  it('when something is kept it has a reason, and when it goes it has none', () => {
    fc.assert(
      fc.property(anyContent, randomPolicy, (content, policy) => {
        for (const { action, reasons } of decided(content, policy).items) {
          expect(reasons.length > 0).toBe(action === 'keep');
        }
      }),
      runs,
    );
  });

  it('when a manifest is kept, so is everything it is not whole without (F1, F2, F3, F17)', () => {
    fc.assert(
      fc.property(anyContent, randomPolicy, (content, policy) => {
        const { deleted } = decided(content, policy);
        for (const manifest of content.manifests.filter(({ digest }) => !deleted.has(digest))) {
          expect(neededBy(manifest, content).filter((digest) => deleted.has(digest))).toEqual([]);
        }
      }),
      runs,
    );
  });

  it('when a manifest is kept, so is what it is about: registries delete referrers along with their subject', () => {
    fc.assert(
      fc.property(anyContent, randomPolicy, (content, policy) => {
        const { deleted } = decided(content, policy);
        const kept = content.manifests.filter(({ digest }) => !deleted.has(digest));
        expect(kept.filter(({ subject }) => subject !== undefined && deleted.has(subject))).toEqual([]);
      }),
      runs,
    );
  });

  it('when a manifest goes, no tag names it, before the plan or after', () => {
    fc.assert(
      fc.property(anyContent, randomPolicy, (content, policy) => {
        const { deleted } = decided(content, policy);
        expect(content.tags.filter(({ digest }) => deleted.has(digest))).toEqual([]);
      }),
      runs,
    );
  });

  it('when something is used, approved, held, locked, young, unread or softly deleted, it stays', () => {
    fc.assert(
      fc.property(anyContent, randomPolicy, (content, policy) => {
        const { deleted } = decided(content, policy);
        const { uses, kept, softDeleted } = content;
        for (const manifest of content.manifests.filter(({ digest }) => deleted.has(digest))) {
          const { digest, children, locks, changedAt, isDescribed, isUnreadable } = manifest;
          expect([digest, ...children].some((one) => uses.has(one))).toBe(false);
          expect(kept.has(digest)).toBe(false);
          expect(locks).toMatchObject({ canDelete: true, canWrite: true });
          expect(now - changedAt).toBeGreaterThanOrEqual(policy.grace);
          expect({ isDescribed, isUnreadable }).toEqual({ isDescribed: true, isUnreadable: false });
          expect(softDeleted?.has(digest)).toBe(false);
        }
      }),
      runs,
    );
  });

  it('when a tag goes, nobody names it, its image is not needed, and every rule about it lets it', () => {
    fc.assert(
      fc.property(anyContent, randomPolicy, (content, policy) => {
        const { untagged } = decided(content, policy);
        for (const { tag, digest, locks, pushedAt } of content.tags.filter(({ tag }) => untagged.has(tag))) {
          expect(content.tagUses.has(tag) || content.uses.has(digest) || content.kept.has(digest)).toBe(
            false,
          );
          expect(content.manifests.some((manifest) => manifest.digest === digest)).toBe(true);
          expect(locks).toMatchObject({ canDelete: true, canWrite: true });
          expect(policy.keepTags.some(({ tags }) => tags.matches(tag))).toBe(false);
          if (subjectOfTag(tag) !== undefined) continue;
          const rules = policy.rules.filter(
            (rule) =>
              (rule.tags?.tags.matches(tag) ?? true) && (rule.keepNewest ?? rule.keepYounger) !== undefined,
          );
          expect(rules).not.toEqual([]);
          for (const { keepYounger = 0 } of rules) expect(now - pushedAt).toBeGreaterThanOrEqual(keepYounger);
        }
      }),
      runs,
    );
  });

  it('when something is deleted, what lists it and what it is about went before it', () => {
    fc.assert(
      fc.property(anyContent, randomPolicy, (content, policy) => {
        const { manifests } = decided(content, policy);
        const place = new Map(manifests.map(({ digest, order }) => [digest, order]));
        const hasRing = content.manifests.some((manifest) => isRing(manifest, content));
        for (const { digest, children, subject } of content.manifests) {
          const own = place.get(digest);
          if (own === undefined) continue;
          for (const child of children) expect(place.get(child) ?? Infinity).toBeGreaterThan(own);
          const about = subject === undefined ? undefined : place.get(subject);
          if (about !== undefined && !hasRing) expect(about).toBeLessThan(own);
        }
      }),
      runs,
    );
  });

  it('when an index lists what it is about, and that is about something more, all of it goes', () => {
    const content = contentOf({
      manifests: [
        imageOf('last'),
        imageOf('part', { subject: digestOf('last') }),
        indexOf('index', ['part'], { subject: digestOf('part') }),
      ],
    });
    const { manifests } = decided(content, policyOf());
    expect(manifests.map(({ digest, order }) => [digest, order])).toEqual([
      [digestOf('last'), 0],
      [digestOf('index'), 1],
      [digestOf('part'), 2],
    ]);
  });

  it.each([
    ['some source was not read', { unclaimed: 'unknown' }],
    ['it is held whole', { heldBy: 'a-hold' }],
    ['it was not compared for more than a day', { comparedAt: now - 27 * hour }],
    ['it was never compared', { comparedAt: undefined }],
  ] as const)('when %s, nothing goes (F7, F10, F11)', (_, over) => {
    fc.assert(
      fc.property(anyContent, randomPolicy, ({ comparedAt, ...content }, policy) => {
        const { comparedAt: lately, ...changed } = { comparedAt, ...content, ...over };
        const doubtful = { ...changed, ...(lately === undefined ? {} : { comparedAt: lately }) };
        expect(goingOf(doubtful, policy)).toEqual(new Set());
      }),
      runs,
    );
  });

  it('when everything changed a moment less than the grace ago, no manifest goes', () => {
    fc.assert(
      fc.property(randomContent('whole'), randomPolicy, (content, policy) => {
        const changedAt = now - policy.grace + 1;
        const manifests = content.manifests.map((manifest) => ({ ...manifest, changedAt }));
        const rules = [ruleOf({ untaggedOlderThan: hour })];
        expect(decided({ ...content, manifests }, { ...policy, rules }).deleted).toEqual(new Set());
      }),
      runs,
    );
  });

  it('when an index, or what nobody knows, was not read, no manifest goes (F1)', () => {
    fc.assert(
      fc.property(randomContent('whole'), randomPolicy, fc.nat(), (content, policy, choice) => {
        const unread = choice % content.manifests.length;
        const manifests = content.manifests.map((manifest, place) =>
          place === unread ? { ...manifest, mediaType: 'application/vnd.contoso.thing' } : manifest,
        );
        expect(decided({ ...content, manifests }, policy).deleted).toEqual(new Set());
      }),
      runs,
    );
  });
});

/** Whether a reason is true, as far as it can be told from what the decision rests on. */
function isTrue(
  { code, of }: KeepReason,
  item: PlanItem,
  content: RepositoryContent,
  policy: RetentionPolicy,
) {
  const { deleted, untagged } = decided(content, policy);
  const manifest = content.manifests.find(({ digest }) => digest === item.digest);
  const tag = content.tags.find((one) => one.tag === item.tag);
  const kept = (digest: Digest | undefined) =>
    content.manifests.find((one) => one.digest === digest && !deleted.has(one.digest));
  const uses = [item.digest, ...(manifest?.children ?? [])].flatMap(
    (digest) => content.uses.get(digest) ?? [],
  );
  const rules = policy.rules.filter(
    (rule) => tag === undefined || (rule.tags?.tags.matches(tag.tag) ?? true),
  );
  const locks = [manifest?.locks, tag?.locks].filter((one) => one !== undefined);
  switch (code) {
    case 'in-use':
      return uses.some(({ isExact }) => isExact) || content.tagUses.has(tag?.tag ?? '');
    case 'inferred-use':
      return uses.some(({ isExact }) => !isExact);
    case 'approved':
    case 'rollback-window':
    case 'held':
      return content.kept.get(item.digest)?.some((one) => one.code === code) === true;
    case 'locked':
      return locks.some(({ canDelete, canWrite }) => !canDelete || !canWrite);
    case 'part-of-kept':
      return kept(of)?.children.includes(item.digest) === true;
    case 'referrer-of-kept':
      return (
        kept(of) !== undefined &&
        (manifest?.subject === of ||
          content.tags.some(({ tag: name, digest }) => digest === item.digest && subjectOfTag(name) === of))
      );
    case 'subject-of-kept':
      return kept(of)?.subject === item.digest;
    case 're-tagged':
      return manifest?.subject === of && now - (kept(of)?.changedAt ?? 0) <= policy.grace;
    case 'young':
      // Of a manifest whose tags go, or are about something and go with that: it stays until it has had none for the grace.
      return (
        now - (tag?.pushedAt ?? manifest?.changedAt ?? 0) < policy.grace ||
        content.tags.some(
          ({ tag: name, digest }) =>
            digest === item.digest && (untagged.has(name) || subjectOfTag(name) !== undefined),
        )
      );
    case 'newest':
      return tag !== undefined && rules.some(({ keepNewest }) => keepNewest !== undefined);
    case 'pattern':
      return policy.keepTags.some(({ tags }) => tags.matches(tag?.tag ?? ''));
    case 'age':
      return rules.some(
        ({ keepYounger = 0, untaggedOlderThan = 0 }) =>
          now - (tag?.pushedAt ?? manifest?.changedAt ?? 0) <
          (tag === undefined ? untaggedOlderThan : keepYounger),
      );
    case 'no-rule':
      return rules.every((rule) => (rule.keepNewest ?? rule.keepYounger) === undefined);
    case 'tagged':
      return content.tags.some(({ tag: name, digest }) => digest === item.digest && !untagged.has(name));
    case 'not-recorded':
      return manifest === undefined;
    case 'index-unreadable':
      return content.manifests.some(
        (one) =>
          (one.digest === (of ?? item.digest) && (!one.isDescribed || one.isUnreadable)) ||
          (one.digest === of && one.mediaType === 'text/plain'),
      );
    case 'unknown-media-type':
      return manifest?.mediaType === 'text/plain';
    case 'soft-deleted-twin':
      return content.softDeleted?.has(item.digest) === true;
    default:
      return false;
  }
}

describe('the reasons', () => {
  it('when any is given, it is true', () => {
    fc.assert(
      fc.property(anyContent, randomPolicy, (content, policy) => {
        for (const item of classifyRepository(content, policy)) {
          const untrue = item.reasons.filter((reason) => !isTrue(reason, item, content, policy));
          expect({ item, untrue }).toEqual({ item, untrue: [] });
        }
      }),
      runs,
    );
  });

  it('when random repositories are decided, enough goes that something is tried', () => {
    const sampled = fc.sample(fc.tuple(randomContent('whole'), randomPolicy), { numRuns: 400, seed: 7 });
    const going = sampled.map(([content, policy]) => decided(content, policy));
    const part = (some: typeof going) => some.length / going.length;
    expect(part(going.filter(({ deleted }) => deleted.size > 0))).toBeGreaterThan(0.25);
    expect(part(going.filter(({ deleted }) => deleted.size > 2))).toBeGreaterThan(0.05);
    expect(part(going.filter(({ untagged }) => untagged.size > 0))).toBeGreaterThan(0.1);
    expect(part(going.filter(({ manifests }) => manifests.some(isPart)))).toBeGreaterThan(0.25);
  });
});

function isPart({ reasons }: PlanItem): boolean {
  return reasons.length > 0 && reasons.every(({ code }) => code === 'part-of-kept');
}

/** What may become known of a repository, that speaks for something in it. */
const learned: fc.Arbitrary<(content: RepositoryContent) => RepositoryContent> = fc.oneof(
  fc.tuple(anyDigest, anyNeed).map(([digest, need]) => (content: RepositoryContent) => ({
    ...content,
    uses: new Map([...content.uses, [digest, need]]),
  })),
  fc.tuple(anyTag, anyNeed).map(([tag, need]) => (content: RepositoryContent) => ({
    ...content,
    tagUses: new Map([...content.tagUses, [tag, need]]),
  })),
  fc.tuple(anyDigest, anyKept).map(([digest, one]) => (content: RepositoryContent) => ({
    ...content,
    kept: new Map([...content.kept, [digest, [...(content.kept.get(digest) ?? []), one]]]),
  })),
  anyDigest.map((digest) => (content: RepositoryContent) => ({
    ...content,
    softDeleted: new Set([...(content.softDeleted ?? []), digest]),
  })),
  anyDigest.map((digest) => changing(digest, ({ locks }) => ({ locks: { ...locks, canDelete: false } }))),
  anyDigest.map((digest) => changing(digest, () => ({ changedAt: now - day / 2 }))),
  anyDigest.map((digest) => changing(digest, () => ({ isUnreadable: true }))),
  anyDigest.map((digest) => changing(digest, () => ({ isDescribed: false }))),
  fc.constantFrom(
    (content: RepositoryContent) => ({ ...content, heldBy: 'a-hold' }),
    (content: RepositoryContent) => ({ ...content, unclaimed: 'unknown' as const }),
  ),
);

function changing(
  digest: Digest,
  change: (manifest: RetentionManifest) => Partial<RetentionManifest>,
): (content: RepositoryContent) => RepositoryContent {
  return (content) => ({
    ...content,
    manifests: content.manifests.map((one) => (one.digest === digest ? { ...one, ...change(one) } : one)),
  });
}

describe('what becomes of a repository of which more is known', () => {
  it('when something speaks for an image, no more goes than before', () => {
    fc.assert(
      fc.property(anyContent, randomPolicy, learned, (content, policy, learn) => {
        const before = goingOf(content, policy);
        expect([...goingOf(learn(content), policy)].filter((one) => !before.has(one))).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('when another rule is added about what rules are about already, no more goes than before', () => {
    fc.assert(
      fc.property(anyContent, randomPolicy, (content, policy) => {
        const all = { ...policy, rules: [ruleOf({ keepYounger: day, untaggedOlderThan: day })] };
        const before = goingOf(content, all);
        const more = goingOf(content, { ...all, rules: [...all.rules, ...policy.rules] });
        expect([...more].filter((one) => !before.has(one))).toEqual([]);
      }),
      runs,
    );
  });

  it('when the same is told in another order, the same goes', () => {
    fc.assert(
      fc.property(anyContent, randomPolicy, (content, policy) => {
        const turned = {
          ...content,
          tags: content.tags.toReversed(),
          manifests: content.manifests.toReversed(),
        };
        expect(goingOf(turned, policy)).toEqual(goingOf(content, policy));
      }),
      runs,
    );
  });
});

/** What somebody else may want to delete: often much, so that something goes. */
const anyAsked: fc.Arbitrary<Asked> = fc.record({
  tags: fc.uniqueArray(anyTag, { minLength: 3 }).map((tags) => new Set(tags)),
  digests: fc.uniqueArray(anyDigest, { minLength: 6 }).map((digests) => new Set(digests)),
});

describe('what somebody else may delete', () => {
  it('when anything is asked about, no more goes than that and what is about it', () => {
    fc.assert(
      fc.property(anyContent, randomPolicy, anyAsked, (content, policy, asked) => {
        const { deleted, untagged } = decided(content, policy, asked);
        const subjectOf = new Map(content.manifests.map(({ digest, subject }) => [digest, subject]));
        for (const digest of deleted) {
          let about: Digest | undefined = digest;
          while (about !== undefined && !asked.digests.has(about)) about = subjectOf.get(about);
          expect(about).toBeDefined();
        }
        expect([...untagged].filter((tag) => !asked.tags.has(tag))).toEqual([]);
      }),
      runs,
    );
  });

  it('when all of it is deleted, what stays is whole, and every tag still names something', () => {
    fc.assert(
      fc.property(anyContent, randomPolicy, anyAsked, (content, policy, asked) => {
        const { deleted, untagged } = decided(content, policy, asked);
        for (const manifest of content.manifests.filter(({ digest }) => !deleted.has(digest))) {
          expect(neededBy(manifest, content).filter((digest) => deleted.has(digest))).toEqual([]);
          expect(manifest.subject !== undefined && deleted.has(manifest.subject)).toBe(false);
        }
        const dangling = content.tags.filter(({ tag, digest }) => deleted.has(digest) && !untagged.has(tag));
        expect(dangling).toEqual([]);
      }),
      runs,
    );
  });

  it('when it is used, approved, held, locked or unread, it stays whoever asks', () => {
    fc.assert(
      fc.property(anyContent, randomPolicy, anyAsked, (content, policy, asked) => {
        const { deleted, items } = decided(content, policy, asked);
        for (const manifest of content.manifests.filter(({ digest }) => deleted.has(digest))) {
          const { digest, children, locks, isDescribed, isUnreadable } = manifest;
          expect([digest, ...children].some((one) => content.uses.has(one))).toBe(false);
          expect(content.kept.has(digest)).toBe(false);
          expect(locks).toMatchObject({ canDelete: true, canWrite: true });
          expect({ isDescribed, isUnreadable }).toEqual({ isDescribed: true, isUnreadable: false });
        }
        for (const { action, reasons } of items) expect(reasons.length > 0).toBe(action === 'keep');
        const doubtful = { ...content, unclaimed: 'unknown' as const };
        expect(decided(doubtful, policy, asked)).toMatchObject({ deleted: new Set(), untagged: new Set() });
      }),
      runs,
    );
  });

  it('when random repositories are asked about, enough goes that something is tried', () => {
    const sampled = fc.sample(fc.tuple(randomContent('whole'), randomPolicy, anyAsked), {
      numRuns: 400,
      seed: 7,
    });
    const going = sampled.map(([content, policy, asked]) => decided(content, policy, asked));
    expect(going.filter(({ deleted }) => deleted.size > 0).length).toBeGreaterThan(80);
    expect(going.filter(({ untagged }) => untagged.size > 0).length).toBeGreaterThan(20);
  });
});
