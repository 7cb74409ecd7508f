import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AuditRecord, Fact } from '../../../src/history/fact.ts';
import { recordIdOf } from '../../../src/history/record-id.ts';
import {
  canonicalContent,
  canonicalRecord,
  canonicalStatement,
} from '../../../src/ledger/canonical-record.ts';
import { readLeaf } from '../../../src/ledger/recorded-leaf.ts';
import { digestOf } from '../../builders/registry-event.ts';

const fact: Fact = {
  at: { time: Date.UTC(2026, 2, 2, 9, 15, 27, 276), id: 'event-1' },
  action: 'push',
  digest: digestOf('one'),
  recordedAt: Date.UTC(2026, 2, 2, 9, 15, 30),
  source: 'event',
  eventId: 'event-1',
  client: {},
};
const recordOf = (what: Partial<Fact>): AuditRecord => ({
  registry: 'contoso.azurecr.io',
  repository: 'team/app',
  fact: { ...fact, ...what },
});

const text = fc.string({ unit: 'grapheme', maxLength: 60 }).filter((one) => one.isWellFormed());
const time = fc.integer({ min: 0, max: Date.UTC(2286, 0, 1) });
const facts: fc.Arbitrary<Fact> = fc.record(
  {
    at: fc.record({ time, id: fc.uuid().map(recordIdOf) }),
    action: fc.constantFrom('push', 'delete'),
    digest: fc.string().map(digestOf),
    recordedAt: time,
    source: fc.constantFrom('event', 'reconcile', 'backfill'),
    eventId: text,
    client: fc.record({ userAgent: text, address: text, actor: text }, { requiredKeys: [] }),
    tag: fc.constantFrom('prod', '1.4.2'),
    notBefore: time,
    mediaType: text,
    size: fc.maxSafeNat(),
    location: text,
    requestId: text,
    notes: fc.array(text, { maxLength: 3 }),
  },
  { requiredKeys: ['at', 'action', 'digest', 'recordedAt', 'source', 'eventId', 'client'] },
);

describe('when a record is written as a leaf', () => {
  it('is RFC 8785 JSON: sorted names, no spaces, times in UTC', () => {
    const record = recordOf({
      tag: '1.4.2',
      size: 1152,
      client: { userAgent: 'docker/27.3.1', address: '10.0.0.4' },
    });
    expect(canonicalRecord(record)).toBe(
      '{"action":"push","client":{"address":"10.0.0.4","userAgent":"docker/27.3.1"},' +
        `"digest":"${digestOf('one')}","eventId":"event-1","occurredAt":"2026-03-02T09:15:27.276Z",` +
        '"recordId":"event-1","recordedAt":"2026-03-02T09:15:30.000Z","registry":"contoso.azurecr.io",' +
        '"repository":"team/app","size":1152,"source":"event","tag":"1.4.2","version":1}',
    );
  });

  it('has its names in the order of their UTF-16 code units, at every depth', () => {
    fc.assert(
      fc.property(facts, (one) => {
        JSON.parse(canonicalRecord(recordOf(one)), function (this: unknown, _name, value: unknown) {
          if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
            expect(Object.keys(value)).toEqual(Object.keys(value).sort());
          }
          return value;
        });
      }),
    );
  });

  it('is the same bytes whatever order the fields came in', () => {
    fc.assert(
      fc.property(facts, (one) => {
        const { client, ...others } = one;
        expect(
          canonicalRecord({ fact: { client, ...others }, repository: 'team/app', registry: 'r.io' }),
        ).toBe(canonicalRecord({ registry: 'r.io', repository: 'team/app', fact: { ...others, client } }));
      }),
    );
  });

  it('leaves out what is not known', () => {
    const leaf: unknown = JSON.parse(canonicalRecord(recordOf({})));
    expect(leaf).not.toHaveProperty('client');
    expect(leaf).not.toHaveProperty('tag');
  });

  it('is read back as it was', () => {
    fc.assert(
      fc.property(facts, (one) => {
        const record = { registry: 'contoso.azurecr.io', repository: 'team/app', fact: one };
        expect(readLeaf(canonicalRecord(record))).toEqual(record);
      }),
    );
  });

  it.each([
    ['a script', '<script>alert(1)</script>'],
    ['a closing quote and a field', '","action":"delete","x":"'],
    ['a line and a control character', 'a\r\nb\u0000\u001f\u007f'],
    ['line separators', 'a\u2028b\u2029c'],
    ['text that reorders', '\u202egpj.exe'],
    ['a prototype', '__proto__'],
    ['4,096 characters beyond the basic plane', '🐳'.repeat(2048)],
  ])('keeps a user agent with %s as text', (_name, userAgent) => {
    const record = recordOf({ client: { userAgent } });
    const leaf = canonicalRecord(record);
    expect(readLeaf(leaf)).toEqual(record);
    expect([...leaf].filter((character) => character < ' ')).toEqual([]);
  });

  it('refuses text that has no UTF-8, which the readers of events never let through', () => {
    expect(() => canonicalRecord(recordOf({ client: { userAgent: 'a\ud800b' } }))).toThrow('surrogate');
  });
});

describe('when a leaf that is not ours is read', () => {
  const leaf = canonicalRecord(recordOf({}));
  it.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a text', '"x"'],
    ['no digest', leaf.replace(/"digest":"[^"]*",/, '')],
    ['another algorithm', leaf.replace('sha256:', 'md5:')],
    ['no time', leaf.replace(/"occurredAt":"[^"]*",/, '')],
    ['a time that is none', leaf.replace(/"recordedAt":"[^"]*"/, '"recordedAt":"yesterday"')],
    ['another action', leaf.replace('"push"', '"restore"')],
    ['another source', leaf.replace('"source":"event"', '"source":"rumour"')],
    ['no registry', leaf.replace(/"registry":"[^"]*",/, '')],
    ['a repository that is a number', leaf.replace('"team/app"', '7')],
  ])('finds no record in %s', (_name, text) => {
    expect(readLeaf(text)).toBeUndefined();
  });
});

describe('when a statement is written as a leaf', () => {
  const statement = {
    registry: 'contoso.azurecr.io',
    repository: 'team/app',
    at: { time: fact.at.time, id: 'one' },
    recordedAt: fact.recordedAt,
    kind: 'approved',
    content: { by: 'somebody' },
  };
  const begin = '{"content":{"by":"somebody"},"kind":"approved",';
  const end =
    '"occurredAt":"2026-03-02T09:15:27.276Z","recordId":"one","recordedAt":"2026-03-02T09:15:30.000Z",' +
    '"registry":"contoso.azurecr.io","repository":"team/app",';

  it('is RFC 8785 JSON that is told from a record by its kind, without what it does not say', () => {
    expect(canonicalStatement(statement)).toBe(`${begin}${end}"version":1}`);
    expect(canonicalStatement({ ...statement, notBefore: 0, states: [{ key: 'a|one' }] })).toBe(
      `${begin}"notBefore":"1970-01-01T00:00:00.000Z",${end}"states":[{"key":"a|one"}],"version":1}`,
    );
  });

  it('has at most as many characters as a row holds', () => {
    const sized = (length: number) => ({ ...statement, content: { by: 'x'.repeat(length) } });
    const most = 32 * 1024 - canonicalStatement(sized(0)).length;
    expect(canonicalStatement(sized(most))).toHaveLength(32 * 1024);
    expect(() => canonicalStatement(sized(most + 1))).toThrow(
      new RangeError('a statement of 32769 characters is longer than a leaf of 32768'),
    );
  });

  it('so is any content', () => {
    expect(canonicalContent({ b: [1, { d: 2, c: 3 }], a: null })).toBe('{"a":null,"b":[1,{"c":3,"d":2}]}');
  });
});
