import { describe, expect, it } from '@jest/globals';
import { findingOf } from '../../../src/findings/finding.ts';
import type { Severity } from '../../../src/findings/kind.ts';
import {
  type Advance,
  advanceFinding,
  auditItself,
  type FindingEvent,
  isEscalationDue,
  openedAt,
  type StoredFinding,
  seen,
  settled,
} from '../../../src/findings/lifecycle.ts';
import { epoch } from '../../builders/facts.ts';
import { digestOf } from '../../builders/registry-event.ts';

const hour = 3_600_000;
const day = 24 * hour;
const id = '0'.repeat(32);
const analyst = { id: 'a1', name: 'analyst' };
const acknowledge: FindingEvent = { event: 'acknowledge', reason: 'looking into it' };
const resolve: FindingEvent = { event: 'resolve', reason: 'brought back' };
const reopen: FindingEvent = { event: 'reopen', reason: 'not so' };
const age: FindingEvent = { event: 'age' };
const waiveUntil = (until: number): FindingEvent => ({
  event: 'waive',
  reason: 'being replaced',
  owner: 'shop team',
  until,
});

function found(severity: Severity = 'high', detail: Readonly<Record<string, string>> = {}) {
  const subject = { registry: 'contoso.azurecr.io', repository: 'team/app', digest: digestOf('one') };
  return findingOf('DeletedDigestInUse', subject, detail, severity);
}

/** The finding as an advance leaves it, which has to be one. */
function done(advance: Advance | { readonly problem: string } | undefined): StoredFinding {
  if (advance === undefined || 'problem' in advance) throw new Error(JSON.stringify(advance));
  return advance.finding;
}

function opened(severity: Severity = 'high', at = epoch): StoredFinding {
  return done(seen(undefined, id, found(severity), at));
}

const waived = (known: StoredFinding) => changed(known, waiveUntil(epoch + day), epoch + hour);
const resolved = (known: StoredFinding) => changed(known, resolve, epoch + hour);

describe('what became of a finding is told', () => {
  it.each([
    ['acknowledged', acknowledge, opened()],
    ['waived', waiveUntil(epoch + 3 * day), opened()],
    ['resolved', resolve, opened()],
    ['reopened', reopen, resolved(opened())],
    ['reopened', age, waived(opened())],
  ] as const)('as %s after %j', (change, event, known) => {
    expect(advanceFinding(known, event, analyst, epoch + 2 * day)).toMatchObject({ change });
  });

  it('as resolved by a look that no longer finds it', () => {
    expect(settled(opened(), epoch + hour)).toMatchObject({ change: 'resolved' });
  });

  it('and the audit itself has a name', () => {
    expect(auditItself).toEqual({ id: 'acr-audit', name: 'acr-audit' });
  });
});

describe('when two looks are of the same time', () => {
  it('the second that no longer finds it, or finds it again, counts', () => {
    expect(settled(opened(), epoch)?.finding.status).toBe('resolved');
    expect(seen(resolved(opened()), id, found(), epoch + hour)?.change).toBe('reopened');
    expect(seen(opened(), id, found('high', { by: 'ci' }), epoch)?.finding.detail).toEqual({ by: 'ci' });
  });
});

function changed(known: StoredFinding, event: FindingEvent, at: number): StoredFinding {
  return done(advanceFinding(known, event, analyst, at));
}

describe('when something is found', () => {
  it('for the first time, it is open', () => {
    expect(seen(undefined, id, found(), epoch)).toMatchObject({
      change: 'opened',
      finding: { id, revision: 1, status: 'open', firstSeen: epoch, lastSeen: epoch },
    });
  });

  it('again, it is as it was, with the newer detail, and nobody is told', () => {
    const again = seen(opened(), id, found('high', { note: 'newer' }), epoch + hour);
    expect(again).not.toHaveProperty('change');
    expect(again?.finding).toMatchObject({
      revision: 1,
      status: 'open',
      firstSeen: epoch,
      lastSeen: epoch + hour,
      detail: { note: 'newer' },
    });
  });

  it('and matters more or less than before, that is told', () => {
    for (const severity of ['critical', 'low'] as const) {
      const told = seen(opened(), id, found(severity), epoch + hour);
      expect(told).toMatchObject({
        change: 'changed',
        finding: { severity, status: 'open', revision: 2 },
      });
    }
  });

  it('by a look that began before the last that found it, that changes nothing', () => {
    expect(seen(opened(), id, found('critical'), epoch - 1)).toBeUndefined();
  });

  it('and somebody has taken it up, it stays with them, also when it matters more', () => {
    const known = changed(opened(), acknowledge, epoch + hour);
    expect(done(seen(known, id, found(), epoch + day)).status).toBe('acknowledged');
    expect(seen(known, id, found('critical'), epoch + day)).toMatchObject({
      change: 'changed',
      finding: { status: 'acknowledged', severity: 'critical' },
    });
  });
});

describe('when a look no longer finds it', () => {
  it.each<readonly [string, StoredFinding]>([
    ['open', opened()],
    ['acknowledged', changed(opened(), acknowledge, epoch + 1)],
    ['waived', changed(opened(), waiveUntil(epoch + 9 * day), epoch + 1)],
  ])('and it is %s, it is resolved by itself', (status, known) => {
    expect(known.status).toBe(status);
    const advance = settled(known, epoch + day);
    expect(advance).toMatchObject({
      change: 'resolved',
      finding: { status: 'resolved', resolvedAt: epoch + day, lastSeen: epoch },
    });
    expect(advance?.finding).not.toHaveProperty('resolution');
  });

  it('that began before another found it, it stays', () => {
    const known = done(seen(opened(), id, found(), epoch + hour));
    expect(settled(known, epoch + hour - 1)).toBeUndefined();
  });

  it('a second time, or when there was none, nothing changes', () => {
    expect(settled(done(settled(opened(), epoch + 1)), epoch + day)).toBeUndefined();
    expect(settled(undefined, epoch)).toBeUndefined();
  });
});

describe('when it comes back after it was resolved', () => {
  it('it is the same finding, open since then, with nothing of what was said before', () => {
    const taken = changed(opened(), acknowledge, epoch + 1);
    const over = done(settled(taken, epoch + day));
    const back = seen(over, id, found('critical'), epoch + 2 * day);
    expect(back?.change).toBe('reopened');
    expect(back?.finding).toEqual({
      ...opened(),
      severity: 'critical',
      status: 'open',
      revision: over.revision + 1,
      firstSeen: epoch,
      lastSeen: epoch + 2 * day,
      reopenedAt: epoch + 2 * day,
    });
    expect(openedAt(done(back))).toBe(epoch + 2 * day);
  });

  it('a look that began before it was resolved does not bring it back', () => {
    const over = done(settled(opened(), epoch + day));
    expect(seen(over, id, found(), epoch + day - 1)).toBeUndefined();
  });

  it('and it was resolved by hand while its cause stands, the next look opens it again', () => {
    const over = changed(opened(), resolve, epoch + hour);
    expect(seen(over, id, found(), epoch + hour - 1)).toBeUndefined();
    const back = seen(over, id, found(), epoch + 2 * hour);
    expect(back).toMatchObject({ change: 'reopened', finding: { status: 'open' } });
    expect(back?.finding).not.toHaveProperty('resolution');
    expect(back?.finding).not.toHaveProperty('resolvedAt');
  });
});

describe('when somebody takes a finding up', () => {
  it('who, why and when is kept with each', () => {
    const note = { by: 'a1', byName: 'analyst', at: epoch + hour };
    const at = epoch + hour;
    expect(changed(opened(), acknowledge, at)).toMatchObject({
      status: 'acknowledged',
      acknowledgement: { ...note, reason: 'looking into it' },
    });
    expect(changed(opened(), resolve, at)).toMatchObject({
      status: 'resolved',
      resolvedAt: at,
      resolution: { ...note, reason: 'brought back' },
    });
    expect(changed(opened(), waiveUntil(epoch + day), at)).toMatchObject({
      status: 'waived',
      waiver: { ...note, reason: 'being replaced', owner: 'shop team', until: epoch + day },
    });
  });

  it('a waived one that is acknowledged is waived no more', () => {
    const known = changed(changed(opened(), waiveUntil(epoch + day), epoch + 1), acknowledge, epoch + 2);
    expect(known.status).toBe('acknowledged');
    expect(advanceFinding(known, age, auditItself, epoch + 2 * day)).toBeUndefined();
  });

  it('one that is acknowledged, waived or resolved can be opened again', () => {
    for (const event of [acknowledge, waiveUntil(epoch + day), resolve]) {
      const back = changed(changed(opened(), event, epoch + 1), reopen, epoch + 2);
      expect(back).toEqual({ ...opened(), revision: 3, reopenedAt: epoch + 2 });
    }
  });

  it.each<readonly [string, FindingEvent, string]>([
    ['acknowledged', acknowledge, 'nothing to acknowledge'],
    ['waived', waiveUntil(epoch + 9 * day), 'nothing to waive'],
    ['resolved', resolve, 'resolved already'],
  ])('one that is resolved cannot be %s, and it is said why', (_, event, problem) => {
    const over = done(settled(opened(), epoch + 1));
    expect(advanceFinding(over, event, analyst, epoch + 2)).toEqual({
      problem: expect.stringContaining(problem),
    });
  });

  it('one that is open cannot be opened', () => {
    expect(advanceFinding(opened(), reopen, analyst, epoch + 1)).toEqual({ problem: 'is open already' });
  });
});

describe('when a finding is waived', () => {
  it('it has to be until a time that comes, within a year', () => {
    const at = epoch + hour;
    const year = 366 * day;
    for (const until of [at - 1, at]) {
      expect(advanceFinding(opened(), waiveUntil(until), analyst, at)).toEqual({
        problem: expect.stringContaining('past'),
      });
    }
    expect(advanceFinding(opened(), waiveUntil(at + year + 1), analyst, at)).toEqual({
      problem: expect.stringContaining('more than a year'),
    });
    expect(changed(opened(), waiveUntil(at + year), at).status).toBe('waived');
  });

  const waived = changed(opened('critical'), waiveUntil(epoch + day), epoch + hour);

  it('it is told no more for its age until that time, and comes back at it', () => {
    expect(advanceFinding(waived, age, auditItself, epoch + day - 1)).toBeUndefined();
    const back = advanceFinding(waived, age, auditItself, epoch + day);
    expect(back).toMatchObject({ change: 'reopened', finding: { status: 'open', reopenedAt: epoch + day } });
    expect(back).not.toHaveProperty('finding.waiver');
  });

  it('it stays so while looks find it as it was, and comes back with a look at that time', () => {
    const still = seen(waived, id, found('critical'), epoch + day - 1);
    expect(still).not.toHaveProperty('change');
    expect(still?.finding.status).toBe('waived');
    expect(seen(waived, id, found('critical'), epoch + day)).toMatchObject({
      change: 'reopened',
      finding: { status: 'open', lastSeen: epoch + day },
    });
  });

  it('and it gets worse, nobody answers for that: it is open again', () => {
    const lesser = changed(opened('high'), waiveUntil(epoch + day), epoch + 1);
    expect(seen(lesser, id, found('critical'), epoch + hour)).toMatchObject({
      change: 'reopened',
      finding: { status: 'open', severity: 'critical' },
    });
    expect(seen(waived, id, found('high'), epoch + 2 * hour)).toMatchObject({
      change: 'changed',
      finding: { status: 'waived', severity: 'high' },
    });
  });

  it('it can be waived for longer, and the later time counts', () => {
    const longer = changed(waived, waiveUntil(epoch + 3 * day), epoch + 2 * hour);
    expect(advanceFinding(longer, age, auditItself, epoch + 2 * day)).toBeUndefined();
    expect(changed(longer, age, epoch + 3 * day).status).toBe('open');
  });

  it('and its cause is gone before that time, it stays resolved', () => {
    const over = done(settled(waived, epoch + 2 * hour));
    expect(advanceFinding(over, age, auditItself, epoch + 2 * day)).toBeUndefined();
  });
});

describe('when a finding lies open', () => {
  it.each([
    ['critical', hour],
    ['high', day],
    ['medium', 7 * day],
  ] as const)(
    'that is %s, it is told again after its time, as long after each, and five times in all',
    (severity, patience) => {
      let known = opened(severity);
      for (let count = 1; count <= 5; count += 1) {
        expect(isEscalationDue(known, epoch + count * patience - 1)).toBe(false);
        const advance = advanceFinding(known, age, auditItself, epoch + count * patience);
        expect(advance).toMatchObject({
          change: 'escalated',
          finding: { status: 'open', escalations: count, escalatedAt: epoch + count * patience },
        });
        known = done(advance);
      }
      expect(advanceFinding(known, age, auditItself, epoch + 1_000 * patience)).toBeUndefined();
    },
  );

  it('that is low, it is not', () => {
    expect(advanceFinding(opened('low'), age, auditItself, epoch + 10_000 * day)).toBeUndefined();
  });

  it('late, it is told once, and then as long after that', () => {
    const known = changed(opened('critical'), age, epoch + 10 * hour);
    expect(isEscalationDue(known, epoch + 11 * hour - 1)).toBe(false);
    expect(isEscalationDue(known, epoch + 11 * hour)).toBe(true);
  });

  it('and somebody has taken it up, or it is resolved, it is told no more', () => {
    for (const event of [acknowledge, resolve]) {
      const known = changed(opened('critical'), event, epoch + 1);
      expect(isEscalationDue(known, epoch + 100 * day)).toBe(false);
    }
  });

  it('and comes back after it was resolved, its age begins anew', () => {
    let known = opened('critical');
    for (let count = 1; count <= 5; count += 1) known = changed(known, age, epoch + count * hour);
    const over = done(settled(known, epoch + 6 * hour));
    const back = done(seen(over, id, found('critical'), epoch + 7 * hour));
    expect(isEscalationDue(back, epoch + 8 * hour - 1)).toBe(false);
    expect(changed(back, age, epoch + 8 * hour).escalations).toBe(1);
  });
});
