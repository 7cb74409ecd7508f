import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Operation, type Row, rowsOf, type Table } from '../../src/storage/row.ts';
import { tableStorage } from '../../src/storage/table-storage.ts';
import { clientsByConnectionString } from '../../src/storage/tables.ts';
import { type Azurite, startAzurite } from '../builders/azurite.ts';
import { memoryTable } from '../builders/memory-table.ts';

let azurite: Azurite | undefined;
beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite?.stop());

let made = 0;
const makers: Readonly<Record<string, () => Table>> = {
  'a table in memory': () => memoryTable(),
  'Azure Table Storage': () => {
    made += 1;
    const clientOf = clientsByConnectionString(azurite?.connectionString ?? '');
    // Not created beforehand: the first call finds it missing.
    return tableStorage(clientOf(`contract${made}`));
  },
};

const row = (rowKey: string, columns: Row['columns'] = {}, partitionKey = 'p'): Row => ({
  partitionKey,
  rowKey,
  columns,
});
const all = { partitionKey: 'p', from: '', before: '~' };
const keysOf = async (table: Table, range: Parameters<typeof rowsOf>[1] = all) =>
  (await Array.fromAsync(rowsOf(table, range))).map(({ rowKey }) => rowKey);
const etagOf = async (table: Table, rowKey: string) => (await table.get('p', rowKey))?.etag ?? 'absent';

describe.each(Object.entries(makers))('%s', (_, make) => {
  it('gets what was inserted, and nothing else', async () => {
    const table = make();
    expect(await table.get('p', 'a')).toBeUndefined();
    expect(await table.insert(row('a', { text: 'one', flag: true, size: 5_000_000_000 }))).toBe('inserted');
    expect(await table.get('p', 'a')).toEqual({
      partitionKey: 'p',
      rowKey: 'a',
      etag: expect.stringMatching(/.+/),
      columns: { text: 'one', flag: true, size: '5000000000' },
    });
    expect(await table.get('q', 'a')).toBeUndefined();
  });

  it('inserts once', async () => {
    const table = make();
    await table.insert(row('a', { text: 'one' }));
    expect(await table.insert(row('a', { text: 'two' }))).toBe('exists');
    expect((await table.get('p', 'a'))?.columns).toEqual({ text: 'one' });
  });

  it('puts over whatever is there', async () => {
    const table = make();
    await table.put(row('a', { text: 'one', other: 'x' }));
    await table.put(row('a', { text: 'two' }));
    expect((await table.get('p', 'a'))?.columns).toEqual({ text: 'two' });
  });

  it('keeps text of any kind and length, and bytes', async () => {
    const table = make();
    const texts = {
      script: '<script>alert("&")</script>',
      unicode: 'é 漢字 🚀 \u202e\u0007\r\n\t"\\/',
      long: 'x'.repeat(32_000),
      empty: '',
    };
    await table.insert(row('a', { ...texts, bytes: new Uint8Array([0, 255, 10]) }));
    await table.transact([{ operation: 'insert', row: row('b', texts) }]);
    expect((await table.get('p', 'a'))?.columns).toEqual({
      ...texts,
      bytes: Buffer.from([0, 255, 10]).toString('base64'),
    });
    expect((await table.get('p', 'b'))?.columns).toEqual(texts);
  });

  it('takes every character that our keys have', async () => {
    const table = make();
    const key = "E|8222269599999|Aa0._-=2F:team|g+,;@$&'! é";
    await table.insert(row(key, {}, 'contoso.azurecr.io:5000|team:app'));
    await table.transact([
      { operation: 'merge', row: row(key, { more: 'x' }, 'contoso.azurecr.io:5000|team:app') },
    ]);
    expect(await table.get('contoso.azurecr.io:5000|team:app', key)).toMatchObject({
      rowKey: key,
      columns: { more: 'x' },
    });
  });

  describe('in a transaction', () => {
    it('inserts, replaces, merges and removes together', async () => {
      const table = make();
      for (const key of ['b', 'c', 'd']) await table.insert(row(key, { text: key, other: 'x' }));
      const outcome = await table.transact([
        { operation: 'insert', row: row('a', { text: 'new' }) },
        { operation: 'replace', row: row('b', { text: 'replaced' }), over: await etagOf(table, 'b') },
        { operation: 'merge', row: row('c', { text: 'merged' }) },
        { operation: 'remove', row: row('d') },
        { operation: 'replace', row: row('e', { text: 'unconditional' }) },
      ]);
      expect(outcome).toBe('committed');
      const rows = await Array.fromAsync(rowsOf(table, all));
      expect(rows.map(({ rowKey, columns }) => [rowKey, columns])).toEqual([
        ['a', { text: 'new' }],
        ['b', { text: 'replaced' }],
        ['c', { text: 'merged', other: 'x' }],
        ['e', { text: 'unconditional' }],
      ]);
    });

    it('changes the ETag of a row that is merged with nothing, and nothing else', async () => {
      const table = make();
      await table.insert(row('a', { text: 'one' }));
      const before = await etagOf(table, 'a');
      expect(await table.transact([{ operation: 'merge', row: row('a'), over: before }])).toBe('committed');
      expect((await table.get('p', 'a'))?.columns).toEqual({ text: 'one' });
      expect(await etagOf(table, 'a')).not.toBe(before);
    });

    it.each([0, 1, 2])('does nothing when the one at position %d is not as required', async (position) => {
      const table = make();
      await table.insert(row('there', { text: 'old' }));
      const good = ['x', 'y'].map((key): Operation => ({ operation: 'insert', row: row(key) }));
      const refused = [
        { operation: 'insert' as const, row: row('there', { text: 'new' }) },
        {
          operation: 'replace' as const,
          row: row('there', { text: 'new' }),
          over: 'W/"datetime\'2020-01-01T00%3A00%3A00.0000000Z\'"',
        },
        {
          operation: 'merge' as const,
          row: row('absent', { text: 'new' }),
          over: 'W/"datetime\'2020-01-01T00%3A00%3A00.0000000Z\'"',
        },
        { operation: 'remove' as const, row: row('absent') },
      ];
      for (const bad of refused) {
        const operations = good.toSpliced(position, 0, bad);
        expect([bad, await table.transact(operations)]).toEqual([bad, 'conflict']);
        expect(await keysOf(table)).toEqual(['there']);
        expect((await table.get('p', 'there'))?.columns).toEqual({ text: 'old' });
      }
    });

    it('lets exactly one of many writers win over a version', async () => {
      const table = make();
      await table.insert(row('a', { text: 'old' }));
      const over = await etagOf(table, 'a');
      const outcomes = await Promise.all(
        Array.from({ length: 16 }, (_, index) =>
          table.transact([{ operation: 'replace', row: row('a', { text: `${index}` }), over }]),
        ),
      );
      const winners = outcomes.flatMap((outcome, index) => (outcome === 'committed' ? [index] : []));
      expect(winners).toHaveLength(1);
      expect((await table.get('p', 'a'))?.columns).toEqual({ text: `${winners[0]}` });
    });

    it('takes a hundred rows', async () => {
      const table = make();
      const keys = Array.from({ length: 100 }, (_, index) => `k${String(index).padStart(3, '0')}`);
      await table.transact(keys.map((key) => ({ operation: 'insert', row: row(key) })));
      expect(await keysOf(table)).toEqual(keys);
    });
  });

  describe('when rows are read by range', () => {
    it('gives those of one partition, from the first key up to the last, in order', async () => {
      const table = make();
      for (const key of ['T|b|2', 'T|a|1', 'T|a|3', 'T|ab|1', 'U', 'T|a|2']) await table.insert(row(key));
      await table.insert(row('T|a|1', {}, 'other'));
      expect(await keysOf(table, { partitionKey: 'p', from: 'T|a|', before: 'T|a|~' })).toEqual([
        'T|a|1',
        'T|a|2',
        'T|a|3',
      ]);
      expect(await keysOf(table, { partitionKey: 'p', from: 'T|a|2', before: 'T|a|3' })).toEqual(['T|a|2']);
      expect(await keysOf(table, { partitionKey: 'p', from: 'T|a|2 ', before: 'T|a|~' })).toEqual(['T|a|3']);
    });

    it('gives only rows and columns asked for', async () => {
      const table = make();
      await table.insert(row('a', { kind: 'moved', text: "it's" }));
      await table.insert(row('b', { kind: 'unchanged', text: 'x' }));
      expect(await keysOf(table, { ...all, filter: "kind ne 'unchanged'" })).toEqual(['a']);
      expect(await keysOf(table, { ...all, filter: "kind eq 'unchanged'" })).toEqual(['b']);
      const { rows } = await table.page({ ...all, select: ['kind'] }, 10);
      expect(rows.map(({ columns }) => columns)).toEqual([{ kind: 'moved' }, { kind: 'unchanged' }]);
    });

    it('gives ETags that a transaction may require', async () => {
      const table = make();
      await table.insert(row('a', { text: 'old' }));
      const [read] = (await table.page(all, 1)).rows;
      const over = read?.etag ?? '';
      expect(await table.transact([{ operation: 'replace', row: row('a', { text: 'new' }), over }])).toBe(
        'committed',
      );
    });

    it('pages through more than a thousand rows without loss or repetition', async () => {
      const table = make();
      const keys = Array.from({ length: 1_250 }, (_, index) => `k${String(index).padStart(5, '0')}`);
      for (let start = 0; start < keys.length; start += 100) {
        await table.transact(
          keys.slice(start, start + 100).map((key) => ({ operation: 'insert', row: row(key) })),
        );
      }
      expect(await keysOf(table)).toEqual(keys);
      const first = await table.page(all, 3);
      expect(first.rows.map(({ rowKey }) => rowKey)).toEqual(keys.slice(0, 3));
      expect(first.next).toBeDefined();
      const second = await table.page(all, 3, first.next);
      expect(second.rows.map(({ rowKey }) => rowKey)).toEqual(keys.slice(3, 6));
    });
  });

  it('is there for many first callers at once', async () => {
    const table = make();
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, (_, index) => table.insert(row(`k${index}`))),
    );
    expect(new Set(outcomes)).toEqual(new Set(['inserted']));
    expect(await keysOf(table)).toHaveLength(12);
  });
});
