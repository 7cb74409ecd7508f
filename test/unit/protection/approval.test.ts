import { describe, expect, it } from '@jest/globals';
import {
  type Approval,
  type ApprovalEvent,
  type ApprovalState,
  advance,
  approvalStates,
  isOver,
} from '../../../src/protection/approval.ts';
import { approvalOf } from '../../builders/protected-repository.ts';

const events: readonly ApprovalEvent[] = [
  { event: 'begun' },
  { event: 'protected' },
  { event: 'failed', reason: '401' },
  { event: 'superseded' },
  { event: 'reinstated' },
  { event: 'retained' },
  { event: 'expired' },
  { event: 'released' },
];

const legal: Readonly<Record<string, ApprovalState>> = {
  'requested begun': 'protecting',
  'requested failed': 'failed',
  'requested expired': 'expired',
  'protecting protected': 'protected',
  'protecting failed': 'failed',
  'protecting expired': 'expired',
  'protected superseded': 'superseded',
  'protected expired': 'expired',
  'superseded reinstated': 'protected',
  'superseded expired': 'expired',
  'expired retained': 'superseded',
  'expired released': 'released',
};

const repeated = [
  'protecting begun',
  'protected protected',
  'protected reinstated',
  'failed failed',
  'superseded superseded',
  'superseded retained',
  'expired expired',
  'released released',
];

function stateAfter(approval: Approval, event: ApprovalEvent): string {
  const result = advance(approval, event);
  return result.outcome === 'advanced' ? result.approval.state : result.outcome;
}

describe('advance', () => {
  it.each(approvalStates.flatMap((state) => events.map((event) => [state, event.event, event] as const)))(
    'when an approval is %s and %s, it goes on, stays as it is, or refuses',
    (state, name, event) => {
      const told = `${state} ${name}`;
      const expected = repeated.includes(told) ? 'unchanged' : (legal[told] ?? 'refused');
      expect(stateAfter(approvalOf({ state }), event)).toBe(expected);
    },
  );

  it('when it fails, keeps the reason', () => {
    expect(advance(approvalOf({ state: 'protecting' }), { event: 'failed', reason: '401' })).toMatchObject({
      approval: { state: 'failed', failure: '401' },
    });
  });

  it('when it is judged, keeps the last word, until it is over', () => {
    expect(advance(approvalOf(), { event: 'judged', outcome: 'good' })).toMatchObject({
      outcome: 'advanced',
      approval: { outcome: 'good' },
    });
    const good = approvalOf({ outcome: 'good' });
    expect(advance(good, { event: 'judged', outcome: 'good' }).outcome).toBe('unchanged');
    expect(advance(good, { event: 'judged', outcome: 'failed' })).toMatchObject({
      approval: { outcome: 'failed' },
    });
    expect(advance(approvalOf({ state: 'released' }), { event: 'judged', outcome: 'good' }).outcome).toBe(
      'refused',
    );
  });

  it('when it is ended early, keeps who and why, once', () => {
    const end = { event: 'ended-early', by: 'release-2', at: 1, reason: 'withdrawn' } as const;
    const ended = advance(approvalOf(), end);
    expect(ended).toMatchObject({ approval: { state: 'protected', endedEarly: { by: 'release-2', at: 1 } } });
    if (ended.outcome !== 'advanced') throw new Error(ended.outcome);
    expect(advance(ended.approval, { ...end, by: 'release-3' })).toEqual({
      outcome: 'unchanged',
      approval: ended.approval,
    });
    expect(advance(approvalOf({ state: 'failed' }), end)).toMatchObject({ outcome: 'refused' });
  });

  it.each<[ApprovalEvent, string]>([
    [{ event: 'protected' }, 'protected'],
    [{ event: 'judged', outcome: 'good' }, 'judged'],
    [{ event: 'ended-early', by: 'release-2', at: 1, reason: 'withdrawn' }, 'ended early'],
  ])('when it is over, %j is refused with what it is', (event, done) => {
    for (const state of ['released', 'failed'] as const) {
      const approval = approvalOf({ id: 'a1', state });
      expect(isOver(approval)).toBe(true);
      expect(advance(approval, event)).toEqual({
        outcome: 'refused',
        problem: `approval a1 is ${state} and cannot be ${done}`,
      });
    }
  });

  it('when it did not fail, it has no reason for failing', () => {
    const advanced = advance(approvalOf({ state: 'requested' }), { event: 'begun' });
    expect(advanced.outcome === 'advanced' && advanced.approval).not.toHaveProperty('failure');
  });
});
