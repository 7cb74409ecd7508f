import { describe, expect, it } from '@jest/globals';
import { closureOf } from '../../../src/protection/closure.ts';
import { desiredLocks, rootsOf } from '../../../src/protection/desired-locks.ts';
import { planLocks } from '../../../src/protection/lock-plan.ts';
import type { LocksSeen } from '../../../src/protection/locks-seen.ts';
import { isProtected } from '../../../src/protection/protection.ts';
import { windowsAt } from '../../../src/protection/rollback-window.ts';
import { approvalOf, protectedRepository, start } from '../../builders/protected-repository.ts';
import { digestOf } from '../../builders/registry-event.ts';
import {
  amd64,
  approved,
  arm64,
  index,
  release,
  signature,
  targetsOf,
} from '../../builders/signed-release.ts';

describe('rootsOf', () => {
  it.each([
    ['names nothing to go back to', {}, [index]],
    ['names another release to go back to', { rollbackDigest: arm64 }, [index, arm64]],
    ['names itself to go back to', { rollbackDigest: index }, [index]],
  ])('when an approval %s, it keeps each digest once', (_, given, roots) => {
    expect(rootsOf(approvalOf(given))).toEqual(roots);
  });
});

describe('desiredLocks', () => {
  it.each<[string, LocksSeen['tags']]>([
    ['could not be read', new Map([['v1', { state: 'unreadable', reason: '503' }]])],
    ['was not looked at', new Map()],
  ])(
    'when the tag %s, it is neither told as moved nor locked, and the approval is not protected',
    (_, tags) => {
      const situation = release().situation([approved], [], start);
      const plan = planLocks({ ...situation, seen: { ...situation.seen, tags } });
      expect(plan.findings).toEqual([]);
      expect(new Set(targetsOf(plan.steps, 'lock'))).toEqual(new Set([index, amd64, arm64, signature]));
      const done = new Set(targetsOf(plan.steps, 'lock'));
      expect(plan.protections.map((protection) => isProtected(protection, done))).toEqual([false]);
    },
  );

  it('when a tag points to nothing that approvals of it say, the newest of them is told', () => {
    const made = release();
    made.tag('v1', amd64);
    const newest = approvalOf({ id: 'a2', tag: 'v1', environment: 'staging', requestedAt: start + 1 });
    const approvals = [approved, newest];
    for (const told of [approvals, approvals.toReversed()]) {
      const { moved } = desiredLocks(
        windowsAt(told, [], start + 1),
        new Map(),
        made.situation(told, [], start + 1).seen.tags,
        [],
      );
      expect(moved).toEqual([{ tag: 'v1', approval: newest, found: amd64 }]);
    }
  });

  it('when approvals, or what belongs to an image, are told in another order, there is nothing to record anew', () => {
    const [sbom, other] = [digestOf('sbom'), digestOf('a2')];
    const made = protectedRepository(
      new Map([
        [index, { children: [amd64], referrers: [signature, sbom] }],
        [other, { children: [amd64] }],
        ...[amd64, signature, sbom].map((digest) => [digest, {}] as const),
      ]),
    );
    const approvals = [approvalOf(), approvalOf({ id: 'a2', environment: 'staging' })];
    made.enforce(approvals);
    made.content.set(index, { children: [amd64], referrers: [sbom, signature] });
    expect(made.plan(approvals.toReversed()).steps).toEqual([]);
  });

  it('when nobody has read what belongs to a digest, that is the same as a manifest that was never read', () => {
    const { closures } = desiredLocks(windowsAt([approved], [], start), new Map(), new Map(), []);
    expect(closures).toEqual([closureOf(index, { manifests: new Map(), tags: new Map() })]);
  });
});
