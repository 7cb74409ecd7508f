import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PlanHeader, Plans } from '../../src/audit/retention-ports.ts';
import type { PlanItem, RepositoryPlan } from '../../src/retention/plan.ts';
import { blobServiceByConnectionString } from '../../src/storage/blob-service.ts';
import { plansContainer, plansStore } from '../../src/storage/plans.ts';
import { tableStorage } from '../../src/storage/table-storage.ts';
import { clientsByConnectionString } from '../../src/storage/tables.ts';
import { type Azurite, startAzurite } from '../builders/azurite.ts';
import { memoryPlans } from '../builders/memory-plans.ts';
import { memoryTable } from '../builders/memory-table.ts';
import { digestOf } from '../builders/registry-event.ts';

const registry = 'contoso.azurecr.io';
const idOf = (number: number) => `${String(number).padStart(13, '0')}-00000000000a`;

function headerOf(given: Partial<PlanHeader> = {}): PlanHeader {
  return {
    id: idOf(1),
    registry,
    state: 'making',
    createdAt: Date.UTC(2026, 4, 2),
    createdBy: 'planner',
    inputs: { sources: [{ source: 'aks-prod', condition: 'fresh' }], policyHash: 'f'.repeat(64) },
    counts: { repositories: 0, tags: 0, manifests: 0, untag: 0, delete: 0 },
    freed: { atLeast: 0, atMost: 0 },
    blocks: [],
    hash: '',
    ...given,
  };
}

function planOf(repository: string, items: readonly PlanItem[] = []): RepositoryPlan {
  const going = items.filter(({ action }) => action === 'delete').length;
  return {
    registry,
    repository,
    items,
    counts: { tags: 0, manifests: items.length, untag: 0, delete: going },
    blocks: [],
  };
}

const items: readonly PlanItem[] = [
  { tag: '1.0', digest: digestOf('one'), action: 'untag', reasons: [] },
  {
    digest: digestOf('one'),
    action: 'keep',
    reasons: [{ code: 'in-use', detail: 'aks-prod Deployment shop/“web”\n<b>', of: digestOf('list') }],
  },
  {
    digest: digestOf('two'),
    action: 'delete',
    reasons: [],
    order: 0,
    freed: { atLeast: 1, atMost: 5_000_000_000 },
  },
];

describe.each(['memory', 'Azurite'] as const)('plans in %s', (where) => {
  let azurite: Azurite | undefined;
  let made = 0;
  beforeAll(async () => {
    if (where === 'Azurite') azurite = await startAzurite();
  });
  afterAll(() => azurite?.stop());

  function newStore(): Plans {
    if (azurite === undefined) return memoryPlans();
    made += 1;
    const { connectionString } = azurite;
    const table = tableStorage(clientsByConnectionString(connectionString)(`plans${made}`));
    return plansStore(table, blobServiceByConnectionString(connectionString));
  }

  it('come back as they were written, every field of them', async () => {
    const store = newStore();
    const whole = headerOf({
      state: 'stopped',
      inputs: {
        historyAt: 5,
        sources: [{ source: 'aks-prod', completeAt: 7, condition: 'stale' }],
        policyHash: 'a',
      },
      counts: { repositories: 1, tags: 2, manifests: 3, untag: 4, delete: 5 },
      freed: { atLeast: 6, atMost: 7_000_000_000_000 },
      blocks: ['team/app: “too much”'],
      softDelete: true,
      repositories: 'team/.*',
      hash: 'b',
      approvedBy: 'c',
      approvedAt: 8,
      executedBy: 'd',
      executedAt: 9,
      finishedAt: 10,
      done: { untagged: 11, deleted: 12, spared: 13 },
      stoppedBecause: 'e',
    });
    expect(await store.put(whole)).toBe('written');
    expect(await store.get(registry, whole.id)).toEqual({ header: whole, version: expect.any(String) });
    expect(await store.get(registry, idOf(2))).toBeUndefined();
    expect(await store.get('fabrikam.azurecr.io', whole.id)).toBeUndefined();
  });

  it('are written by whoever read them last, and by nobody else', async () => {
    const store = newStore();
    expect(await store.put(headerOf())).toBe('written');
    expect(await store.put(headerOf({ state: 'ready' }))).toBe('conflict');
    const { version = '' } = (await store.get(registry, idOf(1))) ?? {};
    expect(await store.put(headerOf({ state: 'ready' }), version)).toBe('written');
    expect(await store.put(headerOf({ state: 'approved' }), version)).toBe('conflict');
    expect((await store.get(registry, idOf(1)))?.header.state).toBe('ready');
    expect(await store.put(headerOf({ id: idOf(2) }), version)).toBe('conflict');
  });

  it('when they have many blocks, keep all of them', async () => {
    const store = newStore();
    const blocks = Array.from({ length: 500 }, (_, index) => `team/app-${index}: ${'ü'.repeat(200)}`);
    await store.put(headerOf({ blocks }));
    expect((await store.get(registry, idOf(1)))?.header.blocks).toEqual(blocks);
  });

  it('are listed newest first, by pages', async () => {
    const store = newStore();
    for (const number of [3, 1, 2]) await store.put(headerOf({ id: idOf(number) }));
    const first = await store.page(registry, 2);
    expect(first.items.map(({ id }) => id)).toEqual([idOf(1), idOf(2)]);
    const second = await store.page(registry, 2, first.next);
    expect(second.items.map(({ id }) => id)).toEqual([idOf(3)]);
    expect(second.next).toBeUndefined();
    expect(await store.page('fabrikam.azurecr.io', 2)).toEqual({ items: [] });
  });

  it('have what is decided of each repository, in order, and from one on', async () => {
    const store = newStore();
    const id = idOf(where === 'memory' ? 10 : 11);
    const plans = [
      planOf('team-b/app'),
      planOf('team/app', items),
      planOf('team/app-x'),
      { ...planOf('team/app/x'), blocks: ['over'] },
    ];
    for (const plan of plans.toReversed()) await store.write(id, plan);
    await store.write(idOf(12), planOf('other'));
    expect(await Array.fromAsync(store.repositories(registry, id))).toEqual(plans);
    for (const [index, { repository }] of plans.entries()) {
      const rest = await Array.fromAsync(store.repositories(registry, id, repository));
      expect(rest).toEqual(plans.slice(index));
    }
    expect(await Array.fromAsync(store.repositories('fabrikam.azurecr.io', id))).toEqual([]);
  });

  it('when what is decided was written, it stays as it is', async () => {
    const store = newStore();
    await store.write(idOf(13), planOf('team/app', items));
    await store.write(idOf(13), planOf('team/app'));
    expect(await Array.fromAsync(store.repositories(registry, idOf(13)))).toEqual([
      planOf('team/app', items),
    ]);
  });

  it('when a repository has tens of thousands of items, they come back', async () => {
    const store = newStore();
    const many = Array.from({ length: 20_000 }, (_, order): PlanItem => {
      return { digest: digestOf(`many-${order}`), action: 'delete', reasons: [], order };
    });
    await store.write(idOf(14), planOf('team/app', many));
    const [read] = await Array.fromAsync(store.repositories(registry, idOf(14)));
    expect(read?.items).toEqual(many);
  });
});

describe('a plan in storage', () => {
  let azurite: Azurite;
  beforeAll(async () => {
    azurite = await startAzurite();
  });
  afterAll(() => azurite.stop());

  const line = (of: object) => `${JSON.stringify(of)}\n`;
  const head = { registry, repository: 'team/app', counts: { tags: 0, manifests: 1, untag: 0, delete: 1 } };
  const item = { digest: digestOf('one'), action: 'delete', reasons: [], order: 0 };
  const whole = line({ ...head, blocks: [], items: 1 }) + line(item);

  it.each([
    ['a line is cut', gzipSync(whole.slice(0, -20))],
    ['an item is missing', gzipSync(line({ ...head, blocks: [], items: 2 }) + line(item))],
    ['there is one more', gzipSync(whole + line(item))],
    ['a digest is none', gzipSync(whole.replaceAll('sha256:', 'sha1:'))],
    ['an action is unknown', gzipSync(whole.replace('"action":"delete"', '"action":"purge"'))],
    ['a reason is unknown', gzipSync(whole.replace('[]', '[{"code":"because"}]'))],
    ['the bytes are cut', gzipSync(whole).subarray(0, -6)],
    ['it is not compressed', Buffer.from(whole)],
    ['it is empty', Buffer.from('')],
  ])('when %s, it is a fault that stays', async (_, content) => {
    const service = blobServiceByConnectionString(azurite.connectionString);
    const container = service.getContainerClient(plansContainer);
    await container.createIfNotExists();
    const name = `${registry}/${idOf(1)}/team:app`;
    await container.getBlockBlobClient(name).upload(content, content.length);
    const reading = Array.fromAsync(plansStore(memoryTable(), service).repositories(registry, idOf(1)));
    await expect(reading).rejects.toMatchObject({ name: 'AuditFault', retryable: false });
  });

  it('when a header is damaged, or of another plan, it is a fault that stays', async () => {
    const table = memoryTable();
    const service = blobServiceByConnectionString(azurite.connectionString);
    const store = plansStore(table, service);
    const put = (text: string) =>
      table.put({ partitionKey: registry, rowKey: idOf(1), columns: { header0: text } });
    const good = JSON.stringify(headerOf());
    for (const text of [
      '',
      good.slice(1),
      good.replace('making', 'unmade'),
      good.replace(idOf(1), idOf(2)),
    ]) {
      await put(text);
      await expect(store.get(registry, idOf(1))).rejects.toMatchObject({ retryable: false });
    }
  });

  it('when storage does not answer, it is a fault that passes', async () => {
    const halted = await startAzurite();
    const service = blobServiceByConnectionString(halted.connectionString);
    await halted.stop();
    const store = plansStore(memoryTable(), service);
    await expect(Array.fromAsync(store.repositories(registry, idOf(1)))).rejects.toMatchObject({
      retryable: true,
    });
    await expect(store.write(idOf(1), planOf('team/app'))).rejects.toMatchObject({ retryable: true });
  }, 30_000);
});
