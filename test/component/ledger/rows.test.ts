import { beforeAll, describe, expect, it } from '@jest/globals';
import type { MemoryTable } from '../../builders/memory-table.ts';
import { type SealedRegistry, sealedRegistry } from '../../builders/sealed-registry.ts';

const records = 700;

/** The first row whose key begins so, and a way to change or remove it. */
function rowOf(table: MemoryTable, prefix: string, place = 0) {
  const row = table.rows().filter(({ rowKey }) => rowKey.startsWith(prefix))[place];
  if (row === undefined) throw new Error(`no row ${prefix}`);
  const { partitionKey, rowKey, columns } = row;
  return {
    row,
    edit: (changes: Readonly<Record<string, string | number>>) =>
      table.transact([{ operation: 'merge', row: { partitionKey, rowKey, columns: changes } }]),
    remove: () => table.transact([{ operation: 'remove', row: { partitionKey, rowKey } }]),
    copyTo: (key: string, changes: Readonly<Record<string, string | number>> = {}) =>
      table.insert({ partitionKey, rowKey: key, columns: { ...columns, ...changes } }),
  };
}

const isFact = /^\d/;
const factRow = (log: MemoryTable) => {
  const row = log.rows().find(({ rowKey }) => isFact.test(rowKey));
  return rowOf(log, row?.rowKey ?? '');
};

describe('rows of a log that was sealed by the service', () => {
  let at: SealedRegistry;
  beforeAll(async () => {
    at = await sealedRegistry(records);
  });

  it('when nothing is touched, the log verifies and every row tells what it tells', async () => {
    expect(at.verdict).toMatchObject({ ok: true, summary: { records: records + 60 } });
    expect(await at.compare()).toEqual({
      ok: true,
      same: (records + 60) * 3,
      waiting: 0,
      later: 0,
      wrong: 0,
      problems: [],
    });
  });
});

describe('rows of a sealed log, when they are tampered with', () => {
  let at: SealedRegistry;
  const only = (problem: object) =>
    expect.objectContaining({ ok: false, problems: [expect.objectContaining(problem)] });
  beforeAll(async () => {
    at = await sealedRegistry(records);
  });

  it('an edited audit record is named, and so until it is put back', async () => {
    const { row, edit } = rowOf(at.repositories, 'E|', 7);
    await edit({ tag: 'other' });
    const id = row.rowKey.split('|')[2];
    expect(await at.compare()).toEqual(
      only({ code: 'row-differs', recordId: id, path: `repositories ${row.partitionKey} ${row.rowKey}` }),
    );
    await edit({ tag: String(row.columns['tag']) });
    expect(await at.compare()).toMatchObject({ ok: true });
  });

  it('an audit record that can no longer be read is named', async () => {
    const { row, edit } = rowOf(at.repositories, 'E|', 9);
    await edit({ digest: 'nonsense', notes: '{' });
    expect(await at.compare()).toEqual(only({ code: 'row-differs', recordId: row.rowKey.split('|')[2] }));
    await edit({ digest: String(row.columns['digest']), notes: String(row.columns['notes'] ?? '[]') });
  });

  it('an edited statement is named', async () => {
    const { row, edit } = rowOf(at.repositories, 'S|', 3);
    const leaf = String(row.columns['leaf']);
    await edit({ leaf: leaf.replace('"number":', '"numbes":') });
    expect(await at.compare()).toEqual(only({ code: 'row-differs', recordId: row.rowKey.split('|')[2] }));
    await edit({ leaf });
  });

  it('an announcement that says another place, or another leaf, is named', async () => {
    const { row, edit } = factRow(at.log);
    const logIndex = Number(row.columns['logIndex']);
    await edit({ logIndex: logIndex + 1 });
    expect(await at.compare()).toEqual(only({ code: 'row-differs', index: logIndex }));
    await edit({ logIndex, leaf: String(row.columns['leaf']).replace('"push"', '"delete"') });
    expect(await at.compare()).toEqual(only({ code: 'row-differs', index: logIndex }));
    await edit({ leaf: String(row.columns['leaf']) });
    const place = rowOf(at.log, '~i|', 5);
    await place.edit({ logIndex: 0 });
    expect(await at.compare()).toMatchObject({ ok: false, wrong: 1 });
    await place.edit({ logIndex: Number(place.row.columns['logIndex']) });
    expect(await at.compare()).toMatchObject({ ok: true });
  });

  it('rows that were removed are named by their entries', async () => {
    const rows = [rowOf(at.repositories, 'E|', 20), factRow(at.log), rowOf(at.log, '~i|', 30)];
    for (const row of rows) await row.remove();
    const { problems, wrong } = await at.compare();
    expect(wrong).toBe(3);
    expect(problems.map(({ code }) => code)).toEqual(['row-missing', 'row-missing', 'row-missing']);
    expect(problems.map(({ recordId }) => recordId)).toEqual(
      expect.arrayContaining(rows.slice(0, 1).map(({ row }) => row.rowKey.split('|')[2])),
    );
    for (const row of rows) await row.copyTo(row.row.rowKey, numbersOf(row.row.columns));
    expect(await at.compare()).toMatchObject({ ok: true });
  });

  it('rows that were put in are named', async () => {
    const { row, copyTo } = rowOf(at.repositories, 'E|', 2);
    const key = row.rowKey.replace(/[^|]+$/, 'made-up');
    await copyTo(key);
    expect(await at.compare()).toEqual(only({ code: 'row-extra', recordId: 'made-up' }));
    await rowOf(at.repositories, key).remove();
  });

  it('a row that says that it is an entry the log does not have yet is no excuse', async () => {
    const announced = factRow(at.log);
    const leaf = String(announced.row.columns['leaf']);
    const [digits, id, repository] = announced.row.rowKey.split('|');
    const key = `${digits}|made-up|${repository}`;
    await announced.copyTo(key, {
      leaf: leaf.replace(`"recordId":"${id}"`, '"recordId":"made-up"'),
      logIndex: 5_000,
    });
    expect(await at.compare()).toMatchObject({ ok: true, later: 1 });
    expect(await at.compare(6_000)).toMatchObject({ ok: true, later: 1 });
    expect(await at.compare(900)).toEqual(only({ code: 'row-extra', recordId: 'made-up' }));
    await rowOf(at.log, key).remove();
  });

  it('what waits to be sealed is counted, and proven of nothing yet', async () => {
    await at.record(10_000);
    expect(await at.compare()).toMatchObject({ ok: true, waiting: 2 });
    await rowOf(at.log, '~q|').remove();
    expect(await at.compare()).toMatchObject({ ok: false, wrong: 2 });
  });
});

/** Columns as they are written: numbers were read as text. */
function numbersOf(columns: Readonly<Record<string, string | boolean>>) {
  const numeric = ['logIndex', 'size'].filter((name) => name in columns);
  return Object.fromEntries(numeric.map((name) => [name, Number(columns[name])]));
}
