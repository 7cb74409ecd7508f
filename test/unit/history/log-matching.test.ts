import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Attribution } from '../../../src/history/attribution.ts';
import type { Fact } from '../../../src/history/fact.ts';
import {
  attribute,
  fits,
  loginReachMs,
  logToleranceMs,
  searchSpan,
} from '../../../src/history/log-matching.ts';
import { actionOf, type LoginRecord, type LogRecord } from '../../../src/history/log-record.ts';
import { present } from '../../../src/registry/present.ts';
import { fact } from '../../builders/facts.ts';
import { logRecordOf } from '../../builders/memory-logs.ts';
import { digestOf } from '../../builders/registry-event.ts';

const [one, two] = [digestOf('one'), digestOf('two')];
const hour = 3_600_000;
const push = fact('push', 60, { tag: 'prod', digest: one, requestId: 'request-1' });
const direct = fact('direct', 60, { digest: one });
const deletion = fact('delete', 90, { action: 'delete', digest: one });
const untag = fact('untag', 120, {
  action: 'untag',
  tag: 'prod',
  digest: one,
  source: 'reconcile',
  notBefore: push.at.time,
});

function attributed(
  of: Fact,
  records: readonly LogRecord[],
  logins: readonly LoginRecord[] = [],
): Attribution | undefined {
  return attribute([of], records, logins).get(of);
}

describe('when one log record fits', () => {
  it('is certain with the same digest, tag and request id', () => {
    const record = logRecordOf(push, { userAgent: 'docker/27' }, 40);
    expect(attributed(push, [record])).toEqual({
      identity: 'ci@contoso.com',
      address: '203.0.113.7',
      userAgent: 'docker/27',
      at: push.at.time + 40,
      evidence: {
        table: 'ContainerRegistryRepositoryEvents',
        operation: 'Push',
        correlationId: 'request-1',
      },
      certainty: 'certain',
    });
  });

  it.each<[string, Fact, Changes, string]>([
    ['a deletion without a request id', deletion, {}, 'certain'],
    ['an untag', untag, {}, 'certain'],
    ['another request id', push, { correlationId: 'request-2' }, 'likely'],
    ['no tag', push, { tag: null }, 'likely'],
    ['no digest', push, { digest: null }, 'likely'],
    ['an untag without a digest', untag, { digest: null }, 'likely'],
    ['the deletion of the repository', deletion, { digest: null }, 'likely'],
    ['a deletion that names a tag too', deletion, { tag: 'prod' }, 'certain'],
    ['a tag of what was pushed by digest', direct, { tag: 'prod' }, 'likely'],
  ])('is as sure as it can be: %s', (_, of, what, certainty) => {
    expect(attributed(of, [without(logRecordOf(of), what)])).toMatchObject({
      certainty,
    });
  });

  it.each<[string, Fact, number]>([
    ['before a push', push, push.at.time - logToleranceMs],
    ['after a push', push, push.at.time + logToleranceMs],
    ['before a window', untag, push.at.time - logToleranceMs],
  ])('fits up to ten seconds %s', (_, of, at) => {
    expect(fits(of, logRecordOf(of, { at }))).toBe(true);
  });

  it('tells the time even of one that names nobody, as a purge', () => {
    const { identity: _, address: __, ...record } = logRecordOf(untag, { operation: 'PurgeTag' }, -hour / 2);
    expect(attributed(untag, [record])).toEqual({
      at: untag.at.time - hour / 2,
      evidence: { table: 'ContainerRegistryRepositoryEvents', operation: 'PurgeTag' },
      certainty: 'certain',
    });
  });

  it('is not certain when two events have only this record', () => {
    const again = fact('again', 60.05, { tag: 'prod', digest: one });
    const first = fact('first', 60, { tag: 'prod', digest: one });
    const record = logRecordOf(first);
    expect([...attribute([first, again], [record], []).values()].map(({ certainty }) => certainty)).toEqual([
      'likely',
      'likely',
    ]);
  });

  it('is certain of what was announced and found too', () => {
    const found = fact('found', 91, {
      action: 'delete',
      digest: one,
      source: 'reconcile',
      notBefore: deletion.at.time - 1,
    });
    const both = attribute([deletion, found], [logRecordOf(deletion)], []);
    expect([...both.values()].map(({ certainty }) => certainty)).toEqual(['certain', 'certain']);
  });
});

type Changes = Omit<Partial<LogRecord>, 'digest' | 'tag'> & {
  readonly digest?: LogRecord['digest'] | null;
  readonly tag?: string | null;
};

/** The record with changes, of which `null` leaves a property out. */
function without(record: LogRecord, { digest, tag, ...changes }: Changes): LogRecord {
  const { digest: hadDigest, tag: hadTag, ...others } = record;
  const names = present({
    digest: digest === null ? undefined : (digest ?? hadDigest),
    tag: tag === null ? undefined : (tag ?? hadTag),
  });
  return { ...others, ...names, ...changes };
}

describe('when a log record does not fit', () => {
  it.each<[string, Fact, Changes]>([
    ['another digest', push, { digest: two }],
    ['another tag', push, { tag: 'Prod' }],
    ['another action', push, { action: 'untag' }],
    ['too early', push, { at: push.at.time - logToleranceMs - 1 }],
    ['too late', push, { at: push.at.time + logToleranceMs + 1 }],
    ['before the window', untag, { at: push.at.time - logToleranceMs - 1 }],
    ['after the window', untag, { at: untag.at.time + logToleranceMs + 1 }],
    ['an untag of another tag', untag, { tag: 'dev' }],
    ['a deletion of another manifest', deletion, { digest: two }],
    ['a push of which it names nothing', push, { digest: null, tag: null }],
    ['a deletion of which it names a tag alone', deletion, { digest: null, tag: 'prod' }],
  ])('is passed over: %s', (_, of, what) => {
    expect(attributed(of, [without(logRecordOf(of), what)])).toBeUndefined();
  });

  it('is passed over though it has the same request id', () => {
    expect(attributed(push, [logRecordOf(push, { digest: two })])).toBeUndefined();
  });
});

describe('when several log records fit', () => {
  const mallory = { identity: 'mallory@contoso.com', correlationId: 'request-2' };

  it('is the one of the same request', () => {
    const records = [logRecordOf(push, mallory), logRecordOf(push, {}, 900)];
    expect(attributed(push, records)).toMatchObject({ identity: 'ci@contoso.com', certainty: 'certain' });
  });

  it('is nobody when they name different identities', () => {
    const records = [logRecordOf(untag, mallory, -hour / 2), logRecordOf(untag, { correlationId: 'r' }, -1)];
    expect(attributed(untag, records)).toBeUndefined();
  });

  it('is nobody when one names no identity, or none does', () => {
    const { identity: _, ...nameless } = logRecordOf(untag, { correlationId: 'r' }, -1);
    expect(attributed(untag, [logRecordOf(untag), nameless])).toBeUndefined();
    expect(attributed(untag, [nameless, { ...nameless, correlationId: 's' }])).toBeUndefined();
  });

  it('is the identity that all name, by the last one in a window, from no address or client in particular', () => {
    const records = [
      logRecordOf(untag, { correlationId: 'a', address: '203.0.113.8', userAgent: 'az/2' }, -hour / 2),
      logRecordOf(untag, { correlationId: 'b', userAgent: 'docker/27' }, -hour / 4),
    ];
    expect(attributed(untag, records)).toEqual({
      identity: 'ci@contoso.com',
      at: untag.at.time - hour / 4,
      evidence: {
        table: 'ContainerRegistryRepositoryEvents',
        operation: 'Untag',
        correlationId: 'b',
        records: 2,
      },
      certainty: 'ambiguous',
    });
  });

  it('is nobody when somebody else has a request under the same id', () => {
    const records = [logRecordOf(push), logRecordOf(push, { identity: 'mallory@contoso.com' }, -900)];
    expect(attributed(push, records)).toBeUndefined();
  });

  it('is any of them when they have no id', () => {
    const records = [logRecordOf(untag, {}, -hour / 2), logRecordOf(untag, {}, -hour / 4)];
    expect(attributed(untag, records)).toMatchObject({ certainty: 'ambiguous', evidence: { records: 2 } });
  });

  it('is one request when they have one id, as replicas write it', () => {
    const records = [logRecordOf(push, {}, 500), logRecordOf(push, {}, 100)];
    expect(attributed(push, records)).toMatchObject({ at: push.at.time + 100, certainty: 'certain' });
  });
});

describe('when a log record lacks who it was', () => {
  const { identity: _, ...nameless } = logRecordOf(push);
  const { address: __, ...placeless } = logRecordOf(push);
  const login = (minutesBefore: number, what: Partial<LoginRecord> = {}): LoginRecord => ({
    at: push.at.time - minutesBefore * 60_000,
    identity: 'ci@contoso.com',
    address: '203.0.113.7',
    ...what,
  });

  it.each<[string, LogRecord, readonly LoginRecord[]]>([
    ['by the address', nameless, [login(5)]],
    ['by the identity', placeless, [login(5)]],
    ['by the request id', nameless, [login(500, { correlationId: 'request-1', address: '198.51.100.1' })]],
    [
      'by the request id, whoever logged in there since',
      nameless,
      [login(5, { identity: 'mallory@contoso.com' }), login(50, { correlationId: 'request-1' })],
    ],
    ['by the last login', placeless, [login(50, { address: '198.51.100.1' }), login(5)]],
    ['by a login just then', nameless, [login(0)]],
    ['by a login as long before as it reaches', nameless, [login(loginReachMs / 60_000)]],
  ])('is filled in %s, and then only likely', (_name, record, logins) => {
    expect(attributed(push, [record], logins)).toMatchObject({
      identity: 'ci@contoso.com',
      address: '203.0.113.7',
      evidence: { loginAt: expect.any(Number) },
      certainty: 'likely',
    });
  });

  it.each<[string, readonly LoginRecord[]]>([
    ['a login afterwards', [login(-1)]],
    ['a login too long before', [login(loginReachMs / 60_000 + 1)]],
    ['a login from elsewhere', [login(5, { address: '198.51.100.1' })]],
    ['logins of several from one address', [login(5), login(6, { identity: 'mallory@contoso.com' })]],
  ])('is not filled in by %s', (_name, logins) => {
    const attribution = attributed(push, [nameless], logins);
    expect(attribution).toMatchObject({ address: '203.0.113.7', certainty: 'certain' });
    expect(attribution).not.toHaveProperty('identity');
  });

  const { address: ___, ...anywhere } = login(5);

  it.each<[string, LoginRecord]>([
    ['of somebody else', login(5, { identity: 'mallory@contoso.com' })],
    ['that tells no address either', anywhere],
  ])('has no address by a login %s', (_name, other) => {
    const attribution = attributed(push, [placeless], [other]);
    expect(attribution).toMatchObject({ identity: 'ci@contoso.com', certainty: 'certain' });
    expect(attribution).not.toHaveProperty('address');
    expect(attribution?.evidence).not.toHaveProperty('loginAt');
  });

  it('is not of the same request as a login when neither has an id', () => {
    const { correlationId: ____, ...idless } = nameless;
    const elsewhere = login(5, { address: '198.51.100.1' });
    expect(attributed(push, [idless], [elsewhere])).not.toHaveProperty('identity');
  });

  it('is nobody who logged in when the record has neither, as that of a purge', () => {
    const { address: ____, ...purge } = nameless;
    const attribution = attributed(push, [purge], [login(0, { correlationId: 'request-1' })]);
    expect(attribution).toMatchObject({ certainty: 'certain' });
    expect(attribution).not.toHaveProperty('identity');
  });

  it('is never taken from a login when the record has both', () => {
    const other = login(5, { identity: 'mallory@contoso.com', correlationId: 'request-1' });
    expect(attributed(push, [logRecordOf(push)], [other])).toMatchObject({
      identity: 'ci@contoso.com',
      certainty: 'certain',
    });
  });
});

describe('when an operation is named', () => {
  it.each([
    ['Push', 'push'],
    ['Delete', 'delete'],
    ['Untag', 'untag'],
    ['PurgeTag', 'untag'],
    ['Purge Tag', 'untag'],
    ['PurgeManifest', 'delete'],
    ['purge manifest', 'delete'],
    ['Pull', undefined],
    ['constructor', undefined],
    ['', undefined],
  ])('%j is %s', (operation, action) => {
    expect(actionOf(operation)).toBe(action);
  });
});

describe('whatever is in the log', () => {
  const digests = fc.constantFrom(one, two);
  const tag = fc.option(fc.constantFrom('prod', 'dev'), { nil: undefined });
  const who = fc.option(fc.constantFrom('a', 'b'), { nil: undefined });
  const minute = fc.integer({ min: 0, max: 6 });
  const facts: fc.Arbitrary<readonly Fact[]> = fc
    .array(
      fc.record({
        minute,
        tag,
        digest: digests,
        window: fc.nat({ max: 3 }),
        kind: fc.nat({ max: 2 }),
        id: who,
      }),
      { maxLength: 6 },
    )
    .map((some) =>
      some.map(({ minute: at, tag: name, digest, window, kind, id }, index) => {
        const since = fact('', at - window, { digest }).at.time;
        return fact(`fact-${index}`, at, {
          digest,
          action: kind === 0 ? 'push' : kind === 1 ? 'delete' : 'untag',
          ...(kind === 1 ? {} : { tag: name ?? 'prod' }),
          ...(id === undefined ? {} : { requestId: id }),
          ...(kind === 2 ? { source: 'reconcile', notBefore: since } : {}),
        });
      }),
    );
  const records: fc.Arbitrary<readonly LogRecord[]> = fc.array(
    fc
      .record({
        repository: fc.constant('team/app'),
        action: fc.constantFrom('push', 'delete', 'untag'),
        operation: fc.constant('Some'),
        at: fc
          .tuple(minute, fc.integer({ min: -12_000, max: 12_000 }))
          .map(([at, ms]) => fact('', at, { digest: one }).at.time + ms),
      })
      .chain((base) =>
        fc
          .record(
            {
              digest: digests,
              tag: fc.constantFrom('prod', 'dev'),
              identity: fc.constantFrom('a', 'b'),
              correlationId: fc.constantFrom('a', 'b', 'c'),
            },
            { requiredKeys: [] },
          )
          .map((more) => ({ ...base, ...more })),
      ),
    { maxLength: 8 },
  );

  it('lays a fact only to records that fit it, and to one identity', () => {
    fc.assert(
      fc.property(facts, records, (some, log) => {
        for (const [of, { at, identity, certainty }] of attribute(some, log, [])) {
          const fitting = log.filter((record) => fits(of, record));
          expect(fitting.map((record) => record.at)).toContain(at);
          const { from, to } = searchSpan(of);
          expect(at >= from && at <= to).toBe(true);
          const same = fitting.filter(({ correlationId }) => correlationId && correlationId === of.requestId);
          const candidates = same.length > 0 ? same : fitting;
          expect(new Set(candidates.map((record) => record.identity)).size).toBe(1);
          if (certainty === 'ambiguous') expect(identity).toBeDefined();
          if (fitting.length === 1) expect(certainty).not.toBe('ambiguous');
        }
      }),
    );
  });

  it('says the same in whatever order it is read', () => {
    fc.assert(
      fc.property(facts, records, (some, log) => {
        // Records of one request at one time say the same of it, or which is the first could not be told.
        const distinctTimes = [...new Map(log.map((record) => [record.at, record])).values()];
        const before = attribute(some, distinctTimes, []);
        const after = attribute(some.toReversed(), distinctTimes.toReversed(), []);
        for (const of of some) {
          const [a, b] = [before.get(of), after.get(of)];
          expect(b?.certainty).toEqual(a?.certainty);
          expect(b?.identity).toEqual(a?.identity);
        }
      }),
    );
  });
});
