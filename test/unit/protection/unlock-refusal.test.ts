import { describe, expect, it } from '@jest/globals';
import type { Approval } from '../../../src/protection/approval.ts';
import type { Hold } from '../../../src/protection/hold.ts';
import type { UnlockRefusal } from '../../../src/protection/unlock-refusal.ts';
import {
  approvalOf,
  type ProtectedRepository,
  protectedRepository,
  repository,
  repositoryHold,
  start,
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
  signature,
  targetsOf,
} from '../../builders/signed-release.ts';

const over = approvalOf({ ...approved, ...ended });
const newer = digestOf('a2');
const newerRelease = approvalOf({ id: 'a2', requestedAt: start + 1 });

interface Doubt {
  readonly why: string;
  readonly change?: (made: ProtectedRepository) => void;
  readonly approvals?: readonly Approval[];
  readonly holds?: readonly Hold[];
  readonly refusal: UnlockRefusal;
}

describe('unlockRefusals', () => {
  it.each<Doubt>([
    {
      why: 'a source of uses was not read completely (F10)',
      change: (made) => made.setCoverage({ complete: false, fresh: true }),
      refusal: { code: 'coverage-incomplete', detail: 'not every source of uses was read completely' },
    },
    {
      why: 'a source of uses is too old (F10)',
      change: (made) => made.setCoverage({ complete: true, fresh: false }),
      refusal: { code: 'coverage-stale', detail: 'a source of uses is out of date' },
    },
    {
      why: 'the index is used',
      change: (made) => made.uses.set(index, 'used'),
      refusal: { code: 'in-use', detail: `${index} is used` },
    },
    {
      why: 'one child is used',
      change: (made) => made.uses.set(amd64, 'used'),
      refusal: { code: 'in-use', detail: `${amd64} is used` },
    },
    {
      why: 'nothing is known of uses of the index',
      change: (made) => made.uses.set(index, 'unknown'),
      refusal: { code: 'use-unknown', detail: `nothing is known of uses of ${index}` },
    },
    {
      why: 'the repository is held',
      approvals: [approvalOf({ ...approved, state: 'failed' })],
      holds: [repositoryHold()],
      refusal: { code: 'held', detail: 'hold h1 is not lifted' },
    },
    {
      why: 'what else is protected was not read',
      approvals: [over, newerRelease],
      refusal: {
        code: 'closure-incomplete',
        detail: `what belongs to ${newer}, which is protected, was not read completely`,
      },
    },
  ])('when $why, each part of the image says so', ({ change, approvals = [over], holds = [], refusal }) => {
    const made = release();
    made.enforce([approved]);
    change?.(made);
    const plan = made.plan(approvals, after, holds);
    expect(plan.kept.map(({ refusals }) => refusals)).toEqual(
      Array.from({ length: 5 }, () => expect.arrayContaining([refusal])),
    );
  });

  it("when a tag has moved away in its approval's window, its lock stays with that window", () => {
    const made = release();
    made.enforce([approved]);
    made.tag('v1', arm64);
    expect(made.plan([approved], start + 1).kept.map(({ refusals }) => refusals)).toEqual([
      [{ code: 'in-window', detail: 'the window of approval a1 is open' }],
    ]);
  });

  it.each<[string, Partial<Hold>, readonly string[]]>([
    ['one of the approvals it was locked for', { scope: { kind: 'approval', approval: 'a2' } }, ['held']],
    ['another approval', { scope: { kind: 'approval', approval: 'a3' } }, []],
    [
      'another repository',
      { scope: { kind: 'repositories', registry: repository.registry, pattern: 'team/other' } },
      [],
    ],
  ])('when a hold is on %s, that and nothing else decides', (_, hold, codes) => {
    const made = protectedRepository(new Map([[index, {}]]));
    const approvals = [approvalOf(), approvalOf({ id: 'a2', digest: index, environment: 'staging' })];
    made.enforce(approvals);
    const failed = approvals.map((approval): Approval => ({ ...approval, state: 'failed' }));
    const plan = made.plan(failed, after, [repositoryHold(hold)]);
    expect(refusalsTo(plan, index).map(({ code }) => code)).toEqual(codes);
    expect(targetsOf(plan.steps, 'unlock')).toEqual(codes.length === 0 ? [index] : []);
  });

  it('when what a child belonged to is gone, its own use still keeps it', () => {
    const made = release();
    made.enforce([approved]);
    made.remove(index);
    made.tags.delete('v1');
    made.setCoverage({ complete: false, fresh: true });
    made.enforce([over], after);
    made.setCoverage({ complete: true, fresh: true });
    made.uses.set(amd64, 'used');
    const plan = made.plan([over], after);
    expect(refusalsTo(plan, amd64)).toEqual([{ code: 'in-use', detail: `${amd64} is used` }]);
    expect(new Set(targetsOf(plan.steps, 'unlock'))).toEqual(new Set([arm64, signature]));
  });

  it('when a part of what is protected is not in the registry, it keeps nothing else', () => {
    const made = protectedRepository(
      new Map([
        [index, {}],
        [newer, { children: [amd64] }],
      ]),
    );
    made.enforce([approvalOf()]);
    const plan = made.plan([approvalOf(ended), newerRelease], after);
    expect(targetsOf(plan.steps, 'unlock')).toEqual([index]);
  });
});
