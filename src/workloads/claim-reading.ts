import { parseDigest } from '../registry/digest.ts';
import { cleanFreeText, quote } from '../registry/free-text.ts';
import { present } from '../registry/present.ts';
import { parseReference, registryNamed } from '../registry/reference.ts';
import type { Claim, InventoryReading, ReadingProblem, ReportedClaim, Workload } from './claim.ts';
import { placed, type Source } from './source.ts';

/** The longest name of a workload, namespace or owner that is kept: Kubernetes' own limit. */
const longestName = 253;
/** The most claims that one source is believed to have. */
const mostClaims = 200_000;

/** Claims as they are understood, each once, and what could not be. */
export interface ClaimsReading {
  readonly claims: readonly Claim[];
  readonly problems: readonly ReadingProblem[];
}

/**
 * Understands what a source reported. Claims that are the same are one, of the earliest `since`. A reference that names no
 * repository is a problem: what it needs is not known, so nothing may be concluded from what is missing.
 */
export function claimsOf(
  source: Pick<Source, 'name' | 'environment' | 'rules'>,
  reading: InventoryReading,
  now: number,
): ClaimsReading {
  const claims = new Map<string, Claim>();
  const problems = [...reading.problems];
  for (const reported of reading.claims) {
    if (claims.size === mostClaims) {
      problems.push({ where: source.name, problem: `has more than ${mostClaims} claims: split it` });
      break;
    }
    const read = claimOf(source, reported, now);
    if ('problem' in read) {
      problems.push(read);
      continue;
    }
    const identity = claimIdentity(read);
    claims.set(identity, earliest(claims.get(identity), read));
  }
  return { claims: [...claims.values()], problems };
}

/** What makes two claims two and not one: all but when they began and who answers for them. */
export function claimIdentity(claim: Claim): string {
  const { source, workload, state, registry, repository, tag, digest, isPinned, revision } = claim;
  const { kind, namespace, name, container } = workload;
  return JSON.stringify([
    source,
    kind,
    namespace ?? null,
    name,
    container ?? null,
    state,
    registry,
    repository,
    tag ?? null,
    digest ?? null,
    isPinned,
    revision ?? null,
  ]);
}

function claimOf(
  source: Pick<Source, 'name' | 'environment' | 'rules'>,
  reported: ReportedClaim,
  now: number,
): Claim | ReadingProblem {
  const { state, image, pulled, revision, since } = reported;
  const workload = bounded(placed(source, reported).workload);
  const reading = parseReference(image);
  if (!reading.ok) {
    const { kind, namespace, name, container } = workload;
    const where = [kind, namespace, name, container].filter((part) => part !== undefined).join(' ');
    return { where, problem: `its image ${quote(image)} ${reading.problem}` };
  }
  const { reference } = reading;
  const digest = reference.digest ?? pulledDigest(pulled);
  // https://github.com/distribution/reference: a name without a domain is of Docker Hub, without a tag it is `latest`.
  const registry = registryNamed(reference.registry ?? 'docker.io');
  const isHub = /^(?:index\.)?docker\.io$/.test(registry);
  const { repository } = reference;
  const tag = reference.tag ?? (reference.digest === undefined ? 'latest' : undefined);
  return {
    source: source.name,
    workload,
    state,
    image: cleanFreeText(image, 1_024).text,
    registry: isHub ? 'docker.io' : registry,
    repository: isHub && !repository.includes('/') ? `library/${repository}` : repository,
    isPinned: reference.digest !== undefined,
    ...present({
      tag,
      digest,
      revision: revision === undefined ? undefined : cleanFreeText(revision, longestName).text,
      // A platform whose clock is ahead names a time that has not come.
      since: since === undefined || !Number.isFinite(since) ? undefined : Math.max(0, Math.min(since, now)),
    }),
  };
}

/** What a platform says it pulled; nothing when that is a bare image id, which names no manifest. */
function pulledDigest(pulled: string | undefined) {
  if (pulled === undefined) return undefined;
  const reading = parseReference(pulled);
  if (reading.ok) return reading.reference.digest;
  // The digest alone says it too, where the rest is not readable.
  const at = pulled.lastIndexOf('@');
  return at < 0 ? undefined : parseDigest(pulled.slice(at + 1));
}

function bounded({ kind, name, namespace, container, environment, owner }: Workload): Workload {
  const text = (value: string) => cleanFreeText(value, longestName).text;
  const optional = (value: string | undefined) => (value === undefined ? undefined : text(value));
  return {
    kind: text(kind),
    name: text(name),
    ...present({
      namespace: optional(namespace),
      container: optional(container),
      environment: optional(environment),
      owner: optional(owner),
    }),
  };
}

function earliest(known: Claim | undefined, read: Claim): Claim {
  if (known === undefined) return read;
  // Not known when is as early as can be.
  if (known.since === undefined || (read.since !== undefined && known.since <= read.since)) return known;
  return read;
}
