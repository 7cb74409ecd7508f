import { describe, expect, it } from '@jest/globals';
import type { Finding } from '../../../src/findings/finding.ts';
import type { FindingKind } from '../../../src/findings/kind.ts';
import { readPolicy } from '../../../src/protection/policy-reading.ts';
import type { Digest } from '../../../src/registry/digest.ts';
import type { Workload } from '../../../src/workloads/claim.ts';
import type { ResolvedClaim } from '../../../src/workloads/judgement.ts';
import { clockSkewMs, type KnownClaim } from '../../../src/workloads/use.ts';
import { type UseSituation, useFindings } from '../../../src/workloads/use-findings.ts';
import { epoch } from '../../builders/facts.ts';
import { policyDocument } from '../../builders/policy-document.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { claimOf, team } from './claims.ts';

const [one, two, three] = [digestOf('one'), digestOf('two'), digestOf('three')];

function deployedPolicy() {
  const reading = readPolicy(policyDocument());
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.policy;
}

/** A repository that nothing is wrong with, but for what is given. */
function situation(more: Partial<UseSituation>): UseSituation {
  return {
    repository: team,
    claims: [],
    tags: new Map(),
    missing: new Set(),
    missingChildren: new Map(),
    parents: new Map(),
    alarmed: new Set(),
    approved: new Map(),
    lockedTags: new Set(),
    policy: undefined,
    now: epoch,
    ...more,
  };
}

type Claimed = Partial<KnownClaim> & { readonly of?: Partial<Workload> };

/** A claim that is sure of what it needs: what it pulled, or names by a digest. */
function exact(digest: Digest, more: Claimed = {}): ResolvedClaim {
  return {
    claim: claimOf({ digest, ...more }),
    certainty: 'exact',
    digests: new Set([digest]),
    isCut: false,
  };
}

/** A claim that names a tag, which may have meant those digests. */
function inferred(tag: string, digests: readonly Digest[], more: Claimed = {}): ResolvedClaim {
  return { claim: claimOf({ tag, ...more }), certainty: 'inferred', digests: new Set(digests), isCut: false };
}

const production = { environment: 'production' };

function found(kind: FindingKind, more: Partial<UseSituation>): readonly Finding[] {
  return useFindings(situation(more)).filter((finding) => finding.kind === kind);
}

describe('a digest that is claimed and is not there', () => {
  it.each([
    ['running', 'critical'],
    ['desired', 'critical'],
    ['rollback', 'high'],
  ] as const)('is missing; for what is %s that is %s', (state, severity) => {
    const claims = [exact(one, { state, isPinned: true }), exact(two, { isPinned: true })];
    expect(found('MissingImage', { claims, missing: new Set([one]) })).toEqual([
      expect.objectContaining({
        severity,
        subject: { ...team, digest: one },
        detail: expect.objectContaining({ states: [state], workloadCount: 1 }),
      }),
    ]);
  });

  it('is one finding, with all who need it', () => {
    const claims = [exact(one, { of: { name: 'web' } }), exact(one, { of: { name: 'api' } })];
    const [finding, ...others] = found('MissingImage', { claims, missing: new Set([one]) });
    expect(others).toEqual([]);
    expect(finding?.detail).toMatchObject({
      workloads: [
        'aks-prod Deployment shop/api container app (running, exact)',
        'aks-prod Deployment shop/web container app (running, exact)',
      ],
    });
  });

  it('is not told again where its deletion is found already', () => {
    expect(
      found('MissingImage', { claims: [exact(one)], missing: new Set([one]), alarmed: new Set([one]) }),
    ).toEqual([]);
    const others = { claims: [exact(one)], missing: new Set([one]), alarmed: new Set([two]) };
    expect(found('MissingImage', others)).toHaveLength(1);
  });

  it('is less urgent where all who run it name a tag that is there: they start again, with something else', () => {
    const claims = [exact(one, { tag: 'prod' }), exact(one, { tag: 'main' })];
    const missing = new Set([one]);
    const severityOf = (some: readonly ResolvedClaim[], tags: UseSituation['tags']) =>
      found('MissingImage', { claims: some, missing, tags }).find(({ subject }) => subject.digest === one)
        ?.severity;
    const both = new Map([
      ['prod', two],
      ['main', two],
    ]);
    expect(severityOf(claims, both)).toBe('high');
    // One of them cannot start again: its tag is gone, it names none, or it names the digest beside it.
    expect(severityOf(claims, new Map([['prod', two]]))).toBe('critical');
    expect(severityOf(claims, new Map([...both, ['main', undefined]]))).toBe('critical');
    expect(severityOf([...claims, exact(one)], both)).toBe('critical');
    expect(severityOf([exact(one, { tag: 'prod', isPinned: true })], both)).toBe('critical');
  });
});

describe('a tag that workloads name', () => {
  const gone = new Map([['prod', undefined]]);

  it.each([
    ['running', 'critical'],
    ['rollback', 'high'],
  ] as const)('and that is not there misses its image; for what is %s that is %s', (state, severity) => {
    const claims = [inferred('prod', [one], { state }), inferred('main', [two])];
    const tags = new Map([...gone, ['main', two]]);
    expect(found('MissingImage', { claims, tags })).toEqual([
      expect.objectContaining({
        severity,
        subject: { ...team, tag: 'prod' },
        detail: expect.objectContaining({ workloadCount: 1, states: [state] }),
      }),
    ]);
  });

  it('and that nobody looked for is not said to be missing', () => {
    expect(found('MissingImage', { claims: [inferred('prod', [one])] })).toEqual([]);
  });

  it('beside a digest is not needed: the digest is what is pulled', () => {
    expect(
      found('MissingImage', { claims: [exact(one, { tag: 'prod', isPinned: true })], tags: gone }),
    ).toEqual([]);
  });

  it('and that went with a digest whose deletion is found is not told again', () => {
    const claims = [inferred('prod', [one]), inferred('prod', [two], { of: { name: 'api' } })];
    expect(found('MissingImage', { claims, tags: gone, alarmed: new Set([two]) })).toEqual([]);
    expect(found('MissingImage', { claims, tags: gone, alarmed: new Set([three]) })).toHaveLength(1);
  });

  it('is not looked at where the claim names none', () => {
    expect(found('MissingImage', { claims: [exact(one)], tags: gone })).toEqual([]);
  });
});

describe('an index that lacks a manifest', () => {
  const missingChildren = new Map([[one, [two, three]]]);

  it('is found where a claim names it, with what is missing', () => {
    const claims = [exact(one, { isPinned: true, state: 'rollback' }), exact(two, { of: { name: 'other' } })];
    expect(found('MissingIndexChild', { claims, missingChildren })).toEqual([
      expect.objectContaining({
        severity: 'high',
        subject: { ...team, digest: one },
        detail: expect.objectContaining({ children: [two, three], childCount: 2, workloadCount: 1 }),
      }),
    ]);
  });

  it('is found where a tag that is named points to it now, as urgent as what needs it', () => {
    const claims = [inferred('prod', [one])];
    expect(found('MissingIndexChild', { claims, missingChildren, tags: new Map([['prod', one]]) })).toEqual([
      expect.objectContaining({ severity: 'critical' }),
    ]);
  });

  it.each<[string, ResolvedClaim]>([
    ['the tag points to something else', inferred('main', [one])],
    ['the tag is not there', inferred('gone', [one])],
    ['another digest is named beside the tag', exact(three, { tag: 'prod', isPinned: true })],
    ['nothing is named', { ...inferred('prod', [one]), claim: claimOf() }],
  ])('is nothing to a claim when %s', (_, claim) => {
    const tags = new Map<string, Digest | undefined>([
      ['prod', one],
      ['main', two],
      ['gone', undefined],
    ]);
    expect(found('MissingIndexChild', { claims: [claim], missingChildren, tags })).toEqual([]);
  });

  it('lacks nothing when all that it lists is there', () => {
    expect(
      found('MissingIndexChild', { claims: [exact(one)], missingChildren: new Map([[one, []]]) }),
    ).toEqual([]);
  });
});

describe('a tag that moved while something runs', () => {
  const tags = new Map([['prod', two]]);
  const drift = (more: Partial<UseSituation>) => found('TagDrift', { tags, ...more });

  it('is a drift, with what runs and what the tag is now', () => {
    const claims = [exact(one, { tag: 'prod' }), exact(two, { tag: 'prod', of: { name: 'new' } })];
    expect(drift({ claims })).toEqual([
      expect.objectContaining({
        severity: 'medium',
        subject: { ...team, tag: 'prod' },
        detail: expect.objectContaining({
          workloads: ['aks-prod Deployment shop/web container app (running, exact)'],
          runningDigests: [one],
          tagDigest: two,
          tagDigestApproved: false,
          approvedRunning: [],
          certainty: 'exact',
        }),
      }),
    ]);
  });

  it.each<[string, ResolvedClaim]>([
    ['what runs is what the tag points to', exact(two, { tag: 'prod' })],
    ['the reference is pinned', exact(one, { tag: 'prod', isPinned: true })],
    ['it would only be pulled', exact(one, { tag: 'prod', state: 'desired' })],
    ['no tag is named', exact(one)],
    ['the tag is not known', exact(one, { tag: 'main' })],
  ])('is none when %s', (_, claim) => {
    expect(drift({ claims: [claim] })).toEqual([]);
  });

  it('is none when the tag is not there at all', () => {
    expect(drift({ claims: [exact(one, { tag: 'prod' })], tags: new Map([['prod', undefined]]) })).toEqual(
      [],
    );
  });

  it('is none when a node runs its part of the index that the tag points to', () => {
    const claims = [exact(one, { tag: 'prod' })];
    expect(drift({ claims, parents: new Map([[one, new Set([two])]]) })).toEqual([]);
    expect(drift({ claims, parents: new Map([[one, new Set([three])]]) })).toHaveLength(1);
  });

  it('names each digest once, and twenty at most', () => {
    const many = Array.from({ length: 25 }, (_, number) => digestOf(`old ${number}`));
    const claims = [...many, ...many].map((digest, number) =>
      exact(digest, { tag: 'prod', of: { name: `web-${number}` } }),
    );
    const [{ detail } = { detail: {} }] = drift({
      claims,
      approved: new Map([['production', new Set(many)]]),
    });
    expect(detail).toMatchObject({ runningDigests: many.slice(0, 20), approvedRunning: many.slice(0, 20) });
  });

  it('is inferred unless one of those who run it is sure', () => {
    const guess = inferred('prod', [one]);
    expect(drift({ claims: [guess] })[0]?.detail['certainty']).toBe('inferred');
    const sure = exact(one, { tag: 'prod', of: { name: 'sure' } });
    expect(drift({ claims: [guess, sure] })[0]?.detail['certainty']).toBe('exact');
  });

  it('tells which of the digests are approved', () => {
    const claims = [exact(one, { tag: 'prod' }), exact(three, { tag: 'prod', of: { name: 'other' } })];
    const approved = new Map([['production', new Set([one, two])]]);
    expect(drift({ claims, approved })[0]?.detail).toMatchObject({
      runningDigests: [one, three],
      tagDigestApproved: true,
      approvedRunning: [one],
    });
  });

  it('is high where one of its environments has not approved what it would start with', () => {
    const policy = deployedPolicy();
    const of = (environment: string, name: string) => exact(one, { tag: 'prod', of: { name, environment } });
    const claims = [of('production', 'web'), of('staging', 'api')];
    const severityOf = (approved: UseSituation['approved']) =>
      drift({ claims, policy, approved })[0]?.severity;
    const both = new Map([
      ['production', new Set([two])],
      ['staging', new Set([two])],
    ]);
    expect(severityOf(both)).toBe('medium');
    expect(severityOf(new Map([['production', new Set([two])]]))).toBe('high');
    expect(severityOf(new Map([...both, ['staging', new Set([one])]]))).toBe('high');
    // What the policy does not have is nobody's to approve.
    expect(drift({ claims: [of('sandbox', 'web')], policy })[0]?.severity).toBe('medium');
    expect(drift({ claims })[0]?.severity).toBe('medium');
  });
});

describe('a reference that can move', () => {
  const policy = deployedPolicy();
  const references = (more: Partial<UseSituation>) => found('MutableReference', { policy, ...more });

  it('is found in an environment of the policy, with those alone who are in one', () => {
    const claims = [
      inferred('prod', [one], { of: production }),
      inferred('prod', [one], { of: { name: 'toy', environment: 'sandbox' } }),
    ];
    expect(references({ claims })).toEqual([
      expect.objectContaining({
        severity: 'medium',
        subject: { ...team, tag: 'prod' },
        detail: expect.objectContaining({ workloadCount: 1, environments: ['production'] }),
      }),
    ]);
  });

  it('is found anywhere when it is latest', () => {
    expect(references({ claims: [inferred('latest', [one])], policy: undefined })).toHaveLength(1);
    expect(references({ claims: [inferred('newest', [one])], policy: undefined })).toEqual([]);
  });

  it('is found before it is pulled too, and no longer in what is kept to go back to', () => {
    const of = production;
    expect(references({ claims: [inferred('prod', [one], { of, state: 'desired' })] })).toHaveLength(1);
    expect(references({ claims: [inferred('prod', [one], { of, state: 'rollback' })] })).toEqual([]);
  });

  it.each<[string, ResolvedClaim]>([
    ['it is pinned', exact(one, { tag: 'prod', isPinned: true, of: production })],
    ['it names no tag', exact(one, { of: production })],
    ['the tag is immutable by the policy', inferred('v1.2.3', [one], { of: production })],
    ['the tag is locked', inferred('locked', [one], { of: production })],
  ])('is none when %s', (_, claim) => {
    expect(references({ claims: [claim], lockedTags: new Set(['locked']) })).toEqual([]);
  });
});

describe('a digest that runs without approval', () => {
  const policy = deployedPolicy();
  const unapproved = (more: Partial<UseSituation>) => found('UnapprovedDigestRunning', { policy, ...more });

  it('is found by environment, with the workloads', () => {
    const claims = [
      exact(one, { of: { ...production, name: 'web' } }),
      exact(one, { of: { ...production, name: 'api' } }),
      exact(one, { of: { environment: 'staging', name: 'web' } }),
      exact(two, { of: { ...production, name: 'job' } }),
    ];
    const told = unapproved({ claims }).map(({ severity, subject, detail }) => [
      severity,
      subject.digest,
      detail['environment'],
      detail['workloadCount'],
    ]);
    expect(told).toEqual([
      ['high', one, 'production', 2],
      ['high', one, 'staging', 1],
      ['high', two, 'production', 1],
    ]);
  });

  it('is not found once it, or an index that lists it, is approved for that environment', () => {
    const claims = [exact(one, { of: production })];
    expect(unapproved({ claims, approved: new Map([['production', new Set([one])]]) })).toEqual([]);
    expect(unapproved({ claims, approved: new Map([['staging', new Set([one])]]) })).toHaveLength(1);
    const parents = new Map([[one, new Set([two, three])]]);
    expect(unapproved({ claims, parents, approved: new Map([['production', new Set([three])]]) })).toEqual(
      [],
    );
    expect(unapproved({ claims, parents, approved: new Map([['production', new Set([one])]]) })).toEqual([]);
  });

  it('is found by a tag alone where only one digest can be meant', () => {
    expect(unapproved({ claims: [inferred('prod', [one], { of: production })] })).toHaveLength(1);
    expect(unapproved({ claims: [inferred('prod', [one, two], { of: production })] })).toEqual([]);
    expect(unapproved({ claims: [inferred('prod', [], { of: production })] })).toEqual([]);
  });

  it('is not found in what does not run, in no environment of the policy, or without one', () => {
    expect(unapproved({ claims: [exact(one, { of: production, state: 'desired' })] })).toEqual([]);
    expect(unapproved({ claims: [exact(one, { of: { environment: 'sandbox' } })] })).toEqual([]);
    expect(unapproved({ claims: [exact(one, { of: production })], policy: undefined })).toEqual([]);
  });
});

describe('replicas of one workload', () => {
  const now = epoch + clockSkewMs;
  const skews = (more: Partial<UseSituation>) => found('ReplicaSkew', { now, ...more });

  it('that have long run different digests are told, with the workload', () => {
    const claims = [exact(two), exact(one), exact(three, { of: { name: 'other' } })];
    expect(skews({ claims })).toEqual([
      expect.objectContaining({
        severity: 'medium',
        subject: team,
        detail: expect.objectContaining({
          workload: 'aks-prod Deployment shop/web container app',
          digests: [one, two].sort(),
          workloadCount: 1,
        }),
      }),
    ]);
  });

  it.each<[string, ResolvedClaim]>([
    ['the same is run by all', exact(one)],
    ['one is only wanted', exact(two, { state: 'desired' })],
    ['one is inferred', inferred('prod', [two])],
    ['one is new', exact(two, { firstSeen: epoch + 1 })],
    ['it is another workload', exact(two, { of: { namespace: 'pay' } })],
  ])('are in order when %s', (_, claim) => {
    expect(skews({ claims: [exact(one), claim] })).toEqual([]);
  });

  it('may run the manifests of several platforms, of one index', () => {
    const claims = [exact(one), exact(two)];
    const listed = (...above: readonly Digest[]) =>
      new Map([
        [one, new Set(above)],
        [two, new Set(above.toReversed())],
      ]);
    expect(skews({ claims, parents: listed(three) })).toEqual([]);
    // The same two indexes list both, in whatever order they were found.
    expect(skews({ claims, parents: listed(three, digestOf('four')) })).toEqual([]);
    expect(skews({ claims, parents: new Map([[one, new Set([three])]]) })).toHaveLength(1);
  });

  it('are told by twenty digests at most', () => {
    const claims = Array.from({ length: 25 }, (_, number) => exact(digestOf(`replica ${number}`)));
    expect(skews({ claims })[0]?.detail['digests']).toHaveLength(20);
  });
});

it('finds nothing where everything is as it should be', () => {
  const claims = [exact(one, { tag: 'v1.2.3', isPinned: true, of: production })];
  const approved = new Map([['production', new Set([one])]]);
  const tags = new Map([['v1.2.3', one]]);
  expect(useFindings(situation({ claims, approved, tags, policy: deployedPolicy() }))).toEqual([]);
});
