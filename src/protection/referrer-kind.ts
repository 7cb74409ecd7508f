import { type Digest, parseDigest } from '../registry/digest.ts';

/** What a manifest says about another: who signed it, what is in it, how it was built. */
export type ReferrerKind = 'signature' | 'sbom' | 'attestation' | 'unknown' | 'other';

const kinds: readonly (readonly [RegExp, ReferrerKind])[] = [
  [/spdx|cyclonedx|sbom|\bsyft\b/, 'sbom'],
  [/in-toto|attestation|provenance|slsa|dsse/, 'attestation'],
  [/signature|sigstore|simplesigning|cosign|notary|\bsig\b/, 'signature'],
];

/**
 * What a referrer is, by its artifact type or, as registries list those that have none, its configuration's media type.
 * There is no register of artifact types, so the words that formats use in them decide; without a type it is `unknown`.
 * Sources: https://github.com/opencontainers/image-spec/blob/main/artifacts-guidance.md,
 * https://github.com/sigstore/cosign/tree/main/specs and
 * https://github.com/notaryproject/specifications/blob/main/specs/signature-specification.md
 */
export function referrerKind(artifactType: string | undefined): ReferrerKind {
  if (artifactType === undefined || artifactType === '') return 'unknown';
  const type = artifactType.toLowerCase();
  return kinds.find(([words]) => words.test(type))?.[1] ?? 'other';
}

const tagForm = /^(sha256|sha512)-([0-9a-f]+)(?:\.(?:sig|att|sbom))?$/;

/**
 * The digest a tag is about, by cosign's scheme (`sha256-<hex>.sig`, `.att`, `.sbom`) or the referrers tag schema
 * (`sha256-<hex>`, an index of all referrers); `undefined` for any other tag.
 * Sources: https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md#tag-based-discovery and
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema
 */
export function subjectOfTag(tag: string): Digest | undefined {
  const [, algorithm = '', hex = ''] = tagForm.exec(tag) ?? [];
  return parseDigest(`${algorithm}:${hex}`);
}
