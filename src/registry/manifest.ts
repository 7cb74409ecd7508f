import type { Digest } from './digest.ts';
import type { FieldProblem } from './field-problem.ts';
import { type Fields, fieldsOf } from './fields.ts';
import { noFindings } from './findings.ts';
import { byteCount, digestForm, type Form, freeText } from './form.ts';
import { cleanFreeText } from './free-text.ts';
import { present } from './present.ts';

/** What a manifest points to: another manifest, a configuration or a layer. */
export interface Descriptor {
  readonly digest: Digest;
  readonly mediaType?: string;
  /** Bytes. */
  readonly size?: number;
}

/** A manifest listed by an index. */
export interface ManifestChild extends Descriptor {
  readonly platform?: { readonly os?: string; readonly architecture?: string; readonly variant?: string };
}

/**
 * What an audit needs of a manifest: what it keeps alive (children, configuration, layers) and what it's about
 * (`subject`: the manifest that this one signs, describes or attests).
 */
export interface Manifest {
  /** An `index` has children. Anything else is an `image`, including artifacts and Helm charts. */
  readonly kind: 'image' | 'index';
  readonly mediaType: string;
  readonly children: readonly ManifestChild[];
  readonly config?: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly artifactType?: string;
  /** As sent: neither bounded nor encoded. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** A manifest, or everything that keeps it from being read. */
export type ManifestReading =
  | { readonly ok: true; readonly manifest: Manifest }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] };

const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
const ociIndex = 'application/vnd.oci.image.index.v1+json';

const kinds: ReadonlyMap<string, Manifest['kind']> = new Map([
  [ociManifest, 'image'],
  [ociIndex, 'index'],
  ['application/vnd.docker.distribution.manifest.v2+json', 'image'],
  ['application/vnd.docker.distribution.manifest.list.v2+json', 'index'],
  ['application/vnd.docker.distribution.manifest.v1+json', 'image'],
  ['application/vnd.docker.distribution.manifest.v1+prettyjws', 'image'],
  ['application/vnd.oci.artifact.manifest.v1+json', 'image'],
  ['application/vnd.cncf.oras.artifact.manifest.v1+json', 'image'],
]);

/**
 * Whether a manifest of this media type has children. Parameters (`; charset=utf-8`) and letter case don't matter.
 * Sources: https://github.com/opencontainers/image-spec/blob/main/media-types.md,
 * https://distribution.github.io/distribution/spec/manifest-v2-2/#media-types,
 * https://github.com/opencontainers/image-spec/blob/v1.1.0-rc2/artifact.md and
 * https://github.com/oras-project/artifacts-spec/blob/main/artifact-manifest.md
 */
export function manifestKind(mediaType: string): Manifest['kind'] | 'unknown' {
  return kinds.get(essenceOf(mediaType)) ?? 'unknown';
}

/**
 * Reads the parsed JSON of a manifest. `mediaType` is what the registry says it is (`Content-Type`); without one, or
 * with one that tells nothing, the body's own `mediaType` and then its shape decide. A body that could be taken for
 * both an image and an index is refused, since clients would disagree on what it keeps alive
 * (https://github.com/opencontainers/distribution-spec/security/advisories/GHSA-mc8v-mgrf-8f4m). Never throws.
 */
export function readManifest(mediaType: string | undefined, body: unknown): ManifestReading {
  const findings = noFindings();
  const fields = fieldsOf(body, '', findings);
  const stated = [mediaType, fields.optional('mediaType', freeText(255))].flatMap(
    (text) => essenceOf(text ?? '') || [],
  );
  const kind = readKind(fields, stated);
  if (kind === 'index' && fields.sent('manifests') === undefined) {
    fields.problem('manifests', 'is missing: expected an array of objects');
  }
  const content = {
    children: fields.objects('manifests').flatMap((child) => readChild(child) ?? []),
    config: readDescriptor(fields.optionalObject('config')),
    layers: readLayers(fields),
    subject: readDescriptor(fields.optionalObject('subject')),
    artifactType: fields.optional('artifactType', freeText(255)),
    annotations: fields.optional('annotations', annotationsForm) ?? {},
  };
  return kind === undefined || findings.problems.length > 0
    ? { ok: false, problems: findings.problems }
    : { ok: true, manifest: present({ kind, mediaType: mediaTypeOf(kind, stated), ...content }) };
}

const annotationsForm: Form<Readonly<Record<string, string>>> = {
  expected: 'an object of texts',
  read: (value) => (isRecordOfText(value) ? value : undefined),
};

const imageFields = ['config', 'layers', 'fsLayers', 'blobs'];

function readKind(fields: Fields, stated: readonly string[]): Manifest['kind'] | undefined {
  const claims = new Set<Manifest['kind']>(stated.flatMap((text) => kinds.get(text) ?? []));
  if (fields.sent('manifests') !== undefined) {
    claims.add('index');
  }
  if (imageFields.some((name) => fields.sent(name) !== undefined)) {
    claims.add('image');
  }
  const [kind] = claims;
  if (claims.size !== 1) {
    const fault =
      claims.size === 0 ? 'names no known manifest' : 'and the fields can be taken for two kinds of manifest';
    fields.problem(
      'mediaType',
      `${fault}: expected either an index with "manifests" or an image with "layers"`,
    );
    return undefined;
  }
  return kind;
}

function mediaTypeOf(kind: Manifest['kind'], stated: readonly string[]): string {
  const shaped = kind === 'index' ? ociIndex : ociManifest;
  return stated.find((text) => kinds.has(text)) ?? stated[0] ?? shaped;
}

/** OCI and Docker list `layers`, OCI and ORAS artifacts `blobs`, Docker's first schema `fsLayers`. */
function readLayers(fields: Fields): readonly Descriptor[] {
  const layers = [...fields.objects('layers'), ...fields.objects('blobs')].map((layer) =>
    readDescriptor(layer),
  );
  const oldest = fields.objects('fsLayers').map((layer) => layer.required('blobSum', digestForm));
  return [...layers, ...oldest.map((digest) => digest && { digest })].flatMap((layer) => layer ?? []);
}

function readChild(fields: Fields): ManifestChild | undefined {
  const descriptor = readDescriptor(fields);
  const platform = readPlatform(fields.optionalObject('platform'));
  return descriptor && { ...descriptor, ...(Object.keys(platform).length > 0 && { platform }) };
}

function readDescriptor(fields: Fields): Descriptor | undefined {
  const digest = fields.required('digest', digestForm);
  const mediaType = fields.optional('mediaType', freeText(255));
  const size = fields.optional('size', byteCount);
  return digest && present({ digest, mediaType, size });
}

function readPlatform(fields: Fields): NonNullable<ManifestChild['platform']> {
  return present({
    os: fields.optional('os', freeText(64)),
    architecture: fields.optional('architecture', freeText(64)),
    variant: fields.optional('variant', freeText(64)),
  });
}

/** A media type without its parameters, in lower case and safe to show. */
function essenceOf(mediaType: string): string {
  const end = mediaType.indexOf(';');
  const essence = end < 0 ? mediaType : mediaType.slice(0, end);
  return cleanFreeText(essence.trim().toLowerCase(), 255).text;
}

function isRecordOfText(value: unknown): value is Readonly<Record<string, string>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === 'string')
  );
}
