import { describe, expect, it } from '@jest/globals';
import { AuditFault } from '../../../src/audit/fault.ts';
import { reconcileRepository } from '../../../src/audit/reconcile-repository.ts';
import type { Statement } from '../../../src/history/statement.ts';
import { readStatement } from '../../../src/ledger/recorded-leaf.ts';
import { knownContent } from '../../../src/storage/known-content.ts';
import type { StoredRow } from '../../../src/storage/row.ts';
import { recorderOver, storesOver } from '../../builders/history-stores.ts';
import { memoryRegistryContent } from '../../builders/memory-registry-content.ts';
import { memoryTable } from '../../builders/memory-table.ts';
import { digestOf } from '../../builders/registry-event.ts';

const repository = { registry: 'contoso.azurecr.io', repository: 'team/app' };
const start = Date.UTC(2026, 4, 2, 14);
const minute = (count: number) => start + count * 60_000;
const index = digestOf('index');
const [arm, amd] = [digestOf('arm'), digestOf('amd')];
const [plain, signature] = [digestOf('plain'), digestOf('signature')];
const silent = { info: () => {}, warn: () => {}, error: () => {} };

function setting() {
  const tables = { repositories: memoryTable(), digests: memoryTable(), log: memoryTable() };
  const registry = memoryRegistryContent({ pageSize: 2 });
  const clock = { time: minute(0), now: () => clock.time };
  const reconcile = reconcileRepository({
    ...storesOver(tables),
    content: registry.content,
    known: knownContent(tables.repositories),
    record: recorderOver(tables),
    clock,
    log: silent,
  });
  const rowsUnder = (prefix: string): readonly StoredRow[] =>
    tables.repositories.rows().filter(({ rowKey }) => rowKey.startsWith(prefix));
  return {
    tables,
    registry,
    app: registry.repository('team/app'),
    reconcile(at: number, before?: number) {
      clock.time = at;
      return reconcile({ ...repository, source: 'reconcile', ...(before === undefined ? {} : { before }) });
    },
    rowsUnder,
    keysUnder: (prefix: string) => rowsUnder(prefix).map(({ rowKey }) => rowKey),
    /** What is stated, newest first, and that each of it waits to be sealed. */
    statements: (): readonly Statement[] => {
      const leaves = rowsUnder('S|').map(({ columns }) => String(columns['leaf']));
      const pending = tables.log.rows().map(({ columns }) => columns['leaf']);
      expect(leaves.filter((leaf) => !pending.includes(leaf))).toEqual([]);
      return leaves.flatMap((leaf) => readStatement(leaf) ?? []);
    },
    reads: () => registry.calls.filter((call) => call.startsWith('document')),
  };
}

describe('when a manifest is new', () => {
  it('reads an index itself, and says what it lists both ways', async () => {
    const { app, reconcile, keysUnder, rowsUnder, reads } = setting();
    app.push(undefined, arm, minute(1));
    app.push(undefined, amd, minute(1));
    app.pushIndex('prod', index, [arm, amd], minute(2));
    expect(await reconcile(minute(10))).toMatchObject({ described: 3, undescribed: 0 });
    expect(reads()).toEqual([`document team/app@${index}`]);
    expect(keysUnder('i|')).toEqual([`i|${index}|${arm}`, `i|${index}|${amd}`].sort());
    expect(keysUnder('c|')).toEqual([`c|${arm}|${index}`, `c|${amd}|${index}`].sort());
    const [row] = rowsUnder(`o|${index}`);
    expect(row?.columns).toEqual({
      mediaType: 'application/vnd.oci.image.index.v1+json',
      children: '2',
    });
  });

  it('reads an untagged one that no index lists, and says what it is about', async () => {
    const { app, reconcile, keysUnder, reads, statements } = setting();
    app.push('prod', plain, minute(1));
    app.push(undefined, signature, minute(2), {
      subject: { digest: plain },
      artifactType: 'application/vnd.cncf.notary.signature',
    });
    await reconcile(minute(10));
    expect(reads()).toEqual([`document team/app@${signature}`]);
    expect(keysUnder('s|')).toEqual([`s|${plain}|${signature}`]);
    expect(statements().find(({ content }) => content['digest'] === signature)).toMatchObject({
      kind: 'manifest-described',
      at: { time: minute(2) },
      recordedAt: minute(10),
      content: {
        source: 'reconcile',
        description: { subject: plain, artifactType: 'application/vnd.cncf.notary.signature' },
      },
    });
  });

  it('tells an index of hundreds of manifests in pieces, and every one of them', async () => {
    const { app, reconcile, keysUnder, statements } = setting();
    const children = Array.from({ length: 310 }, (_, count) => digestOf(`child ${count}`));
    app.pushIndex('prod', index, [...children, ...children.slice(0, 3)], minute(2));
    await reconcile(minute(10));
    expect(keysUnder('i|')).toEqual(children.map((child) => `i|${index}|${child}`).sort());
    const described = statements().flatMap(({ content }) => content['description'] ?? []);
    expect(described).toEqual([expect.objectContaining({ children: 310 })]);
  });

  it('says when its document cannot be read, once and for all', async () => {
    const { app, registry, reconcile, rowsUnder, reads } = setting();
    app.pushIndex('prod', index, [arm], minute(2));
    registry.faults.fail = (call) =>
      call.startsWith('document')
        ? new AuditFault('registry-unreadable', 'no JSON', { retryable: false })
        : undefined;
    await reconcile(minute(10));
    expect(rowsUnder(`o|${index}`)[0]?.columns['unreadable']).toBe('registry-unreadable');
    await reconcile(minute(20), minute(10));
    expect(reads()).toHaveLength(1);
  });

  it('describes nothing that the registry refuses to show, asks for one only, and again the next time', async () => {
    const { app, registry, reconcile, keysUnder, reads } = setting();
    for (const name of ['a', 'b', 'c']) app.pushIndex(name, digestOf(name), [arm], minute(2));
    let isRefused = true;
    registry.faults.fail = (call) =>
      isRefused && call.startsWith('document')
        ? new AuditFault('registry-401', 'no', { retryable: false })
        : undefined;
    expect(await reconcile(minute(10))).toMatchObject({ pushes: 3, described: 0, undescribed: 3 });
    expect(keysUnder('o|')).toEqual([]);
    isRefused = false;
    expect(await reconcile(minute(20), minute(10))).toMatchObject({ described: 3, undescribed: 0 });
    expect(reads().length).toBeGreaterThan(3);
  });
});

describe('when locks are seen', () => {
  it('tells what they are, what they were and the window in which they changed, and later what they become', async () => {
    const { app, reconcile, statements, rowsUnder } = setting();
    app.push('prod', plain, minute(1));
    await reconcile(minute(10));
    expect(rowsUnder('l|')).toEqual([]);

    app.lock({ tag: 'prod' }, { canWrite: false });
    app.lock({ digest: plain }, { canDelete: false, canWrite: false });
    expect(await reconcile(minute(20), minute(10))).toMatchObject({ lockChanges: 2 });
    const locks = statements().filter(({ kind }) => kind === 'locks-seen');
    expect(locks).toHaveLength(2);
    expect(locks.find(({ content }) => content['tag'] === 'prod')).toMatchObject({
      at: { time: minute(20) },
      notBefore: minute(10),
      content: { locks: { canDelete: true, canWrite: false }, before: { canDelete: true, canWrite: true } },
    });
    expect(await reconcile(minute(30), minute(20))).toMatchObject({ lockChanges: 0 });

    app.lock({ tag: 'prod' }, { canWrite: true });
    expect(await reconcile(minute(40), minute(30))).toMatchObject({ lockChanges: 1 });
    expect(statements()[0]).toMatchObject({
      at: { time: minute(40) },
      notBefore: minute(30),
      content: { tag: 'prod', locks: { canWrite: true }, before: { canWrite: false } },
    });
  });
});

describe('when nothing changed', () => {
  it('writes nothing and reads nothing but the lists', async () => {
    const { app, registry, reconcile, tables } = setting();
    app.push(undefined, arm, minute(1));
    app.pushIndex('prod', index, [arm], minute(2));
    app.push('v1', plain, minute(3));
    app.push(undefined, signature, minute(3), { subject: { digest: plain } });
    app.lock({ tag: 'v1' }, { canDelete: false });
    await reconcile(minute(10));
    const before = [tables.repositories.rows(), tables.digests.rows(), tables.log.rows()];
    const calls = registry.calls.length;
    await reconcile(minute(20), minute(10));
    expect([tables.repositories.rows(), tables.digests.rows(), tables.log.rows()]).toEqual(before);
    expect(registry.calls.slice(calls)).toEqual(['tags team/app', 'manifests team/app']);
  });
});
