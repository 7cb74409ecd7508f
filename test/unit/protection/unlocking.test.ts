import { describe, expect, it } from '@jest/globals';
import { manifestTarget, targetKey } from '../../../src/protection/lock-target.ts';
import { approvalOf, protectedRepository, start } from '../../builders/protected-repository.ts';
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
} from '../../builders/signed-release.ts';

const over = approvalOf({ ...approved, ...ended });

describe('planUnlocking', () => {
  it('when an image is unlocked, each part waits for what needs it, and for nothing else', () => {
    const made = release();
    made.enforce([approved]);
    const { steps } = made.plan([over], after);
    expect(new Map(steps.map((step) => [targetKey(step.target), 'needs' in step ? step.needs : []]))).toEqual(
      new Map<string, readonly string[]>([
        ['tag:v1', []],
        [index, ['tag:v1']],
        ...[amd64, arm64, signature].map((digest) => [digest, [index]] as const),
      ]),
    );
  });

  it('when somebody has unlocked what may not be unlocked yet, its record is forgotten: nothing is left to undo', () => {
    const made = release();
    made.enforce([approved]);
    made.unlock(amd64);
    made.setCoverage({ complete: false, fresh: true });
    const plan = made.plan([over], after);
    expect(plan.steps).toEqual([{ step: 'forget', target: manifestTarget(amd64) }]);
    expect(plan.kept).toHaveLength(4);
  });

  it('when a tag is open whose window is too, its record stays, whatever else speaks against unlocking', () => {
    const made = release();
    made.enforce([approved]);
    made.tag('v1', arm64);
    made.setCoverage({ complete: false, fresh: true });
    const plan = made.plan([approved], start + 1);
    expect(plan.steps).toEqual([]);
    expect(plan.kept.map(({ refusals }) => refusals.map(({ code }) => code))).toEqual([
      ['in-window', 'coverage-incomplete'],
    ]);
  });

  it.each([
    ['deletes', { canDelete: false, canWrite: true }],
    ['writes', { canDelete: true, canWrite: false }],
  ])('when somebody else had forbidden only %s before, no more than that stays forbidden', (_, before) => {
    const made = protectedRepository(new Map([[index, {}]]));
    made.setFlags(manifestTarget(index), before);
    made.enforce([approvalOf()]);
    expect(made.plan([approvalOf(ended)], after).steps).toMatchObject([
      { step: 'unlock', before: { canDelete: false, canWrite: false }, after: before, needs: [] },
    ]);
  });

  it('when somebody else had locked it before, it is only forgotten', () => {
    const made = protectedRepository(new Map([[index, {}]]));
    made.setFlags(manifestTarget(index), { canDelete: false, canWrite: false });
    made.enforce([approvalOf()]);
    expect(made.plan([approvalOf(ended)], after).steps).toEqual([
      { step: 'forget', target: manifestTarget(index) },
    ]);
  });

  it('when an index that stays was unread as it was locked, what it is now seen to need stays as well', () => {
    const made = protectedRepository(
      new Map([
        [index, { children: [amd64] }],
        [amd64, {}],
      ]),
    );
    const approvals = [approvalOf(), approvalOf({ id: 'a2', digest: amd64, environment: 'staging' })];
    made.unreadable.add(index);
    made.enforce(approvals);
    expect(made.owned.get(index)?.needs).toEqual([]);
    made.unreadable.clear();
    made.uses.set(index, 'used');
    const plan = made.plan(
      approvals.map((approval) => ({ ...approval, ...ended })),
      after,
    );
    expect(plan.steps).toEqual([]);
    expect(refusalsTo(plan, amd64)).toEqual([
      { code: 'needed', detail: `something that stays locked needs ${amd64}` },
    ]);
  });
});
