import { describe, expect, it } from '@jest/globals';
import { unknownBundle } from '../../../src/ledger/bundle-comparison.ts';
import { comparedTree } from '../../../src/ledger/compared-tree.ts';
import { emptyEdge, frontierOf, grownLog } from '../../../src/ledger/log-growth.ts';
import {
  emptyFrontier,
  grown,
  type Hash,
  leafHash,
  perfectRoot,
  rootOf,
} from '../../../src/ledger/merkle-tree.ts';
import { decodeEntries, decodeTile, encodeEntries, encodeTile } from '../../../src/ledger/tile.ts';
import { memoryFiles } from '../../builders/memory-log.ts';
import { problemOf } from '../../builders/told-problem.ts';

const entry = (number: number) => Buffer.from(`{"recordId":"id-${number}"}`);
const rootAt = (size: number) =>
  rootOf(
    grown(
      emptyFrontier,
      Array.from({ length: size }, (_, number) => leafHash(entry(number))),
    ),
  );

/** The files of a log that had these sizes, and the paths that are asked for. */
function logOf(...sizes: readonly number[]) {
  const log = memoryFiles();
  const roots = new Map<number, Hash>();
  let edge = emptyEdge;
  for (const size of sizes) {
    const entries = Array.from({ length: size - edge.size }, (_, place) => entry(edge.size + place));
    const growth = grownLog(edge, entries);
    log.add(growth.files);
    edge = growth.edge;
    roots.set(size, rootOf(frontierOf(edge)));
  }
  const asked: string[] = [];
  const read = (path: string) => {
    asked.push(path);
    return log.read(path);
  };
  return { files: log.files, roots, read, asked };
}

type Log = ReturnType<typeof logOf>;

/** Follows a log through its sizes, and gives the roots that were found at them. */
async function follow({ read, roots }: Log): Promise<ReadonlyMap<number, Hash>> {
  const tree = comparedTree(read);
  const found = new Map<number, Hash>();
  for (const [size, root] of roots) {
    while (tree.size() < size) {
      const bundle = await tree.read(size, root);
      const reached = tree.size() + bundle.added.length;
      found.set(reached, tree.rootAt(reached, bundle));
      await tree.take(bundle);
      expect(tree.size()).toBe(reached);
    }
    await tree.compareEdge();
  }
  return found;
}

/** The log with some entries, and some hashes of a tile, in the places of others. */
function tampered(log: Log, path: string, changes: Readonly<Record<number, number>>): void {
  const [, digits] = /\.p\/(\d+)$/.exec(path) ?? [];
  const width = Number(digits ?? 256);
  const bytes = log.files.get(path) ?? new Uint8Array();
  const replaced = <T>(items: readonly T[] | undefined, of: (number: number) => T) =>
    (items ?? []).map((item, place) => {
      const other = changes[place];
      return other === undefined ? item : of(other);
    });
  log.files.set(
    path,
    path.startsWith('tile/entries/')
      ? encodeEntries(replaced<Uint8Array>(decodeEntries(bytes, width), entry))
      : encodeTile(replaced<Hash>(decodeTile(bytes, width), (number) => leafHash(entry(number)))),
  );
}

describe('a tree that is grown anew from the bundles of a log', () => {
  it('has the root of each size that the log had, and of each bundle in between', async () => {
    const found = await follow(logOf(3, 256, 300, 700));
    expect([...found.keys()]).toEqual([3, 256, 300, 512, 700]);
    for (const [size, root] of found) expect(root).toEqual(rootAt(size));
  });

  it('has the root of a size within a bundle', async () => {
    const log = logOf(700);
    const tree = comparedTree(log.read);
    const root = rootAt(700);
    await tree.take(await tree.read(700, root));
    const bundle = await tree.read(700, root);
    for (const size of [257, 300, 511]) expect(tree.rootAt(size, bundle)).toEqual(rootAt(size));
  });

  it('compares a tile above anew only where it has grown', async () => {
    const log = logOf(512, 515, 520);
    await follow(log);
    expect(log.asked.filter((path) => path.startsWith('tile/1/'))).toEqual(['tile/1/000.p/2']);
  });

  it.each([
    [{ 1: 7 }, 'tile-differs', 256, 511, 'has another hash of entries 256 to 511 than follows from them'],
    [{ 0: 7, 1: 7 }, 'tile-differs', 0, 255, 'has another hash of entries 0 to 255 than follows from them'],
  ])(
    'when a tile above has other hashes at %j, names the entries of the first',
    async (changes, code, index, lastIndex, what) => {
      const log = logOf(600);
      const path = 'tile/1/000.p/2';
      tampered(log, path, changes);
      expect(await problemOf(() => follow(log))).toEqual({
        code,
        message: `${path} ${what}`,
        path,
        index,
        lastIndex,
      });
    },
  );

  it.each([
    ['is not there', undefined, 'missing-file', 'is missing'],
    ['is cut off', new Uint8Array(63), 'damaged-file', 'does not have 2 hashes'],
  ])('when a tile above %s, names all entries under it', async (_, bytes, code, what) => {
    const log = logOf(600);
    const path = 'tile/1/000.p/2';
    if (bytes === undefined) log.files.delete(path);
    else log.files.set(path, bytes);
    const range = { index: 0, lastIndex: 511 };
    expect(await problemOf(() => follow(log))).toEqual({ code, message: `${path} ${what}`, path, ...range });
  });
});

describe('what was signed above a bundle', () => {
  const second = { entries: 'tile/entries/001', tile: 'tile/0/001', changes: { 5: 9_999 } };
  const last = { entries: 'tile/entries/002.p/88', tile: 'tile/0/002.p/88', changes: { 5: 9_999 } };

  it.each([
    ['of a full bundle', second, 261],
    ['at the end', last, 517],
  ])('tells a changed entry %s from a changed tile', async (_, { entries, tile, changes }, index) => {
    const withEntry = logOf(600);
    tampered(withEntry, entries, changes);
    expect(await problemOf(() => follow(withEntry))).toMatchObject({
      code: 'entry-changed',
      path: entries,
      index,
    });
    const withTile = logOf(600);
    tampered(withTile, tile, changes);
    expect(await problemOf(() => follow(withTile))).toMatchObject({
      code: 'tile-differs',
      path: tile,
      index,
    });
  });

  it('when nothing above it can be read, the entry is told', async () => {
    const log = logOf(600);
    tampered(log, second.tile, second.changes);
    log.files.delete('tile/1/000.p/2');
    expect(await problemOf(() => follow(log))).toMatchObject({ code: 'entry-changed', index: 261 });
    log.files.set('tile/1/000.p/2', new Uint8Array(63));
    expect(await problemOf(() => follow(log))).toMatchObject({ code: 'entry-changed', index: 261 });
  });

  it('when both are others, the entry is told', async () => {
    const log = logOf(600);
    tampered(log, last.tile, { 5: 9_998 });
    tampered(log, last.entries, last.changes);
    expect(await problemOf(() => follow(log))).toMatchObject({ code: 'entry-changed', index: 517 });
  });
});

describe('a tree of three levels', () => {
  const hash = leafHash(entry(0));
  const full = {
    path: '',
    bytes: new Uint8Array(),
    hashes: Array.from({ length: 256 }, () => hash),
    added: [],
  };
  const ofBundle = perfectRoot(full.hashes);
  const ofBundles = Array.from({ length: 256 }, () => ofBundle);

  const second = encodeTile(ofBundles);
  const third = encodeTile([perfectRoot(ofBundles)]);

  /** A tree of full bundles of the same entry, over these files. */
  async function grownOver(files: ReadonlyMap<string, Uint8Array>, bundles = 257) {
    const tree = comparedTree(async (path) => files.get(path));
    for (let count = 0; count < bundles; count += 1) await tree.take(full);
    return tree;
  }

  it('holds its last tiles to the entries', async () => {
    const begun = ['tile/1/001.p/1', encodeTile([ofBundle])] as const;
    const files = new Map([
      ['tile/1/000', second],
      ['tile/2/000.p/1', encodeTile([hash])],
    ]);
    const tree = await grownOver(files);
    expect(await problemOf(() => tree.compareEdge())).toMatchObject({
      code: 'missing-file',
      path: 'tile/1/001.p/1',
      index: 65_536,
      lastIndex: 65_791,
    });
    files.set(...begun);
    expect(await problemOf(() => tree.compareEdge())).toMatchObject({
      code: 'tile-differs',
      path: 'tile/2/000.p/1',
      index: 0,
      lastIndex: 65_535,
    });
    files.set('tile/2/000.p/1', third);
    await tree.compareEdge();
    expect(tree.size()).toBe(257 * 256);
    expect(tree.rootAt(257 * 256, { ...full, ...unknownBundle })).toEqual(
      rootOf({ size: 257 * 256, hashes: [perfectRoot(ofBundles), ofBundle] }),
    );
  });

  it('when all tiles of the second are full, ends with one of the third alone', async () => {
    const files = new Map([
      ['tile/1/000', second],
      ['tile/2/000.p/1', encodeTile([hash])],
    ]);
    const tree = await grownOver(files, 256);
    expect(tree.size()).toBe(65_536);
    expect(await problemOf(() => tree.compareEdge())).toMatchObject({
      code: 'tile-differs',
      path: 'tile/2/000.p/1',
      lastIndex: 65_535,
    });
    files.set('tile/2/000.p/1', third);
    await tree.compareEdge();
  });

  it('holds a full tile of the second to the entries when it is reached', async () => {
    const files = new Map([['tile/1/000', encodeTile(ofBundles.with(3, hash))]]);
    expect(await problemOf(() => grownOver(files))).toMatchObject({
      code: 'tile-differs',
      path: 'tile/1/000',
      index: 768,
      lastIndex: 1_023,
    });
  });
});
