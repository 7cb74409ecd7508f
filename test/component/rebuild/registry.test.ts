import { describe, expect, it } from '@jest/globals';
import { rebuildRegistry } from '../../../src/audit/rebuild-registry.ts';
import { rebuildRepository } from '../../../src/audit/rebuild-repository.ts';
import { digestPlaceKey, readRepositoryKey } from '../../../src/storage/keys.ts';
import { outbox } from '../../../src/storage/outbox.ts';
import { retellings } from '../../../src/storage/retelling.ts';
import { unfinishedRecords } from '../../../src/storage/unfinished-records.ts';
import { fact, recordOf } from '../../builders/facts.ts';
import { recorderOver } from '../../builders/history-stores.ts';
import { memoryTable } from '../../builders/memory-table.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { contents, damage, type MemoryTables, rebuilt, recorded } from './stored-history.ts';

const registry = 'contoso.azurecr.io';
const [one, two] = [digestOf('one'), digestOf('two')];
const history = [
  fact('a', 0, {
    tag: 'prod',
    digest: one,
    size: 1024,
    notes: ['a repair'],
    client: { userAgent: 'docker/27' },
  }),
  fact('b', 10, { tag: 'prod', digest: two }),
  fact('c', 20, { action: 'delete', digest: two }),
];

function rebuildAll(tables: MemoryTables, lines: unknown[] = []) {
  const log = {
    info: (...line: unknown[]) => void lines.push(line),
    warn: () => {},
    error: (...line: unknown[]) => void lines.push(line),
  };
  return rebuildRegistry({
    lists: {
      async *repositories(name) {
        for (const key of new Set(tables.repositories.rows().map((row) => row.partitionKey))) {
          const id = readRepositoryKey(key);
          if (id?.registry === name) yield id.repository;
        }
      },
      unfinished: (name, repository) => unfinishedRecords(tables.repositories, tables.log, name, repository),
    },
    rebuild: rebuildRepository({ begin: retellings(tables), log }),
    log,
  });
}

async function withRow(tables: MemoryTables, rowKey: string, how: Parameters<typeof damage>[2]) {
  const row = tables.repositories.rows().find((stored) => stored.rowKey === rowKey);
  if (row === undefined) throw new Error(`no row ${rowKey}`);
  await damage(tables.repositories, row, how);
}

const nothing = { missing: 0, different: 0, unfounded: 0, failed: 0 };

describe('when a registry is rebuilt', () => {
  it('puts right every repository of it, and of no other', async () => {
    const tables = await recorded(history);
    const record = recorderOver(tables);
    for (const repository of ['team/api', 'base'])
      await record(recordOf(fact('x', 1, { tag: '1', digest: one }), repository));
    const elsewhere = {
      ...recordOf(fact('x', 1, { tag: '1', digest: one })),
      registry: 'fabrikam.azurecr.io',
    };
    await record(elsewhere);
    const before = contents(tables);
    for (const row of tables.repositories.rows()) {
      if (row.partitionKey.startsWith(registry) && row.rowKey.startsWith('t|')) {
        await damage(tables.repositories, row, 'removed');
      }
    }
    const result = await rebuildAll(tables)({ registry, dryRun: false });
    expect(result).toEqual({ ...nothing, repositories: 3, records: 5, missing: 3 });
    expect(contents(tables)).toEqual(before);
  });

  it('is limited to one repository where asked', async () => {
    const tables = await recorded(history);
    await recorderOver(tables)(recordOf(fact('x', 1, { tag: '1', digest: one }), 'team/api'));
    const result = await rebuildAll(tables)({ registry, repository: 'team/api', dryRun: false });
    expect(result).toEqual({ ...nothing, repositories: 1, records: 1 });
  });

  it('counts what cannot be rebuilt and goes on', async () => {
    const tables = await recorded(history);
    await recorderOver(tables)(recordOf(fact('x', 1, { tag: '1', digest: one }), 'team/api'));
    const partitionKey = `${registry}|team:api`;
    await tables.repositories.put({
      partitionKey,
      rowKey: 'E|8222222222222|odd',
      columns: { action: 'odd' },
    });
    await withRow(tables, 't|prod', 'edited');
    const lines: unknown[] = [];
    const result = await rebuildAll(tables, lines)({ registry, dryRun: false });
    expect(result).toEqual({ ...nothing, repositories: 2, records: 3, different: 1, failed: 1 });
    expect(lines).toContainEqual([
      'repository not rebuilt',
      expect.objectContaining({ repository: 'team/api' }),
    ]);
  });
});

describe('when only asked what differs', () => {
  it('names the rows and changes nothing', async () => {
    const tables = await recorded(history);
    await withRow(tables, 't|prod', 'removed');
    await withRow(tables, `m|${one}`, 'edited');
    await withRow(tables, `m|${two}|prod`, 'doubled');
    await tables.digests.transact([
      {
        operation: 'remove',
        row: { partitionKey: one, rowKey: digestPlaceKey(one, { registry, repository: 'team/app' }) },
      },
    ]);
    const before = tables.repositories.rows();
    const { differences } = await rebuilt(tables, { dryRun: true });
    // Two digests, in whichever order their keys are; then the tag's head, and the note.
    const manifests = [
      { row: `m|${one}`, is: 'different' },
      { row: `m|${two}0|prod`, is: 'unfounded' },
    ].sort((a, b) => (a.row < b.row ? -1 : 1));
    expect(differences).toEqual([
      ...manifests,
      { row: 't|prod', is: 'missing' },
      { row: one, is: 'missing' },
    ]);
    expect(tables.repositories.rows()).toEqual(before);
    const result = await rebuildAll(tables)({ registry, dryRun: true });
    expect(result).toEqual({
      ...nothing,
      repositories: 1,
      records: 3,
      missing: 2,
      different: 1,
      unfounded: 1,
    });
  });
});

describe('when a crash came between the announcement of a record and its recording', () => {
  const crashed = fact('d', 5, { tag: 'prod', digest: two });

  async function announce(tables: MemoryTables): Promise<void> {
    await outbox(tables.log).announce(recordOf(crashed));
  }

  it('records it', async () => {
    const tables = await recorded(history);
    await announce(tables);
    const result = await rebuildAll(tables)({ registry, dryRun: false });
    expect(result.records).toBe(4);
    expect(contents(tables)).toEqual(contents(await recorded([...history, crashed])));
  });

  it('records it though nothing else of the repository is known', async () => {
    const tables = { repositories: memoryTable(), digests: memoryTable(), log: memoryTable() };
    await announce(tables);
    await rebuildAll(tables)({ registry, dryRun: false });
    expect(contents(tables)).toEqual(contents(await recorded([crashed])));
  });

  it('records it when some of its rows were written already, whatever the outbox was asked for', async () => {
    const tables = await recorded([...history, crashed]);
    const record = tables.repositories
      .rows()
      .find(({ rowKey }) => rowKey.startsWith('E|') && rowKey.endsWith('|d'));
    if (record === undefined) throw new Error('no record');
    const { etag: _, ...row } = record;
    await tables.repositories.transact([{ operation: 'remove', row }]);
    await rebuilt(tables);
    expect(contents(tables)).toEqual(contents(await recorded([...history, crashed])));
  });
});

describe('when a repository holds rows of another kind', () => {
  it('leaves them alone', async () => {
    const tables = await recorded(history);
    const partitionKey = `${registry}|team:app`;
    const others = ['A|x|1|y', 'b|x', 'g|x', 'r|compared'];
    for (const rowKey of others)
      await tables.repositories.put({ partitionKey, rowKey, columns: { some: 'value' } });
    const before = contents(tables);
    expect((await rebuilt(tables)).differences).toEqual([]);
    expect(contents(tables)).toEqual(before);
  });
});

describe('when an audit record has a fact that this version would write otherwise', () => {
  it('corrects what follows and keeps the fact as it is', async () => {
    const tables = await recorded(history);
    const row = tables.repositories
      .rows()
      .find(({ rowKey }) => rowKey.startsWith('E|') && rowKey.endsWith('|a'));
    if (row === undefined) throw new Error('no record');
    const columns = { ...row.columns, recordedAt: '2026-05-02T14:00:00Z', other: 'kept' };
    await tables.repositories.put({ ...row, columns: { ...columns, kind: 'odd' } });
    await rebuilt(tables);
    expect((await tables.repositories.get(row.partitionKey, row.rowKey))?.columns).toEqual(columns);
  });
});
