import { describe, expect, it } from '@jest/globals';
import { reconcileRepository } from '../../../src/audit/reconcile-repository.ts';
import { knownContent } from '../../../src/storage/known-content.ts';
import { recorderOver, storesOver } from '../../builders/history-stores.ts';
import { memoryRegistryContent } from '../../builders/memory-registry-content.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { contents, type Damage, damage, rebuilt, recorded } from './stored-history.ts';

const start = Date.UTC(2026, 4, 2, 14);
const silent = { info: () => {}, warn: () => {}, error: () => {} };

/** What two comparisons leave of an index with children, a signature and locks that came and went. */
async function observed() {
  const tables = await recorded([]);
  const registry = memoryRegistryContent();
  const app = registry.repository('team/app');
  const reconcile = (now: number) =>
    reconcileRepository({
      ...storesOver(tables),
      content: registry.content,
      known: knownContent(tables.repositories),
      record: recorderOver(tables),
      clock: { now: () => now },
      log: silent,
    })({ registry: 'contoso.azurecr.io', repository: 'team/app', source: 'reconcile' });
  const children = Array.from({ length: 30 }, (_, count) => digestOf(`child ${count}`));
  app.pushIndex('prod', digestOf('index'), children, start);
  app.push(undefined, digestOf('signature'), start + 1, { subject: { digest: digestOf('index') } });
  app.lock({ tag: 'prod' }, { canDelete: false });
  app.lock({ digest: digestOf('index') }, { canDelete: false });
  await reconcile(start + 1_000);
  app.lock({ tag: 'prod' }, { canDelete: true });
  await reconcile(start + 2_000);
  return tables;
}

const damages: readonly Damage[] = ['removed', 'edited', 'emptied', 'doubled'];

describe('when rows that follow from statements are damaged', () => {
  it.each(damages.flatMap((how) => ['o|', 'i|', 'c|', 's|', 'l|'].map((prefix) => [prefix, how] as const)))(
    'puts a row %s that was %s right, byte by byte',
    async (prefix, how) => {
      const tables = await observed();
      const before = contents(tables);
      const row = tables.repositories.rows().find(({ rowKey }) => rowKey.startsWith(prefix));
      if (row === undefined) throw new Error(`no row ${prefix}`);
      await damage(tables.repositories, row, how);
      // A row without columns is emptied to itself.
      const isDamaged = JSON.stringify(contents(tables)) !== JSON.stringify(before);
      const { differences } = await rebuilt(tables);
      expect(differences.length > 0).toBe(isDamaged);
      expect(contents(tables)).toEqual(before);
    },
  );

  it('finds nothing to put right where nothing is damaged', async () => {
    const tables = await observed();
    expect((await rebuilt(tables)).differences).toEqual([]);
  });
});
