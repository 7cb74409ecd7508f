import type { Digest } from '../registry/digest.ts';
import {
  formatReference,
  type Reference,
  type ReferenceReading,
  registryNamed,
} from '../registry/reference.ts';
import { compareApprovals } from './approval-order.ts';
import { environmentNamed, environmentsOf, isApprovedRegistry, type Policy } from './policy.ts';
import { type ApprovalWindow, isOpen } from './rollback-window.ts';

/** Whether something may be deployed. */
export type Verdict = 'pass' | 'warn' | 'fail';

/** What is known of an image that somebody wants to deploy. */
export interface ImageFacts {
  /** As it was asked for. */
  readonly image: string;
  /** What it was read as. */
  readonly reading: ReferenceReading;
  /** What its tag points to now; absent when it names none, or that could not be read. */
  readonly tagDigest?: Digest | 'gone';
  /** Whether the registry has the digest it names, or the one its tag points to. */
  readonly exists: boolean | 'unknown';
  /** Of that digest. */
  readonly closure: 'whole' | 'partial' | 'unknown';
  /** Whether the digest's closure is locked. */
  readonly locked: boolean | 'unknown';
  /** Of approvals of that digest in its repository, for whichever environment. */
  readonly windows: readonly ApprovalWindow[];
}

const grades = {
  'not-a-reference': 'fail',
  'registry-not-named': 'fail',
  'registry-not-approved': 'fail',
  'environment-unknown': 'fail',
  'environment-not-of-repository': 'fail',
  'not-pinned': 'warn',
  'tag-moved': 'fail',
  missing: 'fail',
  'existence-unknown': 'fail',
  'not-approved': 'fail',
  'approval-over': 'fail',
  'release-failed': 'fail',
  'protection-pending': 'warn',
  'not-protected': 'fail',
  'protection-unknown': 'warn',
  'closure-incomplete': 'fail',
  'closure-unknown': 'fail',
  'nothing-asked': 'fail',
} as const satisfies Readonly<Record<string, Verdict>>;

/** Why a verdict is not a plain pass. */
export type VerdictCode = keyof typeof grades;

/** One reason of a verdict, and how much it weighs. */
export interface VerdictReason {
  readonly code: VerdictCode;
  readonly verdict: Exclude<Verdict, 'pass'>;
  readonly detail: string;
}

/** What is to be said of one image. */
export interface ImageVerdict {
  readonly image: string;
  readonly verdict: Verdict;
  readonly reasons: readonly VerdictReason[];
}

/** What is to be said of a deployment: the worst of its images. */
export interface DeploymentVerdict {
  readonly verdict: Verdict;
  readonly items: readonly ImageVerdict[];
  /** Reasons that are no image's. */
  readonly reasons: readonly VerdictReason[];
}

/** Judges whether images may be deployed to an environment. What is unknown does not pass. */
export function judgeDeployment(
  policy: Policy,
  environment: string,
  images: readonly ImageFacts[],
): DeploymentVerdict {
  const items = images.map((facts): ImageVerdict => {
    const reasons = reasonsAgainst(policy, environment, facts);
    return { image: facts.image, verdict: worst(reasons), reasons };
  });
  const reasons = [
    ...(environmentNamed(policy, environment) === undefined
      ? [because('environment-unknown', 'the policy has no such environment')]
      : []),
    ...(images.length === 0 ? [because('nothing-asked', 'no image was named')] : []),
  ];
  return { verdict: worst([...reasons, ...items]), items, reasons };
}

function reasonsAgainst(policy: Policy, environment: string, facts: ImageFacts): readonly VerdictReason[] {
  if (!facts.reading.ok) return [because('not-a-reference', facts.reading.problem)];
  const { registry, repository } = facts.reading.reference;
  if (registry === undefined) return [because('registry-not-named', 'name the image with its registry')];
  const reasons: VerdictReason[] = [];
  if (!isApprovedRegistry(policy, registryNamed(registry))) {
    reasons.push(because('registry-not-approved', `${registry} is no approved registry`));
  }
  if (!environmentsOf(policy, repository).includes(environment)) {
    reasons.push(
      because('environment-not-of-repository', `images of ${repository} do not go to this environment`),
    );
  }
  reasons.push(...tagReasons(facts.reading.reference, facts.tagDigest));
  if (facts.exists === false) {
    return [
      ...reasons,
      because('missing', 'the registry does not have it'),
      ...approvalReasons(environment, facts),
    ];
  }
  if (facts.exists === 'unknown')
    reasons.push(because('existence-unknown', 'the registry could not be asked'));
  return [...reasons, ...approvalReasons(environment, facts), ...closureReasons(facts)];
}

function tagReasons(
  { tag, digest, ...named }: Reference,
  found: Digest | 'gone' | undefined,
): readonly VerdictReason[] {
  if (digest === undefined) {
    const hint =
      found === undefined || found === 'gone'
        ? ''
        : `: pin it as ${formatReference({ ...named, digest: found })}`;
    return [because('not-pinned', `a tag may move until it is pulled${hint}`)];
  }
  if (tag === undefined || found === undefined || found === digest) return [];
  return [because('tag-moved', found === 'gone' ? `${tag} is gone` : `${tag} points to ${found} now`)];
}

function approvalReasons(environment: string, { windows, locked }: ImageFacts): readonly VerdictReason[] {
  const own = windows.filter(({ approval }) => approval.environment === environment);
  const [newest] = own.toSorted((a, b) => compareApprovals(b.approval, a.approval));
  if (newest === undefined) return [because('not-approved', `it was not approved for ${environment}`)];
  const { id, state, outcome } = newest.approval;
  if (outcome === 'failed') return [because('release-failed', `the release of approval ${id} failed`)];
  const open = own.filter(isOpen);
  if (open.length === 0)
    return [because('approval-over', `the window of approval ${id} is over: approve it again`)];
  if (locked === true) return [];
  if (locked === 'unknown') return [because('protection-unknown', 'its locks could not be read')];
  const isPending = state === 'requested' || state === 'protecting';
  return [
    isPending
      ? because('protection-pending', `approval ${id} is ${state}: its locks are being set`)
      : because('not-protected', `approval ${id} is ${state}, but not all of its locks are there`),
  ];
}

function closureReasons({ closure }: ImageFacts): readonly VerdictReason[] {
  switch (closure) {
    case 'whole':
      return [];
    case 'partial':
      return [because('closure-incomplete', 'parts of it are missing from the registry')];
    case 'unknown':
      return [because('closure-unknown', 'what belongs to it could not be read')];
  }
}

function because(code: VerdictCode, detail: string): VerdictReason {
  return { code, verdict: grades[code], detail };
}

function worst(judged: readonly { readonly verdict: Verdict }[]): Verdict {
  if (judged.some(({ verdict }) => verdict === 'fail')) return 'fail';
  return judged.some(({ verdict }) => verdict === 'warn') ? 'warn' : 'pass';
}
