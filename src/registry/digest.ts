declare const digestBrand: unique symbol;

/**
 * A content digest as registries write it: `sha256:` and 64, or `sha512:` and 128, lower-case hexadecimal
 * digits. Only {@link parseDigest} makes one.
 * Source: https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests
 */
export type Digest = string & { readonly [digestBrand]: true };

/** The algorithms of {@link Digest}: those the OCI image specification registers and registries use. */
export type DigestAlgorithm = 'sha256' | 'sha512';

const digestGrammar = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

function isDigest(text: string): text is Digest {
  return digestGrammar.test(text);
}

/** The text as a digest, or `undefined` when it isn't one (upper-case hexadecimal isn't). */
export function parseDigest(text: string): Digest | undefined {
  return isDigest(text) ? text : undefined;
}

/** The hash algorithm a digest was made with. */
export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}
