import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Attribution, attributionJson, readAttribution } from '../../../src/history/attribution.ts';
import { attributedBy, planAttribution, statedAttribution } from '../../../src/history/attribution-plan.ts';
import { maxRecordIdLength, recordIdOf } from '../../../src/history/record-id.ts';
import { canonicalRecord, canonicalStatement } from '../../../src/ledger/canonical-record.ts';
import { readStatement } from '../../../src/ledger/recorded-leaf.ts';
import { cleanFreeText } from '../../../src/registry/free-text.ts';
import { fact, recordOf } from '../../builders/facts.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { manifestHead, tagHead } from './heads.ts';

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

  it.each<[string, (json: object) => unknown]>([
    ['nothing', () => undefined],
    ['text', () => 'ci@contoso.com'],
    ['no time', (json) => ({ ...json, at: undefined })],
    ['an unknown certainty', (json) => ({ ...json, certainty: 'sure' })],
    ['no evidence', (json) => ({ ...json, evidence: undefined })],
    ['an identity that is a number', (json) => ({ ...json, identity: 7 })],
    ...[1, 2.5, '2'].map((records): [string, (json: object) => unknown] => [
      `${JSON.stringify(records)} as the number of several log records`,
      (json) => ({ ...json, evidence: { ...attribution.evidence, records } }),
    ]),
  ])('is not read from %s', (_, damaged) => {
    expect(readAttribution(damaged(attributionJson(attribution)))).toBeUndefined();
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
      expect(statement.at.id.endsWith(id.slice(-200))).toBe(true);
      expect(attributedBy(statement)).toEqual({ of: long.at, attribution });
    }
  });

  it('is not read from a statement of another kind, or one that is damaged', () => {
    const statement = statedAttribution(recordOf(push), attribution, 0);
    expect(attributedBy({ ...statement, kind: 'locks-seen' })).toBeUndefined();
    expect(
      attributedBy({ ...statement, content: { ...statement.content, recordId: 'a|b' } }),
    ).toBeUndefined();
    expect(attributedBy({ ...statement, content: { recordId: 'push' } })).toBeUndefined();
    expect(attributedBy({ ...statement, content: {} })).toBeUndefined();
  });

  it('names no tag of what has none', () => {
    const { tag: _, ...direct } = push;
    expect(statedAttribution(recordOf(direct), attribution, 0).content).not.toHaveProperty('tag');
  });

  it('leaves the leaf of the record as it was sealed', () => {
    expect(canonicalRecord(recordOf({ ...push, attribution }))).toBe(canonicalRecord(recordOf(push)));
  });
});

describe('when an attribution is recorded', () => {
  it('is written in every row that tells the record, unless somebody tells one of them anew', () => {
    const statement = statedAttribution(recordOf(push), attribution, 0);
    const { digest, at: of } = push;
    const tags = [{ tag: 'prod', head: tagHead(digest, 60) }, { tag: 'dev' }];
    const reading = { manifest: manifestHead(digest, 60), tags };
    expect(planAttribution(statement, { of, attribution }, reading)).toEqual([
      { write: 'attribution', in: { tag: 'prod' }, of, attribution },
      { write: 'tag-guard', tag: 'prod', over: 'tag' },
      { write: 'attribution', in: { tag: 'dev' }, of, attribution },
      { write: 'statement', statement },
      { write: 'attribution', in: { digest }, of, attribution },
      { write: 'attribution', in: 'records', of, attribution },
      { write: 'manifest-guard', digest, over: 'manifest' },
    ]);
  });
});
