import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AuditFault } from '../../src/audit/fault.ts';
import { claimsStore } from '../../src/storage/claims.ts';
import { rowsOf, type Table } from '../../src/storage/row.ts';
import { tableStorage } from '../../src/storage/table-storage.ts';
import { clientsByConnectionString } from '../../src/storage/tables.ts';
import type { Claim } from '../../src/workloads/claim.ts';
import { claimIdentity } from '../../src/workloads/claim-reading.ts';
import { type Azurite, startAzurite } from '../builders/azurite.ts';
import { memoryTable } from '../builders/memory-table.ts';
import { digestOf } from '../builders/registry-event.ts';
import { chanceOf, restlessTable } from '../builders/restless-table.ts';

const registry = 'contoso.azurecr.io';
const start = Date.UTC(2026, 4, 2, 12);

function claim(name: string, repository = 'team/app', more: Partial<Claim> = {}): Claim {
  return {
    source: 'aks-prod',
    workload: { kind: 'Deployment', name, namespace: 'shop' },
    state: 'running',
    image: `${registry}/${repository}@${digestOf(name)}`,
    registry,
    repository,
    digest: digestOf(name),
    isPinned: true,
    ...more,
  };
}

const namesOf = async (claims: AsyncIterable<{ readonly workload: { readonly name: string } }>) =>
  (await Array.fromAsync(claims)).map(({ workload }) => workload.name).sort();

describe.each(['memory', 'Azurite'] as const)('claims in %s', (where) => {
  let azurite: Azurite | undefined;
  let made = 0;
  beforeAll(async () => {
    if (where === 'Azurite') azurite = await startAzurite();
  });
  afterAll(() => azurite?.stop());

  function newTable(): Table {
    made += 1;
    if (azurite === undefined) return memoryTable();
    return tableStorage(clientsByConnectionString(azurite.connectionString)(`claims${made}`));
  }
  const newStore = () => claimsStore(newTable(), newTable());

  it('are listed by their source and by the repository that they are on', async () => {
    const store = newStore();
    const changes = await store.see('aks-prod', [claim('web'), claim('api', 'team/api')], true, start);
    expect(changes).toEqual({
      begun: 2,
      ended: 0,
      repositories: expect.arrayContaining([
        { registry, repository: 'team/app' },
        { registry, repository: 'team/api' },
      ]),
    });
    expect(await namesOf(store.ofSource('aks-prod'))).toEqual(['api', 'web']);
    expect(await namesOf(store.ofSource('other'))).toEqual([]);
    expect(await namesOf(store.ofRepository({ registry, repository: 'team/app' }))).toEqual(['web']);
    expect(await Array.fromAsync(store.repositories(registry))).toEqual(['team/api', 'team/app']);
    expect(await store.isClaimed({ registry, repository: 'team/app' })).toBe(true);
    expect(await store.isClaimed({ registry, repository: 'team' })).toBe(false);
  });

  it('come back as they were said, with all that is known of them', async () => {
    const store = newStore();
    const full = claim('web', 'team/app', {
      workload: {
        kind: 'Deployment',
        name: 'web <b>|/\\#?%',
        namespace: 'shop',
        container: 'app',
        environment: 'production',
        owner: 'team shop',
      },
      tag: '1.0',
      revision: '7',
      since: start - 1_000,
    });
    await store.see('aks-prod', [full], true, start);
    const [known] = await Array.fromAsync(store.ofRepository({ registry, repository: 'team/app' }));
    expect(known).toEqual({ ...full, id: expect.stringMatching(/^[0-9a-f]{32}$/), firstSeen: start });
  });

  it('end only with a complete look that no longer sees them, and are still known for the time before', async () => {
    const store = newStore();
    await store.see('aks-prod', [claim('web'), claim('api')], true, start);
    expect(await store.see('aks-prod', [claim('web')], false, start + 10)).toMatchObject({ ended: 0 });
    expect(await namesOf(store.ofSource('aks-prod'))).toEqual(['api', 'web']);
    expect(await store.see('aks-prod', [claim('web')], true, start + 20)).toMatchObject({ ended: 1 });
    for (const list of [
      (at?: number) => store.ofSource('aks-prod', at),
      (at?: number) => store.ofRepository({ registry, repository: 'team/app' }, at),
    ]) {
      expect(await namesOf(list())).toEqual(['web']);
      expect(await namesOf(list(start + 19))).toEqual(['api', 'web']);
      expect(await namesOf(list(start + 20))).toEqual(['web']);
      expect(await namesOf(list(start - 1))).toEqual([]);
    }
    await store.see('aks-prod', [claim('web'), claim('api')], true, start + 30);
    const all = await Array.fromAsync(store.ofSource('aks-prod', start + 15));
    expect(all.map(({ firstSeen, endedAt }) => [firstSeen, endedAt])).toContainEqual([start, start + 20]);
  });

  it('are all there ever, open ones first, whenever they ended', async () => {
    const store = newStore();
    const repository = { registry, repository: 'team/app' };
    await store.see('aks-prod', [claim('web'), claim('api'), claim('other', 'team/other')], true, start);
    await store.see('aks-prod', [claim('api')], true, start + 1);
    const ever = await Array.fromAsync(store.everOfRepository(repository));
    expect(ever.map(({ workload, endedAt }) => [workload.name, endedAt])).toEqual([
      ['api', undefined],
      ['web', start + 1],
    ]);
  });

  it('of one source do not end with a look at another', async () => {
    const store = newStore();
    await store.see('aks-prod', [claim('web')], true, start);
    await store.see('other', [claim('web', 'team/app', { source: 'other' })], true, start + 1);
    await store.see('other', [], true, start + 2);
    expect(await namesOf(store.ofRepository({ registry, repository: 'team/app' }))).toEqual(['web']);
  });

  it('keep the earliest time they may have pulled, and take the newest owner', async () => {
    const store = newStore();
    const [first] = [claim('web', 'team/app', { since: start - 5 })];
    await store.see('aks-prod', [first ?? claim('web')], true, start);
    const renamed = { kind: 'Deployment', name: 'web', namespace: 'shop', owner: 'new' };
    await store.see(
      'aks-prod',
      [claim('web', 'team/app', { since: start - 1, workload: renamed })],
      true,
      start + 1,
    );
    const [known] = await Array.fromAsync(store.ofSource('aks-prod'));
    expect(known).toMatchObject({ since: start - 5, firstSeen: start, workload: { owner: 'new' } });
    await store.see('aks-prod', [claim('web', 'team/app', { workload: renamed })], true, start + 2);
    expect((await Array.fromAsync(store.ofSource('aks-prod')))[0]).not.toHaveProperty('since');
  });

  it('that are a thousand are written in few transactions, and the same again in none', async () => {
    const table = newTable();
    let transactions = 0;
    const counting: Table = {
      ...table,
      transact(operations) {
        transactions += 1;
        return table.transact(operations);
      },
    };
    const store = claimsStore(counting, newTable());
    const many = Array.from({ length: 1_000 }, (_, index) => claim(`w${index}`, `team/app-${index % 4}`));
    await store.see('aks-prod', many, true, start);
    expect(transactions).toBe(40);
    await store.see('aks-prod', many, true, start + 1);
    expect(transactions).toBe(40);
    expect(await namesOf(store.ofSource('aks-prod'))).toHaveLength(1_000);
  });
});

describe('when storage fails between any two calls', () => {
  const look = fc.record({
    seen: fc.subarray(['a', 'b', 'c', 'd']),
    isComplete: fc.boolean(),
  });

  it('the claims are those of the looks in the end, in both places, whatever was cut off and made again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(look, { minLength: 1, maxLength: 6 }), fc.nat(), async (looks, seed) => {
        const chance = chanceOf(seed);
        const faults = { refused: 10, lost: 10, retried: 10, cutOff: 10, short: 20 };
        const [workloads, inventory] = [memoryTable(), memoryTable()];
        const store = claimsStore(
          restlessTable(workloads, chance, faults),
          restlessTable(inventory, chance, faults),
        );
        const expected = new Map<string, Claim>();
        for (const [index, { seen, isComplete }] of looks.entries()) {
          const claims = seen.map((name) => claim(name, name < 'c' ? 'team/app' : 'team/api'));
          if (isComplete) expected.clear();
          for (const one of claims) expected.set(claimIdentity(one), one);
          for (let attempt = 0; ; attempt += 1) {
            try {
              await store.see('aks-prod', claims, isComplete, start + index * 1_000 + attempt);
              break;
            } catch (error) {
              if (!(error instanceof AuditFault) || attempt > 200) throw error;
            }
          }
        }
        const quiet = claimsStore(workloads, inventory);
        const wanted = [...expected.values()].map(({ workload }) => workload.name).sort();
        expect(await namesOf(quiet.ofSource('aks-prod'))).toEqual(wanted);
        const onAll = [
          ...(await namesOf(quiet.ofRepository({ registry, repository: 'team/app' }))),
          ...(await namesOf(quiet.ofRepository({ registry, repository: 'team/api' }))),
        ];
        expect(onAll.sort()).toEqual(wanted);
        // Nothing is left of a claim that is over but that it was.
        const keys = await Array.fromAsync(
          rowsOf(workloads, { partitionKey: 'source|aks-prod', from: 'o|', before: 'o|~' }),
        );
        expect(keys).toHaveLength(wanted.length);
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 150) },
    );
  });

  it('looks that are cut off, and seen otherwise by the next, leave nothing behind in either place', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(look, { minLength: 2, maxLength: 6 }), fc.nat(), async (looks, seed) => {
        const chance = chanceOf(seed);
        const faults = { refused: 10, lost: 10, retried: 10, cutOff: 20, short: 20 };
        const [workloads, inventory] = [memoryTable(), memoryTable()];
        const restless = claimsStore(
          restlessTable(workloads, chance, faults),
          restlessTable(inventory, chance, faults),
        );
        const quiet = claimsStore(workloads, inventory);
        for (const [index, { seen, isComplete }] of looks.entries()) {
          const claims = seen.map((name) => claim(name, name < 'c' ? 'team/app' : 'team/api'));
          const isLast = index === looks.length - 1;
          const at = start + index * 1_000;
          if (isLast) await quiet.see('aks-prod', claims, true, at);
          else await restless.see('aks-prod', claims, isComplete, at).catch(() => undefined);
        }
        const wanted = [...(looks.at(-1)?.seen ?? [])].sort();
        expect(await namesOf(quiet.ofSource('aks-prod'))).toEqual(wanted);
        const onAll = [
          ...(await namesOf(quiet.ofRepository({ registry, repository: 'team/app' }))),
          ...(await namesOf(quiet.ofRepository({ registry, repository: 'team/api' }))),
        ];
        expect(onAll.sort()).toEqual(wanted);
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 300) },
    );
  });
});
