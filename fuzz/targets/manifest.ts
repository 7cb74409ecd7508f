import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { readDocument } from '../../src/acr/document-reading.ts';
import { AuditFault } from '../../src/audit/fault.ts';
import { parseDigest } from '../../src/registry/digest.ts';
import { readManifest } from '../../src/registry/manifest.ts';
import { fieldsIn, isClean, jsonOf } from '../outside-json.ts';
import { accepted, hold, holdBounded, refused, type Target } from '../target.ts';
import { asJson, digests, maybe, mostly, outsideTexts } from '../values.ts';

const mediaTypes = fc.constantFrom(
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json; charset=utf-8',
  'application/vnd.oci.artifact.manifest.v1+json',
  'application/json',
);
const descriptors = fc.record({
  digest: mostly(digests),
  mediaType: maybe(mediaTypes),
  size: maybe(fc.nat()),
  platform: maybe(
    fc.record({
      os: maybe(fc.constant('linux')),
      architecture: maybe(fc.constantFrom('amd64', 'arm64')),
      variant: maybe(outsideTexts),
    }),
  ),
});
const lists = mostly(fc.array(mostly(descriptors), { maxLength: 3 }));
const common = {
  schemaVersion: fc.constant(2),
  mediaType: maybe(mediaTypes),
  annotations: maybe(fc.dictionary(fc.string({ maxLength: 8 }), outsideTexts, { maxKeys: 3 })),
  subject: maybe(descriptors),
  artifactType: maybe(outsideTexts),
};
const documents = fc.oneof(
  fc.record({ ...common, config: maybe(descriptors), layers: lists }),
  fc.record({ ...common, manifests: lists }),
  fc.record({ ...common, fsLayers: fc.array(fc.record({ blobSum: digests }), { maxLength: 3 }) }),
  fc.record({ ...common, manifests: lists, layers: lists }),
);

const question = { registry: 'contoso.azurecr.io', doing: 'read a manifest' };

/** Manifests, indexes and artifacts. */
export const manifest: Target = {
  name: 'manifest',
  form: 'text',
  property:
    'an index has children and nothing else has; every digest in the text of a document that is taken, where a client would follow it, is among what is kept alive; what could be taken for both is refused',
  made: documents.map(asJson),
  words: [
    'manifests',
    'layers',
    'config',
    'subject',
    'fsLayers',
    'blobs',
    'blobSum',
    'digest',
    'mediaType',
    'application/vnd.oci.image.index.v1+json',
    'platform',
    'sha256:',
  ],
  large: {
    layers: (length) =>
      asJson({ layers: Array.from({ length: length / 90 }, () => ({ digest: `sha256:${'a'.repeat(64)}` })) }),
    'layers that are none': (length) => `{"layers":[${'{},'.repeat(length / 3)}{}]}`,
    'media types to be cleaned': (length) =>
      asJson({
        layers: Array.from({ length: length / 130 }, () => ({
          digest: `sha256:${'a'.repeat(64)}`,
          mediaType: '\u0001'.repeat(3),
        })),
      }),
    annotations: (length) =>
      asJson({
        layers: [],
        annotations: Object.fromEntries(Array.from({ length: length / 12 }, (_, at) => [`a${at}`, 'b'])),
      }),
  },
  check(text) {
    const digest = parseDigest(`sha256:${createHash('sha256').update(text).digest('hex')}`);
    if (digest === undefined) return refused('no digest');
    let read: ReturnType<typeof readDocument> | undefined;
    try {
      read = readDocument({ text, link: undefined, contentType: undefined }, digest, question);
    } catch (error) {
      hold(error instanceof AuditFault && !error.retryable, `it throws ${String(error)}`);
      hold(isClean(error.message) && error.message.length < 50_000, 'a fault has what should not be in it');
    }
    const json = jsonOf(text);
    if (json === undefined) {
      hold(read === undefined, 'what is no JSON is a manifest');
      return refused('no JSON');
    }
    const reading = readManifest(undefined, json.value);
    hold(reading.ok === (read !== undefined), 'two readers read differently');
    if (!reading.ok) {
      hold(reading.problems.length > 0 && isClean(reading.problems), 'its problems are none, or not clean');
      return refused(fieldsIn(reading.problems));
    }
    const { kind, children, layers, config, subject, annotations: _, ...others } = reading.manifest;
    hold(kind === 'index' || children.length === 0, 'an image has children');
    hold(kind === 'image' || (layers.length === 0 && config === undefined), 'an index has layers');
    hold(isClean({ children, layers, config, subject, others }), 'it has what should not be in it');
    holdBounded(reading, text, 2_000, 8);
    const kept = new Set([...children, ...layers, config, subject].map((descriptor) => descriptor?.digest));
    for (const named of digestsNamed(json.value))
      hold(kept.has(named), `${named} would be followed and is not kept`);
    for (const asked of [
      'application/vnd.oci.image.index.v1+json',
      'application/vnd.oci.image.manifest.v1+json',
    ]) {
      const as = readManifest(asked, json.value);
      hold(!as.ok || as.manifest.kind === kind, 'it is read as another kind of manifest');
    }
    return accepted(
      `${kind} ${Object.keys(reading.manifest).join()} ${children.length > 0} ${layers.length > 0}`,
    );
  },
};

/** The digests that a client which knows nothing but the names of the fields would follow. */
function digestsNamed(body: unknown): readonly ReturnType<typeof parseDigest>[] {
  const at = (value: unknown, name: string): unknown =>
    typeof value === 'object' && value !== null && Object.hasOwn(value, name)
      ? Reflect.get(value, name)
      : undefined;
  const lists = ['manifests', 'layers', 'blobs']
    .map((name) => at(body, name))
    .filter(Array.isArray)
    .flat();
  const named = [...lists, at(body, 'config'), at(body, 'subject')].map((descriptor) =>
    at(descriptor, 'digest'),
  );
  return named.flatMap((digest) => (typeof digest === 'string' ? (parseDigest(digest) ?? []) : []));
}
