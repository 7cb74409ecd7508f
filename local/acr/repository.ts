import type { ChangeableAttributes, ManifestRecord, TagRecord } from './change.ts';
import { createOrderedEntries, type OrderedEntries } from './ordered-entries.ts';

/** What the registry keeps of one repository, indexed for every list it answers. */
export interface Repository {
  readonly name: string;
  readonly createdTime: string;
  readonly lastUpdateTime: string;
  readonly changeableAttributes: ChangeableAttributes;
  readonly manifests: OrderedEntries<ManifestRecord>;
  readonly tags: OrderedEntries<TagRecord>;
  /** Tags by the digest they point to. */
  readonly tagsOf: Map<string, Set<string>>;
  /** Digests of manifests by the subject they refer to. */
  readonly referrersOf: Map<string, Set<string>>;
}

export type RepositoryHead = Pick<
  Repository,
  'name' | 'createdTime' | 'lastUpdateTime' | 'changeableAttributes'
>;

export function createRepository(head: RepositoryHead): Repository {
  return {
    ...head,
    manifests: createOrderedEntries<ManifestRecord>((manifest) => manifest.lastUpdateTime),
    tags: createOrderedEntries<TagRecord>((tag) => tag.lastUpdateTime),
    tagsOf: new Map(),
    referrersOf: new Map(),
  };
}

function addTo(index: Map<string, Set<string>>, key: string, member: string): void {
  const members = index.get(key);
  if (members === undefined) {
    index.set(key, new Set([member]));
  } else {
    members.add(member);
  }
}

function removeFrom(index: Map<string, Set<string>>, key: string, member: string): void {
  const members = index.get(key);
  members?.delete(member);
  if (members?.size === 0) {
    index.delete(key);
  }
}

export function putManifest(repository: Repository, manifest: ManifestRecord): void {
  repository.manifests.set(manifest.digest, manifest);
  if (manifest.subject !== undefined) {
    addTo(repository.referrersOf, manifest.subject, manifest.digest);
  }
}

export function removeManifest(repository: Repository, digest: string): void {
  const subject = repository.manifests.get(digest)?.subject;
  if (subject !== undefined) {
    removeFrom(repository.referrersOf, subject, digest);
  }
  repository.manifests.delete(digest);
}

export function putTag(repository: Repository, tag: TagRecord): void {
  const before = repository.tags.get(tag.name);
  if (before !== undefined) {
    removeFrom(repository.tagsOf, before.digest, tag.name);
  }
  repository.tags.set(tag.name, tag);
  addTo(repository.tagsOf, tag.digest, tag.name);
}

export function removeTag(repository: Repository, name: string): void {
  const tag = repository.tags.get(name);
  if (tag !== undefined) {
    removeFrom(repository.tagsOf, tag.digest, name);
    repository.tags.delete(name);
  }
}

/** The tags that point to a digest, in order. */
export function tagNamesOf(repository: Repository, digest: string): readonly string[] {
  return Array.from(repository.tagsOf.get(digest) ?? []).sort();
}

/** A copy that later changes don't reach. */
export function copyRepository(repository: Repository): Repository {
  return {
    ...repository,
    manifests: repository.manifests.copy(),
    tags: repository.tags.copy(),
    tagsOf: new Map(Array.from(repository.tagsOf, ([digest, tags]) => [digest, new Set(tags)])),
  };
}
