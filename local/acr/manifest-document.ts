import { z } from 'zod';
import { type Digest, parseDigest } from '../../src/registry/digest.ts';
import { badRequest } from './problem.ts';

/** The largest manifest that is accepted, in bytes. */
export const maxManifestBytes = 4 * 1024 * 1024;

const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json';
const dockerList = 'application/vnd.docker.distribution.manifest.list.v2+json';
const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
const ociIndex = 'application/vnd.oci.image.index.v1+json';

const digest = z.string().transform((text, context): Digest => {
  const parsed = parseDigest(text);
  if (parsed === undefined) {
    context.addIssue({ code: 'custom', message: 'is not a digest' });
    return z.NEVER;
  }
  return parsed;
});

const descriptor = z.object({
  mediaType: z.string().max(255),
  digest,
  size: z.number().int().min(0),
});

const shared = {
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().max(255).optional(),
  subject: descriptor.optional(),
  annotations: z.record(z.string(), z.string()).nullish(),
};

const image = z.object({
  ...shared,
  config: descriptor,
  layers: z.array(descriptor.extend({ urls: z.array(z.string()).optional() })),
});

const index = z.object({
  ...shared,
  manifests: z.array(
    descriptor.extend({
      platform: z.object({ architecture: z.string().optional(), os: z.string().optional() }).nullish(),
    }),
  ),
});

export type ImageDocument = Readonly<z.infer<typeof image>>;
type IndexDocument = Readonly<z.infer<typeof index>>;

/** A manifest as it was pushed: https://github.com/opencontainers/image-spec. */
export type ManifestDocument =
  | { readonly kind: 'image'; readonly mediaType: string; readonly document: ImageDocument }
  | { readonly kind: 'index'; readonly mediaType: string; readonly document: IndexDocument };

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw badRequest('MANIFEST_INVALID', 'manifest invalid: it is not JSON');
  }
}

function conform<Document extends { readonly mediaType?: string | undefined }>(
  schema: z.ZodType<Document>,
  bytes: Buffer,
  mediaType: string,
): Document {
  const parsed = schema.safeParse(parseJson(bytes));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw badRequest('MANIFEST_INVALID', `manifest invalid: ${issue?.path.join('.')} ${issue?.message}`);
  }
  if (parsed.data.mediaType !== undefined && parsed.data.mediaType !== mediaType) {
    throw badRequest('MANIFEST_INVALID', 'manifest invalid: mediaType and Content-Type differ');
  }
  return parsed.data;
}

/** Reads a pushed manifest. @throws RegistryProblem 400 when it isn't one of the four kinds or is malformed. */
export function readManifestDocument(bytes: Buffer, contentType: string | undefined): ManifestDocument {
  const mediaType = (contentType ?? '').split(';', 1)[0]?.trim() ?? '';
  switch (mediaType) {
    case ociManifest:
    case dockerManifest:
      return { kind: 'image', mediaType, document: conform(image, bytes, mediaType) };
    case ociIndex:
    case dockerList:
      return { kind: 'index', mediaType, document: conform(index, bytes, mediaType) };
    default:
      throw badRequest('MANIFEST_INVALID', 'manifest invalid: the media type is not supported');
  }
}

/** The media type of the answer to a referrers request. */
export const indexMediaType = ociIndex;

/**
 * The blobs that must be in the repository before an image can be pushed: all but layers that clients may not
 * distribute, https://github.com/opencontainers/image-spec/blob/main/layer.md#non-distributable-layers.
 */
export function requiredBlobs({ config, layers }: ImageDocument): readonly Digest[] {
  const distributable = layers.filter(
    ({ mediaType, urls }) =>
      !(urls !== undefined && urls.length > 0) &&
      !mediaType.includes('.nondistributable.') &&
      !mediaType.includes('.rootfs.foreign.'),
  );
  return [config.digest, ...distributable.map((layer) => layer.digest)];
}
