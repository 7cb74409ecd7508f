import { describe, expect, it } from '@jest/globals';
import { batchChain } from '../../../src/ledger/batch-chain.ts';
import type { RecordedBatch } from '../../../src/ledger/recorded-batch.ts';
import { epoch } from '../../builders/facts.ts';
import { problemOf } from '../../builders/told-problem.ts';

/** What a batch of two records from 0 says, unless told otherwise. */
function saying(what: Partial<RecordedBatch> = {}): RecordedBatch {
  return {
    registry: 'contoso.azurecr.io',
    from: 0,
    records: 2,
    sealedAt: epoch,
    horizons: [],
    part: 0,
    ...what,
  };
}

const horizon = (repository: string, after: number) => ({ repository, comparedAt: epoch + after });

/** A chain that was told of a batch of two records, whose end is entry 2. */
function begun() {
  const chain = batchChain();
  chain.record(0);
  chain.record(1);
  chain.statement(2, saying());
  return chain;
}

describe('batches that say what they have', () => {
  it('follow one another, and tell the latest of each horizon and when the last was sealed', () => {
    const chain = batchChain();
    expect(chain.summary()).toStrictEqual({ batches: 0, horizons: [] });
    chain.record(0);
    chain.record(1);
    chain.statement(2, saying({ horizons: [horizon('one', 5), horizon('two', 5)] }));
    chain.statement(3, saying({ part: 1, horizons: [horizon('three', 1)] }));
    chain.checkpoint(4);
    chain.statement(
      4,
      saying({ from: 4, records: 0, sealedAt: epoch + 9, horizons: [horizon('one', 4), horizon('two', 6)] }),
    );
    chain.checkpoint(5);
    expect(chain.summary()).toEqual({
      batches: 2,
      sealedAt: epoch + 9,
      horizons: [horizon('one', 5), horizon('two', 6), horizon('three', 1)],
    });
  });

  it.each([
    ['from elsewhere', 1, saying({ from: 1 }), 'entry 1 ends a batch from 1, not 0'],
    ['of a later part', 2, saying({ part: 1 }), "entry 2 is part 1 of a batch's end"],
    ['of more records', 1, saying(), 'the batch from 0 has 1 records, and says 2'],
    ['of fewer records', 3, saying(), 'the batch from 0 has 3 records, and says 2'],
  ])('when the first says that it is %s, it is wrong', async (_, index, batch, message) => {
    const chain = batchChain();
    for (let at = 0; at < index; at += 1) chain.record(at);
    expect(await problemOf(() => chain.statement(index, batch))).toEqual({
      code: 'wrong-batch',
      message,
      index,
    });
  });

  it.each([
    ['the same part', saying(), "entry 3 is part 0 of a batch's end"],
    ['another time', saying({ part: 1, sealedAt: epoch + 1 }), 'entry 3 is of another time'],
    ['other records', saying({ part: 1, records: 3 }), 'the batch from 0 has 2 records, and says 3'],
  ])('when the second entry of an end says %s, it is wrong', async (_, batch, message) => {
    expect(await problemOf(() => begun().statement(3, batch))).toEqual({
      code: 'wrong-batch',
      message,
      index: 3,
    });
  });

  it('when a later batch says more records than it has, it is wrong by its own count', async () => {
    const chain = begun();
    chain.checkpoint(3);
    chain.record(3);
    expect(await problemOf(() => chain.statement(4, saying({ from: 3 })))).toStrictEqual({
      code: 'wrong-batch',
      message: 'the batch from 3 has 1 records, and says 2',
      index: 4,
    });
  });

  it('when a checkpoint comes before the end, the batch is wrong', async () => {
    const chain = batchChain();
    chain.record(0);
    const message = 'the batch from 0 to 1 does not say what it has';
    expect(await problemOf(() => chain.checkpoint(1))).toEqual({ code: 'wrong-batch', message, index: 0 });
  });

  it.each([
    ['a record', (chain: ReturnType<typeof batchChain>) => chain.record(3)],
    [
      'the end of the next',
      (chain: ReturnType<typeof batchChain>) => chain.statement(3, saying({ from: 3, records: 0 })),
    ],
  ])('when %s follows an end without a checkpoint, the checkpoint is missed', async (_, follow) => {
    expect(await problemOf(() => follow(begun()))).toEqual({
      code: 'missing-file',
      message: 'the batch from 0 ends at 3, and checkpoints/3 is missing',
      path: 'checkpoints/3',
      index: 3,
    });
  });
});
