import { describe, expect, it } from '@jest/globals';
import { batchClosing } from '../../../src/ledger/batch-closing.ts';
import { readBatch } from '../../../src/ledger/recorded-batch.ts';
import { epoch } from '../../builders/facts.ts';

describe('an entry that a batch ends with', () => {
  const [text = ''] = batchClosing({
    registry: 'contoso.azurecr.io',
    from: 7,
    records: 3,
    sealedAt: epoch,
    horizons: [{ repository: 'team/app', comparedAt: epoch }],
  });
  const changed = (what: object) => JSON.stringify({ ...JSON.parse(text), ...what });

  it('when it is of batch 0, is read', () => {
    expect(readBatch(changed({ from: 0, records: 0, recordId: 'batch-0-10' }))).toMatchObject({
      from: 0,
      part: 10,
    });
  });

  it.each([
    ['no JSON', '{'],
    ['null', 'null'],
    ['a list', '[]'],
    ['a text', '"batch"'],
    ['of another version', changed({ version: 2 })],
    ['of another kind', changed({ kind: 'batch' })],
    ['with a property more', changed({ more: 1 })],
    ['without an id', changed({ recordId: undefined })],
    ['with a list of ids', changed({ recordId: ['batch-7-0'] })],
    ['without a registry', changed({ registry: 7 })],
    ['from before the log', changed({ from: -1, recordId: 'batch--1-0' })],
    ['from within an entry', changed({ from: 0.5, recordId: 'batch-0.5-0' })],
    ['from a text', changed({ from: '7' })],
    ['of half a record', changed({ records: 2.5 })],
    ['of records that no number holds', changed({ records: 2 ** 53 })],
    ['of fewer records than none', changed({ records: -1 })],
    ['with an id of another batch', changed({ recordId: 'batch-8-0' })],
    ['with an id of no part', changed({ recordId: 'batch-7' })],
    ['with zeroes before its part', changed({ recordId: 'batch-7-00' })],
    ['with something before its id', changed({ recordId: 'a batch-7-0' })],
    ['with something after its id', changed({ recordId: 'batch-7-0 ' })],
    ['sealed at no time', changed({ sealedAt: 'yesterday' })],
    ['sealed at a number', changed({ sealedAt: epoch })],
    ['sealed at a time of another form', changed({ sealedAt: '2026-05-02T14:00:00Z' })],
    ['without horizons', changed({ horizons: undefined })],
    ['with a list of horizons', changed({ horizons: [] })],
    [
      'with a horizon that is no time',
      changed({ horizons: { one: '2026-05-02T14:00:00.000Z', two: 'never' } }),
    ],
  ])('when it is %s, is none', (_, other) => {
    expect(readBatch(other)).toBeUndefined();
  });
});
