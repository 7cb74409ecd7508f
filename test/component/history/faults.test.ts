import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AuditFault } from '../../../src/audit/fault.ts';
import type { Table } from '../../../src/storage/row.ts';
import {
  arbitraryBursts,
  arbitraryDeliveries,
  arbitraryManyTags,
  deliveriesOf,
  epoch,
  fact,
  recordOf,
} from '../../builders/facts.ts';
import { expectHistory, expectHistoryIn } from '../../builders/history-expectation.ts';
import { announcedIn, historyIn } from '../../builders/history-reading.ts';
import { recorderOver } from '../../builders/history-stores.ts';
import { memoryTable } from '../../builders/memory-table.ts';
import { digestOf } from '../../builders/registry-event.ts';

const numRuns = Number(process.env['HISTORY_RUNS'] ?? 200);

const circumstances = (...percentages: number[]) => {
  const percent = fc.constantFrom(...percentages);
  return fc.record({
    senders: fc.integer({ min: 1, max: 6 }),
    seed: fc.integer(),
    faults: fc.record({ refused: percent, lost: percent, retried: percent, short: percent }),
  });
};

const cutOff = fc.record({
  senders: fc.integer({ min: 1, max: 6 }),
  seed: fc.integer(),
  faults: fc.record({ cutOff: fc.constantFrom(10, 40), lost: fc.constantFrom(0, 1) }),
});

describe('when storage fails and every failed delivery is repeated', () => {
  it('ends in the same history: nothing lost, nothing twice', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryDeliveries, circumstances(0, 2, 8), async (deliveries, under) => {
        await expectHistory(deliveries, under);
      }),
      { numRuns },
    );
  });

  it('ends in the same history when a deletion was cut off between two of its transactions', async () => {
    await fc.assert(
      fc.asyncProperty(deliveriesOf(arbitraryManyTags), cutOff, async (deliveries, under) => {
        await expectHistory(deliveries, under);
      }),
      { numRuns: Math.ceil(numRuns / 10), endOnFailure: true },
    );
  });

  it('ends in the same history when a late fact that changes a whole busy hour was cut off', async () => {
    await fc.assert(
      fc.asyncProperty(deliveriesOf(arbitraryBursts), cutOff, async (deliveries, under) => {
        await expectHistory(deliveries, under);
      }),
      { numRuns: Math.ceil(numRuns / 20), endOnFailure: true },
    );
  });
});

const ending: Table['transact'] = async () => {
  throw new AuditFault('storage-unreachable', 'the instance ended', { retryable: true });
};

describe('when an instance ends between announcing a fact and committing it', () => {
  it('has announced the fact, told nothing of it, and tells it as first announced when it is delivered again', async () => {
    const tables = { repositories: memoryTable(), digests: memoryTable(), log: memoryTable() };
    const push = fact('push', 0, { digest: digestOf('one'), tag: 'prod', recordedAt: epoch + 1 });
    const dying = recorderOver({ ...tables, repositories: { ...tables.repositories, transact: ending } });

    await expect(dying(recordOf(push))).rejects.toThrow('the instance ended');
    expect(tables.repositories.rows()).toEqual([]);
    expect(await announcedIn(tables.log, 'contoso.azurecr.io')).toEqual([recordOf(push)]);

    const again = { ...push, recordedAt: epoch + 60_000 };
    await expect(recorderOver(tables)(recordOf(again))).resolves.toMatchObject({ outcome: 'recorded' });
    expect(await announcedIn(tables.log, 'contoso.azurecr.io')).toEqual([recordOf(push)]);
    const { records } = await historyIn(tables.repositories, recordOf(push));
    expect(records.map((entry) => entry.fact)).toEqual([push]);
    await expectHistoryIn(tables, [push]);
  });
});

describe('when a late push changes more than one transaction can hold, and the second one never came', () => {
  it('tells the rest when the push is delivered again', async () => {
    const tables = { repositories: memoryTable(), digests: memoryTable(), log: memoryTable() };
    // Two regions in turn: each second push is a copy, and one more before them makes it each other one.
    const pushes = Array.from({ length: 46 }, (_, index) =>
      fact(`push-${index}`, index, {
        digest: digestOf('one'),
        tag: 'prod',
        location: index % 2 === 0 ? 'eastus' : 'westeurope',
      }),
    );
    const [late, ...others] = pushes;
    if (late === undefined) throw new Error('no pushes');
    for (const push of others) await recorderOver(tables)(recordOf(push));

    let transactions = 0;
    const secondFails: Table['transact'] = async (operations) => {
      transactions += 1;
      return transactions === 2 ? ending(operations) : tables.repositories.transact(operations);
    };
    const dying = recorderOver({
      ...tables,
      repositories: { ...tables.repositories, transact: secondFails },
    });
    await expect(dying(recordOf(late))).rejects.toThrow('the instance ended');
    await recorderOver(tables)(recordOf(late));

    expect(transactions).toBe(2);
    await expectHistoryIn(tables, pushes);
  });
});

describe('when another fact comes under the id and time of a recorded one', () => {
  it('keeps the first', async () => {
    const tables = { repositories: memoryTable(), digests: memoryTable(), log: memoryTable() };
    const record = recorderOver(tables);
    const push = fact('push', 0, { digest: digestOf('one'), tag: 'prod' });
    await record(recordOf(push));

    const other = { ...push, digest: digestOf('two') };
    await expect(record(recordOf(other))).resolves.toEqual({ outcome: 'contradicted' });
    const { records } = await historyIn(tables.repositories, recordOf(push));
    expect(records.map((entry) => entry.fact)).toEqual([push]);
  });

  it('keeps the first announced, when that was not told yet', async () => {
    const tables = { repositories: memoryTable(), digests: memoryTable(), log: memoryTable() };
    const push = fact('push', 0, { digest: digestOf('one'), tag: 'prod' });
    const dying = recorderOver({ ...tables, repositories: { ...tables.repositories, transact: ending } });
    await expect(dying(recordOf(push))).rejects.toThrow(AuditFault);

    const other = { ...push, digest: digestOf('two') };
    await expect(recorderOver(tables)(recordOf(other))).resolves.toEqual({ outcome: 'contradicted' });
    await expect(recorderOver(tables)(recordOf(push))).resolves.toMatchObject({ outcome: 'recorded' });
    expect(await announcedIn(tables.log, 'contoso.azurecr.io')).toEqual([recordOf(push)]);
  });
});
