import type { ManifestRecord, TagRecord } from './change.ts';
import { type Repository, tagNamesOf } from './repository.ts';

/** A repository's attributes as `/acr/v1` answers them. */
export function repositoryView(registry: string, repository: Repository): unknown {
  const { name, createdTime, lastUpdateTime, changeableAttributes } = repository;
  return {
    registry,
    imageName: name,
    createdTime,
    lastUpdateTime,
    manifestCount: repository.manifests.size,
    tagCount: repository.tags.size,
    changeableAttributes,
  };
}

export function tagView({
  name,
  digest,
  createdTime,
  lastUpdateTime,
  changeableAttributes,
}: TagRecord): unknown {
  return { name, digest, createdTime, lastUpdateTime, signed: false, changeableAttributes };
}

/**
 * A manifest's attributes. `tags` is left out when there are none. In a bulk list the service leaves
 * `references` of an index empty, which is why an index must be read on its own.
 */
export function manifestView(
  repository: Repository,
  manifest: ManifestRecord,
  references: 'full' | 'empty',
): unknown {
  const { digest, imageSize, createdTime, lastUpdateTime, architecture, os } = manifest;
  const tags = tagNamesOf(repository, digest);
  return {
    digest,
    imageSize,
    createdTime,
    lastUpdateTime,
    architecture,
    os,
    mediaType: manifest.mediaType,
    configMediaType: manifest.configMediaType,
    tags: tags.length === 0 ? undefined : tags,
    changeableAttributes: manifest.changeableAttributes,
    references:
      manifest.references === undefined ? undefined : references === 'full' ? manifest.references : [],
  };
}
