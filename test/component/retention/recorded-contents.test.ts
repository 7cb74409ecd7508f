import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuditFault } from '../../../src/audit/fault.ts';
import { reconcileRepository } from '../../../src/audit/reconcile-repository.ts';
import { recordFact } from '../../../src/audit/record-fact.ts';
import { unlocked } from '../../../src/registry/lock-state.ts';
import { knownContent } from '../../../src/storage/known-content.ts';
import { recordedContents } from '../../../src/storage/recorded-contents.ts';
import { recordedRepositories } from '../../../src/storage/recorded-repositories.ts';
import type { Table } from '../../../src/storage/row.ts';
import { tableStorage } from '../../../src/storage/table-storage.ts';
import { clientsByConnectionString } from '../../../src/storage/tables.ts';
import { type Azurite, startAzurite } from '../../builders/azurite.ts';
import { storesOver } from '../../builders/history-stores.ts';
import { memoryRegistryContent } from '../../builders/memory-registry-content.ts';
import { memoryTable } from '../../builders/memory-table.ts';
import { digestOf } from '../../builders/registry-event.ts';

const registry = 'contoso.azurecr.io';
const id = { registry, repository: 'team/app' };
const start = Date.UTC(2026, 4, 2, 12);
const minute = 60_000;
const [one, two, three, list] = [digestOf('one'), digestOf('two'), digestOf('three'), digestOf('list')];

/** A registry's content and the history of it, which a comparison brings up to it. */
function audited(tables: { readonly [name in 'repositories' | 'digests' | 'log']: Table }) {
  const content = memoryRegistryContent();
  const clock = { time: start, now: () => clock.time };
  const stores = storesOver(tables);
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  return {
    content,
    clock,
    record: recordFact(stores),
    compare: (repository = id.repository) =>
      reconcileRepository({
        content: content.content,
        ...stores,
        known: knownContent(tables.repositories),
        record: recordFact(stores),
        clock,
        log,
      })({ registry, repository, source: 'reconcile' }),
  };
}

describe.each(['memory', 'Azurite'] as const)('what is recorded of a repository, in %s', (where) => {
  let azurite: Azurite | undefined;
  let made = 0;
  beforeAll(async () => {
    if (where === 'Azurite') azurite = await startAzurite();
  });
  afterAll(() => azurite?.stop());

  /** A history, and what is read of it; `pages` counts the queries. */
  function history() {
    made += 1;
    const service = azurite === undefined ? undefined : clientsByConnectionString(azurite.connectionString);
    const name = (of: string) => `${of}${made}`;
    const table = (of: string) => (service === undefined ? memoryTable() : tableStorage(service(name(of))));
    const tables = { repositories: table('repositories'), digests: table('digests'), log: table('log') };
    const reads = { pages: 0 };
    const counted: Table = {
      ...tables.repositories,
      page(...asked) {
        reads.pages += 1;
        return tables.repositories.page(...asked);
      },
    };
    async function* named(): AsyncGenerator<string> {
      if (service !== undefined) return yield* recordedRepositories(service(name('repositories')), registry);
      yield* ['_registry', 'team/app', 'team:other'];
    }
    return { ...audited(tables), tables, reads, contents: recordedContents(counted, named) };
  }

  it('is every tag and manifest that is there, read in one query, with what comparisons told of it', async () => {
    const { content, clock, compare, contents, reads } = history();
    const app = content.repository('team/app');
    app.push('1.0', one, start);
    app.push(undefined, two, start + minute, { subject: { digest: one } });
    app.pushIndex('multi', list, [one, three], start + 2 * minute);
    app.lock({ tag: '1.0' }, { canDelete: false });
    app.lock({ digest: list }, { canWrite: false });
    clock.time = start + 10 * minute;
    await compare();

    const read = await contents.read(id);
    expect(reads.pages).toBe(1);
    expect(read.repository).toEqual(id);
    expect(read.tags).toEqual([
      { tag: '1.0', digest: one, pushedAt: start, locks: { ...unlocked, canDelete: false } },
      { tag: 'multi', digest: list, pushedAt: start + 2 * minute, locks: unlocked },
    ]);
    const manifests = new Map(read.manifests.map((manifest) => [manifest.digest, manifest]));
    expect([...manifests.keys()].sort()).toEqual([one, two, list].sort());
    expect(manifests.get(one)).toMatchObject({ changedAt: start, isDescribed: true, isUnreadable: false });
    expect(manifests.get(two)).toMatchObject({ changedAt: start + minute, subject: one, children: [] });
    expect(manifests.get(list)).toEqual({
      digest: list,
      changedAt: start + 2 * minute,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      locks: { ...unlocked, canWrite: false },
      isDescribed: true,
      isUnreadable: false,
      children: expect.arrayContaining([one, three]),
    });
  });

  it('when a tag moves on, the manifest it left has changed, and is told without the tag', async () => {
    const { content, clock, compare, contents } = history();
    const app = content.repository('team/app');
    app.push('latest', one, start);
    clock.time = start + minute;
    await compare();
    app.push('latest', two, start + 60 * minute);
    clock.time = start + 61 * minute;
    await compare();
    const read = await contents.read(id);
    expect(read.tags).toEqual([
      { tag: 'latest', digest: two, pushedAt: start + 60 * minute, locks: unlocked },
    ]);
    expect(read.manifests.map(({ digest, changedAt }) => [digest, changedAt]).sort()).toEqual(
      [
        [one, start + 60 * minute],
        [two, start + 60 * minute],
      ].sort(),
    );
  });

  it('when a tag is removed or a manifest deleted, it is not there, and the removal is a change', async () => {
    const { content, clock, compare, contents } = history();
    const app = content.repository('team/app');
    app.push('1.0', one, start);
    app.push('2.0', two, start);
    clock.time = start + minute;
    await compare();
    app.untag('1.0');
    app.deleteManifest(two);
    clock.time = start + 90 * minute;
    await compare();
    const read = await contents.read(id);
    expect(read.tags).toEqual([]);
    expect(read.manifests).toMatchObject([{ digest: one, changedAt: start + 90 * minute }]);
  });

  it('when a document could not be read, or was not, that is told', async () => {
    const { content, clock, compare, contents, record } = history();
    content.repository('team/app').pushIndex('multi', list, [one], start);
    content.faults.fail = (call) =>
      call.startsWith('document')
        ? new AuditFault('registry-404', 'no such document', { retryable: false })
        : undefined;
    clock.time = start + minute;
    await compare();
    // An event, and no comparison since.
    await record({
      ...id,
      fact: {
        at: { time: start + 2 * minute, id: 'event-1' },
        action: 'push',
        digest: two,
        tag: '2.0',
        recordedAt: start + 2 * minute,
        source: 'event',
        eventId: 'event-1',
        client: {},
      },
    });
    const { manifests } = await contents.read(id);
    expect(
      manifests.map(({ digest, isDescribed, isUnreadable }) => [digest, isDescribed, isUnreadable]),
    ).toEqual(
      expect.arrayContaining([
        [list, true, true],
        [two, false, false],
      ]),
    );
  });

  it('when rows of what an index lists are missing, the index counts as unreadable', async () => {
    const { content, compare, contents, tables } = history();
    content.repository('team/app').pushIndex('multi', list, [one, two], start);
    await compare();
    const partitionKey = `${registry}|team:app`;
    await tables.repositories.transact([
      { operation: 'remove', row: { partitionKey, rowKey: `i|${list}|${one}` } },
    ]);
    const { manifests } = await contents.read(id);
    expect(manifests).toMatchObject([{ digest: list, isUnreadable: true, children: [two] }]);
  });

  it('when a row is damaged, nothing is told of the repository', async () => {
    const { content, compare, contents, tables } = history();
    content.repository('team/app').push('1.0', one, start);
    await compare();
    const row = {
      partitionKey: `${registry}|team:app`,
      rowKey: `m|${one}`,
      columns: { presence: 'perhaps' },
    };
    await tables.repositories.put(row);
    await expect(contents.read(id)).rejects.toMatchObject({ code: 'corrupt-row', retryable: false });
  });

  it('when repositories are listed, what concerns a whole registry is none', async () => {
    const { content, compare, contents } = history();
    content.repository('team/app').push('1.0', one, start);
    await compare();
    expect(await Array.fromAsync(contents.repositories(registry))).toEqual(['team/app']);
  });

  it('when nothing is recorded, it is empty', async () => {
    const { contents } = history();
    expect(await contents.read(id)).toEqual({ repository: id, tags: [], manifests: [], states: [] });
  });
});

describe('when a tag changes while what is recorded is read', () => {
  it.each(['moved', 'removed'] as const)('what it had pointed to has changed: %s', async (how) => {
    const later = start + 60 * minute;
    const repositories = memoryTable({ pageLimit: () => 1 });
    const app = audited({ repositories, digests: memoryTable(), log: memoryTable() });
    const there = app.content.repository('team/app');
    there.push('latest', one, start);
    there.push(undefined, two, start);
    app.clock.time = start + minute;
    await app.compare();

    let isChanged = false;
    const changing: Table = {
      ...repositories,
      async page(...asked) {
        const page = await repositories.page(...asked);
        if (!isChanged && page.rows.some(({ rowKey }) => rowKey === `m|${one}|latest`)) {
          isChanged = true;
          const told = { time: later, id: 'change' };
          const fact = {
            at: told,
            recordedAt: later,
            source: 'event',
            eventId: 'change',
            client: {},
          } as const;
          const moved = { ...fact, action: 'push', tag: 'latest', digest: two } as const;
          const removed = {
            ...fact,
            action: 'untag',
            tag: 'latest',
            digest: one,
            source: 'reconcile',
          } as const;
          await app.record({ ...id, fact: how === 'moved' ? moved : removed });
        }
        return page;
      },
    };
    const { tags, manifests } = await recordedContents(changing, async function* () {}).read(id);
    expect(isChanged).toBe(true);
    expect(tags.map(({ digest }) => digest)).toEqual(how === 'moved' ? [two] : []);
    expect(manifests.find(({ digest }) => digest === one)?.changedAt).toBe(later);
  });
});
