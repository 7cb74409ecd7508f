import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AuditFault } from '../../../src/audit/fault.ts';
import { findingOf } from '../../../src/findings/finding.ts';
import { remedyOf } from '../../../src/findings/kind.ts';
import type { StoredFinding } from '../../../src/findings/lifecycle.ts';
import { findingColumns, findingRowKeys, readFindingRow } from '../../../src/storage/finding-codec.ts';
import { findingId, findingsStore } from '../../../src/storage/findings.ts';
import type { Table } from '../../../src/storage/row.ts';
import { type MemoryTable, memoryTable } from '../../builders/memory-table.ts';
import { chanceOf, restlessTable } from '../../builders/restless-table.ts';

const registry = 'contoso.azurecr.io';
const start = Date.UTC(2026, 4, 2, 12);
const kinds = ['OrphanLock', 'LockFailed'] as const;
const repositories = ['team/app', 'team/app/more'] as const;

/** What a look at one repository found: of each kind, some tags. */
interface Look {
  readonly repository: (typeof repositories)[number];
  readonly kind: (typeof kinds)[number];
  readonly tags: readonly string[];
  /** Whether all findings of the kind are among them. */
  readonly isComplete: boolean;
}

const looks: fc.Arbitrary<readonly Look[]> = fc.array(
  fc.record({
    repository: fc.constantFrom(...repositories),
    kind: fc.constantFrom(...kinds),
    tags: fc.subarray(['1', '2', '3']),
    isComplete: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
);

const findingsOf = ({ repository, kind, tags }: Look) =>
  tags.map((tag) => findingOf(kind, { registry, repository, tag }, { change: 'lock', code: '405' }));

/** Tells looks one after another, a minute apart; each until it was told without a fault. */
async function tell(table: Table, told: readonly Look[]): Promise<void> {
  const store = findingsStore(table);
  for (const [index, look] of told.entries()) {
    const at = start + index * 60_000;
    const findings = findingsOf(look);
    const identities = new Set(findings.map(({ identity }) => identity));
    for (;;) {
      try {
        await store.raise(registry, findings, at);
        const scope = { repository: look.repository, kinds: [look.kind] };
        if (look.isComplete) await store.settle(registry, scope, identities, at);
        break;
      } catch (error) {
        if (!(error instanceof AuditFault) || !error.retryable) throw error;
      }
    }
  }
}

/** Which findings are open after looks, by the rules alone. */
function openAfter(told: readonly Look[]): ReadonlySet<string> {
  const open = new Map<string, Look>();
  for (const look of told) {
    const ids = new Set(findingsOf(look).map(({ identity }) => findingId(identity)));
    for (const id of ids) open.set(id, look);
    if (!look.isComplete) continue;
    for (const [id, of] of open) {
      if (!ids.has(id) && of.kind === look.kind && of.repository === look.repository) open.delete(id);
    }
  }
  return new Set(open.keys());
}

/** All rows but those of the outbox of alerts. */
function listed(table: MemoryTable) {
  return table.rows().filter(({ rowKey }) => !rowKey.startsWith('x|'));
}

/** Every row has what the finding's own row has, and there is one in each list that it belongs to. */
function expectWhole(table: MemoryTable): readonly StoredFinding[] {
  const rows = listed(table);
  const findings = rows.filter(({ rowKey }) => rowKey.startsWith('f|')).map(readFindingRow);
  const told = rows.map((row) => [row.rowKey, readFindingRow(row)]);
  const due = findings.flatMap((finding) => findingRowKeys(finding).map((key) => [key, finding]));
  const byKey = (a: readonly unknown[], b: readonly unknown[]) => (String(a[0]) < String(b[0]) ? -1 : 1);
  expect(told.sort(byKey)).toEqual(due.sort(byKey));
  return findings;
}

describe('when looks are told one after another', () => {
  it('the open findings are those that no complete look has missed since, whatever storage does meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(looks, fc.integer(), async (told, seed) => {
        const table = memoryTable();
        const faults = { refused: 6, lost: 6, retried: 6, cutOff: 6, short: 30 };
        await tell(restlessTable(table, chanceOf(seed), faults), told);
        const findings = expectWhole(table);
        const open = findings.filter(({ status }) => status === 'open').map(({ id }) => id);
        expect(new Set(open)).toEqual(openAfter(told));
      }),
    );
  });

  it('faults leave the same rows as none', async () => {
    await fc.assert(
      fc.asyncProperty(looks, fc.integer(), async (told, seed) => {
        const [calm, restless] = [memoryTable(), memoryTable()];
        await tell(calm, told);
        await tell(restlessTable(restless, chanceOf(seed), { refused: 10, lost: 10, retried: 10 }), told);
        const contents = (table: MemoryTable) => table.rows().map(({ rowKey, columns }) => [rowKey, columns]);
        expect(contents(restless)).toEqual(contents(calm));
      }),
    );
  });
});

describe('when looks are told at once', () => {
  it('each finding is one, in the lists of what it says', async () => {
    await fc.assert(
      fc.asyncProperty(looks, fc.integer(), async (told, seed) => {
        const table = memoryTable();
        const store = findingsStore(restlessTable(table, chanceOf(seed), { short: 30 }));
        await Promise.all(
          told.map(async (look, index) => {
            const findings = findingsOf(look);
            await store.raise(registry, findings, start + index);
            const identities = new Set(findings.map(({ identity }) => identity));
            const scope = { repository: look.repository, kinds: [look.kind] };
            if (look.isComplete) await store.settle(registry, scope, identities, start + index);
          }),
        );
        expectWhole(table);
      }),
    );
  });
});

describe('when the rows of a finding are not as this version writes them', () => {
  async function stored() {
    const table = memoryTable();
    const store = findingsStore(table);
    const finding = findingOf('OrphanLock', { registry, repository: 'team/app', tag: '1' }, {});
    const [raised] = await store.raise(registry, [finding], start);
    const id = raised?.id ?? '';
    const known = await store.get(registry, id);
    if (known === undefined) throw new Error('the finding is not there');
    return { table, store, finding, id, known };
  }

  it.each([
    ['kind', undefined],
    ['kind', 'Un<heard>'],
    ['severity', 'mild'],
    ['repository', undefined],
    ['firstSeen', 'yesterday'],
    ['detail', '[]'],
    ['detail', '{"nested":{}}'],
  ])('a %s of %j is told as corrupt, not as something else', async (name, value) => {
    const { table, store, id, known } = await stored();
    const columns = { ...findingColumns(known), [name]: value };
    await table.put({ partitionKey: registry, rowKey: `f|${id}`, columns });
    await expect(store.get(registry, id)).rejects.toMatchObject({ code: 'corrupt-row', retryable: false });
  });

  it.each(['Unheard', 'toString'])(
    'one of a kind %j that only a later version knows is kept as it is',
    async (kind) => {
      const { table, store, id, known } = await stored();
      for (const rowKey of findingRowKeys(known)) {
        await table.put({ partitionKey: registry, rowKey, columns: findingColumns({ ...known, kind }) });
      }
      const { items } = await store.page(registry, { statuses: ['open'] }, 10);
      expect(items).toMatchObject([{ finding: { id, kind, severity: 'low' } }]);
      expect(remedyOf(kind)).toContain('later version');
      const by = { id: 'someone', name: 'Someone' };
      const waiver = { event: 'acknowledge', reason: 'looked at' } as const;
      await store.change(registry, id, waiver, by, start + 1);
      expect(await store.get(registry, id)).toMatchObject({ kind, status: 'acknowledged' });
    },
  );

  it('a severity that its kind no longer has moves it between lists when it is next seen', async () => {
    const { table, store, finding, id } = await stored();
    await store.raise(registry, [{ ...finding, severity: 'critical' }], start + 1);
    const page = await store.page(registry, { statuses: ['open'], severity: 'critical' }, 10);
    expect(page.items.map((item) => item.finding.id)).toEqual([id]);
    expect((await store.page(registry, { statuses: ['open'], severity: 'low' }, 10)).items).toEqual([]);
    expectWhole(table);
  });
});

describe('when a rare finding is looked for among very many', () => {
  it('it is found by one query: storage tells it from the others', async () => {
    let queries = 0;
    const count = (call: string): undefined => {
      if (call === 'page') queries += 1;
      return undefined;
    };
    const table = memoryTable({ before: count });
    const store = findingsStore(table);
    const rare = findingOf('LockFailed', { registry, repository: 'team/app', tag: '1' }, {});
    await store.raise(registry, [rare], start);
    const orphans = Array.from({ length: 5_200 }, (_, index) =>
      findingOf('OrphanLock', { registry, repository: 'team/app', tag: `t${index}` }, {}),
    );
    await store.raise(registry, orphans, start + 1);
    queries = 0;
    const page = await store.page(registry, { statuses: ['open', 'acknowledged'], kind: 'LockFailed' }, 10);
    expect(page.items.map(({ finding }) => finding.id)).toEqual([findingId(rare.identity)]);
    expect([page.next, queries]).toEqual([undefined, 1]);
  });
});
