import { describe, expect, it } from '@jest/globals';
import {
  approvalRefusal,
  type PlanStanding,
  type PolicyNow,
  runRefusal,
} from '../../../src/retention/runnable.ts';
import { patternOf } from '../../builders/retention-content.ts';

const hour = 3_600_000;
const now = Date.UTC(2026, 2, 2);

const ready: PlanStanding = {
  state: 'ready',
  createdAt: now - hour,
  blocks: [],
  hash: 'ab'.repeat(32),
  inputs: { policyHash: 'cd'.repeat(32) },
};
const approved: PlanStanding = { ...ready, state: 'approved', approvedBy: 'ada' };

function policyNow(...byPolicy: readonly string[]): PolicyNow {
  return {
    retention: { planAge: 24 * hour, byPolicy: byPolicy.map(patternOf) },
    hash: ready.inputs.policyHash,
  };
}

const request = { by: 'grace', hash: ready.hash, now };
const run = { ...request, going: ['team/app', 'scratch/tests'] };

/** What refuses a plan, whether it is to be approved or run. */
const refusedEitherWay = [
  ['is still being made', { state: 'making' }, 'not-made', /not made yet/],
  ['is blocked', { state: 'blocked' }, 'blocked', /^It is blocked\.$/],
  [
    'has a block, whatever its state says (F11)',
    { blocks: ['aks was not read completely'] },
    'blocked',
    /^It is blocked: aks was not read completely\.$/,
  ],
  [
    'has many blocks',
    { state: 'blocked', blocks: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] },
    'blocked',
    /^It is blocked: a; b; c; d; e; and 2 more\.$/,
  ],
  [
    'has as many blocks as are told',
    { state: 'blocked', blocks: ['a', 'b', 'c', 'd', 'e'] },
    'blocked',
    /^It is blocked: a; b; c; d; e\.$/,
  ],
  ['is running', { state: 'running' }, 'over', /is running/],
  ['was stopped', { state: 'stopped' }, 'over', /is stopped/],
  ['is done', { state: 'done' }, 'over', /is done/],
  ['has failed', { state: 'failed' }, 'over', /is failed/],
  ['has another content', { hash: 'ee'.repeat(32) }, 'content-changed', /hash eeee.*, not abab/],
  [
    'was made by another policy',
    { inputs: { policyHash: 'ff'.repeat(32) } },
    'policy-changed',
    /policy has changed/,
  ],
  ['is too old', { createdAt: now - 24 * hour - 1 }, 'too-old', /more than P1D ago/],
  ['is of a time to come (F18)', { createdAt: now + 300_001 }, 'too-old', /yet to come/],
  ['has no time (F18)', { createdAt: Number.NaN }, 'too-old', /more than P1D ago/],
] as const;

describe('approvalRefusal', () => {
  it('when a plan is ready, approves it', () => {
    expect(approvalRefusal(ready, policyNow(), request)).toBeUndefined();
  });

  it.each(refusedEitherWay)('when a plan %s, refuses', (_, changed, code, detail) => {
    const refusal = approvalRefusal({ ...ready, ...changed }, policyNow(), request);
    expect(refusal).toEqual({ code, detail: expect.stringMatching(detail) });
  });

  it('when a plan is approved, refuses, whoever asks', () => {
    for (const by of ['ada', 'grace']) {
      expect(approvalRefusal(approved, policyNow(), { ...request, by })).toEqual({
        code: 'already-approved',
        detail: 'It is approved by ada.',
      });
    }
  });
});

describe('when clocks differ a little', () => {
  it('a plan of the next five minutes may be approved and run', () => {
    const createdAt = now + 300_000;
    expect(approvalRefusal({ ...ready, createdAt }, policyNow(), request)).toBeUndefined();
    expect(runRefusal({ ...approved, createdAt }, policyNow(), run)).toBeUndefined();
  });
});

describe('when a plan says that it is approved, and by whom in part alone', () => {
  it('it is not approved again', () => {
    expect(approvalRefusal({ ...ready, state: 'approved' }, policyNow(), request)).toEqual({
      code: 'already-approved',
      detail: 'It is approved by somebody.',
    });
    expect(approvalRefusal({ ...ready, approvedBy: 'ada' }, policyNow(), request)?.code).toBe(
      'already-approved',
    );
  });
});

describe('runRefusal', () => {
  it('when somebody else approved the plan, runs it, up to its last moment', () => {
    expect(runRefusal(approved, policyNow(), run)).toBeUndefined();
    expect(runRefusal({ ...approved, createdAt: now - 24 * hour }, policyNow(), run)).toBeUndefined();
  });

  it.each(refusedEitherWay)('when a plan %s, refuses', (_, changed, code, detail) => {
    const refusal = runRefusal({ ...approved, ...changed }, policyNow('.*'), run);
    expect(refusal).toEqual({ code, detail: expect.stringMatching(detail) });
  });

  it('when nobody approved it, refuses, and names a repository that needs it', () => {
    expect(runRefusal(ready, policyNow('scratch/.*'), run)).toEqual({
      code: 'not-approved',
      detail: expect.stringContaining('team/app'),
    });
  });

  it('when its state says approved and nobody has, refuses', () => {
    expect(runRefusal({ ...ready, state: 'approved' }, policyNow(), run)?.code).toBe('not-approved');
    expect(runRefusal({ ...ready, approvedBy: 'ada' }, policyNow(), run)?.code).toBe('not-approved');
  });

  it('when who approved it runs it, refuses', () => {
    expect(runRefusal(approved, policyNow(), { ...run, by: 'ada' })).toEqual({
      code: 'approved-by-executor',
      detail: 'ada has approved it: somebody else has to run it.',
    });
  });

  it('when every repository may go by policy, needs nobody else', () => {
    const policy = policyNow('team/.*', 'scratch/.*');
    expect(runRefusal(ready, policy, run)).toBeUndefined();
    expect(runRefusal(approved, policy, { ...run, by: 'ada' })).toBeUndefined();
  });

  it('when a pattern matches only a part of the name, it is another repository (F8)', () => {
    const going = ['team/app-2'];
    expect(runRefusal(ready, policyNow('team/app'), { ...run, going })?.code).toBe('not-approved');
  });

  it('when nothing goes, needs nobody else', () => {
    expect(runRefusal(ready, policyNow(), { ...run, going: [] })).toBeUndefined();
  });
});
