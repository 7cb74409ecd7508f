import { describe, expect, it } from '@jest/globals';
import type { Approval } from '../../../src/protection/approval.ts';
import { planLocks } from '../../../src/protection/lock-plan.ts';
import { locked, manifestTarget, targetKey } from '../../../src/protection/lock-target.ts';
import { isProtected } from '../../../src/protection/protection.ts';
import { approvalOf, protectedRepository, start } from '../../builders/protected-repository.ts';
import { amd64, approved, arm64, index, release, seenAs, signature } from '../../builders/signed-release.ts';

const unreadable = { state: 'unreadable', reason: '503' } as const;

describe('planLocking', () => {
  it.each([
    ['was never found whole', {}, start],
    ['was found whole since', { lastWholeAt: start + 5 }, start + 5],
    ['was found whole only before', { lastWholeAt: start - 5 }, start],
  ])(
    'when locks of a repository that %s were undone, that is since they were last seen',
    (_, whole, since) => {
      const made = release();
      made.enforce([approved]);
      made.unlock(amd64);
      made.tag('v1', arm64);
      const { findings } = planLocks({ ...made.situation([approved], [], start + 10), ...whole });
      const removed = findings.filter(({ kind }) => kind === 'LockRemoved');
      expect(removed.map(({ subject }) => subject.digest ?? subject.tag)).toEqual([amd64, 'v1']);
      for (const { detail } of removed) {
        expect(detail).toMatchObject({ notBefore: since, notAfter: start + 10 });
      }
    },
  );

  it.each([
    [
      'of a child',
      [[amd64, unreadable]],
      [`${amd64} unreadable: its lock: 503`, `${index} unreadable: its lock: waits for ${amd64}`],
    ],
    [
      'of a child and of the index',
      [
        [amd64, unreadable],
        [index, { state: 'unreadable', reason: '404' }],
      ],
      [`${amd64} unreadable: its lock: 503`, `${index} unreadable: its lock: 404`],
    ],
    [
      'of a child, which nobody looked at,',
      [[amd64, undefined]],
      [
        `${amd64} unreadable: its lock: was not looked at`,
        `${index} unreadable: its lock: waits for ${amd64}`,
      ],
    ],
  ] as const)(
    'when the lock %s is not known, each that it keeps from being locked says why',
    (_, seen, gaps) => {
      const situation = release().situation([approved], [], start);
      const plan = planLocks(seenAs(situation, seen));
      expect(plan.findings.map(({ detail }) => new Set([detail['gaps']].flat()))).toEqual([new Set(gaps)]);
      expect(plan.protections.map(({ outstanding }) => new Set(outstanding))).toEqual([
        new Set([index, amd64, arm64, signature, 'tag:v1']),
      ]);
    },
  );

  it('when a child is deleted between the look at the image and at its locks, the image is not protected', () => {
    const situation = release().situation([approved], [], start);
    const plan = planLocks(seenAs(situation, [[amd64, { state: 'missing' }]]));
    const done = new Set(plan.steps.map(({ target }) => targetKey(target)));
    expect(plan.protections.map((protection) => isProtected(protection, done))).toEqual([false]);
  });

  it('when a child that was locked is gone, that is told of the child', () => {
    const made = release();
    made.enforce([approved]);
    made.remove(amd64);
    expect(made.plan([approved], start + 1).findings).toMatchObject([
      { kind: 'ProtectedDigestDeleted', subject: { digest: amd64 }, detail: { lastLockedAt: start } },
    ]);
  });

  it.each<[readonly Approval['state'][], string]>([
    [['requested'], 'ApprovedDigestMissing'],
    [['protecting'], 'ApprovedDigestMissing'],
    [['protected'], 'ProtectedDigestDeleted'],
    [['superseded'], 'ProtectedDigestDeleted'],
    [['requested', 'protected'], 'ProtectedDigestDeleted'],
  ])('when a digest that is %j is not there, and its lock is not recorded, tells %s', (states, kind) => {
    const approvals = states.map((state) =>
      approvalOf({ id: `of-${state}`, digest: index, environment: state, state }),
    );
    expect(protectedRepository(new Map()).plan(approvals).findings).toMatchObject([
      { kind, subject: { digest: index }, detail: { approvals: approvals.map(({ id }) => id).sort() } },
    ]);
  });

  it('when another approval joins, the record still says since when the lock is verified', () => {
    const made = protectedRepository(new Map([[index, {}]]));
    const joining = approvalOf({ id: 'a2', digest: index, environment: 'staging' });
    made.enforce([approvalOf()]);
    expect(made.plan([approvalOf(), joining], start + 9).steps).toMatchObject([
      { step: 'record', record: { approvals: ['a1', 'a2'], setAt: start, verifiedAt: start } },
    ]);
  });

  it('when it is found locked by somebody else, it is recorded so, verified now', () => {
    const made = protectedRepository(new Map([[index, {}]]));
    made.setFlags(manifestTarget(index), locked);
    expect(made.plan([approvalOf()], start + 9).steps).toMatchObject([
      { step: 'record', record: { before: locked, setAt: start + 9, verifiedAt: start + 9 } },
    ]);
  });
});
