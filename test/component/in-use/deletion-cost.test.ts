import { describe, expect, it } from '@jest/globals';
import type { Table } from '../../../src/storage/row.ts';
import { fact, recordOf } from '../../builders/facts.ts';
import { claimed, inUseApp } from '../../builders/in-use-app.ts';
import { memoryTable } from '../../builders/memory-table.ts';
import { digestOf } from '../../builders/registry-event.ts';

const [used, other] = ['used', 'other'].map(digestOf) as [
  ReturnType<typeof digestOf>,
  ReturnType<typeof digestOf>,
];

/** An app whose calls of storage are listed, with an image that a workload runs and one that none does. */
async function listened() {
  const calls: string[] = [];
  const listening = (name: string): Table => {
    const table = memoryTable();
    const heard = (call: string) => void calls.push(`${name} ${call}`);
    return {
      get(partition, key) {
        heard(`get ${key}`);
        return table.get(partition, key);
      },
      page(range, ...rest) {
        heard(`page ${range.from}`);
        return table.page(range, ...rest);
      },
      insert(row) {
        heard('insert');
        return table.insert(row);
      },
      put(row) {
        heard('put');
        return table.put(row);
      },
      transact(operations) {
        heard('transact');
        return table.transact(operations);
      },
    };
  };
  const names = ['repositories', 'digests', 'log', 'inventory', 'findings', 'workloads'] as const;
  const app = inUseApp({ tables: Object.fromEntries(names.map((name) => [name, listening(name)])) });
  await app.push('team/app', '1.0', used);
  await app.push('team/app', '2.0', other);
  await app.report('aks-prod', [claimed(`team/app@${used}`, 'web')]);
  await app.report('compose', []);
  await app.settle();
  calls.length = 0;
  return { app, calls };
}

describe('when a deletion is judged', () => {
  it('what is known of its verdict is read once', async () => {
    const { app, calls } = await listened();
    await app.remove('team/app', other);
    expect(calls.filter((call) => call === `repositories get v|${other}`)).toHaveLength(1);
  });

  it.each([
    ['that nobody needs, eleven', other, 11],
    ['that a workload runs, seventeen with its finding and the alert', used, 17],
  ])('%s transactions are made at most', async (_, digest, most) => {
    const { app, calls } = await listened();
    await app.remove('team/app', digest);
    expect(calls.length).toBeLessThanOrEqual(most);
  });

  it('and another of the same digest at the same time, both verdicts are recorded and the finding is one', async () => {
    const app = inUseApp();
    await app.push('team/app', '1.0', used);
    await app.report('aks-prod', [claimed(`team/app@${used}`, 'web')]);
    await app.report('compose', []);
    const first = await app.remove('team/app', used);
    const again = ['one', 'another'].map((name, minute) =>
      recordOf(
        fact(name, 0, {
          action: 'delete',
          digest: used,
          at: { time: first.fact.at.time + minute, id: name },
        }),
      ),
    );
    await Promise.all(again.map((record) => app.onRecorded(record)));
    const judged = app.statements().filter(({ kind }) => kind === 'deletion-judged');
    expect(judged.map(({ content }) => content['record']).sort()).toEqual(
      ['another', 'one', first.fact.at.id].sort(),
    );
    expect((await app.open()).filter(({ kind }) => kind === 'DeletedDigestInUse')).toHaveLength(1);
  });
});
