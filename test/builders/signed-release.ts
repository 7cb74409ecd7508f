import { msPerDay } from '../../src/protection/duration.ts';
import type { LockPlan } from '../../src/protection/lock-plan.ts';
import type { LockSituation } from '../../src/protection/lock-situation.ts';
import type { LockStep } from '../../src/protection/lock-step.ts';
import type { LocksSeen } from '../../src/protection/locks-seen.ts';
import type { Digest } from '../../src/registry/digest.ts';
import { approvalOf, protectedRepository, start } from './protected-repository.ts';
import { digestOf } from './registry-event.ts';

/** The image, which a1 approves. */
export const index = digestOf('a1');
export const amd64 = digestOf('amd64');
export const arm64 = digestOf('arm64');
export const signature = digestOf('signature');

/** When every window is over, in epoch milliseconds. */
export const after = start + 100 * msPerDay;
/** Of an approval whose window somebody ended. */
export const ended = { endedEarly: { by: 'release-1', at: start, reason: 'withdrawn' } };
/** The approval of the image by its tag. */
export const approved = approvalOf({ tag: 'v1', lockTag: true });

/** A multi-platform image with a signature, tagged v1, approved as a1. */
export function release() {
  const made = protectedRepository(
    new Map([
      [index, { children: [amd64, arm64], referrers: [signature] }],
      [amd64, {}],
      [arm64, {}],
      [signature, {}],
    ]),
  );
  made.tag('v1', index);
  return made;
}

/** Tags and digests that a plan's steps of one kind are about, in its order. */
export function targetsOf(steps: readonly LockStep[], step: LockStep['step']): readonly string[] {
  return steps
    .filter((one) => one.step === step)
    .map(({ target }) => (target.kind === 'tag' ? target.tag : target.digest));
}

/** Why a plan leaves a manifest locked; empty when it does not. */
export function refusalsTo(plan: LockPlan, digest: Digest) {
  return plan.kept
    .filter(({ lock: { target } }) => target.kind === 'manifest' && target.digest === digest)
    .flatMap(({ refusals }) => refusals);
}

/** The same situation with other answers to what a manifest's lock is; without one, nobody looked. */
export function seenAs(
  situation: LockSituation,
  answers: readonly (readonly [Digest, ReturnType<LocksSeen['manifests']['get']>])[],
): LockSituation {
  const manifests = new Map(situation.seen.manifests);
  for (const [digest, answer] of answers) {
    if (answer === undefined) manifests.delete(digest);
    else manifests.set(digest, answer);
  }
  return { ...situation, seen: { ...situation.seen, manifests } };
}
