import type { Change, ManifestRecord } from './change.ts';
import { isLocked } from './lock-rules.ts';
import type { RegistryPorts } from './ports.ts';
import { type Repository, tagNamesOf } from './repository.ts';

type RemovalPorts = Pick<RegistryPorts, 'softDelete' | 'timestamp'>;

/** The change that records that something in the repository was updated. */
export function touched(repository: Repository, at: string): Change {
  const { name, createdTime, changeableAttributes } = repository;
  return { op: 'repository', name, createdTime, changeableAttributes, lastUpdateTime: at };
}

/** The changes that remove a tag, kept aside when soft delete is on. */
export function tagRemoval(repository: Repository, name: string, ports: RemovalPorts): readonly Change[] {
  const tag = repository.tags.get(name);
  const kept: readonly Change[] =
    ports.softDelete && tag !== undefined
      ? [
          {
            op: 'tag-softly-deleted',
            repository: repository.name,
            tag: name,
            digest: tag.digest,
            deletedAt: ports.timestamp(),
          },
        ]
      : [];
  return [{ op: 'tag-removed', repository: repository.name, tag: name }, ...kept];
}

function manifestRemoval(
  repository: Repository,
  manifest: ManifestRecord,
  ports: RemovalPorts,
): readonly Change[] {
  const tags = tagNamesOf(repository, manifest.digest).flatMap((tag) => tagRemoval(repository, tag, ports));
  const kept: readonly Change[] = ports.softDelete
    ? [
        {
          op: 'manifest-softly-deleted',
          repository: repository.name,
          manifest,
          repositoryCreatedTime: repository.createdTime,
          deletedAt: ports.timestamp(),
        },
      ]
    : [];
  return [...tags, { op: 'manifest-removed', repository: repository.name, digest: manifest.digest }, ...kept];
}

/** The manifests that refer to a digest, directly or through one another, that aren't locked. */
function unlockedReferrers(repository: Repository, digest: string): readonly ManifestRecord[] {
  const found = new Map<string, ManifestRecord>();
  const open = [digest];
  for (let subject = open.pop(); subject !== undefined; subject = open.pop()) {
    for (const referrer of repository.referrersOf.get(subject) ?? []) {
      const manifest = repository.manifests.get(referrer);
      if (manifest !== undefined && referrer !== digest && !found.has(referrer) && !isLocked(manifest)) {
        found.set(referrer, manifest);
        open.push(referrer);
      }
    }
  }
  return Array.from(found.values());
}

/**
 * The changes that delete a manifest. All its tags go with it, and so do its referrers: the service cleans them
 * up when their subject goes, according to a comment in acr-cli. Locked referrers stay, which is this
 * stand-in's choice. Children of an index stay; children may go while their index stays. A repository
 * disappears with its last manifest (https://github.com/microsoft/vscode-docker/issues/2772).
 */
export function deletionOf(
  repository: Repository,
  manifest: ManifestRecord,
  ports: RemovalPorts,
): readonly Change[] {
  const removed = [manifest, ...unlockedReferrers(repository, manifest.digest)];
  const changes = removed.flatMap((each) => manifestRemoval(repository, each, ports));
  return removed.length === repository.manifests.size
    ? [...changes, { op: 'repository-removed', repository: repository.name }]
    : [...changes, touched(repository, ports.timestamp())];
}

/** The changes that delete a repository whole. */
export function repositoryDeletion(repository: Repository, ports: RemovalPorts): readonly Change[] {
  const manifests = Array.from(repository.manifests.values());
  return [
    ...manifests.flatMap((manifest) => manifestRemoval(repository, manifest, ports)),
    { op: 'repository-removed', repository: repository.name },
  ];
}
