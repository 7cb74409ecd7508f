import { describe, expect, it } from '@jest/globals';
import { type BatchStatement, batchClosing } from '../../../src/ledger/batch-closing.ts';
import { readBatch } from '../../../src/ledger/recorded-batch.ts';
import { epoch } from '../../builders/facts.ts';

const batch: BatchStatement = {
  registry: 'contoso.azurecr.io',
  from: 7,
  records: 3,
  sealedAt: epoch,
  horizons: [],
};

/** As many horizons, of repositories that are named in order; the names have a length. */
const horizons = (count: number, length = 8) =>
  Array.from({ length: count }, (_, number) => ({
    repository: `${String(number).padStart(4, '0')}${'x'.repeat(length - 4)}`,
    comparedAt: epoch + number,
  }));

describe('what a batch ends with', () => {
  it('is one text that anybody can make', () => {
    expect(batchClosing({ ...batch, horizons: [{ repository: 'team/app', comparedAt: epoch + 1 }] })).toEqual(
      [
        '{"from":7,"horizons":{"team/app":"2026-05-02T14:00:00.001Z"},"kind":"sealed-batch","recordId":"batch-7-0",' +
          '"records":3,"registry":"contoso.azurecr.io","sealedAt":"2026-05-02T14:00:00.000Z","version":1}',
      ],
    );
  });

  it.each([
    [0, [0]],
    [180, [180]],
    [181, [180, 1]],
    [400, [180, 180, 40]],
  ])('when it states %i horizons, is entries of %j, which are read back', (count, parts) => {
    const stated = { ...batch, horizons: horizons(count) };
    const read = batchClosing(stated).map(readBatch);
    expect(read.map((one) => one?.horizons.length)).toEqual(parts);
    expect(read.map((one) => one?.part)).toEqual(parts.map((_, part) => part));
    expect(read.flatMap((one) => one?.horizons ?? [])).toEqual(stated.horizons);
    for (const one of read)
      expect(one).toMatchObject({ registry: batch.registry, from: 7, records: 3, sealedAt: epoch });
  });

  it('when names are as long as a registry allows, fits, and when no entry holds them, is refused', () => {
    expect(batchClosing({ ...batch, horizons: horizons(180, 256) })).toHaveLength(1);
    expect(() => batchClosing({ ...batch, horizons: horizons(180, 400) })).toThrow(
      new RangeError('a batch states too many horizons'),
    );
  });

  it('has as many bytes as an entry may have, and not one more', () => {
    const [text = ''] = batchClosing({ ...batch, horizons: horizons(1) });
    const closing = (bytes: number) =>
      batchClosing({ ...batch, horizons: horizons(1, 8 + bytes - text.length) });
    expect(closing(65_535).map((entry) => entry.length)).toEqual([65_535]);
    expect(() => closing(65_536)).toThrow(RangeError);
  });
});
