import { describe, expect, it } from '@jest/globals';
import type { ClosureGap } from '../../../src/protection/closure.ts';
import {
  digestGone,
  lockFailed,
  lockIncomplete,
  lockRemoved,
  orphanLock,
  protectedTagMoved,
} from '../../../src/protection/lock-finding.ts';
import { manifestTarget, tagTarget } from '../../../src/protection/lock-target.ts';
import { approvalOf, repository, start, unlocked } from '../../builders/protected-repository.ts';
import { digestOf } from '../../builders/registry-event.ts';

const digest = digestOf('app');
const manifest = manifestTarget(digest);
const tag = tagTarget('v1');
const lock = {
  target: manifest,
  approvals: ['a1'],
  roots: [digest],
  needs: [],
  before: unlocked,
  setAt: start,
  verifiedAt: start + 1,
};

describe('a finding of locks', () => {
  it.each([
    ['both', { canDelete: true, canWrite: true }, ['delete', 'write'], []],
    ['deletion', { canDelete: true, canWrite: false }, ['delete'], ['write']],
    ['pushes', { canDelete: false, canWrite: true }, ['write'], ['delete']],
  ])('says what is open when %s is, and what a lock of nobody forbids', (_, seen, opened, forbids) => {
    const removed = lockRemoved(repository, lock, seen, { since: start, until: start + 5 });
    expect(removed).toMatchObject({
      kind: 'LockRemoved',
      detail: { approvals: ['a1'], opened, notBefore: start, notAfter: start + 5, verifiedAt: start + 1 },
    });
    const orphan = orphanLock(repository, tag, seen);
    if (forbids.length === 0) expect(orphan).toBeUndefined();
    else expect(orphan).toMatchObject({ kind: 'OrphanLock', subject: { tag: 'v1' }, detail: { forbids } });
  });

  it('is of the digest or the tag that was to be locked, and says what the registry said', () => {
    const told = { change: 'lock', code: '401', detail: 'no' } as const;
    expect(lockFailed(repository, manifest, told)).toMatchObject({
      kind: 'LockFailed',
      subject: { ...repository, digest },
      detail: told,
    });
    expect(lockFailed(repository, tag, told).subject).toEqual({ ...repository, tag: 'v1' });
  });

  it('lists the first 20 of what is missing, each with what is known of it, and counts all', () => {
    const gap = (index: number): ClosureGap => ({ digest: digestOf(`${index}`), reason: 'missing' });
    const unread: ClosureGap = { digest, reason: 'unreadable', detail: 'was not read' };
    const gaps = [unread, ...Array.from({ length: 20 }, (_, index) => gap(index))];
    const { kind, subject, detail } = lockIncomplete(repository, digest, ['a1'], gaps);
    expect({ kind, subject }).toEqual({ kind: 'LockIncomplete', subject: { ...repository, digest } });
    expect(detail).toMatchObject({ approvals: ['a1'], gapCount: 21 });
    expect(detail['gaps']).toHaveLength(20);
    expect(detail['gaps']).toEqual(
      expect.arrayContaining([`${digest} unreadable: was not read`, `${digestOf('0')} missing`]),
    );
  });

  it('says where an approved tag points now, if anywhere', () => {
    const approval = approvalOf({ tag: 'v1', digest });
    const moved = { tag: 'v1', approval };
    const told = { approval: 'a1', environment: 'production', approvedDigest: digest };
    const found = digestOf('other');
    expect(protectedTagMoved(repository, { ...moved, found })).toMatchObject({
      kind: 'ProtectedTagMoved',
      subject: { ...repository, tag: 'v1' },
      detail: { ...told, foundDigest: found },
    });
    expect(protectedTagMoved(repository, moved).detail).not.toHaveProperty('foundDigest');
  });

  it('says when a digest that is gone was locked last, if it ever was', () => {
    const gone = (known: Parameters<typeof digestGone>[4]) =>
      digestGone('ProtectedDigestDeleted', repository, digest, ['a1'], known).detail;
    const { verifiedAt: _, ...unverified } = lock;
    expect(gone(lock)).toEqual({ approvals: ['a1'], lastLockedAt: start + 1 });
    expect(gone(unverified)).toEqual({ approvals: ['a1'] });
    expect(gone(undefined)).toEqual({ approvals: ['a1'] });
  });
});
