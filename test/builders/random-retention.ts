import fc from 'fast-check';
import type { Digest } from '../../src/registry/digest.ts';
import { unlocked } from '../../src/registry/lock-state.ts';
import type {
  Kept,
  NeededBy,
  RepositoryContent,
  RetentionManifest,
  RetentionTag,
} from '../../src/retention/repository-content.ts';
import type { RetentionPolicy } from '../../src/retention/rule.ts';
import { contentOf, day, digestOf, now, patternOf, policyOf, ruleOf } from './retention-content.ts';

const most = 12;
const names = Array.from({ length: most }, (_, index) => `m${index}`);
/** Digests of what may be in a random repository, and one that never is. */
export const anyDigest = fc.constantFrom(...names, 'nowhere').map(digestOf);
const plainTags = ['v1', 'v2', 'v3', 'dev-1', 'dev-2', 'dev-3', 'latest'];
export const anyTag = fc.constantFrom(...plainTags);
export const anyNeed: fc.Arbitrary<NeededBy> = fc.record({
  isExact: fc.boolean(),
  workloads: fc.constant(['aks/prod/web']),
});
export const anyKept: fc.Arbitrary<Kept> = fc.record({
  code: fc.constantFrom('approved', 'rollback-window', 'held'),
  by: fc.constant('an-approval'),
});

/** Seldom anything but old: where much is young, nothing goes and nothing is tried. */
const pushedAt = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 31, max: 400 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 31 }) },
);
const changedAt = pushedAt.map((days) => now - days * day);

function seldom<T>(usual: T, value: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 19, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: value });
}

const locks = seldom(
  unlocked,
  fc.record({
    canDelete: fc.boolean(),
    canWrite: fc.boolean(),
    canRead: fc.constant(true),
    canList: fc.constant(true),
  }),
);

/** Whether almost everything of a random repository is known, so that something of it may go. */
type Knowledge = 'whole' | 'partial';

/** What only lists what came before it: a digest names its own content, so nothing lists itself at any depth. */
function manifestAt(place: number, knowledge: Knowledge): fc.Arbitrary<RetentionManifest> {
  const before = place === 0 ? fc.constant('nowhere') : fc.constantFrom(...names.slice(0, place), 'nowhere');
  const doubt = (usual: boolean) =>
    knowledge === 'whole' ? fc.constant(usual) : seldom(usual, fc.constant(!usual));
  const isIndex = place > 0 && place % 3 !== 0;
  return fc
    .record({
      changedAt,
      locks,
      isDescribed: doubt(true),
      isUnreadable: doubt(false),
      children: fc.uniqueArray(before, { maxLength: isIndex ? 4 : 0 }),
      subject: fc.option(before, { freq: 3 }),
      mediaType:
        knowledge === 'whole' ? fc.constant(undefined) : seldom(undefined, fc.constant('text/plain')),
    })
    .map(({ children, subject, mediaType, ...others }) => ({
      ...others,
      digest: digestOf(`m${place}`),
      mediaType: mediaType ?? `application/vnd.oci.image.${isIndex ? 'index' : 'manifest'}.v1+json`,
      children: children.map(digestOf),
      ...(subject === null ? {} : { subject: digestOf(subject) }),
    }));
}

/** Tags as people give them, and some that name what they are about, as cosign and the referrers tag schema do. */
const tagName = fc.oneof(
  { weight: 5, arbitrary: anyTag },
  {
    weight: 1,
    arbitrary: fc
      .tuple(anyDigest, fc.constantFrom('', '.sig', '.att', '.sbom'))
      .map(([digest, kind]) => `${digest.replace(':', '-')}${kind}`),
  },
);
const tag: fc.Arbitrary<RetentionTag> = fc.record({
  tag: tagName,
  digest: anyDigest,
  pushedAt: changedAt,
  locks,
});

function mapOf<K, V>(key: fc.Arbitrary<K>, value: fc.Arbitrary<V>): fc.Arbitrary<ReadonlyMap<K, V>> {
  return fc.array(fc.tuple(key, value), { maxLength: 1 }).map((entries) => new Map(entries));
}

/**
 * Everything that decides what of a repository may go: nested indexes, shared children, referrers of referrers, signatures
 * by tag, some of it locked, used, approved, young, missing, and where knowledge is partial some of it unread.
 */
export function randomContent(knowledge: Knowledge): fc.Arbitrary<RepositoryContent> {
  return fc.integer({ min: 1, max: most }).chain((count) =>
    fc
      .record({
        manifests: fc.tuple(...names.slice(0, count).map((_, place) => manifestAt(place, knowledge))),
        tags: fc.uniqueArray(tag, { maxLength: 6, selector: (one) => one.tag }),
        uses: mapOf(anyDigest, anyNeed),
        tagUses: mapOf(anyTag, anyNeed),
        kept: mapOf(
          anyDigest,
          anyKept.map((one) => [one]),
        ),
        ownLocks: fc.uniqueArray(fc.oneof(anyTag, anyDigest), { maxLength: 2 }).map((own) => new Set(own)),
        softDeleted: seldom<ReadonlySet<Digest>>(
          new Set(),
          anyDigest.map((digest) => new Set([digest])),
        ),
      })
      .map(contentOf),
  );
}

const rule = fc
  .record(
    {
      tagsLike: fc.constantFrom('dev-.*', 'v.*', '.*'),
      keepNewest: fc.integer({ min: 1, max: 3 }),
      keepYounger: fc.integer({ min: 1, max: 60 }).map((days) => days * day),
      untaggedOlderThan: fc.integer({ min: 1, max: 60 }).map((days) => days * day),
    },
    { requiredKeys: ['untaggedOlderThan'] },
  )
  .map(ruleOf);

/** What may go: usually something may. */
export const randomPolicy: fc.Arbitrary<RetentionPolicy> = fc
  .record({
    rules: fc.array(rule, { minLength: 1, maxLength: 3 }),
    grace: fc.integer({ min: 1, max: 30 }).map((days) => days * day),
    keepTags: seldom<RetentionPolicy['keepTags']>(
      [],
      fc.constant([
        { repositories: patternOf('.*'), tags: patternOf('v1'), matches: ['v1'], mustNotMatch: ['v2'] },
      ]),
    ),
  })
  .map(policyOf);
