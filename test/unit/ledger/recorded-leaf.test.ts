import { describe, expect, it } from '@jest/globals';
import type { Statement } from '../../../src/history/statement.ts';
import { canonicalRecord, canonicalStatement } from '../../../src/ledger/canonical-record.ts';
import { readLeaf, readStatement } from '../../../src/ledger/recorded-leaf.ts';
import { epoch, fact, recordOf } from '../../builders/facts.ts';
import { digestOf } from '../../builders/registry-event.ts';

const place = { registry: 'contoso.azurecr.io', repository: 'team/app' };
const statement: Statement = {
  ...place,
  at: { time: epoch + 1, id: 'one' },
  recordedAt: epoch + 2,
  kind: 'approved',
  content: { by: 'somebody' },
};
const whole: Statement = {
  ...statement,
  notBefore: epoch,
  states: [{ key: 'a|one', content: { open: true } }, { key: 'a|two' }],
};
const withOther = (text: string, what: object) => JSON.stringify({ ...JSON.parse(text), ...what });

describe('a statement that is read back', () => {
  it.each([
    ['says as little as it can', statement],
    ['says all that it can', whole],
    ['states nothing any more', { ...statement, states: [] }],
  ])('when it %s, is as it was', (_, one) => {
    expect(readStatement(canonicalStatement(one))).toStrictEqual(one);
  });

  it.each([
    ['registry', 7],
    ['repository', 7],
    ['recordId', 7],
    ['kind', 7],
    ['kind', undefined],
    ['occurredAt', 'yesterday'],
    ['occurredAt', undefined],
    ['recordedAt', 'yesterday'],
    ['content', []],
    ['content', null],
    ['content', 'text'],
    ['content', undefined],
  ])('when its %s is %j, is none', (name, value) => {
    expect(readStatement(withOther(canonicalStatement(whole), { [name]: value }))).toBeUndefined();
  });

  it.each(['', '{', '[]', 'null', '"text"'])('when the text is %j, is none', (text) => {
    expect(readStatement(text)).toBeUndefined();
  });

  it.each([
    ['no list', { key: 'a|one' }, undefined],
    ['no objects', ['a|one', null, 7], []],
    ['without keys', [{ content: {} }, { key: 7 }], []],
    ['with content that is no object', [{ key: 'a|one', content: [] }], [{ key: 'a|one' }]],
  ])('when its states are %s, has those that can be told', (_, states, expected) => {
    expect(readStatement(withOther(canonicalStatement(whole), { states }))?.states).toEqual(expected);
  });
});

describe('a record that is read back', () => {
  const client = { userAgent: 'docker/27', address: '203.0.113.7', actor: 'kim' };
  const full = recordOf({
    ...fact('one', 1, { digest: digestOf('one'), tag: 'v1', client, notBefore: epoch, size: 5 }),
    mediaType: 'application/json',
    location: 'westeurope',
    requestId: 'request',
    notes: ['a note'],
  });
  const text = canonicalRecord(full);

  it.each([
    ['all that it can', full],
    ['as little as it can', recordOf(fact('one', 1, { digest: digestOf('one') }))],
  ])('when it says %s, is as it was', (_, record) => {
    expect(readLeaf(canonicalRecord(record))).toStrictEqual(record);
  });

  it.each([
    ['untag', 'event'],
    ['delete', 'reconcile'],
    ['push', 'backfill'],
  ])('when it is a %s by %s, is one', (action, source) => {
    expect(readLeaf(withOther(text, { action, source }))?.fact).toMatchObject({ action, source });
  });

  it.each([
    'recordId',
    'eventId',
    'digest',
    'occurredAt',
    'recordedAt',
    'action',
    'source',
    'registry',
    'repository',
  ])('when it has no %s, is none', (name) => {
    expect(readLeaf(withOther(text, { [name]: undefined }))).toBeUndefined();
  });

  it('when what it may leave out is of another type, leaves it out', () => {
    const others = {
      tag: 7,
      mediaType: 7,
      location: 7,
      requestId: 7,
      size: '5',
      notBefore: 7,
      client: [],
      notes: 'a note',
    };
    expect(readLeaf(withOther(text, others))).toEqual(recordOf(fact('one', 1, { digest: digestOf('one') })));
    const partly = withOther(text, { notes: ['a note', 7], client: { ...client, actor: 7 } });
    expect(readLeaf(partly)?.fact).toMatchObject({
      notes: ['a note'],
      client: { userAgent: 'docker/27', address: '203.0.113.7' },
    });
  });
});
