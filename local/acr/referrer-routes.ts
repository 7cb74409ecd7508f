import type { ManifestRecord } from './change.ts';
import { indexMediaType } from './manifest-document.ts';
import { parameter, type RegistryRequest, type Reply } from './message.ts';
import type { RegistryPorts } from './ports.ts';
import { noSuchPath } from './problem.ts';
import { digestParameter } from './reference.ts';
import type { Route } from './routing.ts';

function descriptor({ mediaType, size, digest, artifactType, annotations }: ManifestRecord): unknown {
  return {
    mediaType,
    size,
    digest,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

/**
 * The manifests that refer to a digest: always an index, even when nothing is known of the digest.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers
 */
export function referrerRoutes({ state, faults }: RegistryPorts): readonly Route[] {
  function list(request: RegistryRequest): Reply {
    if (!faults.referrers) {
      throw noSuchPath();
    }
    const subject = digestParameter(request);
    const artifactType = request.query.get('artifactType') ?? '';
    const repository = state.repositories.get(parameter(request, 'name'));
    const digests = Array.from(repository?.referrersOf.get(subject) ?? []).sort();
    const manifests = digests
      .flatMap((digest) => repository?.manifests.get(digest) ?? [])
      .filter((manifest) => artifactType === '' || manifest.artifactType === artifactType);
    return {
      status: 200,
      headers: {
        'Content-Type': indexMediaType,
        ...(artifactType === '' ? {} : { 'OCI-Filters-Applied': 'artifactType' }),
      },
      json: { schemaVersion: 2, mediaType: indexMediaType, manifests: manifests.map(descriptor) },
    };
  }

  return [
    {
      method: 'GET',
      pattern: /^\/v2\/(?<name>.+)\/referrers\/(?<digest>[^/]+)$/,
      access: { actions: [['pull']] },
      handle: list,
    },
  ];
}
