import { describe, expect, it } from '@jest/globals';
import { type Approval, advance } from '../../../src/protection/approval.ts';
import { eventsDue } from '../../../src/protection/lifecycle.ts';
import { planLocks } from '../../../src/protection/lock-plan.ts';
import { targetKey } from '../../../src/protection/lock-target.ts';
import { windowsAt } from '../../../src/protection/rollback-window.ts';
import { approvalOf, protectedRepository, start } from '../../builders/protected-repository.ts';
import { digestOf } from '../../builders/registry-event.ts';

const [older, newer] = [digestOf('a1'), digestOf('a2')];

function twoReleases() {
  return protectedRepository(
    new Map([
      [older, {}],
      [newer, {}],
    ]),
  );
}

/** One run: plans, does everything but what is to fail, and moves the approvals on. */
function run(
  made: ReturnType<typeof twoReleases>,
  approvals: readonly Approval[],
  now: number,
  failing = false,
) {
  const situation = made.situation(approvals, [], now);
  const plan = planLocks(situation);
  const steps = failing ? [] : plan.steps;
  for (const write of steps.flatMap((step) => made.writesOf(step, now))) write();
  const done = new Set(steps.map(({ target }) => targetKey(target)));
  const due = eventsDue({
    windows: situation.windows,
    protections: plan.protections,
    done,
    owned: [...made.owned.values()],
  });
  return approvals.map((approval) => {
    const event = due.find((one) => one.approval.id === approval.id)?.event;
    const result = event === undefined ? undefined : advance(approval, event);
    return result?.outcome === 'advanced' ? result.approval : approval;
  });
}

function states(approvals: readonly Approval[]): readonly string[] {
  return approvals.map(({ state }) => state);
}

describe('eventsDue', () => {
  it('when an approval is enforced, it is begun, then protected, then there is nothing due', () => {
    const made = twoReleases();
    let approvals: readonly Approval[] = [approvalOf({ state: 'requested' })];
    approvals = run(made, approvals, start);
    expect(states(approvals)).toEqual(['protecting']);
    approvals = run(made, approvals, start);
    expect(states(approvals)).toEqual(['protected']);
    expect(states(run(made, approvals, start))).toEqual(['protected']);
  });

  it('when its locks could not be set, it is not called protected', () => {
    expect(states(run(twoReleases(), [approvalOf({ state: 'protecting' })], start, true))).toEqual([
      'protecting',
    ]);
  });

  it('when a newer release is asked for, the older is superseded only once the newer is protected', () => {
    const made = twoReleases();
    const newest = approvalOf({ id: 'a2', requestedAt: start + 1, state: 'protecting' });
    let approvals: readonly Approval[] = [approvalOf(), newest];
    approvals = run(made, approvals, start + 1);
    expect(states(approvals)).toEqual(['protected', 'protected']);
    approvals = run(made, approvals, start + 1);
    expect(states(approvals)).toEqual(['superseded', 'protected']);
    expect(states(run(made, approvals, start + 1))).toEqual(['superseded', 'protected']);
  });

  it.each([{ environment: 'staging' }, { repository: 'team/other' }, { registry: 'fabrikam.azurecr.io' }])(
    'when a newer release is elsewhere (%j), it supersedes nothing here',
    (elsewhere) => {
      const here = approvalOf();
      const there = approvalOf({ id: 'a2', requestedAt: start + 1, ...elsewhere });
      for (const approvals of [
        [here, there],
        [there, here],
      ]) {
        const windows = windowsAt(approvals, [], start + 1);
        expect(windows).toHaveLength(2);
        expect(eventsDue({ windows, protections: [], done: new Set(), owned: [] })).toEqual([]);
      }
    },
  );

  it('when the current release is ended early, the one before is current again', () => {
    const made = twoReleases();
    const ended = { endedEarly: { by: 'release-1', at: start, reason: 'withdrawn' } };
    const approvals = [
      approvalOf({ state: 'superseded' }),
      approvalOf({ id: 'a2', requestedAt: start + 1, ...ended }),
    ];
    expect(states(run(made, approvals, start + 1))).toEqual(['protected', 'expired']);
  });

  it('when a window is over, it expires, and is released once none of its locks is left', () => {
    const made = twoReleases();
    const kept = { retainFor: 1, retainReleases: 1 };
    let approvals: readonly Approval[] = [
      approvalOf({ ...kept, state: 'superseded' }),
      approvalOf({ id: 'a2', requestedAt: start + 1, ...kept }),
    ];
    made.enforce(approvals, start);
    made.setCoverage({ complete: false, fresh: true });
    approvals = run(made, approvals, start + 9);
    approvals = run(made, approvals, start + 9);
    expect(states(approvals)).toEqual(['expired', 'protected']);
    made.setCoverage({ complete: true, fresh: true });
    approvals = run(made, approvals, start + 9);
    expect(states(approvals)).toEqual(['released', 'protected']);
    expect([made.isLocked(older), made.isLocked(newer)]).toEqual([false, true]);
  });

  it('when the newer release turns out to have failed (F21), the older is kept again', () => {
    const made = twoReleases();
    const kept = { retainFor: 1, retainReleases: 1 };
    const approvals = [
      approvalOf({ ...kept, state: 'expired' }),
      approvalOf({ id: 'a2', requestedAt: start + 1, ...kept, outcome: 'failed' }),
    ];
    expect(states(run(made, approvals, start + 9))).toEqual(['superseded', 'protected']);
    expect(made.isLocked(older)).toBe(true);
  });
});
