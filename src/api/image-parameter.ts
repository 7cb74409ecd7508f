import type { HistoryScope } from '../audit/history-pages.ts';
import type { RepositoryId } from '../history/fact.ts';
import { type AcceptedRegistry, acceptedNamed, loginServersOf } from '../registry/accepted-registry.ts';
import type { Digest } from '../registry/digest.ts';
import { cleanFreeText } from '../registry/free-text.ts';
import { parseReference, registryNamed } from '../registry/reference.ts';
import { badParameters } from './problem.ts';

/** An image parameter that names a repository at least. */
export interface NamedImage extends RepositoryId {
  readonly tag?: string;
  readonly digest?: Digest;
}

/**
 * Reads an `image` parameter: a registry's login server, or a reference to a repository, tag or digest in it. Without a
 * registry it means the only accepted one. Throws a {@link badParameters} problem that says what is wrong.
 */
export function readScope(image: string | undefined, registries: readonly AcceptedRegistry[]): HistoryScope {
  if (image === undefined) {
    const only = acceptedNamed(undefined, registries);
    if (only !== undefined) return { registry: only };
    throw badParameters([{ name: 'image', reason: `is missing: give one of ${loginServersOf(registries)}` }]);
  }
  const registry = registryOf(image.toLowerCase(), registries);
  if (registry !== undefined) return { registry };
  // As a reference it would be a repository, of which nothing is known: a wrong answer to a slip of the pen.
  if (/^[^/]+\.azurecr\.[a-z]+$/i.test(image))
    throw badParameters([{ name: 'image', reason: unaudited(image, registries) }]);
  return readImage(image, registries);
}

/** Reads a `registry` parameter: the login server of an audited registry, or of one connected to it. */
export function readRegistry(registry: string, registries: readonly AcceptedRegistry[]): AcceptedRegistry {
  const loginServer = registryOf(registry.toLowerCase(), registries);
  if (loginServer !== undefined) return { loginServer };
  const { text } = cleanFreeText(registry, 255);
  throw badParameters([{ name: 'registry', reason: unaudited(text, registries) }]);
}

/** Reads an `image` parameter that has to name a repository. */
export function readImage(image: string, registries: readonly AcceptedRegistry[]): NamedImage {
  const reading = parseReference(image);
  if (!reading.ok) throw badParameters([{ name: 'image', reason: reading.problem }]);
  const { registry: named, ...reference } = reading.reference;
  const registry = named === undefined ? acceptedNamed(named, registries) : registryOf(named, registries);
  if (registry !== undefined) return { registry, ...reference };
  const reason =
    named === undefined
      ? `names no registry: begin with one of ${loginServersOf(registries)}`
      : unaudited(named, registries);
  throw badParameters([{ name: 'image', reason }]);
}

/** Reads an `image` parameter that has to name a tag, and may not name a digest. */
export function readTagImage(
  image: string,
  registries: readonly AcceptedRegistry[],
): NamedImage & { tag: string } {
  const { tag, digest, ...repository } = readImage(image, registries);
  if (tag === undefined) {
    throw badParameters([{ name: 'image', reason: 'names no tag: end it with ":" and a tag' }]);
  }
  if (digest !== undefined) {
    throw badParameters([{ name: 'image', reason: 'names a digest, which never moves: leave it out' }]);
  }
  return { ...repository, tag };
}

/** Reads an `image` parameter that has to name a digest. A tag beside it says nothing: a digest names one manifest. */
export function readDigestImage(
  image: string,
  registries: readonly AcceptedRegistry[],
): RepositoryId & { digest: Digest } {
  const { registry, repository, digest } = readImage(image, registries);
  if (digest === undefined) {
    throw badParameters([{ name: 'image', reason: 'names no digest: end it with "@" and a digest' }]);
  }
  return { registry, repository, digest };
}

/** The audited registry at that address: an accepted one, or one connected to it. */
function registryOf(address: string, registries: readonly AcceptedRegistry[]): string | undefined {
  const name = registryNamed(address);
  const isAudited = registries.some(({ loginServer }) => {
    const label = name.endsWith(`.${loginServer}`) ? name.slice(0, -loginServer.length - 1) : undefined;
    return name === loginServer || (label !== undefined && /^[a-z0-9-]+$/.test(label));
  });
  return isAudited ? name : undefined;
}

function unaudited(registry: string, registries: readonly AcceptedRegistry[]): string {
  return `${registry} is not among the audited registries: ${loginServersOf(registries)}`;
}
