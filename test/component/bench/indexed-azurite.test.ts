import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { RestError, TableClient } from '@azure/data-tables';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type RunningStorage, startStorage } from '../../../local/storage.ts';

const partitions = ['contoso|team:app', 'contoso|team:web', "it's", ''];
const keys = ['a|1', 'a|2', 'b', 'm|x|y', 'm|x~', "q'", '~q|1', '~q|2', '10', '9'];

describe('when Azurite is made to look for rows by their keys', () => {
  let folder: string;
  const storages: RunningStorage[] = [];
  const tables: TableClient[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'acr-audit-indexed-'));
    for (const nodeOptions of [[], ['--require', resolve('bench/soak/indexed-azurite.cjs')]]) {
      const storage = await startStorage(join(folder, String(nodeOptions.length)), true, nodeOptions);
      storages.push(storage);
      const table = TableClient.fromConnectionString(storage.connectionString, 'rows', {
        allowInsecureConnection: true,
      });
      await table.createTable();
      for (const partitionKey of partitions) {
        for (const rowKey of keys) await table.upsertEntity({ partitionKey, rowKey, of: rowKey.length });
      }
      tables.push(table);
    }
  });
  afterAll(async () => {
    for (const { child } of storages) await child.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Of a row that is not there. */
  function ignoreAbsence(error: unknown): void {
    if (!(error instanceof RestError && error.statusCode === 404)) throw error;
  }

  const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;
  const condition = fc.oneof(
    fc.constantFrom(...partitions).map((text) => `PartitionKey eq ${literal(text)}`),
    fc
      .tuple(fc.constantFrom('ge', 'gt', 'lt', 'le', 'eq'), fc.constantFrom(...keys))
      .map(([operator, text]) => `RowKey ${operator} ${literal(text)}`),
    fc.constantFrom('of eq 3', 'of gt 3', "(PartitionKey eq 'it''s' or of lt 3)"),
  );
  const filters = fc
    .array(fc.tuple(condition, fc.constantFrom(' and ', ' and ', ' and ', ' or ')), {
      minLength: 1,
      maxLength: 4,
    })
    .map((parts) => parts.map(([text, joint], at) => (at === 0 ? '' : joint) + text).join(''));

  async function rowsOf(table: TableClient, filter: string): Promise<readonly string[]> {
    const found: string[] = [];
    for await (const page of table.listEntities({ queryOptions: { filter } }).byPage({ maxPageSize: 3 })) {
      found.push(...page.map(({ partitionKey, rowKey }) => `${partitionKey} ${rowKey}`), '--');
    }
    return found;
  }

  it('every query is answered as before', async () => {
    await fc.assert(
      fc.asyncProperty(filters, async (filter) => {
        const [plain, indexed] = await Promise.all(tables.map((table) => rowsOf(table, filter)));
        expect(indexed).toEqual(plain);
      }),
      { numRuns: 150, endOnFailure: true },
    );
  });

  it('rows that are replaced and deleted, and others that come then, are as before', async () => {
    const change = fc.record({
      partitionKey: fc.constantFrom('changed', 'changed|too', 'Ünïcode'),
      rowKey: fc.integer({ min: 0, max: 120 }).map(String),
      // Others than before in length, or none at all: deleted.
      text: fc.option(fc.string({ unit: 'binary-ascii', maxLength: 300 }), { freq: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 100, maxLength: 200 }), async (changes) => {
        const found = await Promise.all(
          tables.map(async (table) => {
            for (const { text, ...key } of changes) {
              if (text !== null) await table.upsertEntity({ ...key, text }, 'Replace');
              else await table.deleteEntity(key.partitionKey, key.rowKey).catch(ignoreAbsence);
            }
            const rows: string[] = [];
            for await (const { partitionKey, rowKey, text } of table.listEntities()) {
              rows.push(JSON.stringify([partitionKey, rowKey, text]));
            }
            return rows;
          }),
        );
        expect(found[1]).toEqual(found[0]);
      }),
      { numRuns: 6, endOnFailure: true },
    );
  });
});
