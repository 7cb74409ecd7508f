import { describe, expect, it } from '@jest/globals';
import type { ClaimState } from '../../../src/workloads/claim.ts';
import type { Judgement } from '../../../src/workloads/judgement.ts';
import { type Removal, removalFinding, usesDetail, wayBack } from '../../../src/workloads/removal.ts';
import { epoch } from '../../builders/facts.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { claimOf, team, useOf } from './claims.ts';

const digest = digestOf('one');
const deletion: Removal = { ...team, digest, record: 'r1', at: epoch, by: 'somebody' };
const untag: Removal = { ...deletion, tag: 'prod', notBefore: epoch - 3_600_000 };
const context = { wayBack: { steps: ['restore it'], elsewhere: ['a/b@c'] }, inDoubt: ['aks-dev'] };

function used(state: ClaimState, ...more: readonly Partial<Parameters<typeof useOf>[1]>[]): Judgement {
  const ways = more.length === 0 ? [{}] : more;
  return { answer: 'used', state, uses: ways.map((way) => useOf(claimOf({ digest, state }), way)) };
}

describe('when a manifest was deleted', () => {
  it.each([
    ['running', 'critical'],
    ['desired', 'critical'],
    ['rollback', 'high'],
  ] as const)('that is needed as %s, the finding is %s', (state, severity) => {
    expect(removalFinding(deletion, used(state), context)).toMatchObject({
      kind: 'DeletedDigestInUse',
      severity,
    });
  });

  it('and its signature alone goes with it, the judged state counts and not that of the workload', () => {
    const judgement = { ...used('running', { via: 'subject' }), state: 'rollback' as const };
    expect(removalFinding(deletion, judgement, context)?.severity).toBe('high');
  });

  it('the finding is about the digest, and tells when, by whom, who needs it and the way back', () => {
    expect(removalFinding(deletion, used('running'), context)).toMatchObject({
      subject: { ...team, digest },
      detail: {
        deletedAt: epoch,
        deletedBy: 'somebody',
        workloads: ['aks-prod Deployment shop/web container app (running, exact)'],
        wayBack: ['restore it'],
        elsewhere: ['a/b@c'],
        certainty: 'exact',
      },
    });
  });

  it('and nobody knows by whom, nor since when, the finding does not say so', () => {
    const { by: _, ...unknown } = deletion;
    const detail = removalFinding(unknown, used('running'), context)?.detail ?? {};
    for (const name of ['deletedBy', 'notBefore', 'confirmedAt']) expect(detail).not.toHaveProperty(name);
  });

  it('one use that is exact makes the finding exact, inferred ones alone do not', () => {
    const certaintyOf = (judgement: Judgement) =>
      removalFinding(deletion, judgement, context)?.detail['certainty'];
    expect(certaintyOf(used('running', { certainty: 'inferred' }, { certainty: 'exact' }))).toBe('exact');
    expect(certaintyOf(used('running', { certainty: 'inferred' }))).toBe('inferred');
  });

  it('a look since then that confirms it says when, and the finding stays the same one', () => {
    const first = removalFinding(deletion, used('running'), context);
    const later = removalFinding(deletion, used('desired'), { ...context, confirmedAt: epoch + 5 });
    expect(later?.detail['confirmedAt']).toBe(epoch + 5);
    expect(later?.identity).toBe(first?.identity);
  });

  it('and it cannot be known who needs it, the sources in doubt are named, with the way back', () => {
    const finding = removalFinding(deletion, { answer: 'unknown', uses: [] }, context);
    expect(finding).toMatchObject({
      kind: 'DeletedDigestUseUnknown',
      severity: 'high',
      subject: { ...team, digest },
      detail: { deletedAt: epoch, sources: ['aks-dev'], wayBack: ['restore it'], elsewhere: ['a/b@c'] },
    });
  });

  it('and nothing needs it, there is no finding', () => {
    expect(removalFinding(deletion, { answer: 'unused', uses: [] }, context)).toBeUndefined();
  });
});

describe('when a tag was removed and its manifest stayed', () => {
  it('what names the tag misses an image, and the finding tells the digest and the window', () => {
    const finding = removalFinding(untag, used('desired'), context);
    expect(finding).toMatchObject({
      kind: 'MissingImage',
      severity: 'critical',
      subject: { ...team, tag: 'prod' },
      detail: { digest, untaggedAt: epoch, untaggedBy: 'somebody', notBefore: epoch - 3_600_000 },
    });
    expect(finding?.subject).not.toHaveProperty('digest');
  });

  it('and it cannot be known who names it, or nothing does, there is no finding: the manifest is still there', () => {
    expect(removalFinding(untag, { answer: 'unknown', uses: [] }, context)).toBeUndefined();
    expect(removalFinding(untag, { answer: 'unused', uses: [] }, context)).toBeUndefined();
  });
});

describe('when the way back is looked for', () => {
  const elsewhere = ['mirror/app', 'backup/app', 'old/app', 'older/app'].map((repository, index) => ({
    registry: index === 1 ? 'fabrikam.azurecr.io' : team.registry,
    repository,
  }));

  it('soft delete comes first, then other places, then a push of the very same manifest', () => {
    const back = wayBack(deletion, { isRestorable: true, elsewhere: elsewhere.slice(0, 2) });
    expect(back).toEqual({
      steps: [
        `az acr manifest restore --registry contoso --name team/app --digest ${digest}`,
        `az acr import --name contoso --source contoso.azurecr.io/mirror/app@${digest} --repository team/app`,
        `az acr import --name contoso --source fabrikam.azurecr.io/backup/app@${digest} --repository team/app`,
        expect.stringMatching(new RegExp(`^push the same manifest to team/app again: .*${digest}`)),
      ],
      elsewhere: [`contoso.azurecr.io/mirror/app@${digest}`, `fabrikam.azurecr.io/backup/app@${digest}`],
    });
  });

  it('without soft delete and other places only the push is left', () => {
    const { steps, elsewhere: places } = wayBack(deletion, { isRestorable: false, elsewhere: [] });
    expect(steps).toEqual([expect.stringContaining('push the same manifest')]);
    expect(places).toEqual([]);
  });

  it('all places are named, up to twenty, and commands given for three', () => {
    const many = Array.from({ length: 25 }, (_, index) => ({ ...team, repository: `mirror/app-${index}` }));
    const back = wayBack(deletion, { isRestorable: false, elsewhere: many });
    expect(back.steps.filter((step) => step.startsWith('az acr import'))).toHaveLength(3);
    expect(back.elsewhere).toHaveLength(20);
    expect(wayBack(deletion, { isRestorable: false, elsewhere }).elsewhere).toHaveLength(4);
  });

  it('a tag is put back on the manifest that is still there, and nothing is restored', () => {
    expect(wayBack(untag, { isRestorable: true, elsewhere }).steps).toEqual([
      `az acr import --name contoso --source contoso.azurecr.io/team/app@${digest} --image team/app:prod`,
    ]);
  });
});

describe('when uses are told together', () => {
  it('each workload is counted once, in however many states it needs the image', () => {
    const web = { name: 'web', environment: 'production', owner: 'shop team' };
    const detail = usesDetail([
      useOf(claimOf({ digest, of: web })),
      useOf(claimOf({ digest, of: web, state: 'desired' })),
      useOf(claimOf({ digest, of: { name: 'api', environment: 'staging' } }), { certainty: 'inferred' }),
    ]);
    expect(detail).toEqual({
      workloads: [
        'aks-prod Deployment shop/api container app (running, inferred)',
        'aks-prod Deployment shop/web container app (running, exact)',
        'aks-prod Deployment shop/web container app (desired, exact)',
      ],
      workloadCount: 2,
      environments: ['production', 'staging'],
      owners: ['shop team'],
      states: ['desired', 'running'],
      images: [`contoso.azurecr.io/team/app@${digest}`],
    });
  });

  it('twenty workloads are named, and all are counted', () => {
    const many = Array.from({ length: 30 }, (_, index) =>
      useOf(claimOf({ digest, of: { name: `web-${index}` } })),
    );
    const { workloads, workloadCount } = usesDetail(many);
    expect(workloads).toHaveLength(20);
    expect(workloadCount).toBe(30);
  });

  it('of their owners and environments, twenty are named', () => {
    const many = Array.from({ length: 30 }, (_, index) =>
      useOf(claimOf({ digest, of: { owner: `team-${index}`, environment: `stage-${index}` } })),
    );
    const { owners, environments } = usesDetail(many);
    expect([owners.length, environments.length]).toEqual([20, 20]);
  });

  it('those are named first that cannot wait', () => {
    const kept = Array.from({ length: 30 }, (_, index) =>
      useOf(claimOf({ digest, state: 'rollback', of: { name: `a-${index}` } })),
    );
    const running = useOf(claimOf({ digest, state: 'running', of: { name: 'z' } }));
    const { workloads } = usesDetail([...kept, running]);
    expect(workloads[0]).toMatch(/z.*\(running, /);
    expect(workloads).toHaveLength(20);
  });

  it('the order they were found in does not matter', () => {
    const uses = ['web', 'api', 'job'].map((name) => useOf(claimOf({ digest, of: { name, owner: name } })));
    expect(usesDetail(uses.toReversed())).toEqual(usesDetail(uses));
  });
});
