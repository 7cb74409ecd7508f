import type { RepositoryId } from '../src/history/fact.ts';
import { type Digest, parseDigest } from '../src/registry/digest.ts';
import { unlocked } from '../src/registry/lock-state.ts';
import type {
  Kept,
  NeededBy,
  RepositoryContent,
  RetentionManifest,
  RetentionTag,
} from '../src/retention/repository-content.ts';

/** The present of seeded repositories. */
const now = Date.UTC(2026, 5, 1);
const day = 86_400_000;
const ociImage = 'application/vnd.oci.image.manifest.v1+json';
const ociIndex = 'application/vnd.oci.image.index.v1+json';

/** Manifests in a group: twelve images with a tag, two indexes with a tag and two children each, a signature, an orphan. */
const groupSize = 20;
const children = new Set([12, 13, 15, 16]);
const indexes = new Set([14, 17]);
const signature = 18;
const orphan = 19;

/**
 * The content of a registry, one repository at a time: the first has half of its manifests, each other at most a tenth. The
 * same for the same sizes: ages of up to 400 days, one in a hundred in use, one in two hundred approved.
 */
export function* seededContents(manifests: number, tags: number): Generator<RepositoryContent> {
  const random = randomFrom(7);
  let left = manifests;
  let leftTags = tags;
  for (let place = 0; left > 0; place += 1) {
    const part = place === 0 ? 0.5 : 0.02 + random() * 0.08;
    const size = Math.min(left, Math.max(groupSize, Math.floor(manifests * part)));
    const repository = { registry: 'contoso.azurecr.io', repository: `team/app-${place}` };
    left -= size;
    const content = contentOf(
      repository,
      size,
      left === 0 ? leftTags : Math.round((tags * size) / manifests),
      random,
    );
    leftTags -= content.tags.length;
    yield content;
  }
}

function contentOf(
  repository: RepositoryId,
  size: number,
  tagCount: number,
  random: () => number,
): RepositoryContent {
  const manifests: RetentionManifest[] = [];
  const tags: RetentionTag[] = [];
  const uses = new Map<Digest, NeededBy>();
  const kept = new Map<Digest, readonly Kept[]>();
  const tagged = (tag: string, digest: Digest, pushedAt: number) =>
    tags.push({ tag, digest, pushedAt, locks: unlocked });
  for (let index = 0; index < size; index += 1) {
    const place = index % groupSize;
    const digest = randomDigest(random);
    const changedAt = now - Math.floor(random() * 400 * day);
    const isIndex = indexes.has(place);
    const below = isIndex ? manifests.slice(-2).map((child) => child.digest) : [];
    const subject = place === signature ? manifests.at(-1)?.digest : undefined;
    manifests.push({
      digest,
      changedAt,
      mediaType: isIndex ? ociIndex : ociImage,
      size: 30_000_000,
      locks: unlocked,
      isDescribed: true,
      isUnreadable: false,
      children: below,
      ...(subject === undefined ? {} : { subject }),
    });
    if (subject !== undefined) tagged(`${subject.replace(':', '-')}.sig`, digest, changedAt);
    else if (!children.has(place) && place !== orphan) tagged(`1.0.${index}`, digest, changedAt);
    if (random() < 0.01) uses.set(digest, { isExact: true, workloads: ['aks/production/web'] });
    if (random() < 0.005) kept.set(digest, [{ code: 'rollback-window', by: `approval-${index}` }]);
  }
  // Second tags of the newest pushes, until there are as many as were asked for.
  for (let index = 0; tags.length < tagCount; index += 1) {
    const image = manifests[(index * groupSize) % size];
    if (image !== undefined) tagged(`build-${index}`, image.digest, image.changedAt);
  }
  return {
    repository,
    tags,
    manifests,
    uses,
    tagUses: new Map(),
    unclaimed: 'unused',
    doubts: [],
    kept,
    ownLocks: new Set(),
    comparedAt: now,
    now,
  };
}

function randomDigest(random: () => number): Digest {
  const bytes = Buffer.alloc(32);
  for (let place = 0; place < 32; place += 4) bytes.writeUInt32BE(Math.floor(random() * 2 ** 32), place);
  const digest = parseDigest(`sha256:${bytes.toString('hex')}`);
  if (digest === undefined) throw new Error('not a digest');
  return digest;
}

/** Numbers from 0 to 1, the same for the same seed: Mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
