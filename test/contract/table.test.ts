import { createDefaultHttpClient, createHttpHeaders, type HttpClient } from '@azure/core-rest-pipeline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { AuditFault } from '../../src/audit/fault.ts';
import { promptCredential } from '../../src/storage/azure-credential.ts';
import { type Operation, type Row, type RowRange, rowsOf, type Table } from '../../src/storage/row.ts';
import { tableStorage } from '../../src/storage/table-storage.ts';
import { clientsByConnectionString, clientsByIdentity } from '../../src/storage/tables.ts';
import { type Azurite, startAzurite } from '../builders/azurite.ts';
import { memoryTable } from '../builders/memory-table.ts';

/** What {@link Table} promises, of the table in memory as of Table Storage itself. */
describe.each(['memory', 'Azurite'] as const)('a table in %s', (where) => {
  let azurite: Azurite | undefined;
  let made = 0;

  beforeAll(async () => {
    if (where === 'Azurite') azurite = await startAzurite();
  });
  afterAll(() => azurite?.stop());

  function newTable(): Table {
    made += 1;
    if (azurite === undefined) return memoryTable();
    return tableStorage(clientsByConnectionString(azurite.connectionString)(`contract${made}`));
  }

  const row = (rowKey: string, columns: Row['columns'] = {}, partitionKey = 'p'): Row => ({
    partitionKey,
    rowKey,
    columns,
  });

  const everything: RowRange = { partitionKey: 'p', from: ' ', before: '~' };

  async function contents(table: Table, range = everything) {
    const rows = await Array.fromAsync(rowsOf(table, range));
    return Object.fromEntries(rows.map(({ rowKey, columns }) => [rowKey, columns]));
  }

  async function etagOf(table: Table, rowKey: string): Promise<string> {
    const found = await table.get('p', rowKey);
    if (found === undefined) throw new Error(`no row ${rowKey}`);
    return found.etag;
  }

  describe('when it does not exist yet', () => {
    it('reads as empty', async () => {
      expect(await newTable().get('p', 'a')).toBeUndefined();
      expect(await newTable().page(everything, 10)).toEqual({ rows: [] });
    });

    it('is made by the first write, though many come at once', async () => {
      const table = newTable();
      const writes = Array.from({ length: 12 }, async (_, index) => {
        if (index % 3 === 0) return table.insert(row(`row-${index}`));
        if (index % 3 === 1) return table.transact([{ operation: 'insert', row: row(`row-${index}`) }]);
        return table.put(row(`row-${index}`));
      });
      await Promise.all(writes);
      expect(Object.keys(await contents(table))).toHaveLength(12);
    });
  });

  describe('when one row is written', () => {
    it('inserts it once', async () => {
      const table = newTable();
      expect(await table.insert(row('a', { text: 'first' }))).toBe('inserted');
      expect(await table.insert(row('a', { text: 'second' }))).toBe('exists');
      expect(await contents(table)).toEqual({ a: { text: 'first' } });
    });

    it('puts it over whatever is there, leaving no column of before', async () => {
      const table = newTable();
      await table.put(row('a', { text: 'first', other: 'x' }));
      await table.put(row('a', { text: 'second' }));
      expect(await contents(table)).toEqual({ a: { text: 'second' } });
    });

    it('gives it a new ETag each time, also when nothing changed', async () => {
      const table = newTable();
      await table.put(row('a'));
      const first = await etagOf(table, 'a');
      await table.transact([{ operation: 'merge', row: row('a') }]);
      expect(await etagOf(table, 'a')).not.toBe(first);
    });

    it('tells rows of the same key in two partitions apart', async () => {
      const table = newTable();
      await table.insert(row('a', { text: 'p' }));
      await table.insert(row('a', { text: 'q' }, 'q'));
      expect((await table.get('p', 'a'))?.columns).toEqual({ text: 'p' });
      expect((await table.get('q', 'a'))?.columns).toEqual({ text: 'q' });
    });
  });

  describe('when columns hold values of every kind', () => {
    const texts = {
      unicode: 'größer 画像 🐳',
      control: 'a\u0000b\u0007\r\n\t\u007f\u0085\u2028',
      quotes: `"'\\ %27 --changeset_acr-audit--`,
      markup: '<script>&amp;</script>',
      longest: 'é'.repeat(32 * 1024),
    };

    it.each(Object.entries(texts))('keeps %s text', async (_name, text) => {
      const table = newTable();
      await table.insert(row('a', { text }));
      await table.transact([{ operation: 'insert', row: row('b', { text }) }]);
      expect(await contents(table)).toEqual({ a: { text }, b: { text } });
    });

    it('keeps booleans, whole numbers up to the largest safe one as text, and bytes as Base64', async () => {
      const table = newTable();
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
      const columns = {
        yes: true,
        no: false,
        big: Number.MAX_SAFE_INTEGER,
        zero: 0,
        bytes,
        absent: undefined,
      };
      await table.insert(row('a', columns));
      await table.transact([{ operation: 'insert', row: row('b', columns) }]);
      const kept = {
        yes: true,
        no: false,
        big: '9007199254740991',
        zero: '0',
        bytes: Buffer.from(bytes).toString('base64'),
      };
      expect(await contents(table)).toEqual({ a: kept, b: kept });
    });

    it('returns only the columns asked for', async () => {
      const table = newTable();
      await table.insert(row('a', { kind: 'x', digest: 'y', other: 'z' }));
      const { rows } = await table.page({ ...everything, select: ['digest', 'absent'] }, 10);
      expect(rows.map(({ rowKey, columns }) => ({ rowKey, columns }))).toEqual([
        { rowKey: 'a', columns: { digest: 'y' } },
      ]);
    });
  });

  describe('when keys hold every character of the grammar', () => {
    const keys = [
      'E|7777222269999|31c51664-e5bd-416a-a5df-e5206bc47ed0',
      'T|V1.0_rc-1|7777222269999|=C3=A9._-',
      `D|sha512:${'a'.repeat(128)}|7777222269999|a`,
      'a:b|c.d-e_f=g~h',
      "it's 100%+ & é,;@$!",
      'k'.repeat(512),
    ];

    it('reads, changes and removes their rows', async () => {
      const table = newTable();
      for (const key of keys) {
        await table.insert(row(key, { text: key.slice(0, 40) }, `contoso.azurecr.io|${key.slice(0, 200)}`));
        await table.insert(row(key, { text: key.slice(0, 40) }));
        expect((await table.get('p', key))?.columns).toEqual({ text: key.slice(0, 40) });
      }
      expect(Object.keys(await contents(table)).sort()).toEqual([...keys].sort());
      const changed = keys.map((key) => ({ operation: 'merge', row: row(key, { more: true }) }) as const);
      expect(await table.transact(changed)).toBe('committed');
      const removed = keys.map((key) => ({ operation: 'remove', row: row(key) }) as const);
      expect(await table.transact(removed)).toBe('committed');
      expect(await contents(table)).toEqual({});
    });

    it('orders them by their characters, upper case before lower, whatever the order of writing', async () => {
      const table = newTable();
      const unordered = ['b', 'B', 'a~', 'a|', 'a', '~', '_', '0', 'a=', 'a.', 'a-', 'a:', 'aZ', 'az', 'a0'];
      for (const key of unordered) await table.insert(row(key));
      const { rows } = await table.page({ ...everything, before: '~~' }, 1000);
      expect(rows.map(({ rowKey }) => rowKey)).toEqual([...unordered].sort());
    });
  });

  describe('when a range is read', () => {
    it('begins with its first key and ends before its last', async () => {
      const table = newTable();
      for (const key of ['a', 'b', 'b|1', 'b|~', 'c']) await table.insert(row(key));
      await table.insert(row('b', {}, 'q'));
      const range = { partitionKey: 'p', from: 'b', before: 'b|~' };
      expect(Object.keys(await contents(table, range))).toEqual(['b', 'b|1']);
    });

    it('gives only the rows that meet the filter', async () => {
      const table = newTable();
      await table.insert(row('a', { kind: 'created', digest: "o'ne" }));
      await table.insert(row('b', { kind: 'moved', digest: "o'ne" }));
      await table.insert(row('c', { kind: 'created', digest: 'two' }));
      const keysBy = async (filter: string) => Object.keys(await contents(table, { ...everything, filter }));
      expect(await keysBy("kind eq 'created'")).toEqual(['a', 'c']);
      expect(await keysBy("kind ne 'created'")).toEqual(['b']);
      expect(await keysBy("kind eq 'created' and digest eq 'o''ne'")).toEqual(['a']);
    });

    it('gives no more rows than asked for, with ETags that a transaction may require', async () => {
      const table = newTable();
      for (const key of ['a', 'b', 'c']) await table.insert(row(key));
      const first = await table.page(everything, 2);
      expect(first.rows.map(({ rowKey }) => rowKey)).toEqual(['a', 'b']);
      const second = await table.page(everything, 2, first.next);
      expect(second.rows.map(({ rowKey }) => rowKey)).toEqual(['c']);
      const operations = [...first.rows, ...second.rows].map(({ rowKey, etag }): Operation => {
        return { operation: 'merge', row: row(rowKey, { read: true }), over: etag };
      });
      expect(await table.transact(operations)).toBe('committed');
      expect(await table.transact(operations)).toBe('conflict');
    });

    it('pages through more rows than one page holds, each once and in order', async () => {
      const table = newTable();
      const keys = Array.from({ length: 1_150 }, (_, index) => `k|${String(index).padStart(5, '0')}`);
      for (let start = 0; start < keys.length; start += 100) {
        const some = keys.slice(start, start + 100);
        await table.transact(some.map((key) => ({ operation: 'insert', row: row(key) }) as const));
      }
      const first = await table.page(everything, 1000);
      expect(first.rows).toHaveLength(1000);
      expect(first.next).toBeDefined();
      for (const pageSize of [1000, 333]) {
        const all = await Array.fromAsync(rowsOf(table, everything, pageSize));
        expect(all.map(({ rowKey }) => rowKey)).toEqual(keys);
      }
    });
  });

  describe('when rows are changed in one transaction', () => {
    it.each([
      ['all together', 6],
      ['each by itself', 1],
    ])('inserts, replaces, merges and removes: %s', async (_how, atOnce) => {
      const table = newTable();
      for (const key of ['replaced', 'merged', 'removed']) await table.insert(row(key, { a: '1', b: '1' }));
      const operations: readonly Operation[] = [
        { operation: 'insert', row: row('inserted', { a: '2' }) },
        { operation: 'replace', row: row('replaced', { a: '2' }), over: await etagOf(table, 'replaced') },
        { operation: 'merge', row: row('merged', { a: '2' }), over: await etagOf(table, 'merged') },
        { operation: 'remove', row: row('removed') },
        { operation: 'replace', row: row('absent', { a: '2' }) },
        { operation: 'merge', row: row('absent too', { a: '2' }) },
      ];
      for (let from = 0; from < operations.length; from += atOnce) {
        expect(await table.transact(operations.slice(from, from + atOnce))).toBe('committed');
      }
      expect(await contents(table)).toEqual({
        inserted: { a: '2' },
        replaced: { a: '2' },
        merged: { a: '2', b: '1' },
        absent: { a: '2' },
        'absent too': { a: '2' },
      });
    });

    it('takes a hundred', async () => {
      const table = newTable();
      const rows = Array.from({ length: 100 }, (_, index) => row(`row-${index}`));
      expect(await table.transact(rows.map((one) => ({ operation: 'insert', row: one }) as const))).toBe(
        'committed',
      );
      expect(Object.keys(await contents(table))).toHaveLength(100);
    });

    const conflicts: Readonly<Record<string, Operation>> = {
      'a row to insert is there': { operation: 'insert', row: row('there', { text: 'new' }) },
      'a row to replace is of another version': {
        operation: 'replace',
        row: row('there', { text: 'new' }),
        over: `W/"datetime'2026-01-01T00%3A00%3A00.0000000Z'"`,
      },
      'a row to merge is of another version': {
        operation: 'merge',
        row: row('there', { text: 'new' }),
        over: `W/"datetime'2026-01-01T00%3A00%3A00.0000000Z'"`,
      },
      'a row to remove is of another version': {
        operation: 'remove',
        row: row('there'),
        over: `W/"datetime'2026-01-01T00%3A00%3A00.0000000Z'"`,
      },
      'a row to replace is gone': {
        operation: 'replace',
        row: row('gone', { text: 'new' }),
        over: `W/"datetime'2026-01-01T00%3A00%3A00.0000000Z'"`,
      },
      'a row to remove is gone': { operation: 'remove', row: row('gone') },
    };

    describe.each(Object.entries(conflicts))('and %s', (_name, conflict) => {
      it.each([0, 3, 6])('changes none of them, wherever that one is (%d)', async (position) => {
        const table = newTable();
        await table.insert(row('there', { text: 'old' }));
        const others = Array.from({ length: 6 }, (_, index): Operation => {
          return { operation: 'insert', row: row(`other-${index}`) };
        });
        const outcome = await table.transact(others.toSpliced(position, 0, conflict));
        expect(outcome).toBe('conflict');
        expect(await contents(table)).toEqual({ there: { text: 'old' } });
      });

      it('changes nothing where it is alone', async () => {
        const table = newTable();
        await table.insert(row('there', { text: 'old' }));
        expect(await table.transact([conflict])).toBe('conflict');
        expect(await contents(table)).toEqual({ there: { text: 'old' } });
      });
    });

    it('removes a row that is still of the version read', async () => {
      const table = newTable();
      await table.insert(row('head'));
      const over = await etagOf(table, 'head');
      expect(await table.transact([{ operation: 'remove', row: row('head'), over }])).toBe('committed');
      expect(await contents(table)).toEqual({});
    });

    it('lets exactly one of many writers over the same version win', async () => {
      const table = newTable();
      await table.insert(row('head', { winner: 'nobody' }));
      const over = await etagOf(table, 'head');
      const writers = Array.from({ length: 16 }, (_, index) => `writer-${index}`);
      const outcomes = await Promise.all(
        writers.map((winner) =>
          table.transact([
            { operation: 'replace', row: row('head', { winner }), over },
            { operation: 'insert', row: row(winner) },
          ]),
        ),
      );
      const won = writers.filter((_, index) => outcomes[index] === 'committed');
      expect(won).toHaveLength(1);
      expect(await contents(table)).toEqual({ head: { winner: won[0] }, [String(won[0])]: {} });
    });
  });
});

describe('when a stored text speaks of an error', () => {
  let azurite: Azurite;
  beforeAll(async () => {
    azurite = await startAzurite();
  });
  afterAll(() => azurite.stop());

  it('is read in one request, like any other', async () => {
    const calls: string[] = [];
    const http = createDefaultHttpClient();
    const counting: HttpClient = {
      sendRequest(request) {
        calls.push(request.method);
        return http.sendRequest(request);
      },
    };
    const client = clientsByConnectionString(azurite.connectionString)('texts');
    const table = tableStorage(client, counting);
    const columns = { userAgent: '{"code":"TableNotFound"} HTTP/1.1 404' };
    await table.insert({ partitionKey: 'p', rowKey: 'a', columns });
    calls.length = 0;

    expect((await table.get('p', 'a'))?.columns).toEqual(columns);
    expect((await table.page({ partitionKey: 'p', from: ' ', before: '~' }, 10)).rows).toHaveLength(1);
    expect(calls).toEqual(['GET', 'GET']);
  });
});

describe('when storage is asked', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const tableOf = (sendRequest: HttpClient['sendRequest']) =>
    tableStorage(clientsByConnectionString('UseDevelopmentStorage=true')('silent'), { sendRequest });

  it('is given up before Event Grid would, should no answer come', async () => {
    const table = tableOf(
      ({ abortSignal }) =>
        new Promise((_, reject) => {
          abortSignal?.addEventListener('abort', () => reject(new DOMException('Aborted', 'AbortError')));
        }),
    );
    const answer = table.get('p', 'a').then(
      () => 'an answer',
      (error: unknown) => error,
    );
    await jest.advanceTimersByTimeAsync(29_000);
    await expect(answer).resolves.toMatchObject({ code: 'storage-unreachable', retryable: true });
  });

  it.each([
    ['no token', () => new Promise<never>(() => {}), { message: 'The identity gave no token in 15 seconds' }],
    ['an error', () => Promise.reject(new Error('no identity')), { message: 'no identity' }],
  ])('is given up where the identity gives %s', async (_, getToken, cause) => {
    const account = clientsByIdentity(
      'https://contoso.table.core.windows.net',
      promptCredential({ getToken }),
    );
    const table = tableStorage(account('silent'), {
      sendRequest: () => Promise.reject(new Error('Nothing may be asked without a token.')),
    });
    const answer = table.get('p', 'a').catch((error: unknown) => error);
    await jest.advanceTimersByTimeAsync(29_000);
    await expect(answer).resolves.toMatchObject({ code: 'storage-unreachable', retryable: true, cause });
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is asked with the token that the identity gives', async () => {
    const getToken = () => Promise.resolve({ token: 'one', expiresOnTimestamp: Date.now() + 3_600_000 });
    const account = clientsByIdentity(
      'https://contoso.table.core.windows.net',
      promptCredential({ getToken }),
    );
    const sent: (string | undefined)[] = [];
    const table = tableStorage(account('rows'), {
      async sendRequest(request) {
        sent.push(request.headers.get('authorization'));
        return { request, status: 200, headers: createHttpHeaders(), bodyAsText: '{"value":[]}' };
      },
    });
    expect(await table.page({ partitionKey: 'p', from: ' ', before: '~' }, 10)).toEqual({ rows: [] });
    expect(sent).toEqual(['Bearer one']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('leaves no timer behind once it has answered, or broken off', async () => {
    const answered = tableOf(async (request) => ({
      request,
      status: 404,
      headers: createHttpHeaders(),
      bodyAsText: '{"odata.error":{"code":"ResourceNotFound"}}',
    }));
    expect(await answered.get('p', 'a')).toBeUndefined();
    expect(jest.getTimerCount()).toBe(0);

    const broken = tableOf(() => Promise.reject(new DOMException('Aborted', 'AbortError')));
    await expect(broken.get('p', 'a')).rejects.toThrow(AuditFault);
    expect(jest.getTimerCount()).toBe(0);
  });
});
