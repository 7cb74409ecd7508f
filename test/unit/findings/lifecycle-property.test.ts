import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { findingOf } from '../../../src/findings/finding.ts';
import { type Severity, severities } from '../../../src/findings/kind.ts';
import {
  type Advance,
  advanceFinding,
  auditItself,
  type FindingEvent,
  openedAt,
  type StoredFinding,
  seen,
  settled,
} from '../../../src/findings/lifecycle.ts';
import { epoch } from '../../builders/facts.ts';
import { digestOf } from '../../builders/registry-event.ts';

const minute = 60_000;
const id = '0'.repeat(32);
const analyst = { id: 'a1', name: 'analyst' };
const subject = { registry: 'contoso.azurecr.io', repository: 'team/app', digest: digestOf('one') };

/** Something that happens to a finding; looks begin some minutes before what they say arrives. */
type Step =
  | { readonly step: 'look'; readonly severity?: Severity; readonly late: number }
  | { readonly step: 'somebody'; readonly does: 'acknowledge' | 'resolve' | 'reopen' }
  | { readonly step: 'waive'; readonly minutes: number }
  | { readonly step: 'age' }
  | { readonly step: 'wait'; readonly minutes: number };

const minutes = fc.oneof(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 20_000 }));
const late = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(90) });
const severity = fc.constantFrom(...severities);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ step: fc.constant('look' as const), severity, late }) },
  { weight: 2, arbitrary: fc.record({ step: fc.constant('look' as const), late }) },
  {
    weight: 2,
    arbitrary: fc.record({
      step: fc.constant('somebody' as const),
      does: fc.constantFrom('acknowledge' as const, 'resolve' as const, 'reopen' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ step: fc.constant('waive' as const), minutes }) },
  { weight: 3, arbitrary: fc.record({ step: fc.constant('age' as const) }) },
  { weight: 4, arbitrary: fc.record({ step: fc.constant('wait' as const), minutes }) },
);
const courses = fc.array(step, { minLength: 1, maxLength: 40 });
const runs = { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 500) };

const found = (of: Severity) => findingOf('DeletedDigestInUse', subject, {}, of);

function eventOf(one: Exclude<Step, { step: 'look' | 'wait' }>, now: number): FindingEvent {
  switch (one.step) {
    case 'somebody':
      return { event: one.does, reason: 'because' };
    case 'waive':
      return { event: 'waive', reason: 'because', owner: 'shop team', until: now + one.minutes * minute };
    case 'age':
      return { event: 'age' };
  }
}

/** What one step makes of a finding: an advance, a refusal, or nothing. */
function stepped(known: StoredFinding | undefined, one: Step, now: number) {
  if (one.step === 'wait') return undefined;
  if (one.step === 'look') {
    const at = now - one.late * minute;
    return one.severity === undefined ? settled(known, at) : seen(known, id, found(one.severity), at);
  }
  return known && advanceFinding(known, eventOf(one, now), one.step === 'age' ? auditItself : analyst, now);
}

interface Taken {
  readonly one: Step;
  readonly now: number;
  readonly before: StoredFinding | undefined;
  readonly after: StoredFinding | undefined;
  readonly advance: Advance | undefined;
  readonly isRefused: boolean;
}

/** Takes each step, a minute apart at least, and shows what it did. */
function run(steps: readonly Step[]): { readonly taken: readonly Taken[]; readonly now: number } {
  let now = epoch;
  let known: StoredFinding | undefined;
  const taken = steps.map((one): Taken => {
    now += one.step === 'wait' ? one.minutes * minute : minute;
    const before = known;
    const result = stepped(known, one, now);
    const advance = result === undefined || 'problem' in result ? undefined : result;
    known = advance?.finding ?? known;
    return {
      one,
      now,
      before,
      after: known,
      advance,
      isRefused: result !== undefined && 'problem' in result,
    };
  });
  return { taken, now };
}

describe('when anything happens to a finding in any order', () => {
  it('it is never lost, stays the same one, and counts every change that is told, and no other', () => {
    fc.assert(
      fc.property(courses, (steps) => {
        for (const { before, after, advance } of run(steps).taken) {
          if (before === undefined) {
            expect(advance === undefined || advance.change === 'opened').toBe(true);
            continue;
          }
          expect(after).toMatchObject({ id, kind: before.kind, subject, firstSeen: before.firstSeen });
          expect(after?.revision).toBe(before.revision + (advance?.change === undefined ? 0 : 1));
          expect(after?.lastSeen).toBeGreaterThanOrEqual(before.lastSeen);
          expect(advance?.change).not.toBe('opened');
        }
      }),
      runs,
    );
  });

  it('its status, its times and what was said of it agree', () => {
    fc.assert(
      fc.property(courses, (steps) => {
        for (const { now, after } of run(steps).taken) {
          if (after === undefined) continue;
          const { status, resolvedAt, resolution, waiver, acknowledgement, escalations = 0 } = after;
          expect(resolvedAt !== undefined).toBe(status === 'resolved');
          if (status !== 'resolved') {
            expect(resolution).toBeUndefined();
            expect(waiver !== undefined).toBe(status === 'waived');
          }
          if (status === 'open') expect(acknowledgement).toBeUndefined();
          if (status === 'acknowledged') expect(acknowledgement).toBeDefined();
          expect(escalations).toBeLessThanOrEqual(5);
          expect(openedAt(after)).toBeLessThanOrEqual(now);
          expect(openedAt(after)).toBeGreaterThanOrEqual(after.firstSeen);
        }
      }),
      runs,
    );
  });

  it('a look that finds it never leaves it resolved, and one that does not never leaves it open', () => {
    fc.assert(
      fc.property(courses, (steps) => {
        for (const { one, before, after } of run(steps).taken) {
          if (one.step !== 'look' || one.late > 0) continue;
          if (one.severity === undefined) {
            expect([undefined, 'resolved']).toContain(after?.status);
          } else {
            expect(after?.status).not.toBe('resolved');
            expect(after?.severity).toBe(one.severity);
            // Somebody who has taken it up keeps it.
            if (before?.status === 'acknowledged') expect(after?.status).toBe('acknowledged');
          }
        }
      }),
      runs,
    );
  });

  it('a look that began before the last that found it, or before it was resolved, changes nothing', () => {
    fc.assert(
      fc.property(courses, (steps) => {
        for (const { one, now, before, after } of run(steps).taken) {
          if (one.step !== 'look' || before === undefined) continue;
          const began = now - one.late * minute;
          if (began < before.lastSeen || (before.resolvedAt !== undefined && began < before.resolvedAt)) {
            expect(after).toBe(before);
          }
        }
      }),
      runs,
    );
  });

  it('a waiver that has ended never outlives the next look or the next time it is asked for its age', () => {
    fc.assert(
      fc.property(courses, severity, fc.boolean(), (steps, worst, isLook) => {
        const { taken, now } = run(steps);
        const known = taken.at(-1)?.after;
        if (known?.waiver === undefined || known.status !== 'waived') return;
        const at = Math.max(now, known.waiver.until);
        const advance = isLook
          ? seen(known, id, found(worst), at)
          : advanceFinding(known, { event: 'age' }, auditItself, at);
        expect(advance).toMatchObject({ change: 'reopened', finding: { status: 'open', reopenedAt: at } });
      }),
      runs,
    );
  });

  it('and it got worse than what somebody answered for, it is open', () => {
    fc.assert(
      fc.property(courses, (steps) => {
        for (const { one, before, after } of run(steps).taken) {
          if (one.step !== 'look' || one.severity === undefined || one.late > 0) continue;
          if (before?.status !== 'waived') continue;
          const isWorse = severities.indexOf(one.severity) < severities.indexOf(before.severity);
          if (isWorse) expect(after?.status).toBe('open');
        }
      }),
      runs,
    );
  });

  it('what is refused changes nothing, and only what lies open is told again for its age', () => {
    fc.assert(
      fc.property(courses, (steps) => {
        for (const { one, before, after, advance, isRefused } of run(steps).taken) {
          if (isRefused) expect(after).toBe(before);
          if (one.step !== 'age' || advance === undefined) continue;
          expect(['open', 'waived']).toContain(before?.status);
          expect(after?.status).toBe('open');
          if (advance.change === 'escalated') {
            expect(before?.status).toBe('open');
            expect(before?.severity).not.toBe('low');
          }
        }
      }),
      runs,
    );
  });

  it('while its cause stands and nobody takes it up, it ends up open and told five times', () => {
    fc.assert(
      fc.property(courses, fc.constantFrom<Severity>('critical', 'high', 'medium'), (steps, last) => {
        const { taken, now } = run(steps);
        const before = taken.at(-1)?.after;
        if (before?.status === 'acknowledged') return;
        let known = before;
        // Longer than any waiver of these courses, in steps shorter than any patience.
        for (let at = now + minute; at < now + 60 * 24 * 60 * minute; at += 60 * minute) {
          known = seen(known, id, found(last), at)?.finding ?? known;
          const aged = known && advanceFinding(known, { event: 'age' }, auditItself, at);
          if (aged !== undefined && !('problem' in aged)) known = aged.finding;
        }
        expect(known).toMatchObject({ status: 'open', severity: last, escalations: 5 });
      }),
      { numRuns: 50 },
    );
  });
});
