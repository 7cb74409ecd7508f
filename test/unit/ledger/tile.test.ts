import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { leafHash } from '../../../src/ledger/merkle-tree.ts';
import {
  decodeEntries,
  decodeTile,
  encodeEntries,
  encodeTile,
  entriesPath,
  readTilePath,
  tileOf,
  tilePath,
  tilesBetween,
  widthOf,
} from '../../../src/ledger/tile.ts';

describe('a path', () => {
  // https://c2sp.org/tlog-tiles gives the first two.
  it.each([
    [{ level: 0, index: 1_234_067, width: 256 }, 'tile/0/x001/x234/067'],
    [{ level: 3, index: 1_234_067, width: 1 }, 'tile/3/x001/x234/067.p/1'],
    [{ level: 0, index: 0, width: 256 }, 'tile/0/000'],
    [{ level: 1, index: 999, width: 255 }, 'tile/1/999.p/255'],
    [{ level: 2, index: 1_000, width: 256 }, 'tile/2/x001/000'],
  ])('of %j is %s', (tile, path) => {
    expect(tilePath(tile)).toBe(path);
    expect(readTilePath(path)).toEqual({ kind: 'tile', ...tile });
  });

  it('of entries is beside those of tiles', () => {
    expect(entriesPath(1_234_067)).toBe('tile/entries/x001/x234/067');
    expect(entriesPath(5, 17)).toBe('tile/entries/005.p/17');
    expect(readTilePath('tile/entries/005.p/17')).toEqual({ kind: 'entries', level: 0, index: 5, width: 17 });
  });

  it.each([
    'tile/0/1',
    'tile/0/x000/001',
    'tile/0/001.p/256',
    'tile/0/001.p/0',
    'tile/0/../001',
    'tile/12/001',
    '/tile/0/001',
    'tile/0/001/',
    'tile/0/x001',
    'checkpoints/1',
  ])('is not %s', (path) => {
    expect(readTilePath(path)).toBeUndefined();
  });
});

describe('tiles that a log gains', () => {
  it('are those that its new size has, and its old one has not', () => {
    expect(tilesBetween(0, 1)).toEqual([{ level: 0, index: 0, width: 1 }]);
    expect(tilesBetween(256, 257)).toEqual([{ level: 0, index: 1, width: 1 }]);
    expect(tilesBetween(250, 600)).toEqual([
      { level: 0, index: 0, width: 256 },
      { level: 0, index: 1, width: 256 },
      { level: 0, index: 2, width: 88 },
      { level: 1, index: 0, width: 2 },
    ]);
    expect(tilesBetween(600, 600)).toEqual([]);
  });
});

describe('bytes', () => {
  it('of entries read back as they were', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (entries) => {
        const bytes = encodeEntries(entries);
        expect(decodeEntries(bytes, entries.length)?.map((entry) => [...entry])).toEqual(
          entries.map((entry) => [...entry]),
        );
        expect(decodeEntries(bytes, entries.length + 1)).toBeUndefined();
        expect(decodeEntries(Buffer.concat([bytes, Buffer.of(0)]), entries.length)).toBeUndefined();
      }),
    );
  });

  it('of an entry that a length of 16 bits cannot tell are refused', () => {
    expect(encodeEntries([new Uint8Array(65_535)])).toHaveLength(65_537);
    expect(() => encodeEntries([new Uint8Array(65_536)])).toThrow(
      new RangeError('an entry of 65536 bytes is too long'),
    );
  });

  it('of a tile read back as they were, if there are as many', () => {
    const hashes = [leafHash(Buffer.of(1)), leafHash(Buffer.of(2))];
    const bytes = encodeTile(hashes);
    expect(decodeTile(bytes, 2)?.map((hash) => Buffer.from(hash))).toEqual(hashes);
    expect(decodeTile(bytes, 1)).toBeUndefined();
    expect(decodeTile(bytes.subarray(1), 2)).toBeUndefined();
  });

  it('that are anything are read without a fault', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(5), (bytes, width) => {
        decodeEntries(bytes, width);
        decodeTile(bytes, width);
      }),
    );
  });
});

describe('the tile of a hash', () => {
  it.each([
    [0, 0, 1, 0, 1],
    [0, 255, 256, 0, 256],
    [0, 256, 300, 1, 44],
    [1, 1, 600, 0, 2],
    [1, 256, 70_000, 1, 17],
    [0, 300, 200, 1, 0],
  ])(
    'at level %i, of hash %i in a log of %i, is tile %i with %i hashes',
    (level, hash, size, index, width) => {
      expect(tileOf(level, hash, size)).toEqual({ level, index, width });
      expect(widthOf(level, index, size)).toBe(width);
    },
  );
});
