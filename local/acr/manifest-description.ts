import { z } from 'zod';
import type { Digest } from '../../src/registry/digest.ts';
import { allEnabled, type ManifestRecord } from './change.ts';
import type { ContentStore } from './content-store.ts';
import type { ManifestDocument } from './manifest-document.ts';
import type { Repository } from './repository.ts';

const maxConfigBytes = 1024 * 1024;
const maxTextLength = 128;

const platform = z.object({
  architecture: z.string().max(maxTextLength).optional(),
  os: z.string().max(maxTextLength).optional(),
});

type Platform = z.infer<typeof platform>;

/** The platform an image's configuration states; nothing for artifacts whose config is something else. */
async function readPlatform(content: ContentStore, config: Digest): Promise<Platform> {
  const size = await content.size(config);
  if (size === undefined || size > maxConfigBytes) {
    return {};
  }
  try {
    const parsed = platform.safeParse(JSON.parse((await content.read(config, size)).toString('utf8')));
    return parsed.success ? parsed.data : {};
  } catch {
    return {};
  }
}

function present<Value>(name: string, value: Value | undefined): Readonly<Record<string, Value>> {
  return value === undefined ? {} : { [name]: value };
}

export interface Pushed {
  readonly digest: Digest;
  readonly size: number;
  readonly manifest: ManifestDocument;
  readonly at: string;
}

/**
 * What the registry will report of a manifest. `imageSize` is the size of config and layers, and for an index
 * the sum of its children that are present.
 */
export async function describeManifest(
  { digest, size, manifest, at }: Pushed,
  repository: Repository | undefined,
  content: ContentStore,
): Promise<ManifestRecord> {
  const { mediaType, document } = manifest;
  const base = {
    digest,
    mediaType,
    size,
    createdTime: at,
    lastUpdateTime: at,
    changeableAttributes: allEnabled,
    ...present('subject', document.subject?.digest),
    // Only a referrer's annotations are ever reported without its bytes.
    ...(document.subject === undefined ? {} : present('annotations', document.annotations ?? undefined)),
  };
  if (manifest.kind === 'index') {
    const children = manifest.document.manifests;
    return {
      ...base,
      imageSize: children.reduce(
        (sum, child) => sum + (repository?.manifests.get(child.digest)?.imageSize ?? 0),
        0,
      ),
      ...present('artifactType', manifest.document.artifactType),
      references: children.map((child) => ({
        digest: child.digest,
        ...present('architecture', child.platform?.architecture?.slice(0, maxTextLength)),
        ...present('os', child.platform?.os?.slice(0, maxTextLength)),
      })),
    };
  }
  const { config, layers, artifactType } = manifest.document;
  return {
    ...base,
    imageSize: layers.reduce((sum, layer) => sum + layer.size, config.size),
    configMediaType: config.mediaType,
    // https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers
    artifactType: artifactType ?? config.mediaType,
    ...(await readPlatform(content, config.digest)),
  };
}
