import { describe, expect, it } from '@jest/globals';
import { tagsAt } from '../../../src/audit/tags-at.ts';
import { historyPages } from '../../../src/storage/history-pages.ts';
import { epoch, fact, recordOf } from '../../builders/facts.ts';
import { recorderOver, storesOver } from '../../builders/history-stores.ts';
import { memoryTable } from '../../builders/memory-table.ts';
import { digestOf } from '../../builders/registry-event.ts';

describe('when it is asked which tags a digest had at a time', () => {
  const [one, two] = [digestOf('one'), digestOf('two')];
  const at = (minute: number) => epoch + minute * 60_000;

  it('those are told that pointed to it then, whatever became of them', async () => {
    const tables = { repositories: memoryTable(), digests: memoryTable(), log: memoryTable() };
    const record = recorderOver(tables);
    for (const told of [
      fact('1', 1, { digest: one, tag: 'v1' }),
      fact('2', 2, { digest: one, tag: 'latest' }),
      fact('3', 3, { digest: two, tag: 'latest' }),
      fact('4', 4, { digest: one, tag: 'prod' }),
      fact('5', 5, { digest: one, action: 'delete' }),
      fact('6', 6, { digest: two, tag: 'prod' }),
    ]) {
      await record(recordOf(told));
    }
    const { reader } = storesOver(tables);
    const ask = tagsAt({ reader, pages: historyPages(tables.repositories, tables.log) });
    const repository = { registry: 'contoso.azurecr.io', repository: 'team/app' };
    const told = (minute: number) => ask(repository, one, at(minute));
    expect(await told(0)).toEqual([]);
    expect(await told(2.5)).toEqual(['latest', 'v1']);
    expect(await told(3.5)).toEqual(['v1']);
    expect(await told(4.5)).toEqual(['prod', 'v1']);
    expect(await told(5.5)).toEqual([]);
    expect(await ask(repository, two, at(7))).toEqual(['latest', 'prod']);
    expect(await ask(repository, digestOf('unknown'), at(7))).toEqual([]);
  });
});
