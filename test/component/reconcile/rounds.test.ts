import { describe, expect, it } from '@jest/globals';
import { AuditFault } from '../../../src/audit/fault.ts';
import { reconcileNext } from '../../../src/audit/reconcile-next.ts';
import { type ReconcileRounds, reconcileRegistries } from '../../../src/audit/reconcile-registries.ts';
import { type Reconciliation, reconcileRepository } from '../../../src/audit/reconcile-repository.ts';
import { rejectMessage } from '../../../src/audit/reject-message.ts';
import { comparisons } from '../../../src/storage/comparisons.ts';
import { findingsStore } from '../../../src/storage/findings.ts';
import { knownContent } from '../../../src/storage/known-content.ts';
import { reconcileRounds } from '../../../src/storage/reconcile-rounds.ts';
import { rejections } from '../../../src/storage/rejections.ts';
import { unannouncedChanges } from '../../../src/storage/unannounced-changes.ts';
import { untoldComparisons } from '../../../src/storage/untold-comparisons.ts';
import { recorderOver, storesOver } from '../../builders/history-stores.ts';
import { memoryLeases } from '../../builders/memory-leases.ts';
import { memoryRegistryContent } from '../../builders/memory-registry-content.ts';
import { memoryTable } from '../../builders/memory-table.ts';
import { digestOf } from '../../builders/registry-event.ts';

const start = Date.UTC(2026, 4, 2, 14);
const silent = { info: () => {}, warn: () => {}, error: () => {} };
const nothingFound = { pushes: 0, untags: 0, deletions: 0, lockChanges: 0, described: 0, undescribed: 0 };

/** Rounds over two registries, with a queue that is worked off by hand. */
function setting() {
  const clock = { time: start, now: () => clock.time };
  const inventory = memoryTable();
  const rounds = reconcileRounds(inventory);
  const registries = {
    'contoso.azurecr.io': memoryRegistryContent(),
    'fabrikam.azurecr.io': memoryRegistryContent(),
  };
  const waiting: Reconciliation[] = [];
  const begin = reconcileRegistries({
    contents: new Map(Object.entries(registries).map(([name, { content }]) => [name, content])),
    rounds,
    queue: {
      waiting: () => Promise.resolve(waiting.length),
      add: (one) => Promise.resolve(void waiting.push(one)),
    },
    clock,
    log: silent,
  });
  return {
    inventory,
    rounds,
    registries,
    waiting,
    begin(at = clock.time) {
      clock.time = at;
      return begin();
    },
    /** The comparisons that wait, taken from the queue. */
    taken: () => waiting.splice(0),
  };
}

/** What a comparison is made with besides the comparison itself. */
function nextPorts(rounds: ReconcileRounds) {
  const inventory = memoryTable();
  return {
    rounds,
    comparisons: comparisons(memoryTable(), memoryTable()),
    leases: memoryLeases(),
    changes: unannouncedChanges(inventory),
    untold: untoldComparisons(inventory, memoryTable()),
    findings: findingsStore(memoryTable()),
    clock: { now: () => start },
    log: silent,
  };
}

const contoso = 'contoso.azurecr.io';
const ofContoso = (taken: readonly Reconciliation[]) => taken.filter(({ registry }) => registry === contoso);

describe('when a round begins', () => {
  it('asks for one comparison a repository: the first time as a backfill, then since the last round', async () => {
    const { registries, begin, taken } = setting();
    registries[contoso].repository('team/app').push('prod', digestOf('one'), start);
    registries[contoso].repository('team/gateway').push('prod', digestOf('two'), start);
    await begin(start);
    expect(ofContoso(taken())).toEqual([
      { registry: contoso, repository: 'team/app', source: 'backfill' },
      { registry: contoso, repository: 'team/gateway', source: 'backfill' },
    ]);
    await begin(start + 3_600_000);
    expect(ofContoso(taken())).toEqual([
      { registry: contoso, repository: 'team/app', source: 'reconcile', before: start },
      { registry: contoso, repository: 'team/gateway', source: 'reconcile', before: start },
    ]);
  });

  it('asks for a repository that the registry no longer lists', async () => {
    const { registries, begin, taken } = setting();
    const app = registries[contoso].repository('team/app');
    app.push('prod', digestOf('one'), start);
    await begin();
    taken();
    app.deleteManifest(digestOf('one'));
    await begin(start + 3_600_000);
    expect(ofContoso(taken()).map(({ repository }) => repository)).toEqual(['team/app']);
  });

  it('writes one row a registry when no repository is new', async () => {
    const { registries, begin, taken, inventory } = setting();
    registries[contoso].repository('team/app').push('prod', digestOf('one'), start);
    await begin();
    taken();
    const before = new Map(inventory.rows().map((row) => [row.rowKey + row.partitionKey, row.etag]));
    await begin(start + 3_600_000);
    const changed = inventory.rows().filter((row) => before.get(row.rowKey + row.partitionKey) !== row.etag);
    expect(changed.map(({ rowKey }) => rowKey)).toEqual(['round', 'round']);
  });

  it('does not begin while comparisons of the last one wait', async () => {
    const { registries, begin, waiting } = setting();
    registries[contoso].repository('team/app').push('prod', digestOf('one'), start);
    await begin();
    expect(waiting).toHaveLength(1);
    await begin(start + 3_600_000);
    expect(waiting).toHaveLength(1);
  });

  it('does not keep one registry waiting for another that does not answer, and is a backfill again', async () => {
    const { registries, begin, taken, rounds } = setting();
    registries['fabrikam.azurecr.io'].repository('shop').push('prod', digestOf('one'), start);
    registries[contoso].repository('team/app').push('prod', digestOf('one'), start);
    const busy = new AuditFault('registry-429', 'contoso is busy', { retryable: true });
    registries[contoso].faults.fail = () => busy;
    await expect(begin()).rejects.toBe(busy);
    expect(taken().map(({ registry }) => registry)).toEqual(['fabrikam.azurecr.io']);
    expect(await rounds.last(contoso)).toBeUndefined();
    registries[contoso].faults.fail = () => undefined;
    await begin(start + 3_600_000);
    expect(ofContoso(taken())).toMatchObject([{ source: 'backfill' }]);
  });
});

describe('when a comparison ends', () => {
  it('it is noted with when it began, once it succeeded', async () => {
    const { rounds } = setting();
    const repositories = memoryTable();
    const outcomes = [
      new AuditFault('registry-503', 'the registry is away', { retryable: true }),
      nothingFound,
    ];
    const next = reconcileNext({
      ...nextPorts(rounds),
      comparisons: comparisons(repositories, memoryTable()),
      async reconcile() {
        const outcome = outcomes.shift();
        if (outcome === undefined || outcome instanceof AuditFault) throw outcome;
        return outcome;
      },
    });
    const one = { registry: contoso, repository: 'team/app', source: 'reconcile' } as const;
    await expect(next(one, false)).rejects.toMatchObject({ code: 'registry-503' });
    expect(repositories.rows()).toEqual([]);
    await next(one, true);
    expect(repositories.rows()).toMatchObject([
      { partitionKey: `${contoso}|team:app`, columns: { at: new Date(start).toISOString() } },
    ]);
  });
});

describe('when a comparison fails', () => {
  const fault = new AuditFault('registry-503', 'the registry is away', { retryable: true });
  const nothing = { ...nothingFound };

  it('the next round goes on from the last one that succeeded, until one does', async () => {
    const { registries, begin, taken, rounds } = setting();
    registries[contoso].repository('team/app').push('prod', digestOf('one'), start);
    await begin(start);
    const outcomes = [nothing, fault, fault, nothing];
    const next = reconcileNext({
      reconcile: async () => {
        const outcome = outcomes.shift();
        if (outcome === undefined || outcome instanceof AuditFault) throw outcome;
        return outcome;
      },
      ...nextPorts(rounds),
    });
    for (const one of taken()) await next(one, false);

    await begin(start + 1);
    const [second] = taken();
    if (second === undefined) throw new Error('no comparison');
    await expect(next(second, false)).rejects.toBe(fault);
    await begin(start + 2);
    const [third] = taken();
    expect(third).toMatchObject({ before: start });
    if (third === undefined) throw new Error('no comparison');
    await expect(next(third, false)).rejects.toBe(fault);
    await begin(start + 3);
    const [fourth] = taken();
    expect(fourth).toMatchObject({ before: start });
    if (fourth === undefined) throw new Error('no comparison');
    await next(fourth, false);
    await begin(start + 4);
    expect(taken()).toMatchObject([{ before: start + 3 }]);
  });

  it('a comparison of a registry that is no longer audited is dropped', async () => {
    const { rounds } = setting();
    const next = reconcileNext({ reconcile: () => undefined, ...nextPorts(rounds) });
    await next({ registry: 'gone.azurecr.io', repository: 'team/app', source: 'reconcile' }, false);
    expect(await Array.fromAsync(rounds.repositories('gone.azurecr.io'))).toEqual([]);
  });
});

describe('when a comparison is made', () => {
  const reconciliation: Reconciliation = { registry: contoso, repository: 'team/app', source: 'reconcile' };
  const found = { ...nothingFound, pushes: 2, untags: 1 };

  it('what no event announced is noted as it is found, even when the rest fails', async () => {
    const { rounds } = setting();
    const ports = nextPorts(rounds);
    const fault = new AuditFault('registry-503', 'away', { retryable: true });
    const next = reconcileNext({
      ...ports,
      reconcile: async (_, { onProgress }) => {
        await onProgress({ ...found, untags: 0 });
        await onProgress(found);
        await onProgress(found);
        throw fault;
      },
    });
    await expect(next(reconciliation, false)).rejects.toBe(fault);
    expect(await ports.changes.since(contoso, start)).toEqual({
      pushes: 2,
      untags: 1,
      deletions: 0,
      lockChanges: 0,
    });
  });

  it('what a backfill finds was never to be announced', async () => {
    const { rounds } = setting();
    const ports = nextPorts(rounds);
    const next = reconcileNext({
      ...ports,
      reconcile: async (_, { onProgress }) => {
        await onProgress(found);
        return found;
      },
    });
    await next({ ...reconciliation, source: 'backfill' }, false);
    expect(await ports.changes.since(contoso, 0)).toMatchObject({ pushes: 0, untags: 0 });
  });

  it('no other of the same repository is, and none is remembered as failed for it', async () => {
    const { rounds } = setting();
    const ports = nextPorts(rounds);
    let going = 0;
    let most = 0;
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const next = reconcileNext({
      ...ports,
      reconcile: async () => {
        going += 1;
        most = Math.max(most, going);
        await ended;
        going -= 1;
        return nothingFound;
      },
    });
    const first = next(reconciliation, false);
    await expect(next(reconciliation, false)).rejects.toMatchObject({
      code: 'comparison-under-way',
      retryable: true,
    });
    const other = next({ ...reconciliation, repository: 'team/api' }, false);
    while (going < 2) await new Promise((resume) => setImmediate(resume));
    end();
    await Promise.all([first, other]);
    expect(most).toBe(2);
    expect(await Array.fromAsync(rounds.repositories(contoso))).toEqual([]);
    await next(reconciliation, false);
  });

  it('one that is repeated is no longer remembered as failed once it succeeds', async () => {
    const { rounds } = setting();
    const next = reconcileNext({ ...nextPorts(rounds), reconcile: async () => nothingFound });
    await rounds.remember(contoso, { repository: 'team/app', failed: {} });
    await next(reconciliation, true);
    expect(await Array.fromAsync(rounds.repositories(contoso))).toEqual([{ repository: 'team/app' }]);
  });

  it('it ends, between two tags, when its lease is lost', async () => {
    const registry = memoryRegistryContent();
    const app = registry.repository('team/app');
    for (let count = 0; count < 50; count += 1) app.push(`v${count}`, digestOf(`${count}`), start);
    const tables = { repositories: memoryTable(), digests: memoryTable(), log: memoryTable() };
    const lost = new AbortController();
    const fault = new AuditFault('lease-lost', 'lost', { retryable: true });
    lost.abort(fault);
    const compare = reconcileRepository({
      ...storesOver(tables),
      content: registry.content,
      known: knownContent(tables.repositories),
      record: recorderOver(tables),
      clock: { now: () => start },
      log: silent,
    });
    await expect(compare(reconciliation, lost.signal)).rejects.toBe(fault);
    expect(tables.repositories.rows()).toEqual([]);
  });

  it('one that is given up is kept among what is rejected', async () => {
    const rejected = memoryTable();
    const reject = rejectMessage(
      {
        rejections: rejections(rejected),
        clock: { now: () => start },
        log: silent,
      },
      'comparison-failed',
    );
    await reject(reconciliation, contoso);
    expect(rejected.rows()).toMatchObject([
      { partitionKey: contoso, columns: { reason: 'comparison-failed' } },
    ]);
  });
});
