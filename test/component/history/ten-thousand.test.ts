import { describe, expect, it } from '@jest/globals';
import { type AuditApp, auditApp } from '../../builders/audit-app.ts';
import { deliveriesOf, randomFrom, syntheticEvents } from '../../builders/synthetic-events.ts';

async function appAfter(deliveries: readonly unknown[], senders: number): Promise<AuditApp> {
  const app = auditApp();
  const waiting = deliveries.values();
  const sender = async () => {
    // One iterator for all senders: each takes the next delivery that no other has.
    for (const event of waiting) await app.deliver(event);
  };
  await Promise.all(Array.from({ length: senders }, sender));
  return app;
}

function rowsOf({ repositories, digests, log, rejected }: AuditApp): ReadonlyMap<string, string> {
  const rows = [repositories, digests, log, rejected].flatMap((table) => table.rows());
  return new Map(
    rows.map(({ partitionKey, rowKey, columns }) => [
      `${partitionKey} ${rowKey}`,
      JSON.stringify(Object.entries(columns).sort(([a], [b]) => (a < b ? -1 : 1))),
    ]),
  );
}

describe('when 10,000 events of 50 repositories come shuffled, one to five times each, from 8 senders', () => {
  it('ends in the rows that one delivery of each in order ends in', async () => {
    const random = randomFrom('ten thousand');
    const events = syntheticEvents(10_000, 50, random);
    const inOrder = await appAfter(events, 1);
    const inAnyOrder = await appAfter(deliveriesOf(events, random), 8);

    const [expected, found] = [rowsOf(inOrder), rowsOf(inAnyOrder)];
    expect([...found].filter(([key, row]) => expected.get(key) !== row)).toEqual([]);
    expect(found.size).toBe(expected.size);
    const keys = inAnyOrder.repositories.rows().map(({ rowKey }) => rowKey);
    expect(keys.filter((key) => key.startsWith('E|'))).toHaveLength(10_000);
    expect(inAnyOrder.log.rows().filter(({ rowKey }) => /^\d/.test(rowKey))).toHaveLength(10_000);
    expect(inAnyOrder.rejected.rows()).toEqual([]);
  });
});
