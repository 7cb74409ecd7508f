import { describe, expect, it } from '@jest/globals';
import { estate } from '../../../src/findings/finding.ts';
import { readPolicy } from '../../../src/protection/policy-reading.ts';
import type { SourceCoverage } from '../../../src/workloads/coverage.ts';
import { foreignImageFindings, sourceFindings } from '../../../src/workloads/source-findings.ts';
import { epoch } from '../../builders/facts.ts';
import { policyDocument } from '../../builders/policy-document.ts';
import { claimOf } from './claims.ts';

const state = { source: 'aks-prod', problems: [], problemCount: 0, claims: 3 };
const problems = [
  { where: 'pods', problem: 'refused' },
  { where: 'jobs', problem: 'refused' },
];

describe('when a source says too little to conclude from', () => {
  it('nothing is found while it is fresh', () => {
    expect(sourceFindings([{ source: 'aks-prod', condition: 'fresh', state }])).toEqual([]);
  });

  it('the finding is about the estate, with when it was looked at and what could not be read', () => {
    const looks = { completeAt: epoch, lookedAt: epoch + 5 };
    const coverage: SourceCoverage = {
      source: 'aks-prod',
      condition: 'stale',
      freshUntil: epoch + 1,
      state: { ...state, ...looks, problems, problemCount: 7 },
    };
    expect(sourceFindings([coverage])).toEqual([
      expect.objectContaining({
        kind: 'SourceStale',
        severity: 'high',
        subject: { registry: estate, repository: 'inventory' },
        detail: {
          source: 'aks-prod',
          condition: 'stale',
          ...looks,
          problems: ['pods: refused', 'jobs: refused'],
          problemCount: 7,
        },
      }),
    ]);
  });

  it('one that never reported has no times, and no problems', () => {
    expect(sourceFindings([{ source: 'new', condition: 'never' }])).toEqual([
      expect.objectContaining({
        severity: 'high',
        detail: { source: 'new', condition: 'never', problems: [], problemCount: 0 },
      }),
    ]);
  });

  it.each<[string, Omit<SourceCoverage, 'source'>, string]>([
    [
      'a part could not be read, and the look before it still holds',
      { condition: 'incomplete', freshUntil: epoch, state: { ...state, completeAt: epoch } },
      'medium',
    ],
    [
      'a part could not be read, and the look before it is too old',
      { condition: 'incomplete', state: { ...state, completeAt: epoch } },
      'high',
    ],
    [
      'a part could not be read, and it was never complete',
      { condition: 'incomplete', freshUntil: epoch, state },
      'high',
    ],
    ['nothing is kept of it', { condition: 'incomplete', freshUntil: epoch }, 'high'],
    [
      'it is in no settings any more',
      { condition: 'removed', freshUntil: epoch, state: { ...state, completeAt: epoch } },
      'high',
    ],
  ])('when %s', (_, coverage, severity) => {
    expect(sourceFindings([{ source: 'aks-prod', ...coverage }])).toMatchObject([{ severity }]);
  });

  it('each source is found by itself', () => {
    const sources = ['one', 'two'].map((source) => ({ source, condition: 'never' as const }));
    const identities = sourceFindings(sources).map(({ identity }) => identity);
    expect(new Set(identities).size).toBe(2);
  });
});

describe('when workloads use images of other registries', () => {
  const reading = readPolicy(policyDocument());
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  const { policy } = reading;
  const hub = { registry: 'docker.io', repository: 'library/nginx', image: 'nginx' };

  it('each repository of one that the policy does not approve is found once, with its workloads', () => {
    const claims = [
      claimOf(),
      claimOf({ ...hub, of: { name: 'web' } }),
      claimOf({ ...hub, of: { name: 'api' } }),
      claimOf({ ...hub, registry: 'fabrikam.azurecr.io' }),
      claimOf({ ...hub, repository: 'library/redis' }),
    ];
    const told = foreignImageFindings(policy, claims).map(({ kind, severity, subject, detail }) => [
      kind,
      severity,
      subject,
      detail['foreignRegistry'],
      detail['workloadCount'],
    ]);
    const of = (repository: string) => ({ registry: estate, repository });
    expect(told).toEqual([
      ['UnapprovedRegistry', 'medium', of('library/nginx'), 'docker.io', 2],
      ['UnapprovedRegistry', 'medium', of('library/nginx'), 'fabrikam.azurecr.io', 1],
      ['UnapprovedRegistry', 'medium', of('library/redis'), 'docker.io', 1],
    ]);
    expect(foreignImageFindings(policy, claims)[0]?.detail['workloads']).toEqual([
      'aks-prod Deployment shop/api container app (running, exact)',
      'aks-prod Deployment shop/web container app (running, exact)',
    ]);
  });

  it('nothing is found without a policy: there is nothing to measure by', () => {
    expect(foreignImageFindings(undefined, [claimOf(hub)])).toEqual([]);
  });
});
