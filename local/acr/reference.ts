import { type Digest, parseDigest } from '../../src/registry/digest.ts';
import { isTag } from '../../src/registry/name.ts';
import { parameter, type RegistryRequest } from './message.ts';
import { badRequest, repositoryUnknown } from './problem.ts';
import type { Repository } from './repository.ts';
import type { Listing } from './state.ts';

export type ManifestReference =
  | { readonly kind: 'digest'; readonly digest: Digest }
  | { readonly kind: 'tag'; readonly tag: string };

/** Reads a digest from the path. @throws RegistryProblem 400 when it isn't one. */
export function digestParameter(request: RegistryRequest, name = 'digest'): Digest {
  return readDigest(parameter(request, name));
}

export function readDigest(text: string): Digest {
  const digest = parseDigest(text);
  if (digest === undefined) {
    throw badRequest('DIGEST_INVALID', 'provided digest did not match uploaded content');
  }
  return digest;
}

/** Reads a tag from the path. @throws RegistryProblem 400 when it isn't one. */
export function tagParameter(request: RegistryRequest): string {
  const tag = parameter(request, 'tag');
  if (!isTag(tag)) {
    throw badRequest('TAG_INVALID', 'manifest tag did not match URI');
  }
  return tag;
}

/** Reads a tag or digest from the path: a text with a colon can't be a tag. */
export function referenceParameter(request: RegistryRequest): ManifestReference {
  const text = parameter(request, 'reference');
  if (text.includes(':')) {
    return { kind: 'digest', digest: readDigest(text) };
  }
  if (!isTag(text)) {
    throw badRequest('TAG_INVALID', 'manifest tag did not match URI');
  }
  return { kind: 'tag', tag: text };
}

/** The repository in the path. @throws RegistryProblem 404 when it doesn't exist. */
export function requireRepository(request: RegistryRequest, listing: Listing): Repository {
  const name = parameter(request, 'name');
  const repository = listing.repositories.get(name);
  if (repository === undefined) {
    throw repositoryUnknown(name);
  }
  return repository;
}
