import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { FindingFilter } from '../../src/audit/findings.ts';
import { type Finding, findingOf } from '../../src/findings/finding.ts';
import { openedAt } from '../../src/findings/lifecycle.ts';
import { findingId, findingsStore } from '../../src/storage/findings.ts';
import { rowsOf, type Table } from '../../src/storage/row.ts';
import { tableStorage } from '../../src/storage/table-storage.ts';
import { clientsByConnectionString } from '../../src/storage/tables.ts';
import { type Azurite, startAzurite } from '../builders/azurite.ts';
import { memoryTable } from '../builders/memory-table.ts';
import { digestOf } from '../builders/registry-event.ts';

const registry = 'contoso.azurecr.io';
const start = Date.UTC(2026, 4, 2, 12);
const minute = 60_000;

const orphan = (tag: string, repository = 'team/app', forbids = ['delete']): Finding =>
  findingOf('OrphanLock', { registry, repository, tag }, { forbids });
const deleted = (name: string, repository = 'team/app'): Finding =>
  findingOf(
    'ProtectedDigestDeleted',
    { registry, repository, digest: digestOf(name) },
    { approvals: ['a1'] },
  );
const missing = (name: string): Finding =>
  findingOf('ApprovedDigestMissing', { registry, repository: 'team/app', digest: digestOf(name) }, {});

/** What the store of findings promises, over a table in memory as over Table Storage itself. */
describe.each(['memory', 'Azurite'] as const)('findings in %s', (where) => {
  let azurite: Azurite | undefined;
  let made = 0;

  beforeAll(async () => {
    if (where === 'Azurite') azurite = await startAzurite();
  });
  afterAll(() => azurite?.stop());

  function newTable(): Table {
    made += 1;
    if (azurite === undefined) return memoryTable();
    return tableStorage(clientsByConnectionString(azurite.connectionString)(`findings${made}`));
  }

  function newStore() {
    const table = newTable();
    const store = findingsStore(table);
    const idsOf = async (filter: FindingFilter, limit = 100, after?: string) => {
      const { items } = await store.page(registry, filter, limit, after);
      return items.map(({ finding }) => finding.id);
    };
    const keys = async () => {
      const rows = await Array.fromAsync(rowsOf(table, { partitionKey: registry, from: ' ', before: '~' }));
      // The outbox of alerts aside.
      return rows.map(({ rowKey }) => rowKey).filter((key) => !key.startsWith('x|'));
    };
    return { store, idsOf, keys };
  }

  describe('when one is raised', () => {
    it('is kept under the first half of its identity’s SHA-256, with all that was found', async () => {
      const { store, idsOf } = newStore();
      const finding = orphan('1.0.0');
      const [raised] = await store.raise(registry, [finding], start);
      expect(raised).toEqual({ id: expect.stringMatching(/^[0-9a-f]{32}$/), isNew: true });
      const id = raised?.id ?? '';
      expect(id).toBe(findingId(finding.identity));
      expect(await store.get(registry, id)).toEqual({
        id,
        kind: 'OrphanLock',
        severity: 'low',
        subject: { registry, repository: 'team/app', tag: '1.0.0' },
        detail: { forbids: ['delete'] },
        firstSeen: start,
        lastSeen: start,
        status: 'open',
        revision: 1,
      });
      expect(await idsOf({ statuses: ['open'] })).toEqual([id]);
    });

    it('again, it is seen again with its detail as it is now, and stays one', async () => {
      const { store, idsOf, keys } = newStore();
      const [first] = await store.raise(registry, [orphan('1.0.0')], start);
      const before = await keys();
      const again = [orphan('1.0.0', 'team/app', ['delete', 'write'])];
      expect(await store.raise(registry, again, start + minute)).toEqual([{ ...first, isNew: false }]);
      expect(await store.get(registry, first?.id ?? '')).toMatchObject({
        firstSeen: start,
        lastSeen: start + minute,
        detail: { forbids: ['delete', 'write'] },
      });
      const { items } = await store.page(registry, { statuses: ['open'] }, 10);
      expect(items.map(({ finding }) => finding.lastSeen)).toEqual([start + minute]);
      expect(await idsOf({ statuses: ['open'], severity: 'low' })).toHaveLength(1);
      expect(await keys()).toEqual(before);
    });

    it('twice in one call, or by a call that is repeated, it is one, and as new as it was', async () => {
      const { store, idsOf } = newStore();
      const raised = await store.raise(registry, [orphan('1.0.0'), orphan('1.0.0')], start);
      expect(raised.map(({ isNew }) => isNew)).toEqual([true, true]);
      expect(await store.raise(registry, [orphan('1.0.0')], start)).toEqual(raised.slice(1));
      expect(await idsOf({ statuses: ['open'] })).toHaveLength(1);
    });

    it('by an earlier look, told late, what a later one said stays', async () => {
      const { store } = newStore();
      const [first] = await store.raise(registry, [orphan('1.0.0', 'team/app', ['write'])], start);
      expect(await store.raise(registry, [orphan('1.0.0')], start - minute)).toEqual([
        { ...first, isNew: false },
      ]);
      expect(await store.get(registry, first?.id ?? '')).toMatchObject({
        firstSeen: start,
        lastSeen: start,
        detail: { forbids: ['write'] },
      });
    });

    it('by many at once, it is one finding, and one of them opened it', async () => {
      const { store, idsOf, keys } = newStore();
      const raised = await Promise.all(
        Array.from({ length: 8 }, (_, index) => store.raise(registry, [orphan('1.0.0')], start + index)),
      );
      expect(new Set(raised.flat().map(({ id }) => id)).size).toBe(1);
      expect(raised.flat().filter(({ isNew }) => isNew)).toHaveLength(1);
      expect(await idsOf({ statuses: ['open'] })).toHaveLength(1);
      expect(await keys()).toHaveLength(4);
      expect((await store.get(registry, raised[0]?.[0]?.id ?? ''))?.lastSeen).toBe(start + 7);
    });

    it('again by many at once, it keeps what the latest of them said', async () => {
      const { store } = newStore();
      const [first] = await store.raise(registry, [orphan('1.0.0')], start);
      const raises = Array.from({ length: 6 }, (_, index) =>
        store.raise(registry, [orphan('1.0.0', 'team/app', [`${6 - index}`])], start + 6 - index),
      );
      expect((await Promise.all(raises)).flat()).toEqual(Array(6).fill({ id: first?.id, isNew: false }));
      const { items } = await store.page(registry, { statuses: ['open'] }, 10);
      expect(items.map(({ finding }) => finding)).toEqual([await store.get(registry, first?.id ?? '')]);
      expect(items[0]?.finding).toMatchObject({ lastSeen: start + 6, detail: { forbids: ['6'] } });
    });

    it('it is of its registry alone', async () => {
      const { store } = newStore();
      const [raised] = await store.raise(registry, [orphan('1.0.0')], start);
      expect(await store.get('fabrikam.azurecr.io', raised?.id ?? '')).toBeUndefined();
      expect(await store.page('fabrikam.azurecr.io', { statuses: ['open'] }, 10)).toEqual({ items: [] });
    });

    it('with more detail than a column holds, it keeps what fits and counts the rest', async () => {
      const { store } = newStore();
      const approvals = Array.from({ length: 5_000 }, (_, index) => `approval-${index} "é🐳"`);
      const finding = findingOf(
        'ProtectedDigestDeleted',
        { registry, repository: 'team/app', digest: digestOf('x') },
        { approvals, note: 'é'.repeat(40_000) },
      );
      const [raised] = await store.raise(registry, [finding], start);
      const detail = (await store.get(registry, raised?.id ?? ''))?.detail ?? {};
      const kept = detail['approvals'];
      expect(Array.isArray(kept) && kept.length > 0 && kept.length < 5_000).toBe(true);
      expect(detail['approvalsOmitted']).toBe(5_000 - (Array.isArray(kept) ? kept.length : 0));
      expect(JSON.stringify(detail).length).toBeLessThanOrEqual(32 * 1024);
    });
  });

  describe('when a complete look is told', () => {
    it('what it no longer finds, of its kinds and its repository, is resolved', async () => {
      const { store, idsOf } = newStore();
      const findings = [
        ...[orphan('gone'), orphan('there'), orphan('other', 'team/web'), orphan('longer', 'team/app/more')],
        deleted('one'),
      ];
      const [gone, there, other, longer, one] = await store.raise(registry, findings, start);
      const resolved = await store.settle(
        registry,
        { repository: 'team/app', kinds: ['OrphanLock', 'LockFailed'] },
        new Set([orphan('there').identity]),
        start + minute,
      );
      expect(resolved).toEqual([gone?.id]);
      expect(await store.get(registry, gone?.id ?? '')).toMatchObject({
        status: 'resolved',
        firstSeen: start,
        lastSeen: start,
        resolvedAt: start + minute,
      });
      expect(new Set(await idsOf({ statuses: ['open'] }))).toEqual(
        new Set([there, other, longer, one].map((raised) => raised?.id)),
      );
      expect(await idsOf({ statuses: ['resolved'] })).toEqual([gone?.id]);
      expect(await idsOf({ statuses: ['open'], severity: 'low', repository: 'team/app' })).toEqual([
        there?.id,
      ]);
    });

    it('twice, the second changes nothing', async () => {
      const { store, keys } = newStore();
      await store.raise(registry, [orphan('gone')], start);
      const scope = { repository: 'team/app', kinds: ['OrphanLock'] } as const;
      expect(await store.settle(registry, scope, new Set(), start + 1)).toHaveLength(1);
      const before = await keys();
      expect(await store.settle(registry, scope, new Set(), start + 2)).toEqual([]);
      expect(await keys()).toEqual(before);
      expect(before).toHaveLength(2);
    });

    it('late, what a later look found stays open', async () => {
      const { store, idsOf } = newStore();
      await store.raise(registry, [orphan('there')], start);
      const scope = { repository: 'team/app', kinds: ['OrphanLock'] } as const;
      expect(await store.settle(registry, scope, new Set(), start - 1)).toEqual([]);
      expect(await idsOf({ statuses: ['open'] })).toHaveLength(1);
    });

    it('and the finding comes back, it is open again and says since when', async () => {
      const { store, idsOf, keys } = newStore();
      const scope = { repository: 'team/app', kinds: ['OrphanLock'] } as const;
      const [first] = await store.raise(registry, [orphan('1.0.0')], start);
      const id = first?.id ?? '';
      await store.settle(registry, scope, new Set(), start + minute);
      // From before it was resolved.
      expect(await store.raise(registry, [orphan('1.0.0')], start + 1)).toEqual([{ id, isNew: false }]);
      expect(await idsOf({ statuses: ['open'] })).toEqual([]);
      expect(await store.raise(registry, [orphan('1.0.0')], start + 2 * minute)).toEqual([
        { id, isNew: true },
      ]);
      expect(await store.raise(registry, [orphan('1.0.0')], start + 3 * minute)).toEqual([
        { id, isNew: false },
      ]);
      const finding = await store.get(registry, id);
      expect(finding).toMatchObject({
        status: 'open',
        firstSeen: start,
        reopenedAt: start + 2 * minute,
        lastSeen: start + 3 * minute,
      });
      expect(finding).not.toHaveProperty('resolvedAt');
      expect(await idsOf({ statuses: ['open'] })).toEqual([id]);
      expect(await idsOf({ statuses: ['resolved'] })).toEqual([]);
      expect(await keys()).toHaveLength(4);
    });

    it('while others raise and settle the same, every list says what the finding says', async () => {
      const { store, keys } = newStore();
      const scope = { repository: 'team/app', kinds: ['OrphanLock'] } as const;
      await Promise.all(
        Array.from({ length: 6 }, (_, index) =>
          index % 2 === 0
            ? store.raise(registry, [orphan('1.0.0')], start + index)
            : store.settle(registry, scope, new Set(), start + index),
        ),
      );
      const finding = await store.get(registry, findingId(orphan('1.0.0').identity));
      expect((await keys()).length).toBe(finding?.status === 'open' ? 4 : 2);
    });
  });

  describe('when they are listed', () => {
    async function listed() {
      const made = newStore();
      const findings = [
        ...[orphan('1'), deleted('2'), missing('3'), orphan('4', 'team/web'), deleted('5', 'team/web')],
        orphan('6'),
      ];
      const ids: string[] = [];
      for (const [index, finding] of findings.entries()) {
        const [raised] = await made.store.raise(registry, [finding], start + index * minute);
        ids.push(raised?.id ?? '');
      }
      /** The ids of findings by their places. */
      const at = (...places: readonly number[]) => places.map((place) => ids[place - 1]);
      return { ...made, at };
    }

    it('they are those of the filter, the last opened first', async () => {
      const { idsOf, at } = await listed();
      expect(await idsOf({ statuses: ['open'] })).toEqual(at(6, 5, 4, 3, 2, 1));
      expect(await idsOf({ statuses: ['open'], severity: 'critical' })).toEqual(at(5, 2));
      expect(await idsOf({ statuses: ['open'], severity: 'medium' })).toEqual([]);
      expect(await idsOf({ statuses: ['open'], kind: 'OrphanLock' })).toEqual(at(6, 4, 1));
      expect(await idsOf({ statuses: ['open'], repository: 'team/web' })).toEqual(at(5, 4));
      expect(await idsOf({ statuses: ['open'], repository: 'team' })).toEqual([]);
      expect(await idsOf({ statuses: ['open'], repository: 'team/app', tag: '6' })).toEqual(at(6));
      expect(await idsOf({ statuses: ['open'], repository: 'team/app', digest: digestOf('3') })).toEqual(
        at(3),
      );
      expect(
        await idsOf({ statuses: ['open'], repository: 'team/app', severity: 'critical', kind: 'OrphanLock' }),
      ).toEqual([]);
      expect(await idsOf({ statuses: ['resolved'] })).toEqual([]);
    });

    it('resolved ones come in the order in which they were resolved, and by the same filters', async () => {
      const { store, idsOf, at } = await listed();
      const settle = (repository: string, when: number) =>
        store.settle(
          registry,
          { repository, kinds: ['OrphanLock', 'ProtectedDigestDeleted'] },
          new Set([orphan('6').identity]),
          when,
        );
      await settle('team/web', start + 10 * minute);
      await settle('team/app', start + 11 * minute);
      expect((await idsOf({ statuses: ['resolved'] })).slice(0, 2).sort()).toEqual(at(1, 2).sort());
      expect(await idsOf({ statuses: ['resolved'], severity: 'critical' })).toEqual(at(2, 5));
      expect(await idsOf({ statuses: ['resolved'], repository: 'team/web', kind: 'OrphanLock' })).toEqual(
        at(4),
      );
      expect(await idsOf({ statuses: ['open'] })).toEqual(at(6, 3));
    });

    it.each<FindingFilter>([
      { statuses: ['open'] },
      { statuses: ['open'], kind: 'OrphanLock' },
      { statuses: ['open'], severity: 'low' },
      { statuses: ['open'], repository: 'team/app' },
    ])('page by page they are the same (%j), also while more come', async (filter) => {
      const { store, idsOf } = await listed();
      const all = await idsOf(filter);
      for (const limit of [1, 2, 1_000]) {
        const read: string[] = [];
        let after: string | undefined;
        do {
          const page = await store.page(registry, filter, limit, after);
          expect(page.items.length).toBeLessThanOrEqual(limit);
          read.push(...page.items.map(({ finding }) => finding.id));
          after = page.next;
          await store.raise(registry, [orphan(`new-${read.length}-${limit}`)], start + 60 * minute);
        } while (after !== undefined);
        expect(read.filter((id) => all.includes(id))).toEqual(all);
      }
      const { items } = await store.page(registry, filter, 1_000);
      const opened = items.map(({ finding }) => openedAt(finding));
      expect(opened).toEqual(opened.toSorted((a, b) => b - a));
    });
  });
});
