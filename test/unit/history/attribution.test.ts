import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Attribution, attributionJson, readAttribution } from '../../../src/history/attribution.ts';
import { attributedBy, statedAttribution } from '../../../src/history/attribution-plan.ts';
import { maxRecordIdLength, recordIdOf } from '../../../src/history/record-id.ts';
import { canonicalRecord, canonicalStatement } from '../../../src/ledger/canonical-record.ts';
import { readStatement } from '../../../src/ledger/recorded-leaf.ts';
import { cleanFreeText } from '../../../src/registry/free-text.ts';
import { fact, recordOf } from '../../builders/facts.ts';
import { digestOf } from '../../builders/registry-event.ts';

const text = (limit: number) =>
  fc
    .string({ unit: 'binary', minLength: 1, maxLength: limit })
    .map((outside) => cleanFreeText(outside, limit).text);
const time = fc.integer({ min: 0, max: Date.UTC(2286, 0, 1) });

/** What a log, cleaned, may have led to. */
const attributions: fc.Arbitrary<Attribution> = fc
  .record({
    who: fc.record({ identity: text(256), address: text(64), userAgent: text(512) }, { requiredKeys: [] }),
    at: time,
    told: fc.record({ table: text(64), operation: text(64) }),
    more: fc.record(
      { correlationId: text(100), records: fc.integer({ min: 2, max: 99 }), loginAt: time },
      { requiredKeys: [] },
    ),
    certainty: fc.constantFrom('certain', 'likely', 'ambiguous'),
  })
  .map(({ who, at, told, more, certainty }) => ({ ...who, at, evidence: { ...told, ...more }, certainty }));

const push = fact('push', 60, { tag: 'prod', digest: digestOf('one') });
const attribution: Attribution = {
  identity: 'ci@contoso.com',
  address: '203.0.113.7',
  at: push.at.time + 40,
  evidence: { table: 'ContainerRegistryRepositoryEvents', operation: 'Push', correlationId: 'request-1' },
  certainty: 'certain',
};

describe('when an attribution is written as JSON', () => {
  it('is read back as it was, and written as the same text again', () => {
    fc.assert(
      fc.property(attributions, (one) => {
        const json: unknown = JSON.parse(JSON.stringify(attributionJson(one)));
        const read = readAttribution(json);
        expect(read).toEqual(one);
        expect(read && JSON.stringify(attributionJson(read))).toBe(JSON.stringify(attributionJson(one)));
      }),
    );
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['text', 'ci@contoso.com'],
    ['no time', { ...attributionJson(attribution), at: undefined }],
    ['an unknown certainty', { ...attributionJson(attribution), certainty: 'sure' }],
    ['no evidence', { ...attributionJson(attribution), evidence: undefined }],
    ['an identity that is a number', { ...attributionJson(attribution), identity: 7 }],
  ])('is not read from %s', (_, json) => {
    expect(readAttribution(json)).toBeUndefined();
  });
});

describe('when an attribution is stated', () => {
  it('is a record of its own, at the instant of what it attributes', () => {
    const statement = statedAttribution(recordOf(push), attribution, push.at.time + 3_600_000);
    expect(JSON.parse(canonicalStatement(statement))).toEqual({
      version: 1,
      recordId: 'attributed.push',
      registry: 'contoso.azurecr.io',
      repository: 'team/app',
      kind: 'attributed',
      occurredAt: '2026-05-02T15:00:00.000Z',
      recordedAt: '2026-05-02T16:00:00.000Z',
      content: {
        recordId: 'push',
        action: 'push',
        digest: digestOf('one'),
        tag: 'prod',
        attribution: {
          identity: 'ci@contoso.com',
          address: '203.0.113.7',
          at: '2026-05-02T15:00:00.040Z',
          certainty: 'certain',
          evidence: {
            table: 'ContainerRegistryRepositoryEvents',
            operation: 'Push',
            correlationId: 'request-1',
          },
        },
      },
    });
  });

  it('is read from its leaf as it was stated', () => {
    fc.assert(
      fc.property(attributions, (one) => {
        const statement = statedAttribution(recordOf(push), one, push.at.time);
        const read = readStatement(canonicalStatement(statement));
        expect(read && attributedBy(read)).toEqual({ of: push.at, attribution: one });
      }),
    );
  });

  it('has an id that a key can hold, however long that of the record is', () => {
    const ids = [recordIdOf('é'.repeat(90)), 'x'.repeat(maxRecordIdLength)];
    for (const id of ids) {
      const long = { ...push, at: { ...push.at, id } };
      const statement = statedAttribution(recordOf(long), attribution, 0);
      expect(statement.at.id.length).toBeLessThanOrEqual(maxRecordIdLength);
      expect(attributedBy(statement)).toEqual({ of: long.at, attribution });
    }
  });

  it('is not read from a statement of another kind, or one that is damaged', () => {
    const statement = statedAttribution(recordOf(push), attribution, 0);
    expect(attributedBy({ ...statement, kind: 'locks-seen' })).toBeUndefined();
    expect(attributedBy({ ...statement, content: { recordId: 'a|b' } })).toBeUndefined();
    expect(attributedBy({ ...statement, content: {} })).toBeUndefined();
  });

  it('leaves the leaf of the record as it was sealed', () => {
    expect(canonicalRecord(recordOf({ ...push, attribution }))).toBe(canonicalRecord(recordOf(push)));
  });
});
