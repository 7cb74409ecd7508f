import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  emptyFrontier,
  grown,
  type Hash,
  isFrontier,
  leafHash,
  perfectSizes,
  rootOf,
  sameHash,
} from '../../../src/ledger/merkle-tree.ts';

// The inputs and roots that implementations of Certificate Transparency (RFC 6962) are tested with.
const inputs = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map((hex) => Buffer.from(hex, 'hex'));
const roots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

const hexOf = (hash: Hash) => Buffer.from(hash).toString('hex');

/** RFC 6962, section 2.1, word by word. */
function definedRoot(entries: readonly Uint8Array[]): Buffer {
  const sha = (...parts: readonly Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
  if (entries.length === 0) return sha();
  if (entries.length === 1) return sha(Buffer.of(0), entries[0] ?? Buffer.of());
  let middle = 1;
  while (middle * 2 < entries.length) middle *= 2;
  return sha(Buffer.of(1), definedRoot(entries.slice(0, middle)), definedRoot(entries.slice(middle)));
}

describe('a tree', () => {
  it.each(roots.map((root, size) => [size, root] as const))(
    'of %i leaves has the known root',
    (size, root) => {
      expect(hexOf(rootOf(grown(emptyFrontier, inputs.slice(0, size).map(leafHash))))).toBe(root);
    },
  );

  it('has the root that RFC 6962 defines, however its leaves came to it', () => {
    const entries = fc.array(fc.uint8Array({ maxLength: 8 }), { maxLength: 70 });
    fc.assert(
      fc.property(entries, fc.nat(70), (all, first) => {
        const begun = grown(emptyFrontier, all.slice(0, first).map(leafHash));
        const whole = grown(begun, all.slice(first).map(leafHash));
        expect(isFrontier(begun) && isFrontier(whole)).toBe(true);
        expect(whole.size).toBe(all.length);
        expect(hexOf(rootOf(whole))).toBe(definedRoot(all).toString('hex'));
      }),
    );
  });

  it('is refused when its frontier lacks a hash', () => {
    expect(isFrontier({ size: 3, hashes: [leafHash(Buffer.of(1))] })).toBe(false);
    expect(() => grown({ size: 1, hashes: [] }, [leafHash(Buffer.of(1))])).toThrow(
      new RangeError('a frontier of 1 leaves lacks a hash'),
    );
  });

  it('is made of as many perfect trees as its size has bits', () => {
    expect(perfectSizes(0)).toEqual([]);
    expect(perfectSizes(0b1_0000_0001_0110)).toEqual([4096, 16, 4, 2]);
    expect(perfectSizes(2 ** 52 + 1)).toEqual([2 ** 52, 1]);
  });
});

describe('a frontier that was kept', () => {
  const hash = leafHash(Buffer.of(1));
  it.each([
    ['has one hash for each bit of its size', 5, [hash, hash], true],
    ['is of nothing', 0, [], true],
    ['has a hash too many', 4, [hash, hash], false],
    ['has a hash of another length', 5, [hash, hash.subarray(1)], false],
    ['is of less than nothing', -1, [], false],
    ['is of part of a leaf', 0.5, [], false],
  ])('when it %s, is one or not', (_, size, hashes, expected) => {
    expect(isFrontier({ size, hashes })).toBe(expected);
  });
});

describe('two hashes', () => {
  it('are the same when all their bytes are', () => {
    const hash = leafHash(Buffer.of(1));
    expect(sameHash(hash, Uint8Array.from(hash))).toBe(true);
    expect(sameHash(hash, Uint8Array.from(hash).with(31, (hash[31] ?? 0) ^ 1))).toBe(false);
    expect(sameHash(hash.subarray(0, 31), hash)).toBe(false);
    expect(sameHash(hash, hash.subarray(0, 31))).toBe(false);
  });
});
