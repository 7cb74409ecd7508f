import { type Digest, parseDigest } from './digest.ts';
import { isRepositoryName, isTag, maxRepositoryNameLength } from './name.ts';

/** What an image reference names. Nothing is added that the text doesn't say: no Docker Hub, no `latest`. */
export interface Reference {
  /** Host and optional port of the registry, lower-case, such as `contoso.azurecr.io` or `[::1]:5000`. */
  readonly registry?: string;
  /** The repository inside the registry, such as `team/app`. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/**
 * A reference, or why the text isn't one. `unresolvable` marks an image id (the digest of a configuration,
 * which a container runtime reports for images it didn't pull): well formed, but naming no manifest anywhere.
 */
export type ReferenceReading =
  | { readonly ok: true; readonly reference: Reference }
  | { readonly ok: false; readonly problem: string; readonly unresolvable?: true };

/** The longest text read as a reference, in UTF-16 code units. Longer text is refused unread. */
export const maxReferenceLength = 1_024;

/** What container runtimes put before the image id they report, and Helm and Flux before a chart's address. */
const prefixGrammar = /^(?:docker-pullable|docker|containerd|cri-o|crio|podman|oci):\/\//;
const schemeGrammar = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//;
const imageIdGrammar = /^(?:[0-9a-f]{64}|sha(?:256|384|512):[0-9a-fA-F]{64,128})$/;

const domainComponent = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const domainGrammar = new RegExp(
  `^(?:${domainComponent}(?:\\.${domainComponent})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`,
);

/**
 * Reads an image reference by the grammar of https://github.com/distribution/reference, after removing the
 * prefix a container runtime reports (`docker-pullable://`). As there, the first component is a domain only
 * when it contains `.` or `:`, has upper-case letters, or is `localhost`. Never throws.
 */
export function parseReference(text: string): ReferenceReading {
  if (text.length > maxReferenceLength) {
    return refused(`is longer than ${maxReferenceLength} characters`);
  }
  const unprefixed = text.replace(prefixGrammar, '');
  if (schemeGrammar.test(unprefixed)) {
    return refused('is a URL: expected an image reference such as contoso.azurecr.io/team/app:1.4.2');
  }
  if (imageIdGrammar.test(unprefixed)) {
    return { ok: false, problem: 'is an image id, which names no repository', unresolvable: true };
  }
  const [named, digestText] = cut(unprefixed, unprefixed.indexOf('@'));
  const digest = digestText === undefined ? undefined : parseDigest(digestText);
  if (digestText !== undefined && digest === undefined) {
    return refused('has no sha256 or sha512 digest in lower-case hexadecimal after the "@"');
  }
  const reading = readNamed(named);
  return reading.ok && digest !== undefined
    ? { ok: true, reference: { ...reading.reference, digest } }
    : reading;
}

/** The text of a reference: for anything {@link parseReference} returned, it parses to the same again. */
export function formatReference(reference: Reference): string {
  const { registry, repository, tag, digest } = reference;
  return [
    registry === undefined ? '' : `${formatDomain(registry)}/`,
    repository,
    tag === undefined ? '' : `:${tag}`,
    digest === undefined ? '' : `@${digest}`,
  ].join('');
}

/**
 * The registry that a domain leads to, by its one name: 443 is the port of HTTPS, which goes without saying, and a regional
 * endpoint such as `contoso.westeurope.geo.azurecr.io` is `contoso.azurecr.io` in one of its regions.
 * Source: https://learn.microsoft.com/azure/container-registry/container-registry-geo-replication#how-regional-endpoints-work
 */
export function registryNamed(domain: string): string {
  return domain
    .toLowerCase()
    .replace(/:443$/, '')
    .replace(/^([a-z0-9-]+)\.[a-z0-9-]+\.geo\.(azurecr\.[a-z]+)$/, '$1.$2');
}

/** `[domain/]repository[:tag]` */
function readNamed(text: string): ReferenceReading {
  const [first, rest] = cut(text, text.indexOf('/'));
  const hasDomain = rest !== undefined && isDomainByShape(first);
  if (hasDomain && !domainGrammar.test(first)) {
    return refused('has a registry that is no host name or address with an optional port');
  }
  const path = hasDomain ? rest : text;
  const [repository, tag] = cut(path, path.indexOf(':'));
  if (!isRepositoryName(repository)) {
    return refused(
      'has no repository name: expected lower-case letters and digits, separated by ".", "_", "__" or "-", ' +
        `in components separated by "/", at most ${maxRepositoryNameLength} characters`,
    );
  }
  if (tag !== undefined && !isTag(tag)) {
    return refused('has no tag after the ":": expected up to 128 letters, digits, "_", "." or "-"');
  }
  return {
    ok: true,
    reference: {
      ...(hasDomain && { registry: first.toLowerCase() }),
      repository,
      ...(tag !== undefined && { tag }),
    },
  };
}

function isDomainByShape(component: string): boolean {
  return /[.:]/.test(component) || component === 'localhost' || component !== component.toLowerCase();
}

/** A one-word host is only told from a repository by upper-case letters; host names ignore case. */
function formatDomain(registry: string): string {
  return isDomainByShape(registry) ? registry : registry.toUpperCase();
}

function cut(text: string, at: number): readonly [string, string | undefined] {
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function refused(problem: string): ReferenceReading {
  return { ok: false, problem };
}
