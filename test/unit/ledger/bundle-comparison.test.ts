import { describe, expect, it } from '@jest/globals';
import { comparedBundle, type Judge, unknownBundle } from '../../../src/ledger/bundle-comparison.ts';
import { leafHash } from '../../../src/ledger/merkle-tree.ts';
import { encodeEntries, encodeTile } from '../../../src/ledger/tile.ts';
import { problemOf } from '../../builders/told-problem.ts';

const entry = (number: number) => Buffer.from(`{"recordId":"id-${number}","repository":"team/app"}`);
const bytesOf = (numbers: readonly number[]) => encodeEntries(numbers.map(entry));
const hashesOf = (numbers: readonly number[]) => numbers.map((number) => leafHash(entry(number)));
const knownOf = (numbers: readonly number[]) => ({ hashes: hashesOf(numbers), bytes: bytesOf(numbers) });

/** The third bundle of a log, which begins with entry 512. */
const all = [0, 1, 2, 3, 4];
const paths = { entries: 'tile/entries/002.p/5', tile: 'tile/0/002.p/5' };

interface Given {
  readonly bytes?: Uint8Array | undefined;
  readonly tile?: Uint8Array | undefined;
  readonly known?: readonly number[];
  readonly judge?: Judge;
}

/** Compares a bundle that is as its tile says, but for what is given. */
function compare(given: Given = {}) {
  const files = new Map([
    [paths.entries, 'bytes' in given ? given.bytes : bytesOf(all)],
    [paths.tile, 'tile' in given ? given.tile : encodeTile(hashesOf(all))],
  ]);
  const known = given.known === undefined ? unknownBundle : knownOf(given.known);
  const judge: Judge = given.judge ?? (async () => 'tile');
  return comparedBundle(async (path) => files.get(path), { index: 2, width: 5 }, known, judge);
}

const named = (number: number) => ({ repository: 'team/app', recordId: `id-${number}` });

describe('a bundle and its tile', () => {
  it('when they are of the same entries, tell them, with their hashes', async () => {
    expect(await compare()).toEqual({
      path: paths.entries,
      bytes: bytesOf(all),
      hashes: hashesOf(all),
      added: all.map(entry),
    });
  });

  it('when some were known, tell those that were added', async () => {
    expect(await compare({ known: [0, 1, 2] })).toEqual({
      path: paths.entries,
      bytes: bytesOf(all),
      hashes: hashesOf(all),
      added: [3, 4].map(entry),
    });
  });

  it.each([
    ['the bundle', { bytes: undefined }, paths.entries],
    ['the tile', { tile: undefined }, paths.tile],
  ])('when %s is not there, it is missed, with all that it had', async (_, given, path) => {
    expect(await problemOf(() => compare(given))).toEqual({
      code: 'missing-file',
      message: `${path} is missing`,
      path,
      index: 512,
      lastIndex: 516,
    });
  });

  it('when the tile has a hash less, it is damaged', async () => {
    expect(await problemOf(() => compare({ tile: encodeTile(hashesOf([0, 1, 2, 3])) }))).toEqual({
      code: 'damaged-file',
      message: `${paths.tile} does not have 5 hashes`,
      path: paths.tile,
      index: 512,
      lastIndex: 516,
    });
  });

  it.each([
    [512, [9, 1, 2, 3, 4]],
    [513, [0, 9, 8, 3, 4]],
  ])(
    'when both have another entry %i than a checkpoint before had, the tile is told by it',
    async (index, later) => {
      const given = { bytes: bytesOf(later), tile: encodeTile(hashesOf(later)), known: [0, 1, 2] };
      expect(await problemOf(() => compare(given))).toEqual({
        code: 'tile-differs',
        message: `${paths.tile} has another hash of entry ${index} than earlier tiles have`,
        path: paths.tile,
        index,
      });
    },
  );
});

describe('entries that are not those of their tile', () => {
  const inserted = `was put before the one whose hash ${paths.tile} has`;
  const other = `is not the one whose hash ${paths.tile} has`;
  const shifted = 'is gone: the one after it is in its place';

  it.each([
    ['one is another', [0, 1, 9, 3, 4], 'entry-changed', 514, 9, `entry 514 ${other}`],
    ['the last is another', [0, 1, 2, 3, 9], 'entry-changed', 516, 9, `entry 516 ${other}`],
    ['two are others', [0, 7, 2, 9, 4], 'entry-changed', 513, 7, `entry 513 ${other}`],
    ['one is a copy of a later one', [0, 1, 4, 3, 4], 'entry-changed', 514, 4, `entry 514 ${other}`],
    ['one is a copy of an earlier one', [0, 1, 0, 3, 4], 'entry-changed', 514, 0, `entry 514 ${other}`],
    ['one is taken away', [0, 1, 3, 4], 'entry-removed', 514, 3, `entry 514 ${shifted}`],
    ['one is moved to the end', [0, 2, 3, 4, 1], 'entry-removed', 513, 2, `entry 513 ${shifted}`],
    ['one is put in', [0, 1, 9, 2, 3, 4], 'entry-inserted', 514, 9, `entry 514 ${inserted}`],
    [
      'one is put in and the last cut off',
      [9, 0, 1, 2, 3],
      'entry-inserted',
      512,
      9,
      `entry 512 ${inserted}`,
    ],
    ['two changed places', [0, 3, 2, 1, 4], 'entries-swapped', 513, 3, 'entries 513 and 515 changed places'],
    [
      'two neighbours changed places',
      [1, 0, 2, 3, 4],
      'entries-swapped',
      512,
      1,
      'entries 512 and 513 changed places',
    ],
    [
      'one follows the last',
      [...all, 9],
      'entry-inserted',
      517,
      9,
      `${paths.entries} has an entry after its last`,
    ],
  ] as const)('when %s, are told by the first', async (_, numbers, code, index, number, message) => {
    const found = { code, message, path: paths.entries, index, ...named(number) };
    expect(await problemOf(() => compare({ bytes: bytesOf(numbers) }))).toEqual(found);
  });

  it('when the last is taken away, are told by where the bundle ends', async () => {
    expect(await problemOf(() => compare({ bytes: bytesOf([0, 1, 2, 3]) }))).toEqual({
      code: 'entry-removed',
      message: `entry 516 is gone: ${paths.entries} ends before it`,
      path: paths.entries,
      index: 516,
    });
  });

  it('when the bundle ends within the last, it is another', async () => {
    const bytes = bytesOf(all);
    expect(await problemOf(() => compare({ bytes: bytes.subarray(0, -1) }))).toEqual({
      code: 'entry-changed',
      message: `entry 516 ${other}`,
      path: paths.entries,
      index: 516,
    });
  });

  it('when bytes follow the last that are no entry, the bundle is damaged', async () => {
    const bytes = Buffer.concat([bytesOf(all), Buffer.of(0)]);
    expect(await problemOf(() => compare({ bytes }))).toEqual({
      code: 'damaged-file',
      message: `${paths.entries} has 1 bytes after its entries`,
      path: paths.entries,
      index: 516,
      ...named(4),
    });
  });

  it('when an entry of nothing follows the last, it is told', async () => {
    const bytes = Buffer.concat([bytesOf(all), Buffer.of(0, 0)]);
    expect(await problemOf(() => compare({ bytes }))).toMatchObject({ code: 'entry-inserted', index: 517 });
  });

  it('when one follows the last of a full bundle, it is told', async () => {
    const full = Array.from({ length: 256 }, (_, number) => number);
    const files = new Map([
      ['tile/entries/000', bytesOf([...full, 999])],
      ['tile/0/000', encodeTile(hashesOf(full))],
    ]);
    const compared = () =>
      comparedBundle(
        async (path) => files.get(path),
        { index: 0, width: 256 },
        unknownBundle,
        async () => 'tile',
      );
    expect(await problemOf(compared)).toMatchObject({ code: 'entry-inserted', index: 256, ...named(999) });
  });

  it('when one was known and is another since, are told by it', async () => {
    const given = { bytes: bytesOf([0, 9, 2, 3, 4]), known: [0, 1, 2] };
    expect(await problemOf(() => compare(given))).toMatchObject({
      code: 'entry-changed',
      index: 513,
      ...named(9),
    });
  });

  it('when one was added and is not that of the tile, are told by it', async () => {
    const given = { bytes: bytesOf([0, 1, 2, 9, 4]), known: [0, 1, 2] };
    expect(await problemOf(() => compare(given))).toMatchObject({
      code: 'entry-changed',
      index: 515,
      ...named(9),
    });
  });

  it('what was signed above them says whether they or their tile are wrong', async () => {
    const bytes = bytesOf([0, 1, 9, 3, 4]);
    const asked: unknown[] = [];
    const entriesAreSigned: Judge = async (...both) => {
      asked.push(both);
      return 'entries';
    };
    expect(await problemOf(() => compare({ bytes, judge: entriesAreSigned }))).toEqual({
      code: 'tile-differs',
      message: `${paths.tile} has another hash of entry 514 than was signed`,
      path: paths.tile,
      index: 514,
      ...named(9),
    });
    expect(asked).toEqual([[hashesOf(all), hashesOf([0, 1, 9, 3, 4])]]);
    const neitherIs: Judge = async () => 'neither';
    expect(await problemOf(() => compare({ bytes, judge: neitherIs }))).toMatchObject({
      code: 'entry-changed',
    });
  });
});
