import { describe, expect, it } from '@jest/globals';
import { AuditFault } from '../../../src/audit/fault.ts';
import { queryHistory } from '../../../src/audit/query-history.ts';
import { reconcileRepository } from '../../../src/audit/reconcile-repository.ts';
import { resolveTag } from '../../../src/audit/resolve-tag.ts';
import { historyPages } from '../../../src/storage/history-pages.ts';
import { knownContent } from '../../../src/storage/known-content.ts';
import { fact, recordOf } from '../../builders/facts.ts';
import { recorderOver, storesOver } from '../../builders/history-stores.ts';
import { memoryRegistryContent } from '../../builders/memory-registry-content.ts';
import { memoryTable } from '../../builders/memory-table.ts';
import { digestOf } from '../../builders/registry-event.ts';

const repository = { registry: 'contoso.azurecr.io', repository: 'team/app' };
const start = Date.UTC(2026, 4, 2, 14);
const minute = (count: number) => start + count * 60_000;
const [one, two, three] = [digestOf('one'), digestOf('two'), digestOf('three')];

/** A registry whose events are only delivered by hand, and a history of it. */
function setting() {
  const tables = { repositories: memoryTable(), digests: memoryTable(), log: memoryTable() };
  const registry = memoryRegistryContent({ pageSize: 2 });
  const clock = { time: minute(0), now: () => clock.time };
  const pages = historyPages(tables.repositories, tables.log);
  const record = recorderOver(tables);
  const reconcile = reconcileRepository({
    content: registry.content,
    ...storesOver(tables),
    known: knownContent(tables.repositories),
    record,
    clock,
    log: { info: () => {}, warn: () => {}, error: () => {} },
  });
  return {
    tables,
    registry,
    app: registry.repository('team/app'),
    async reconcile(at: number, before?: number) {
      clock.time = at;
      const since = before === undefined ? {} : { before };
      const { pushes, untags, deletions } = await reconcile({ ...repository, source: 'reconcile', ...since });
      return { pushes, untags, deletions };
    },
    event: (name: string, at: number, what: Parameters<typeof fact>[2]) =>
      record(recordOf({ ...fact(name, 0, what), at: { time: at, id: name } })),
    history: async (tag?: string) => {
      const scope = { ...repository, ...(tag === undefined ? {} : { tag }) };
      const { items } = await queryHistory({ pages })({ scope, limit: 100 });
      return items.map(({ entry: { kind, fact: told } }) => ({
        kind,
        digest: told.digest,
        at: told.at.time,
        source: told.source,
        ...(told.notBefore === undefined ? {} : { notBefore: told.notBefore }),
      }));
    },
    resolve: (tag: string, at: number) => resolveTag({ pages })(repository, tag, at),
  };
}

async function kinds(history: ReturnType<typeof setting>['history'], tag?: string) {
  return (await history(tag)).map(({ kind }) => kind);
}

const nothing = { pushes: 0, untags: 0, deletions: 0 };

describe('when no event arrives', () => {
  it('finds a push, a move, an untag and a deletion, each at its time or in its window', async () => {
    const { app, reconcile, history } = setting();
    app.push('prod', one, minute(1));
    app.push('1.0', one, minute(2));
    app.push('2.0', three, minute(2));
    expect(await reconcile(minute(10))).toEqual({ pushes: 3, untags: 0, deletions: 0 });

    app.push('prod', two, minute(11));
    app.untag('1.0');
    app.deleteManifest(three);
    expect(await reconcile(minute(20), minute(10))).toEqual({ pushes: 1, untags: 1, deletions: 1 });

    const found = { source: 'reconcile' };
    expect(await history('prod')).toEqual([
      { kind: 'moved', digest: two, at: minute(11), ...found },
      { kind: 'created', digest: one, at: minute(1), ...found },
    ]);
    const window = { at: minute(20), notBefore: minute(10) };
    expect(await history('1.0')).toEqual([
      { kind: 'untagged', digest: one, ...window, ...found },
      { kind: 'created', digest: one, at: minute(2), ...found },
    ]);
    expect(await history('2.0')).toEqual([
      { kind: 'deleted', digest: three, ...window, ...found },
      { kind: 'created', digest: three, at: minute(2), ...found },
    ]);
  });

  it('finds manifests that have no tag', async () => {
    const { app, reconcile, history } = setting();
    app.pushIndex('prod', one, [two, three], minute(2));
    app.push(undefined, two, minute(1));
    app.push(undefined, three, minute(1));
    expect(await reconcile(minute(10))).toEqual({ pushes: 3, untags: 0, deletions: 0 });
    expect(await history()).toHaveLength(3);
  });

  it('finds a tag that is back, and one pushed again as it was', async () => {
    const { app, reconcile, history } = setting();
    app.push('prod', one, minute(1));
    app.push('kept', one, minute(1));
    await reconcile(minute(10));
    app.untag('prod');
    await reconcile(minute(20));
    app.push('prod', one, minute(25));
    app.push('kept', one, minute(25));
    expect(await reconcile(minute(30))).toEqual({ pushes: 2, untags: 0, deletions: 0 });
    expect((await history('prod')).map(({ kind }) => kind)).toEqual(['restored', 'untagged', 'created']);
    expect((await history('kept')).map(({ kind }) => kind)).toEqual(['unchanged', 'created']);
  });
});

describe('when only some events arrive', () => {
  it('dates a move by the registry, also when the digest it moved from was deleted since', async () => {
    const { app, reconcile, event, history } = setting();
    app.push('prod', one, minute(1));
    await event('push', minute(1), { digest: one, tag: 'prod' });
    app.push('prod', two, minute(2));
    app.deleteManifest(one);
    await event('delete', minute(3), { digest: one, action: 'delete' });
    expect(await reconcile(minute(10))).toEqual({ pushes: 1, untags: 0, deletions: 0 });
    expect(await history('prod')).toEqual([
      { kind: 'moved', digest: two, at: minute(2), source: 'reconcile' },
      { kind: 'created', digest: one, at: minute(1), source: 'event' },
    ]);
  });
});

describe('when history says the same', () => {
  it('costs the lists and writes nothing', async () => {
    const { app, reconcile, registry, tables } = setting();
    app.push('prod', one, minute(1));
    app.push(undefined, two, minute(1));
    await reconcile(minute(10));
    const rows = [tables.repositories, tables.digests, tables.log].map((table) => table.rows());
    const calls = registry.calls.length;
    expect(await reconcile(minute(20), minute(10))).toEqual(nothing);
    expect([tables.repositories, tables.digests, tables.log].map((table) => table.rows())).toEqual(rows);
    expect(registry.calls.slice(calls)).toEqual(['tags team/app', 'manifests team/app']);
  });

  it('takes the registry’s own time of a push for that of its event', async () => {
    const { app, reconcile, event } = setting();
    await event('push', minute(1), { digest: one, tag: 'prod' });
    app.push('prod', one, minute(1) + 900);
    expect(await reconcile(minute(10))).toEqual(nothing);
  });
});

describe('when an event arrives after what it tells was found', () => {
  it('is one fact with it: a push', async () => {
    const { app, reconcile, event, history } = setting();
    app.push('prod', one, minute(1) + 40);
    await reconcile(minute(10));
    await event('late', minute(1), { digest: one, tag: 'prod', client: { userAgent: 'docker' } });
    const expected = [{ kind: 'created', digest: one, at: minute(1), source: 'event' }];
    expect(await history('prod')).toEqual(expected);
    expect(await history()).toEqual(expected);
  });

  it('is one fact with it: a deletion, at the exact time', async () => {
    const { app, reconcile, event, history, resolve } = setting();
    app.push('prod', one, minute(1));
    await reconcile(minute(10));
    app.deleteManifest(one);
    await reconcile(minute(20), minute(10));
    await event('late', minute(12), { digest: one, action: 'delete' });
    expect((await history('prod'))[0]).toEqual({
      kind: 'deleted',
      digest: one,
      at: minute(12),
      source: 'event',
    });
    expect(await resolve('prod', minute(13))).toMatchObject({ outcome: 'ended' });
    expect(await resolve('prod', minute(11))).toMatchObject({ outcome: 'resolved', digest: one });
  });

  it('says of what was gone before the last comparison knew of it that it may have gone before that', async () => {
    const { reconcile, event, history } = setting();
    await reconcile(minute(10));
    await event('late', minute(1), { digest: one, tag: 'prod', recordedAt: minute(11) });
    expect(await reconcile(minute(20), minute(10))).toEqual({ pushes: 0, untags: 0, deletions: 1 });
    expect((await history('prod'))[0]).toMatchObject({
      kind: 'deleted',
      at: minute(20),
      notBefore: minute(1),
    });
  });

  it('explains an untag: the manifest had been deleted', async () => {
    const { app, reconcile, event, history } = setting();
    app.push('prod', one, minute(1));
    await reconcile(minute(10));
    app.deleteManifest(one);
    app.push('other', one, minute(15));
    expect(await reconcile(minute(20), minute(10))).toMatchObject({ untags: 1 });
    await event('late', minute(12), { digest: one, action: 'delete' });
    expect((await history('prod')).map(({ kind }) => kind)).toEqual(['deleted', 'created']);
  });
});

describe('when much happens within seconds and the last event is lost', () => {
  const second = (count: number) => minute(1) + count * 1_000;

  it('finds that a manifest is back that was deleted', async () => {
    const { app, reconcile, event, history } = setting();
    await event('push', second(0), { digest: one });
    await event('delete', second(1), { digest: one, action: 'delete' });
    app.push(undefined, one, second(2));
    expect(await reconcile(minute(10))).toEqual({ pushes: 1, untags: 0, deletions: 0 });
    expect(await kinds(history)).toEqual(['restored', 'deleted', 'created']);
    expect(await reconcile(minute(20), minute(10))).toEqual(nothing);

    await event('late', second(2), { digest: one });
    expect(await history()).toMatchObject([
      { kind: 'restored', at: second(2), source: 'event' },
      { kind: 'deleted' },
      { kind: 'created' },
    ]);
    expect(await reconcile(minute(30), minute(20))).toEqual(nothing);
  });

  it('finds that a tag moved back', async () => {
    const { app, reconcile, event, history, resolve } = setting();
    for (const digest of [one, two]) app.push(undefined, digest, second(0));
    await event('first', second(0), { digest: one, tag: 'prod' });
    await event('second', second(1), { digest: two, tag: 'prod' });
    app.push('prod', one, second(2));
    expect(await reconcile(minute(10))).toEqual({ pushes: 1, untags: 0, deletions: 0 });
    expect(await kinds(history, 'prod')).toEqual(['moved', 'moved', 'created']);
    expect(await resolve('prod', minute(20))).toMatchObject({ outcome: 'resolved', digest: one });
    expect(await reconcile(minute(20), minute(10))).toEqual(nothing);

    await event('late', second(2), { digest: one, tag: 'prod' });
    expect(await history('prod')).toMatchObject([
      { kind: 'moved', digest: one, at: second(2), source: 'event' },
      { kind: 'moved', digest: two },
      { kind: 'created', digest: one },
    ]);
  });

  it('finds so also when what came between comes late', async () => {
    const { app, reconcile, event, history, resolve } = setting();
    await event('push', second(0), { digest: one, tag: 'prod' });
    app.push('prod', one, second(2));
    app.push('1.0', one, second(2));
    expect(await reconcile(minute(10))).toEqual({ pushes: 1, untags: 0, deletions: 0 });
    await event('late', second(1), { digest: one, action: 'delete' });
    expect(await resolve('prod', minute(10))).toMatchObject({ outcome: 'ended' });
    expect(await reconcile(minute(20), minute(10))).toMatchObject({ untags: 0, deletions: 0 });
    expect(await resolve('prod', minute(20))).toMatchObject({ outcome: 'resolved', digest: one });
    expect((await kinds(history, '1.0')).slice(0, 1)).toEqual(['created']);
  });
});

describe('when a manifest is deleted twice and only the second deletion has no event', () => {
  it.each([
    ['', ['delete', 'push']],
    [', the push first', ['push', 'delete']],
  ])('ends what was pushed in between, though the other events come late%s', async (_, order) => {
    const { app, reconcile, event, history, resolve } = setting();
    app.push('prod', one, minute(1));
    app.push('1.0', one, minute(1));
    await reconcile(minute(10));
    app.deleteManifest(one);
    expect(await reconcile(minute(20), minute(10))).toEqual({ pushes: 0, untags: 0, deletions: 1 });
    const late = {
      delete: () => event('delete', minute(12), { digest: one, action: 'delete' }),
      push: async () => {
        await event('push', minute(14), { digest: one, tag: 'prod' });
        await event('new', minute(15), { digest: one, tag: '2.0' });
        await event('direct', minute(16), { digest: one });
      },
    };
    for (const name of order) await late[name === 'delete' ? 'delete' : 'push']();

    const found = { kind: 'deleted', at: minute(20), notBefore: minute(10), source: 'reconcile' };
    expect(await history('prod')).toMatchObject([
      found,
      { kind: 'restored', at: minute(14) },
      { kind: 'deleted', at: minute(12), source: 'event' },
      { kind: 'created', at: minute(1) },
    ]);
    expect(await history('2.0')).toMatchObject([found, { kind: 'created', at: minute(15) }]);
    expect(await kinds(history, '1.0')).toEqual(['deleted', 'created']);
    for (const tag of ['prod', '2.0', '1.0']) {
      expect(await resolve(tag, minute(20))).toMatchObject({ outcome: 'ended' });
    }
    expect(await reconcile(minute(30), minute(20))).toEqual(nothing);
  });
});

describe('when a list cannot be trusted', () => {
  it('reads by itself what a stale list lacks, and finds nothing', async () => {
    const { app, reconcile, registry, event } = setting();
    app.push('old', one, minute(1));
    await reconcile(minute(5));
    registry.faults.staleLists = true;
    app.push('prod', two, minute(6));
    await event('push', minute(6), { digest: two, tag: 'prod' });
    expect(await reconcile(minute(10), minute(5))).toEqual(nothing);
  });

  it('reads by itself what a list shows as it was before the last event', async () => {
    const { app, reconcile, registry, event, history } = setting();
    app.push('prod', one, minute(1));
    await reconcile(minute(5));
    registry.faults.staleLists = true;
    app.push('prod', two, minute(6));
    await event('push', minute(6), { digest: two, tag: 'prod' });
    await reconcile(minute(10), minute(5));
    expect((await history('prod')).map(({ kind }) => kind)).toEqual(['moved', 'created']);
  });

  it('finds nothing gone when the registry does not answer', async () => {
    const { app, reconcile, registry, history } = setting();
    for (const tag of ['a', 'b', 'c', 'd', 'e']) app.push(tag, one, minute(1));
    await reconcile(minute(5));
    const before = await history();
    registry.faults.breakOffAfterPages = 1;
    await expect(reconcile(minute(10), minute(5))).rejects.toThrow(AuditFault);
    expect(await history()).toEqual(before);
    registry.faults.breakOffAfterPages = undefined;
    expect(await reconcile(minute(15), minute(5))).toEqual(nothing);
  });
});

describe('when a comparison was cut off', () => {
  it('finds the rest the next time, and nothing twice', async () => {
    const { app, reconcile, registry, history } = setting();
    for (const [index, tag] of ['a', 'b', 'c', 'd', 'e'].entries()) app.push(tag, one, minute(index));
    registry.faults.breakOffAfterPages = 1;
    await expect(reconcile(minute(10))).rejects.toThrow(AuditFault);
    registry.faults.breakOffAfterPages = undefined;
    expect(await reconcile(minute(20))).toEqual({ pushes: 3, untags: 0, deletions: 0 });
    expect(await history()).toHaveLength(5);
  });
});
