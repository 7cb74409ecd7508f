import { type RestoreResult, restoreImage } from '../../src/audit/restore-image.ts';
import type { DeletedImages } from '../../src/audit/restore-ports.ts';
import { readStatement } from '../../src/ledger/recorded-leaf.ts';
import type { Digest } from '../../src/registry/digest.ts';
import type { CallSites } from '../builders/call-sites.ts';
import { epoch } from '../builders/facts.ts';
import { storesOver } from '../builders/history-stores.ts';
import { memoryRegistryContent } from '../builders/memory-registry-content.ts';
import { memoryTable } from '../builders/memory-table.ts';
import { digestOf } from '../builders/registry-event.ts';
import type { UseCase } from './disturbed-runs.ts';

const registry = 'contoso.azurecr.io';
const repository = 'team/app';
const [root, amd, arm, signature] = ['root', 'amd', 'arm', 'signature'].map(digestOf);
const all = [root, amd, arm, signature].filter((digest) => digest !== undefined);
const by = { id: 'user-1', name: 'On call' };

/** An index, its children and its signature, all deleted, which soft delete keeps; the signature is known by its tag alone. */
async function deletedRelease(sites: CallSites) {
  const tables = { repositories: memoryTable(), digests: memoryTable(), log: memoryTable() };
  const memory = memoryRegistryContent();
  const held = memory.repository(repository);
  if (root === undefined || amd === undefined || arm === undefined || signature === undefined)
    throw new Error('no digests');
  held.push(undefined, digestOf('stays'), epoch);
  const kept = new Map<Digest, () => void>([
    [amd, () => held.push(undefined, amd, epoch)],
    [arm, () => held.push(undefined, arm, epoch)],
    [signature, () => held.push(undefined, signature, epoch)],
    [root, () => held.pushIndex(undefined, root, [amd, arm], epoch)],
  ]);
  const signatureTag = `${root.replace(':', '-')}.sig`;
  const deleted: DeletedImages = {
    async *manifests() {
      yield [...kept.keys()].map((digest) => ({ digest, deletedAt: epoch }));
    },
    async *tags() {
      yield [{ tag: signatureTag, digest: signature, deletedAt: epoch }];
      yield [{ tag: 'prod', digest: root, deletedAt: epoch }];
    },
    async restore(_, digest, tag) {
      if (!held.holds({ digest })) {
        const back = kept.get(digest);
        if (back === undefined) return { outcome: 'missing' };
        back();
        kept.delete(digest);
      }
      if (tag !== undefined) {
        if (digest === root) held.pushIndex(tag, digest, [amd, arm], epoch);
        else held.push(tag, digest, epoch);
      }
      return { outcome: 'restored' };
    },
  };
  const { manifest, tag, document } = memory.content;
  const content = sites.port({ manifest, tag, document }, { dependency: 'registry', name: 'content' });
  const over = {
    repositories: sites.table(tables.repositories, 'repositories'),
    digests: sites.table(tables.digests, 'digests'),
    log: sites.table(tables.log, 'log'),
  };
  let made = 0;
  const restore = restoreImage({
    ...storesOver(over),
    clock: { now: () => epoch + 60_000 + made },
    ids: {
      random() {
        made += 1;
        return String(made).padStart(12, '0');
      },
      of: (text) => text.slice(0, 12),
    },
    contents: new Map([[registry, content]]),
    deleted: new Map([
      [
        registry,
        sites.port(deleted, { dependency: 'registry', name: 'deleted', lists: ['manifests', 'tags'] }),
      ],
    ]),
    referrers: async () => [],
    tagsAt: async () => [],
    pause: async () => undefined,
  });
  const world: { last?: RestoreResult } = {};
  const isThere = (digest: Digest) => held.holds({ digest });
  const told = () =>
    tables.repositories
      .rows()
      .filter(({ rowKey }) => rowKey.startsWith('S|'))
      .flatMap(({ columns }) => readStatement(String(columns['leaf'])) ?? []);
  return {
    async restore() {
      world.last = await restore(
        { registry, repository },
        { digest: root, tags: ['prod'], by, reason: 'gone' },
      );
    },
    isWhole: () => all.every(isThere),
    isTagged: (name: string) => held.holds({ tag: name }),
    signatureTag,
    /** Items that are said to be back. */
    restored: () =>
      told()
        .filter(({ kind }) => kind === 'retention-restored')
        .map(({ content: { tag: name, digest } }) => String(name ?? digest)),
    isIntended: () => told().some(({ kind }) => kind === 'restore-intended'),
    isBack: (item: string) =>
      held.holds({ tag: item }) || all.some((digest) => digest === item && isThere(digest)),
    result() {
      const { restored = [], alreadyThere = [], notRestorable } = world.last ?? {};
      const items = [...restored, ...alreadyThere].map((item) => item.tag ?? item.digest);
      return { items: items.sort(), notRestorable };
    },
  };
}

type DeletedRelease = Awaited<ReturnType<typeof deletedRelease>>;

export const restoreCases: readonly UseCase<DeletedRelease>[] = [
  {
    name: 'image restored',
    prepare: deletedRelease,
    work: ({ restore }) => restore(),
    // Who asks again hears of all that is there; only what came back as its answer was lost is in no record of its own.
    state: ({ isWhole, isTagged, signatureTag, isIntended, result }) => ({
      ...{ isWhole: isWhole(), isTagged: isTagged('prod'), isSigned: isTagged(signatureTag) },
      ...{ isIntended: isIntended(), result: result() },
    }),
    meanwhile({ isTagged, isWhole, restored, isBack, isIntended }) {
      if (isTagged('prod') && !isWhole()) throw new Error('a tag names what is not whole');
      const lies = restored().filter((item) => !isBack(item));
      if (lies.length > 0) throw new Error(`recorded and not there: ${lies.join()}`);
      if (restored().length > 0 && !isIntended())
        throw new Error('something came back that nobody had asked for');
    },
    // What is refused for good is told as not restored, and the rest comes back: who may is asked to do it again.
    without: ['denied'],
  },
];
