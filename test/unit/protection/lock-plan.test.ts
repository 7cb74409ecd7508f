import { describe, expect, it } from '@jest/globals';
import type { FindingKind } from '../../../src/findings/kind.ts';
import { msPerDay } from '../../../src/protection/duration.ts';
import { type LockPlan, planLocks } from '../../../src/protection/lock-plan.ts';
import { stepsWithout } from '../../../src/protection/lock-step.ts';
import {
  checkedTarget,
  type LockTarget,
  manifestTarget,
  tagTarget,
} from '../../../src/protection/lock-target.ts';
import { isProtected } from '../../../src/protection/protection.ts';
import {
  approvalOf,
  protectedRepository,
  repository,
  repositoryHold,
  start,
  unlocked,
} from '../../builders/protected-repository.ts';
import { digestOf } from '../../builders/registry-event.ts';
import {
  after,
  amd64,
  approved,
  arm64,
  ended,
  index,
  refusalsTo,
  release,
  seenAs,
  signature,
  targetsOf,
} from '../../builders/signed-release.ts';

function kinds({ findings }: LockPlan): readonly FindingKind[] {
  return findings.map(({ kind }) => kind);
}

function refusalsOf(plan: LockPlan): readonly string[] {
  return [...new Set(plan.kept.flatMap(({ refusals }) => refusals.map(({ code }) => code)))].sort();
}

describe('planLocks', () => {
  it('when an index is approved by tag, locks children and signature, then the index, then the tag (F3, F4)', () => {
    const made = release();
    const plan = made.plan([approved]);
    const order = targetsOf(plan.steps, 'lock');
    expect(order.slice(0, 3).sort()).toEqual([amd64, arm64, signature].sort());
    expect(order.slice(3)).toEqual([index, 'v1']);
    for (const step of plan.steps) {
      expect(step).toMatchObject({
        before: { canDelete: true, canWrite: true },
        after: { canDelete: false, canWrite: false },
        record: { approvals: ['a1'], roots: [index] },
      });
      expect('after' in step ? Object.keys(step.after) : []).toEqual(['canDelete', 'canWrite']);
    }
    expect(plan.findings).toEqual([]);
  });

  it('when it was carried out, everything is locked, can still be read, and there is nothing left to do', () => {
    const made = release();
    const plan = made.enforce([approved]);
    expect([...made.locks.values()]).toEqual(
      [...made.locks].map(() => ({ canDelete: false, canWrite: false, canRead: true, canList: true })),
    );
    expect(made.isTagLocked('v1')).toBe(true);
    expect(made.plan([approved])).toMatchObject({ steps: [], findings: [], kept: [] });
    const [protection] = plan.protections;
    const done = new Set(
      plan.steps.map(({ target }) => (target.kind === 'tag' ? `tag:${target.tag}` : target.digest)),
    );
    expect(protection && isProtected(protection, done)).toBe(true);
    expect(protection && isProtected(protection, new Set([index]))).toBe(false);
  });

  it('when the tag is not to be locked, locks the digest alone', () => {
    const made = release();
    made.enforce([approvalOf({ tag: 'v1' })]);
    expect(made.isTagLocked('v1')).toBe(false);
    expect(made.isLocked(index)).toBe(true);
  });

  it('when only the manifest is found locked (F4), the tag is locked as well', () => {
    const made = release();
    made.enforce([approved]);
    made.setFlags(tagTarget('v1'), unlocked);
    const plan = made.plan([approved], start + 1);
    expect(targetsOf(plan.steps, 'lock')).toEqual(['v1']);
    expect(plan.findings).toMatchObject([{ kind: 'LockRemoved', subject: { ...repository, tag: 'v1' } }]);
  });

  it("when a child's lock is undone by hand (F3), it is set again and told with the window of time", () => {
    const made = release();
    made.enforce([approved]);
    made.setFlags(manifestTarget(amd64), { canDelete: true, canWrite: false });
    const plan = made.plan([approved], start + 900_000);
    expect(targetsOf(plan.steps, 'lock')).toEqual([amd64]);
    expect(plan.findings).toMatchObject([
      {
        kind: 'LockRemoved',
        subject: { digest: amd64 },
        detail: { opened: ['delete'], notBefore: start, notAfter: start + 900_000, approvals: ['a1'] },
      },
    ]);
    const [again] = made.plan([approved], start + 1_800_000).findings;
    expect(again?.identity).toBe(plan.findings[0]?.identity);
    made.enforce([approved], start + 1_800_000);
    made.unlock(amd64);
    const [next] = made.plan([approved], start + 2_700_000).findings;
    expect(next?.identity).not.toBe(again?.identity);
  });

  it('when a run was killed between recording a lock and setting it, it is set without a finding', () => {
    const made = release();
    const [step] = made.plan([approved]).steps;
    if (step !== undefined) made.writesOf(step, start)[0]?.();
    expect(kinds(made.enforce([approved], start + 1))).toEqual([]);
    expect(made.isLocked(index)).toBe(true);
  });

  it('when a run was killed between unlocking and forgetting, and the release is kept again, nobody is blamed', () => {
    const made = release();
    made.enforce([approved]);
    const [step] = made.plan([approvalOf({ ...approved, ...ended })]).steps;
    if (step !== undefined) for (const write of made.writesOf(step, start).slice(0, 2)) write();
    expect(made.isTagLocked('v1')).toBe(false);
    expect(kinds(made.enforce([approved], start + 1))).toEqual([]);
    expect(made.isTagLocked('v1')).toBe(true);
  });

  it('when a window is over and nothing speaks against it, unlocks tag, index and children in this order (F9)', () => {
    const made = release();
    made.enforce([approved]);
    const plan = made.enforce([approvalOf({ ...approved, ...ended })], after);
    const order = targetsOf(plan.steps, 'unlock');
    expect(order.slice(0, 2)).toEqual(['v1', index]);
    expect(order.slice(2).sort()).toEqual([amd64, arm64, signature].sort());
    expect([...made.locks.values()]).toEqual([...made.locks].map(() => unlocked));
    expect(made.owned.size).toBe(0);
  });

  it('when somebody else had locked it before, theirs remains, and is told as an orphan once ours is over', () => {
    const made = release();
    made.setFlags(manifestTarget(amd64), { canDelete: false, canWrite: true });
    made.setFlags(manifestTarget(arm64), { canDelete: false, canWrite: false });
    expect(kinds(made.enforce([approved]))).toEqual([]);
    made.enforce([approvalOf({ ...approved, ...ended })], after);
    expect(made.locks.get(amd64)).toMatchObject({ canDelete: false, canWrite: true });
    expect(made.isLocked(arm64)).toBe(true);
    const plan = made.plan([], after);
    expect(plan.steps).toEqual([]);
    expect(plan.findings.map(({ kind, subject }) => [kind, subject.digest]).sort()).toEqual(
      [amd64, arm64].map((digest) => ['OrphanLock', digest]).sort(),
    );
  });

  it.each([
    ['coverage is incomplete', { complete: false, fresh: true }, ['coverage-incomplete']],
    ['coverage is stale', { complete: true, fresh: false }, ['coverage-stale']],
  ])('when %s (F10), nothing is unlocked', (_, coverage, codes) => {
    const made = release();
    made.enforce([approved]);
    made.setCoverage(coverage);
    const plan = made.plan([approvalOf({ ...approved, ...ended })], after);
    expect(plan.steps).toEqual([]);
    expect(refusalsOf(plan)).toEqual([...codes, 'needed']);
    expect(plan.kept).toHaveLength(5);
    expect(kinds(plan)).toEqual([]);
  });

  it('when nothing is known of uses (F10), nothing is unlocked', () => {
    const made = release();
    made.enforce([approved]);
    made.setCoverage({ complete: true, fresh: true }, false);
    const plan = made.plan([approvalOf({ ...approved, ...ended })], after);
    expect(plan.steps).toEqual([]);
    expect(refusalsOf(plan)).toEqual(['needed', 'use-unknown']);
  });

  it('when nobody has asked for uses (F10), nothing is unlocked', () => {
    const made = release();
    made.enforce([approved]);
    const situation = made.situation([approvalOf({ ...approved, ...ended })], [], after);
    expect(planLocks({ ...situation, uses: new Map() }).steps).toEqual([]);
    expect(planLocks(situation).steps).not.toEqual([]);
  });

  it.each([
    ['index', index],
    ['one child', arm64],
  ])('when workloads use the %s (F10), all of the image stays locked', (_, digest) => {
    const made = release();
    made.enforce([approved]);
    made.uses.set(digest, 'used');
    const plan = made.plan([approvalOf({ ...approved, ...ended })], after);
    expect(plan.steps).toEqual([]);
    expect(refusalsOf(plan)).toContain('in-use');
  });

  it('when a child is shared with an index that stays, it stays for its sake', () => {
    const [older, newer] = [digestOf('older'), digestOf('newer')];
    const made = protectedRepository(
      new Map([
        [older, { children: [amd64] }],
        [newer, { children: [amd64] }],
        [amd64, {}],
      ]),
    );
    const first = approvalOf({ id: 'a1', digest: older });
    const second = approvalOf({ id: 'a2', digest: newer, requestedAt: start + 1 });
    made.enforce([first, second]);
    const onlySecond = [{ ...first, ...ended }, second];
    made.uses.set(older, 'used');
    made.enforce(onlySecond, after);
    expect(made.owned.get(amd64)).toMatchObject({ approvals: ['a2'], roots: [newer] });
    const plan = made.enforce(
      [
        { ...first, ...ended },
        { ...second, ...ended },
      ],
      after,
    );
    expect(targetsOf(plan.steps, 'unlock')).toEqual([newer]);
    expect(refusalsTo(plan, amd64)).toMatchObject([{ code: 'needed' }]);
  });

  it('when a hold covers the repository, nothing is unlocked though the window was ended', () => {
    const made = release();
    made.enforce([approved]);
    const plan = made.plan([approvalOf({ ...approved, ...ended })], after, [repositoryHold()]);
    expect(plan.steps).toEqual([]);
    expect(plan.kept).toEqual([]);
    const failed = made.plan([approvalOf({ ...approved, state: 'failed' })], after, [repositoryHold()]);
    expect(failed.steps).toEqual([]);
    expect(refusalsOf(failed)).toEqual(['held', 'needed']);
  });

  it('when part of what is protected cannot be read, locks what is known, and is not protected', () => {
    const made = release();
    made.unreadable.add(amd64);
    const plan = made.enforce([approved]);
    expect(made.isLocked(index)).toBe(true);
    expect(plan.findings).toMatchObject([
      { kind: 'LockIncomplete', subject: { digest: index }, detail: { gapCount: 1 } },
    ]);
    const [protection] = plan.protections;
    expect(
      protection &&
        isProtected(
          protection,
          new Set(
            plan.steps.map(({ target }) => String('digest' in target ? target.digest : `tag:${target.tag}`)),
          ),
        ),
    ).toBe(false);
  });

  it('when what is protected was never read (F10), no manifest is unlocked that may belong to it', () => {
    const newer = digestOf('a2');
    const made = protectedRepository(
      new Map([
        [index, { children: [amd64] }],
        [newer, { children: [amd64] }],
        [amd64, {}],
      ]),
    );
    made.enforce([approvalOf()]);
    made.unreadable.add(newer);
    const approvals = [approvalOf(ended), approvalOf({ id: 'a2', requestedAt: start + 1 })];
    const plan = made.plan(approvals, after);
    expect(targetsOf(plan.steps, 'unlock')).toEqual([]);
    expect(refusalsOf(plan)).toContain('closure-incomplete');
    made.unreadable.clear();
    expect(targetsOf(made.plan(approvals, after).steps, 'unlock')).toEqual([index]);
  });

  it('when an index cannot be read any more, what was locked for it before is still its own', () => {
    const made = release();
    made.enforce([approved]);
    made.unreadable.add(index);
    made.unlock(arm64);
    const plan = made.enforce([approved], start + 1);
    expect(kinds(plan).toSorted()).toEqual(['LockIncomplete', 'LockRemoved']);
    expect(made.isLocked(arm64)).toBe(true);
  });

  it("when a child's lock cannot be read, its index waits, rather than be locked over it (F3)", () => {
    const made = release();
    const situation = made.situation([approved], [], start);
    const plan = planLocks(seenAs(situation, [[amd64, { state: 'unreadable', reason: '503' }]]));
    expect(targetsOf(plan.steps, 'lock').toSorted()).toEqual([arm64, signature].toSorted());
    expect(kinds(plan)).toEqual(['LockIncomplete']);
  });

  it('when the lock of what is kept no longer cannot be read, it stays, and so does what it needs', () => {
    const made = release();
    made.enforce([approved]);
    const situation = made.situation([approvalOf({ ...approved, ...ended })], [], after);
    const plan = planLocks(seenAs(situation, [[index, { state: 'unreadable', reason: '503' }]]));
    expect(plan.steps.map(({ step, target }) => [step, target])).toEqual([['unlock', tagTarget('v1')]]);
    const kept = plan.kept.map(({ lock: { target }, refusals }) => [
      target.kind === 'manifest' ? target.digest : target.tag,
      refusals,
    ]);
    const needed = (digest: string) => [
      expect.objectContaining({ code: 'needed', detail: expect.stringContaining(digest) }),
    ];
    expect(new Map(kept.map(([digest, refusals]) => [String(digest), refusals]))).toEqual(
      new Map<string, unknown>([
        [index, [{ code: 'unreadable', detail: '503' }]],
        ...[amd64, arm64, signature].map((digest) => [digest, needed(digest)] as const),
      ]),
    );
  });

  it('when what an approval keeps was read by nobody, its digest is locked, and what belongs to it is in doubt', () => {
    const made = release();
    const plan = planLocks({ ...made.situation([approved], [], start), closures: new Map() });
    expect(targetsOf(plan.steps, 'lock')).toEqual([index, 'v1']);
    expect(plan.findings).toMatchObject([
      { kind: 'LockIncomplete', subject: { digest: index }, detail: { gapCount: 1 } },
    ]);
    expect(plan.protections).toMatchObject([
      { gaps: [{ digest: index, reason: 'unreadable', detail: 'was not read' }] },
    ]);
  });

  it('when a step fails, whatever needs it waits for the next run', () => {
    const made = release();
    const { steps } = made.plan([approved]);
    const left = stepsWithout(steps, manifestTarget(amd64));
    expect(targetsOf(left, 'lock').toSorted()).toEqual([arm64, signature].toSorted());
    made.enforce([approved]);
    const unlocking = made.plan([approvalOf({ ...approved, ...ended })], after).steps;
    expect(stepsWithout(unlocking, tagTarget('v1'))).toEqual([]);
  });

  it('when the tag moved before it could be locked (F12), it is told and not locked', () => {
    const made = release();
    made.tag('v1', amd64);
    const plan = made.enforce([approved]);
    expect(plan.findings).toMatchObject([
      {
        kind: 'ProtectedTagMoved',
        subject: { tag: 'v1' },
        detail: { approvedDigest: index, foundDigest: amd64, approval: 'a1' },
      },
    ]);
    expect(made.isTagLocked('v1')).toBe(false);
    expect(made.isLocked(index)).toBe(true);
    expect(plan.protections[0]?.tagMoved).toBe(true);
  });

  it('when the tag is gone, that is told as well', () => {
    const made = release();
    made.tags.delete('v1');
    expect(made.plan([approved]).findings).toMatchObject([
      { kind: 'ProtectedTagMoved', detail: { approvedDigest: index } },
    ]);
  });

  it('when a tag has moved on to a newer release, nothing is wrong', () => {
    const made = release();
    const newer = approvalOf({ id: 'a2', digest: arm64, tag: 'v1', requestedAt: start + 1 });
    made.tag('v1', arm64);
    expect(kinds(made.plan([approvalOf({ tag: 'v1' }), newer]))).toEqual([]);
  });

  it('when a tag that was locked is unlocked and moved, both are told, and it stays as it is', () => {
    const made = release();
    made.enforce([approved]);
    made.tag('v1', arm64);
    const plan = made.plan([approved], start + 1);
    expect(kinds(plan).toSorted()).toEqual(['LockRemoved', 'ProtectedTagMoved']);
    expect(plan.steps).toEqual([]);
    expect(refusalsOf(plan)).toContain('in-window');
  });

  it('when a protected digest is gone, that is told as long as its window is open', () => {
    const made = release();
    made.enforce([approved]);
    made.remove(index);
    made.tags.delete('v1');
    const plan = made.enforce([approved], start + 1);
    expect(kinds(plan)).toContain('ProtectedDigestDeleted');
    expect(plan.findings.find(({ kind }) => kind === 'ProtectedDigestDeleted')).toMatchObject({
      severity: 'critical',
      subject: { digest: index },
      detail: { lastLockedAt: start },
    });
    expect(made.isLocked(amd64)).toBe(true);
    made.enforce([approvalOf({ ...approved, ...ended })], after);
    expect(made.owned.size).toBe(0);
  });

  it('when a digest was approved that is not there, that is told, and nothing is locked', () => {
    const made = protectedRepository(new Map());
    const plan = made.plan([approvalOf({ state: 'requested' })]);
    expect(plan.steps).toEqual([]);
    expect(kinds(plan)).toEqual(['ApprovedDigestMissing']);
  });

  it('when a child is not in the registry, the rest is locked, and the approval is not protected', () => {
    const made = release();
    made.remove(arm64);
    const plan = made.enforce([approved]);
    expect(kinds(plan)).toEqual(['LockIncomplete']);
    expect(made.isLocked(index)).toBe(true);
  });

  it('when a rollback digest is named, it is kept with the release', () => {
    const made = release();
    made.enforce([approvalOf({ digest: arm64, rollbackDigest: amd64 })]);
    expect(made.isLocked(amd64)).toBe(true);
  });

  it('when a lock is seen that nobody here set, it is left alone and told (F9)', () => {
    const made = release();
    made.setFlags(manifestTarget(signature), { canDelete: false, canWrite: true });
    made.setFlags(tagTarget('v1'), { canDelete: false, canWrite: false });
    const plan = made.plan([]);
    expect(plan.steps).toEqual([]);
    expect(plan.findings).toMatchObject([
      {
        kind: 'OrphanLock',
        severity: 'low',
        subject: { digest: signature },
        detail: { forbids: ['delete'] },
      },
      { kind: 'OrphanLock', subject: { tag: 'v1' }, detail: { forbids: ['delete', 'write'] } },
    ]);
  });

  it('when a tag that somebody locked moved away from what was approved, it is told as moved and as nothing else', () => {
    const made = release();
    made.tag('v1', arm64);
    made.setFlags(tagTarget('v1'), { canDelete: false, canWrite: false });
    expect(kinds(made.plan([approved]))).toEqual(['ProtectedTagMoved']);
  });

  it('when what is listed as a tag is none, it is left out', () => {
    const made = release();
    made.tag('not a tag', index);
    made.setFlags(manifestTarget(signature), { canDelete: false, canWrite: true });
    expect(kinds(made.plan([]))).toEqual(['OrphanLock']);
  });

  it('when releases follow one another for years (F9), only the locks of those kept remain', () => {
    const digests = Array.from({ length: 30 }, (_, release) => digestOf(`a${release}`));
    const made = protectedRepository(new Map(digests.map((digest) => [digest, {}])));
    const approvals = digests.map((digest, release) =>
      approvalOf({
        id: `a${release}`,
        digest,
        requestedAt: start + release * 30 * msPerDay,
        monitoringWindow: 0,
      }),
    );
    approvals.forEach((approval, release) => {
      made.enforce(approvals.slice(0, release + 1), approval.requestedAt);
    });
    expect(digests.filter(made.isLocked)).toEqual(digests.slice(-4));
    expect(made.owned.size).toBe(4);
  });

  it.each([{ repository: 'team/other' }, { registry: 'fabrikam.azurecr.io' }])(
    'when approvals of another repository are handed in (%j), they are none of its business',
    (other) => {
      const made = release();
      expect(made.plan([approvalOf(other)]).steps).toEqual([]);
    },
  );
});

describe('lock targets', () => {
  it.each(['', ' ', 'a:b', '-a', '\n'])('when the tag is %j (F13), there is no target', (tag) => {
    expect(() => tagTarget(tag)).toThrow(TypeError);
  });

  it.each(['', 'sha256:', 'latest', `sha256:${'A'.repeat(64)}`])(
    'when the digest is %j (F13), there is no target',
    (digest) => {
      expect(() => manifestTarget(digest)).toThrow(TypeError);
    },
  );

  it('when there is no target, says what was to be one', () => {
    expect(() => tagTarget('a:b')).toThrow('"a:b" is no tag to lock');
    expect(() => manifestTarget('latest')).toThrow('"latest" is no digest to lock');
  });

  it.each([
    '{"kind": "tag", "tag": ""}',
    '{"kind": "tag", "tag": ["v1"]}',
    '{"kind": "tag", "tag": null}',
    '{"kind": "tag"}',
    '{"kind": "repository"}',
    '{"kind": "manifest", "digest": ""}',
    '{"kind": "manifest", "tag": "v1"}',
    `{"kind": "manifest", "digest": ["${index}"]}`,
  ])('when a target comes back from storage as %s, it is checked again (F13)', (text) => {
    const stored: LockTarget = JSON.parse(text);
    expect(() => checkedTarget(stored)).toThrow(TypeError);
  });

  it('when a target names a tag or a digest, it stays as it is', () => {
    expect(checkedTarget(tagTarget('v1'))).toEqual({ kind: 'tag', tag: 'v1' });
    expect(checkedTarget(manifestTarget(index))).toEqual({ kind: 'manifest', digest: index });
  });
});
