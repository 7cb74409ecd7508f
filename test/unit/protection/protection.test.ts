import { describe, expect, it } from '@jest/globals';
import type { Approval } from '../../../src/protection/approval.ts';
import { type LockPlan, planLocks } from '../../../src/protection/lock-plan.ts';
import type { LocksSeen, NotSeen } from '../../../src/protection/locks-seen.ts';
import { isProtected } from '../../../src/protection/protection.ts';
import type { Digest } from '../../../src/registry/digest.ts';
import {
  approvalOf,
  type FakeManifest,
  protectedRepository,
  start,
} from '../../builders/protected-repository.ts';
import { digestOf } from '../../builders/registry-event.ts';

const index = digestOf('a1');
const child = digestOf('child');
const approved = approvalOf({ tag: 'v1', lockTag: true });
const refused: NotSeen = { state: 'unreadable', reason: '503' };

/** An index with one child, approved as a1 and tagged v1, and whatever else there is. */
function release(...others: readonly (readonly [Digest, FakeManifest])[]) {
  const made = protectedRepository(
    new Map<Digest, FakeManifest>([[index, { children: [child] }], [child, {}], ...others]),
  );
  made.tag('v1', index);
  return made;
}

/** The plan for one approval where its locks are seen otherwise. */
function planOf(
  made: ReturnType<typeof release>,
  approval: Approval,
  seen: Partial<LocksSeen> = {},
): LockPlan {
  const situation = made.situation([approval], [], start + 1);
  return planLocks({ ...situation, seen: { ...situation.seen, ...seen } });
}

function protectionIn({ protections: [protection] }: LockPlan) {
  if (protection === undefined) throw new Error('nothing is protected');
  return protection;
}

const nothingDone = new Set<string>();

describe('how far protection has come', () => {
  it('before anything is locked, all of it is outstanding, the tag as well', () => {
    const protection = protectionIn(planOf(release(), approved));
    expect(protection).toEqual({
      approval: approved,
      outstanding: [index, child, 'tag:v1'],
      gaps: [],
      tagMoved: false,
    });
    expect(isProtected(protection, new Set([index, child]))).toBe(false);
    expect(isProtected(protection, new Set([index, child, 'tag:v1']))).toBe(true);
  });

  it('when everything is locked, nothing is outstanding', () => {
    const made = release();
    made.enforce([approved]);
    const protection = protectionIn(planOf(made, approved));
    expect(protection.outstanding).toEqual([]);
    expect(isProtected(protection, nothingDone)).toBe(true);
  });

  it.each<[string, Approval]>([
    ['it has a tag that is not to be locked', approvalOf({ tag: 'v1' })],
    ['it names no tag though tags are to be locked', approvalOf({ lockTag: true })],
  ])('when %s, its digests are all there is to lock', (_, approval) => {
    const made = release();
    expect(protectionIn(planOf(made, approval)).outstanding).toEqual([index, child]);
    made.enforce([approval]);
    made.tag('v1', child);
    const protection = protectionIn(planOf(made, approval));
    expect(protection).toMatchObject({ outstanding: [], tagMoved: false });
    expect(isProtected(protection, nothingDone)).toBe(true);
  });

  it.each<[string, LocksSeen['tags']]>([
    ['could not be read', new Map([['v1', refused]])],
    ['was not looked at', new Map()],
  ])('when its tag %s, that is outstanding, and nobody says that it moved', (_, tags) => {
    const made = release();
    made.enforce([approved]);
    const protection = protectionIn(planOf(made, approved, { tags }));
    expect(protection).toMatchObject({ outstanding: ['tag:v1'], tagMoved: false });
    expect(isProtected(protection, nothingDone)).toBe(false);
  });

  it('when part of one image is missing, another image is protected all the same', () => {
    const made = release([digestOf('a2'), {}]);
    made.remove(child);
    const plan = made.enforce([approvalOf(), approvalOf({ id: 'a2', requestedAt: start + 1 })]);
    const gaps = plan.protections.map(({ approval, gaps: own }) => [approval.id, own]);
    expect(Object.fromEntries(gaps)).toEqual({ a1: [{ digest: child, reason: 'missing' }], a2: [] });
  });

  it('when the lock of a part cannot be read, that is said of the part, of what waits for it, and to whom it matters', () => {
    const made = release();
    const manifests = new Map(made.situation([approved], [], start).seen.manifests).set(child, refused);
    const plan = planOf(made, approved, { manifests });
    const gaps = [
      { digest: index, reason: 'unreadable', detail: `its lock: waits for ${child}` },
      { digest: child, reason: 'unreadable', detail: 'its lock: 503' },
    ];
    expect(protectionIn(plan).gaps).toEqual(gaps);
    expect(plan.findings).toMatchObject([
      {
        kind: 'LockIncomplete',
        subject: { digest: index },
        detail: {
          approvals: ['a1'],
          gaps: gaps.map(({ digest, reason, detail }) => `${digest} ${reason}: ${detail}`),
        },
      },
    ]);
  });

  it('when a part that was locked is gone, it is told as deleted, and not as missing as well', () => {
    const made = release();
    made.enforce([approved]);
    made.remove(child);
    const plan = planOf(made, approved);
    expect(plan.findings).toMatchObject([{ kind: 'ProtectedDigestDeleted', subject: { digest: child } }]);
    expect(isProtected(protectionIn(plan), new Set([index, child, 'tag:v1']))).toBe(false);
  });
});
