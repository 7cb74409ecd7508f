import { createHash } from 'node:crypto';
import type { Answer, TestRegistry } from './test-registry.ts';

export const mediaTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
} as const;

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** A manifest ready to be pushed. */
export interface SampleManifest {
  readonly descriptor: Descriptor;
  readonly text: string;
}

export function digestOf(bytes: string | Buffer, algorithm: 'sha256' | 'sha512' = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

export function describeBytes(mediaType: string, bytes: string | Buffer): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: Buffer.byteLength(bytes) };
}

function sample(mediaType: string, document: object): SampleManifest {
  const text = JSON.stringify({ schemaVersion: 2, mediaType, ...document });
  return { descriptor: describeBytes(mediaType, text), text };
}

export async function pushBlob(
  registry: TestRegistry,
  repository: string,
  bytes: string | Buffer,
): Promise<string> {
  const digest = digestOf(bytes);
  const answer = await registry.call('POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, {
    body: bytes,
  });
  if (answer.status !== 201) {
    throw new Error(`The blob was refused with ${answer.status}: ${answer.bytes.toString('utf8')}`);
  }
  return digest;
}

export interface ImageOptions {
  /** Makes the image different from every other. */
  readonly content?: string;
  readonly architecture?: string;
  readonly subject?: Descriptor;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Pushes the blobs of a small image and returns its manifest, which isn't pushed. */
export async function prepareImage(
  registry: TestRegistry,
  repository: string,
  { content = 'layer', architecture = 'amd64', ...rest }: ImageOptions = {},
): Promise<SampleManifest> {
  const config = JSON.stringify({ architecture, os: 'linux', rootfs: { type: 'layers', diff_ids: [] } });
  await Promise.all([pushBlob(registry, repository, config), pushBlob(registry, repository, content)]);
  return sample(mediaTypes.manifest, {
    config: describeBytes(mediaTypes.config, config),
    layers: [describeBytes(mediaTypes.layer, content)],
    ...rest,
  });
}

export function sampleIndex(
  children: readonly (Descriptor & { readonly platform?: object })[],
): SampleManifest {
  return sample(mediaTypes.index, { manifests: children });
}

export function putManifest(
  registry: TestRegistry,
  repository: string,
  reference: string,
  { descriptor, text }: SampleManifest,
): Promise<Answer> {
  return registry.call('PUT', `/v2/${repository}/manifests/${reference}`, {
    headers: { 'Content-Type': descriptor.mediaType },
    body: text,
  });
}

/** Pushes a small image under a tag, or by digest when there is none, and returns its digest. */
export async function pushImage(
  registry: TestRegistry,
  repository: string,
  tag?: string,
  options: ImageOptions = {},
): Promise<string> {
  const manifest = await prepareImage(registry, repository, {
    content: `${repository}:${tag ?? ''}`,
    ...options,
  });
  const answer = await putManifest(registry, repository, tag ?? manifest.descriptor.digest, manifest);
  if (answer.status !== 201) {
    throw new Error(`The manifest was refused with ${answer.status}: ${answer.bytes.toString('utf8')}`);
  }
  return manifest.descriptor.digest;
}

/** Sets attributes through PATCH. `path` is what follows `/acr/v1/`. */
export async function setAttributes(
  registry: TestRegistry,
  path: string,
  attributes: Readonly<Record<string, boolean>>,
): Promise<Answer> {
  return registry.call('PATCH', `/acr/v1/${path}`, {
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(attributes),
  });
}
