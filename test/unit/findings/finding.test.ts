import { describe, expect, it } from '@jest/globals';
import { findingOf } from '../../../src/findings/finding.ts';
import { type FindingKind, findingKinds } from '../../../src/findings/kind.ts';
import { lockFailed } from '../../../src/protection/lock-finding.ts';
import { manifestTarget, tagTarget } from '../../../src/protection/lock-target.ts';
import { repository } from '../../builders/protected-repository.ts';
import { digestOf } from '../../builders/registry-event.ts';

const digest = digestOf('app');

describe('findingOf', () => {
  it('when the same fact is found again, later and for more approvals, it is the same finding', () => {
    const first = findingOf(
      'LockRemoved',
      { ...repository, digest },
      { verifiedAt: 1, notAfter: 2, approvals: ['a1'] },
    );
    const again = findingOf(
      'LockRemoved',
      { ...repository, digest },
      { verifiedAt: 1, notAfter: 9, approvals: ['a1', 'a2'] },
    );
    expect(again.identity).toBe(first.identity);
    expect(first.severity).toBe('high');
  });

  it('when anything that tells two findings apart differs, they are two', () => {
    const moved = { approvedDigest: digest, foundDigest: digestOf('other') };
    const { foundDigest: _, ...gone } = moved;
    const identities = [
      findingOf('ProtectedTagMoved', { ...repository, tag: 'v1' }, moved),
      findingOf('ProtectedTagMoved', { ...repository, tag: 'v1' }, gone),
      findingOf('ProtectedTagMoved', { ...repository, tag: 'v2' }, moved),
      findingOf('ProtectedTagMoved', { ...repository, repository: 'team/web', tag: 'v1' }, moved),
      findingOf('ProtectedTagMoved', { ...repository, registry: 'fabrikam.azurecr.io', tag: 'v1' }, moved),
      findingOf('OrphanLock', { ...repository, tag: 'v1' }, {}),
      findingOf('OrphanLock', { ...repository, digest }, {}),
      findingOf('OrphanLock', { ...repository, digest: digestOf('other') }, {}),
      lockFailed(repository, tagTarget('v1'), { change: 'lock', code: '401', detail: 'insufficient_scope' }),
      lockFailed(repository, manifestTarget(digest), { change: 'lock', code: '401', detail: '' }),
      lockFailed(repository, manifestTarget(digest), { change: 'unlock', code: '401', detail: '' }),
      lockFailed(repository, manifestTarget(digest), { change: 'lock', code: '405', detail: '' }),
    ].map(({ identity }) => identity);
    expect(new Set(identities).size).toBe(identities.length);
  });

  it.each(Object.keys(findingKinds) as FindingKind[])('when it is %s, there is a remedy', (kind) => {
    expect(findingKinds[kind].remedy).toMatch(/^[A-Z].*\.$/);
  });
});
