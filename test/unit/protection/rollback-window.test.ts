import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { orderOf } from '../../../src/protection/approval-order.ts';
import { msPerDay } from '../../../src/protection/duration.ts';
import { isOpen, windowsAt } from '../../../src/protection/rollback-window.ts';
import { approvalOf, reasonsById, repositoryHold, start } from '../../builders/protected-repository.ts';

const day = msPerDay;

/** Releases r0, r1, … a day apart, kept for one day and two good releases, good unless said otherwise. */
function releases(
  count: number,
  given: Readonly<Record<string, Partial<ReturnType<typeof approvalOf>>>> = {},
) {
  return Array.from({ length: count }, (_, index) =>
    approvalOf({
      id: `r${index}`,
      requestedAt: start + index * day,
      retainFor: day,
      retainReleases: 2,
      outcome: 'good',
      ...given[`r${index}`],
    }),
  );
}

const later = start + 365 * day;

function openAt(approvals: ReturnType<typeof releases>, now: number): readonly string[] {
  return windowsAt(approvals, [], now)
    .filter(isOpen)
    .map(({ approval }) => approval.id)
    .sort();
}

describe('windowsAt', () => {
  it('when releases follow one another, keeps the last ones and those approved lately, whichever is longer', () => {
    expect(openAt(releases(5), later)).toEqual(['r3', 'r4']);
    const long = releases(5, { r0: { retainFor: 400 * day } });
    expect(openAt(long, later)).toEqual(['r0', 'r3', 'r4']);
    expect(openAt(long, start + 400 * day)).toEqual(['r3', 'r4']);
  });

  it('when a release failed (F21), it takes no place among those to go back to', () => {
    expect(openAt(releases(5, { r3: { outcome: 'failed' } }), later)).toEqual(['r2', 'r4']);
    expect(openAt(releases(5, { r3: { outcome: 'failed' }, r2: { outcome: 'failed' } }), later)).toEqual([
      'r1',
      'r4',
    ]);
  });

  it('when the newest release failed (F21), it is current still, and two good ones are kept', () => {
    const windows = windowsAt(releases(5, { r4: { outcome: 'failed' } }), [], later);
    expect(reasonsById(windows)).toEqual({
      r4: ['current'],
      r3: ['recent-release'],
      r2: ['recent-release'],
      r1: [],
      r0: [],
    });
  });

  it('when a release is not known to be good yet (F21), it pushes nothing out until its monitoring window ends', () => {
    const approvals = releases(3, { r2: { monitoringWindow: 10 * day } }).map((approval) => {
      const { outcome: _, ...silent } = approval;
      return approval.id === 'r2' ? silent : approval;
    });
    expect(openAt(approvals, start + 12 * day - 1)).toEqual(['r0', 'r1', 'r2']);
    expect(openAt(approvals, start + 12 * day)).toEqual(['r1', 'r2']);
  });

  it('when a release is not protected yet, it pushes nothing out', () => {
    for (const state of ['requested', 'protecting'] as const) {
      expect(openAt(releases(3, { r2: { state } }), later)).toEqual(['r0', 'r1', 'r2']);
    }
  });

  it('when one digest is approved again and again, it takes one place', () => {
    const { digest } = approvalOf({ id: 'r4' });
    const same = { r4: { digest }, r3: { digest }, r2: { digest } };
    expect(openAt(releases(5, same), later)).toEqual(['r1', 'r2', 'r3', 'r4']);
  });

  it('when a release is approved once more, that does not push out its first approval', () => {
    const again = { r1: { digest: approvalOf({ id: 'r0' }).digest } };
    expect(openAt(releases(3, again), later)).toEqual(['r0', 'r1', 'r2']);
  });

  it('when an approval was ended early, its window ended then, whatever it was kept for', () => {
    const at = start + 5_000;
    const withdrawn = releases(1, { r0: { endedEarly: { by: 'release-1', at, reason: 'withdrawn' } } });
    expect(windowsAt(withdrawn, [], at)).toMatchObject([{ reasons: [], ends: { kind: 'at', time: at } }]);
  });

  it('when approvals failed, are released or were ended early, they are in no window and push nothing out', () => {
    const over = {
      r4: { state: 'failed' as const },
      r3: { state: 'released' as const },
      r2: { endedEarly: { by: 'release-1', at: start, reason: 'withdrawn' } },
    };
    expect(openAt(releases(5, over), later)).toEqual(['r0', 'r1']);
  });

  it('when environments share a digest, each counts for itself', () => {
    const staging = releases(3).map((approval) => ({
      ...approval,
      id: `s-${approval.id}`,
      environment: 'staging',
    }));
    expect(openAt([...releases(3), ...staging], later)).toEqual(['r1', 'r2', 's-r1', 's-r2']);
  });

  it('when a window ends, says when, or with what', () => {
    const held = repositoryHold({ scope: { kind: 'approval', approval: 'r1' } });
    const ends = windowsAt(releases(5), [held], later).map(({ approval, ends: end }) => [approval.id, end]);
    expect(Object.fromEntries(ends)).toEqual({
      r4: { kind: 'with-releases', notBefore: start + 5 * day },
      r3: { kind: 'with-releases', notBefore: start + 4 * day },
      // Crowded out when r4 was approved, a day after its time was up.
      r2: { kind: 'at', time: start + 4 * day },
      r1: { kind: 'when-lifted', holds: ['h1'] },
      r0: { kind: 'at', time: start + 2 * day },
    });
  });

  it.each<[string, Parameters<typeof releases>[1], number]>([
    ['was good, when newer ones took its place', {}, 2],
    ['failed, when its own time is up', { r0: { outcome: 'failed' } }, 1],
    ['is followed by two that were good at once', { r2: { outcome: 'good', monitoringWindow: 10 * day } }, 2],
    // The same digest released again takes no place of its own, and the place that it has since the first time.
    ['is followed by the same digest twice', { r3: { digest: approvalOf({ id: 'r2' }).digest } }, 2],
    ['is followed by the same as the first', { r2: { digest: approvalOf({ id: 'r1' }).digest } }, 3],
  ])('when a release %s, that ends it', (_, given, days) => {
    const ends = windowsAt(releases(4, given), [], later).find(({ approval }) => approval.id === 'r0')?.ends;
    expect(ends).toEqual({ kind: 'at', time: start + days * day });
  });

  it('when a hold covers an approval, it is kept whatever else is over, and until the hold is lifted', () => {
    const hold = repositoryHold();
    const held = windowsAt(releases(9), [hold], later);
    expect(held.every(({ reasons }) => reasons.includes('held'))).toBe(true);
    expect(openAt(releases(9), later)).toHaveLength(2);
    expect(windowsAt(releases(9), [{ ...hold, state: 'lifted' }], later).filter(isOpen)).toHaveLength(2);
    expect(windowsAt(releases(9), [{ ...hold, state: 'lifting' }], later).every(isOpen)).toBe(true);
  });

  it('when any outcomes are known, the newest good digests and everything lately approved are kept, and the end told holds', () => {
    const release = fc.record({
      digest: fc.integer({ min: 0, max: 5 }),
      gap: fc.integer({ min: 0, max: 3 }),
      outcome: fc.constantFrom('good' as const, 'failed' as const),
      retainFor: fc.integer({ min: 1, max: 10 }),
    });
    fc.assert(
      fc.property(
        fc.array(release, { maxLength: 12 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 40 }),
        (given, keep, age) => {
          let at = start;
          const approvals = given.map(({ digest, gap, outcome, retainFor }, index) => {
            at += gap * day;
            return approvalOf({
              id: `a${String(index).padStart(2, '0')}`,
              digest: approvalOf({ id: `d${digest}` }).digest,
              requestedAt: at,
              outcome,
              retainFor: retainFor * day,
              retainReleases: keep,
            });
          });
          const now = at + age * day;
          const windows = windowsAt(approvals, [], now);
          const open = windows.filter(isOpen);
          const goodDigests = new Set(
            approvals.filter(({ outcome }) => outcome === 'good').map(({ digest }) => digest),
          );
          const keptDigests = new Set(open.map(({ approval }) => approval.digest));
          expect([...goodDigests].filter((digest) => keptDigests.has(digest)).length).toBeGreaterThanOrEqual(
            Math.min(keep, goodDigests.size),
          );
          for (const approval of approvals.filter(
            ({ requestedAt, retainFor }) => now < requestedAt + retainFor,
          )) {
            expect(open.map((window) => window.approval.id)).toContain(approval.id);
          }
          for (const window of windows) {
            if (window.ends.kind === 'at') expect(isOpen(window)).toBe(now < window.ends.time);
          }
        },
      ),
    );
  });
});

describe('orderOf', () => {
  it('when two approvals are asked for in one millisecond, everybody sees the same one current', () => {
    const [one, other] = [approvalOf({ id: 'a' }), approvalOf({ id: 'b' })];
    const [first] = orderOf([one, other]);
    const [second] = orderOf([other, one]);
    expect(first?.current).toEqual(second?.current);
    expect(first?.superseded).toHaveLength(1);
  });

  it('when the newest failed to be protected or was ended, the one before is current', () => {
    const approvals = releases(3, {
      r2: { state: 'failed' },
      r1: { endedEarly: { by: 'x', at: start, reason: 'y' } },
    });
    expect(orderOf(approvals)).toMatchObject([
      { environment: 'production', current: { id: 'r0' }, superseded: [] },
    ]);
  });

  it('when approvals are of other registries, repositories or environments, each of those has its own', () => {
    const others = [
      approvalOf({ id: 'b1', registry: 'fabrikam.azurecr.io' }),
      approvalOf({ id: 'c1', repository: 'team/web' }),
      approvalOf({ id: 'd1', environment: 'staging' }),
    ];
    expect(orderOf([approvalOf(), ...others])).toMatchObject(
      ['a1', 'b1', 'c1', 'd1'].map((id) => ({ current: { id }, superseded: [] })),
    );
  });

  it('when nothing stands, nothing is current', () => {
    expect(orderOf([approvalOf({ state: 'released' })])[0]).not.toHaveProperty('current');
    expect(orderOf([])).toEqual([]);
  });
});
