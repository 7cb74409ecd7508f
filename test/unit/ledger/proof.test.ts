import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { emptyEdge, frontierOf, grownLog, type LogEdge } from '../../../src/ledger/log-growth.ts';
import {
  emptyFrontier,
  grown,
  type Hash,
  leafHash,
  nodeHash,
  rootOf,
} from '../../../src/ledger/merkle-tree.ts';
import {
  consistencyProof,
  inclusionProof,
  rootFromTiles,
  verifyConsistency,
  verifyInclusion,
} from '../../../src/ledger/proof.ts';
import { tilesBetween } from '../../../src/ledger/tile.ts';
import { memoryFiles } from '../../builders/memory-log.ts';

const entry = (index: number) => Buffer.from(`entry ${index}`);
const leaves = (size: number) => Array.from({ length: size }, (_, index) => leafHash(entry(index)));
const rootAt = (size: number) => rootOf(grown(emptyFrontier, leaves(size)));

/** A log that grew batch by batch. */
function logOf(...sizes: readonly number[]) {
  const log = memoryFiles();
  let edge: LogEdge = emptyEdge;
  for (const size of sizes) {
    const entries = Array.from({ length: size - edge.size }, (_, place) => entry(edge.size + place));
    const growth = grownLog(edge, entries);
    log.add(growth.files);
    edge = growth.edge;
  }
  return { ...log, edge };
}

const sizes = fc.uniqueArray(fc.integer({ min: 1, max: 1_500 }), { minLength: 1, maxLength: 5 });
const ascending = sizes.map((all) => [...all].sort((one, other) => one - other));

describe('a log that grows', () => {
  it('has the root and the tiles of its size after every batch', async () => {
    await fc.assert(
      fc.asyncProperty(ascending, async (all) => {
        const log = logOf(...all);
        for (const [place, size] of all.entries()) {
          expect(await rootFromTiles(size, log.read)).toEqual(rootAt(size));
          const before = all[place - 1] ?? 0;
          const gained = tilesBetween(before, size).length;
          const growth =
            logOf(...all.slice(0, place + 1)).files.size - logOf(...all.slice(0, place)).files.size;
          const bundles = Math.ceil(size / 256) - Math.floor(before / 256);
          expect(growth).toBe(gained + bundles);
        }
        expect(rootOf(frontierOf(log.edge))).toEqual(rootAt(all.at(-1) ?? 0));
      }),
      { numRuns: 20 },
    );
  });

  it('of 70,000 entries, which has three levels, has the root of its leaves', async () => {
    const log = logOf(65_535, 65_536, 65_537, 70_000);
    expect(await rootFromTiles(70_000, log.read)).toEqual(rootAt(70_000));
    expect(await rootFromTiles(65_536, log.read)).toEqual(rootAt(65_536));
  });

  it('of no entries, which has no tiles, has the hash of nothing as its root', async () => {
    const root = await rootFromTiles(0, async () => undefined);
    expect(Buffer.from(root).toString('hex')).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
  });
});

describe('an inclusion proof', () => {
  it('shows each entry at its place, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1_200 }), fc.nat(), async (size, any) => {
        const log = logOf(size);
        const index = any % size;
        const proof = await inclusionProof(index, size, log.read);
        const shown = { index, size, leaf: leafHash(entry(index)), proof, root: rootAt(size) };
        expect(verifyInclusion(shown)).toBe(true);
        expect(verifyInclusion({ ...shown, leaf: leafHash(entry(index + 1)) })).toBe(false);
        expect(verifyInclusion({ ...shown, root: rootAt(size + 1) })).toBe(false);
        expect(verifyInclusion({ ...shown, proof: [...proof, rootAt(1)] })).toBe(false);
        if (size > 1) {
          expect(verifyInclusion({ ...shown, index: (index + 1) % size })).toBe(false);
          expect(verifyInclusion({ ...shown, proof: proof.slice(1) })).toBe(false);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('reads at most two tiles of each level but the last', async () => {
    const log = logOf(70_000);
    for (const index of [0, 255, 256, 65_535, 65_536, 69_999]) {
      const paths: string[] = [];
      await inclusionProof(index, 70_000, (path) => {
        paths.push(path);
        return log.read(path);
      });
      expect(paths.length).toBeLessThanOrEqual(5);
      expect(new Set(paths).size).toBe(paths.length);
    }
  });

  it('is refused of an entry that is not there, and from tiles that are missing or cut off', async () => {
    const log = logOf(300);
    const at = (index: number) => async () => inclusionProof(index, 300, log.read);
    await expect(at(300)).rejects.toThrow(RangeError);
    await expect(at(-1)).rejects.toThrow(RangeError);
    await expect(at(0.5)).rejects.toThrow(new RangeError('a log of 300 entries has none at 0.5'));
    log.files.set('tile/0/000', Buffer.alloc(31));
    const broken = { name: 'BrokenLog', path: 'tile/0/000' };
    await expect(at(3)).rejects.toMatchObject({
      ...broken,
      message: 'tile/0/000 does not have 256 hashes',
    });
    log.files.delete('tile/0/000');
    await expect(at(3)).rejects.toMatchObject({ ...broken, message: 'tile/0/000 is missing' });
  });
});

describe('a consistency proof', () => {
  it('shows that one log begins another, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 900 }),
        fc.integer({ min: 0, max: 600 }),
        async (from, more) => {
          const to = from + more;
          const proof = await consistencyProof(from, to, logOf(from, to).read);
          const shown = { from, to, fromRoot: rootAt(from), toRoot: rootAt(to), proof };
          const other: Hash = leafHash(Buffer.from('another'));
          expect(verifyConsistency(shown)).toBe(true);
          expect(verifyConsistency({ ...shown, fromRoot: other })).toBe(false);
          expect(verifyConsistency({ ...shown, toRoot: other })).toBe(false);
          expect(verifyConsistency({ ...shown, proof: [...proof, other] })).toBe(false);
          if (proof.length > 0) expect(verifyConsistency({ ...shown, proof: proof.slice(1) })).toBe(false);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('of nothing needs nothing', () => {
    const [fromRoot, toRoot] = [rootOf(emptyFrontier), rootAt(5)];
    expect(verifyConsistency({ from: 0, to: 5, fromRoot, toRoot, proof: [] })).toBe(true);
    expect(verifyConsistency({ from: 5, to: 4, fromRoot: toRoot, toRoot: fromRoot, proof: [] })).toBe(false);
  });
});

describe('a proof that is given by somebody', () => {
  const [one, two, three] = [leafHash(entry(0)), leafHash(entry(1)), leafHash(entry(2))];
  const both = nodeHash(one, two);
  const shown = { index: 0, size: 2, leaf: one, proof: [two], root: both };

  it('when it is one, is believed', () => {
    expect(verifyInclusion(shown)).toBe(true);
    expect(verifyInclusion({ index: 2, size: 3, leaf: three, proof: [both], root: rootAt(3) })).toBe(true);
  });

  it('of the only entry of a log, needs no hash', () => {
    expect(verifyInclusion({ index: 0, size: 1, leaf: one, proof: [], root: one })).toBe(true);
  });

  const short = Buffer.alloc(31);
  it.each([
    ['an entry after the last', { index: 2 }],
    ['an entry before the first', { index: -1 }],
    ['part of an entry', { index: 0.5 }],
    ['no log', { size: 0, proof: [], root: one }],
    ['part of a log', { size: 2.5 }],
    ['a larger log, and leads to part of it', { size: 4 }],
    ['more hashes than the log is deep', { proof: [two, three], root: nodeHash(three, both) }],
    ['a hash of another length', { proof: [short], root: nodeHash(one, short) }],
    ['one such hash among others', { size: 4, proof: [two, short], root: nodeHash(both, short) }],
  ])('when it is of %s, is none, though its hashes lead to the root', (_, what) => {
    expect(verifyInclusion({ ...shown, ...what })).toBe(false);
  });

  const grew = { from: 2, to: 3, fromRoot: rootAt(2), toRoot: rootAt(3), proof: [three] };

  it('when it shows that a log has grown, is believed', () => {
    expect(verifyConsistency(grew)).toBe(true);
  });

  it.each([
    ['from part of a log', { from: 1.5 }],
    ['from less than none', { from: -1 }],
    ['to part of a log', { to: 3.5 }],
    ['to a smaller log', { to: 1 }],
    ['by a hash of another length', { proof: [Buffer.alloc(33)] }],
    ['by no hash', { proof: [] }],
    ['from none by a hash', { from: 0 }],
    ['to the same by a hash', { to: 2, toRoot: rootAt(2) }],
    ['to another of the same size', { to: 2, proof: [] }],
    ['from three by no hash', { from: 3, to: 4, proof: [] }],
    ['to a smaller log of the same root', { to: 1, toRoot: rootAt(2), proof: [] }],
    ['to a larger log of the same root', { toRoot: rootAt(2), proof: [] }],
    [
      'by more hashes than the logs are deep',
      {
        from: 3,
        to: 4,
        fromRoot: nodeHash(one, rootAt(3)),
        toRoot: nodeHash(one, rootAt(4)),
        proof: [three, leafHash(entry(3)), both, one],
      },
    ],
  ])('when it shows one %s, is none', (_, what) => {
    expect(verifyConsistency({ ...grew, ...what })).toBe(false);
  });

  it.each([
    [0, 3],
    [4, 3],
    [1.5, 3],
    [1, 2.5],
  ])('from %d entries to %d cannot be asked for', (from, to) => {
    const message = `no log of ${from} entries begins one of ${to}`;
    expect(() => consistencyProof(from, to, logOf(3).read)).toThrow(new RangeError(message));
  });
});
