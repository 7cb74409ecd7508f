import type { RepositoryId } from '../history/fact.ts';
import type { InventoryCoverage } from '../protection/lock-situation.ts';
import type { Digest } from '../registry/digest.ts';
import { classifyRepository } from '../retention/classify.ts';
import type { KeepReason } from '../retention/keep-reason.ts';
import type { PlanItem, RetentionAction } from '../retention/plan.ts';
import type { RetentionPolicy } from '../retention/rule.ts';
import { type SourceCoverage, wholeCoverage } from '../workloads/coverage.ts';
import { concurrently } from './concurrently.ts';
import { type RepositoryContentPorts, repositoryContent } from './repository-content.ts';
import { sourceCoverage } from './uses.ts';

export interface CheckRetentionPorts extends RepositoryContentPorts {
  /** Login servers of the audited registries. */
  readonly registries: readonly string[];
  /** Absent: nothing may go. */
  readonly policy: RetentionPolicy | undefined;
}

/** An image that somebody means to remove: a tag, or a manifest by its digest, which counts where both are given. */
export interface AskedImage extends RepositoryId {
  readonly tag?: string;
  readonly digest?: Digest;
}

/** Whether an image may be removed: with every reason why not. */
export interface CheckedImage {
  readonly image: AskedImage;
  readonly deletable: boolean;
  /** What a plan would do now: a tag that may go is untagged, and its manifest stays for the grace. */
  readonly action: RetentionAction;
  readonly reasons: readonly KeepReason[];
}

/** Answers in the order of what was asked, and what the inventories behind them are worth. */
export interface RetentionCheck {
  readonly items: readonly CheckedImage[];
  readonly coverage: InventoryCoverage;
  readonly sources: readonly SourceCoverage[];
}

/** Repositories read at once. */
const mostAtOnce = 16;

/**
 * Answers whether images may be removed, by the same decision as plans. Only what is recorded, in an audited registry, and has
 * no reason to stay may go. @throws AuditFault when anything of it could not be read: doubt is never an answer.
 */
export function checkRetention(ports: CheckRetentionPorts) {
  const { registries, policy = nothingGoes } = ports;
  const coverage = sourceCoverage(ports);
  const contentOf = repositoryContent(ports);

  return async (images: readonly AskedImage[]): Promise<RetentionCheck> => {
    const audited = images.filter(({ registry }) => registries.includes(registry));
    const sources = await coverage();
    const holds = new Map(
      await Promise.all(
        [...new Set(audited.map(({ registry }) => registry))].map(
          async (registry) => [registry, await ports.holds(registry)] as const,
        ),
      ),
    );
    const answers = new Map<AskedImage, CheckedImage>();
    const byRepository = Map.groupBy(audited, ({ registry, repository }) => `${registry}/${repository}`);
    await concurrently(each(byRepository.values()), mostAtOnce, async (some) => {
      const [first] = some;
      if (first === undefined) return;
      const { registry, repository } = first;
      const situation = { sources, holds: holds.get(registry) ?? [] };
      const content = await contentOf({ registry, repository }, situation);
      answer(some, classifyRepository(content, policy), answers);
    });
    return {
      items: images.map((image) => answers.get(image) ?? kept(image, notAudited)),
      coverage: wholeCoverage(sources),
      sources,
    };
  };
}

/** One pass over what is decided of a repository, however many images of it were asked for. */
function answer(
  images: readonly AskedImage[],
  items: readonly PlanItem[],
  answers: Map<AskedImage, CheckedImage>,
): void {
  const asked = Map.groupBy(images, ({ tag, digest }) => digest ?? `:${tag}`);
  for (const image of images) answers.set(image, kept(image, notRecorded));
  for (const { tag, digest, action, reasons } of items) {
    for (const image of asked.get(tag === undefined ? digest : `:${tag}`) ?? []) {
      answers.set(image, { image, deletable: action !== 'keep' && reasons.length === 0, action, reasons });
    }
  }
}

function kept(image: AskedImage, reason: KeepReason): CheckedImage {
  return { image, deletable: false, action: 'keep', reasons: [reason] };
}

async function* each<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

const notRecorded: KeepReason = { code: 'not-recorded' };
const notAudited: KeepReason = { code: 'not-recorded', detail: 'its registry is not audited' };

/** What holds without a policy: no rule is about anything. */
const nothingGoes: RetentionPolicy = {
  rules: [],
  keepTags: [],
  grace: 0,
  caps: { percent: 1, perRepository: 0, whole: 0 },
  mostSurprises: 0,
  planAge: 0,
  byPolicy: [],
};
