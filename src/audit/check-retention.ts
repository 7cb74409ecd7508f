import type { RepositoryId } from '../history/fact.ts';
import type { Hold } from '../protection/hold.ts';
import type { Digest } from '../registry/digest.ts';
import { classifyRepository } from '../retention/classify.ts';
import type { KeepReason } from '../retention/keep-reason.ts';
import type { PlanItem } from '../retention/plan.ts';
import type { RepositoryContent } from '../retention/repository-content.ts';
import type { RetentionPolicy } from '../retention/rule.ts';
import type { SourceCoverage } from '../workloads/coverage.ts';
import { concurrently } from './concurrently.ts';
import type { RegistrySituation } from './repository-content.ts';

/** A tag, a manifest or both, that somebody wants to delete. */
export interface AskedImage extends RepositoryId {
  /** As it was asked about. */
  readonly image: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** Whether it may go, and every reason why not. */
export interface CheckedImage {
  readonly image: string;
  readonly deletable: boolean;
  readonly reasons: readonly KeepReason[];
}

/** Answers in the order in which they were asked for, and the sources of the inventory that they rest on. */
export interface RetentionCheck {
  readonly items: readonly CheckedImage[];
  readonly sources: readonly SourceCoverage[];
}

export interface CheckRetentionPorts {
  /** Login servers that are audited. */
  readonly registries: ReadonlySet<string>;
  /** What may be concluded from each source now. */
  readonly coverage: () => Promise<readonly SourceCoverage[]>;
  readonly holds: (registry: string) => Promise<readonly Hold[]>;
  readonly content: (repository: RepositoryId, situation: RegistrySituation) => Promise<RepositoryContent>;
  /** Absent where the policy has no section about retention: then nobody but workloads, approvals, holds and locks keeps. */
  readonly policy: RetentionPolicy | undefined;
}

/** Repositories read at once. */
const mostAtOnce = 16;

/** What holds for whoever asks where no policy says otherwise: a fortnight between the last tag and the deletion. */
const withoutRules: RetentionPolicy = {
  rules: [],
  keepTags: [],
  grace: 14 * 86_400_000,
  caps: { percent: 1, perRepository: 1, whole: 1 },
  mostSurprises: 0,
  planAge: 0,
  byPolicy: [],
};

/**
 * Answers whoever wants to delete images by rules of their own, all of these together: a part may go along with the whole
 * of it, and not alone. What is not recorded may not go. @throws AuditFault when anything could not be read: no answer is
 * not yes.
 */
export function checkRetention(ports: CheckRetentionPorts) {
  const { registries, coverage, content, policy = withoutRules } = ports;

  return async (images: readonly AskedImage[]): Promise<RetentionCheck> => {
    const answers = new Map<AskedImage, CheckedImage>(images.map((one) => [one, kept(one, [notAudited])]));
    const audited = images.filter(({ registry }) => registries.has(registry));
    // Once for all of them, and before any claim is read.
    const sources = await coverage();
    const names = [...new Set(audited.map(({ registry }) => registry))];
    const holds = new Map(
      await Promise.all(names.map(async (name) => [name, await ports.holds(name)] as const)),
    );
    const byRepository = Map.groupBy(audited, ({ registry, repository }) => `${registry}/${repository}`);
    await concurrently(byRepository.values(), mostAtOnce, async (asked) => {
      const [first] = asked;
      if (first === undefined) return;
      const { registry, repository } = first;
      const situation = { sources, holds: holds.get(registry) ?? [] };
      const recorded = await content({ registry, repository }, situation);
      const find = lookup(classifyRepository(recorded, policy, namedBy(asked)));
      for (const one of asked) answers.set(one, answerTo(one, find));
    });
    return { items: images.flatMap((image) => answers.get(image) ?? []), sources };
  };
}

function namedBy(asked: readonly AskedImage[]) {
  return {
    tags: new Set(asked.flatMap(({ tag }) => tag ?? [])),
    digests: new Set(asked.flatMap(({ digest }) => digest ?? [])),
  };
}

interface Lookup {
  readonly tags: ReadonlyMap<string, PlanItem>;
  readonly manifests: ReadonlyMap<Digest, PlanItem>;
}

function lookup(items: readonly PlanItem[]): Lookup {
  return {
    tags: new Map(items.flatMap((item) => (item.tag === undefined ? [] : [[item.tag, item] as const]))),
    manifests: new Map(
      items.flatMap((item) => (item.tag === undefined ? [[item.digest, item] as const] : [])),
    ),
  };
}

function answerTo(image: AskedImage, { tags, manifests }: Lookup): CheckedImage {
  const { tag, digest } = image;
  const item = tag === undefined ? undefined : tags.get(tag);
  const manifest = digest === undefined ? undefined : manifests.get(digest);
  const isMoved = item !== undefined && digest !== undefined && item.digest !== digest;
  return kept(image, [
    ...(tag === undefined ? [] : (item?.reasons ?? [notRecorded(`the tag ${tag}`)])),
    ...(digest === undefined ? [] : (manifest?.reasons ?? [notRecorded('the digest')])),
    ...(isMoved ? [notRecorded(`the tag ${tag} at this digest`)] : []),
  ]);
}

function kept({ image }: AskedImage, reasons: readonly KeepReason[]): CheckedImage {
  // A tag and its manifest are often kept for the same.
  const distinct = new Map(reasons.map((reason) => [JSON.stringify(reason), reason]));
  return { image, deletable: distinct.size === 0, reasons: [...distinct.values()] };
}

function notRecorded(what: string): KeepReason {
  return { code: 'not-recorded', detail: what };
}

const notAudited: KeepReason = { code: 'not-recorded', detail: 'its registry is not audited' };
