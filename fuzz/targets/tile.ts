import fc from 'fast-check';
import { leafHash, nodeHash } from '../../src/ledger/merkle-tree.ts';
import { verifyConsistency, verifyInclusion } from '../../src/ledger/proof.ts';
import {
  decodeEntries,
  decodeTile,
  encodeEntries,
  encodeTile,
  entriesPath,
  readTilePath,
  tilePath,
} from '../../src/ledger/tile.ts';
import { accepted, hold, refused, type Target } from '../target.ts';

const paths = fc
  .tuple(
    fc.constantFrom('tile/entries/', 'tile/0/', 'tile/3/', 'tile/9/', 'tile/'),
    fc.nat({ max: 3_000_000 }),
    fc.constantFrom('', '.p/1', '.p/255', '.p/256', '.p/0'),
  )
  .map(([place, number, part]) => {
    const digits = String(number).padStart(Math.ceil(String(number).length / 3) * 3, '0');
    return place + digits.replaceAll(/\d{3}(?=\d)/g, 'x$&/') + part;
  });

const bundles = fc
  .array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 })
  .map((entries) => Buffer.from(encodeEntries(entries)).toString('latin1'));

/** Tiles and bundles of a log, and proofs in it: a path, and on the next line bytes. */
export const tile: Target = {
  name: 'tile',
  form: 'bytes',
  property:
    'a path is of one file and a file has one path; what is decoded has those bytes alone; proofs made as the RFC defines them are believed, and none with anything of it changed',
  made: fc
    .tuple(
      paths,
      fc.oneof(
        bundles,
        fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
      ),
    )
    .map((parts) => parts.join('\n')),
  words: ['tile/entries/', 'tile/0/', 'x001/', '000', '.p/', '\0\u0001a', '\u00ff\u00ff', '..'],
  large: {
    'a bundle': (length) => `tile/0/000\n${'\0\u0000'.repeat(length / 2)}`,
    'long entries': (length) => `tile/0/000\n${`\u00ff\u00ff${'a'.repeat(65_535)}`.repeat(length / 65_536)}`,
    'a path': (length) => 'tile/0/x000/'.repeat(length / 12),
  },
  check(input) {
    const end = input.indexOf('\n');
    const path = end < 0 ? input : input.slice(0, end);
    const bytes = new Uint8Array(Buffer.from(end < 0 ? '' : input.slice(end + 1), 'latin1'));
    const file = readTilePath(path);
    if (file !== undefined) {
      const again = file.kind === 'entries' ? entriesPath(file.index, file.width) : tilePath(file);
      hold(again === path, `its path would be ${again}`);
      hold(Number.isSafeInteger(file.index) && file.width >= 1 && file.width <= 256, 'it is no tile');
    }
    const widths = [...new Set([Math.floor(bytes.length / 32), bytes.length % 257, file?.width ?? 1])];
    let decoded = 0;
    for (const width of widths) {
      const hashes = decodeTile(bytes, width);
      const entries = decodeEntries(bytes, width);
      hold(hashes === undefined || Buffer.from(encodeTile(hashes)).equals(bytes), 'a tile has other bytes');
      hold(
        entries === undefined || Buffer.from(encodeEntries(entries)).equals(bytes),
        'a bundle has other bytes',
      );
      hold(entries === undefined || entries.length === width, 'a bundle has another number of entries');
      decoded += Number(hashes !== undefined) + Number(entries !== undefined);
    }
    holdProofs(bytes);
    const kind = `${file?.kind} ${file?.level} ${decoded}`;
    return file === undefined && decoded === 0 ? refused(kind) : accepted(kind);
  },
};

/** The root of leaves, as RFC 6962, section 2.1, defines it. */
function rootBy(leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves;
  if (first === undefined) throw new RangeError('no leaves');
  if (leaves.length === 1) return first;
  const middle = middleOf(leaves.length);
  return nodeHash(rootBy(leaves.slice(0, middle)), rootBy(leaves.slice(middle)));
}

function middleOf(count: number): number {
  return 2 ** Math.floor(Math.log2(count - 1));
}

/** Section 2.1.1. */
function pathBy(index: number, leaves: readonly Uint8Array[]): readonly Uint8Array[] {
  if (leaves.length === 1) return [];
  const middle = middleOf(leaves.length);
  const [left, right] = [leaves.slice(0, middle), leaves.slice(middle)];
  return index < middle
    ? [...pathBy(index, left), rootBy(right)]
    : [...pathBy(index - middle, right), rootBy(left)];
}

/** Section 2.1.2. */
function consistencyBy(from: number, leaves: readonly Uint8Array[], isWhole = true): readonly Uint8Array[] {
  if (from === leaves.length) return isWhole ? [] : [rootBy(leaves)];
  const middle = middleOf(leaves.length);
  const [left, right] = [leaves.slice(0, middle), leaves.slice(middle)];
  return from <= middle
    ? [...consistencyBy(from, left, isWhole), rootBy(right)]
    : [...consistencyBy(from - middle, right, false), rootBy(left)];
}

/** Proofs in a small log that some bytes decide, as they are and with one thing changed. */
function holdProofs(bytes: Uint8Array): void {
  const [one = 0, two = 0, three = 0, four = 0] = bytes;
  const size = 1 + (one % 12);
  const leaves = Array.from({ length: size }, (_, at) => leafHash(Uint8Array.of(at, one, two)));
  const [index, from] = [two % size, 1 + (three % size)];
  const leaf = leaves[index] ?? new Uint8Array();
  const root = rootBy(leaves);
  const proof = pathBy(index, leaves);
  const inclusion = { index, size, leaf, proof, root };
  hold(verifyInclusion(inclusion), 'a proof is not believed');
  const consistency = {
    from,
    to: size,
    fromRoot: rootBy(leaves.slice(0, from)),
    toRoot: root,
    proof: consistencyBy(from, leaves),
  };
  hold(verifyConsistency(consistency), 'a proof of growth is not believed');

  for (const changed of changedHashes(proof, four))
    hold(!verifyInclusion({ ...inclusion, proof: changed }), 'a changed proof is believed');
  hold(!verifyInclusion({ ...inclusion, leaf: flipped(leaf, four) }), 'another leaf is believed');
  hold(!verifyInclusion({ ...inclusion, root: flipped(root, four) }), 'another root is believed');
  if (size > 1)
    hold(!verifyInclusion({ ...inclusion, index: (index + 1) % size }), 'another place is believed');
  for (const changed of changedHashes(consistency.proof, four))
    hold(!verifyConsistency({ ...consistency, proof: changed }), 'a changed proof of growth is believed');
  hold(
    !verifyConsistency({ ...consistency, fromRoot: flipped(consistency.fromRoot, four) }),
    'another beginning is believed',
  );
  hold(!verifyConsistency({ ...consistency, toRoot: flipped(root, four) }), 'another end is believed');
}

function changedHashes(hashes: readonly Uint8Array[], choice: number): readonly (readonly Uint8Array[])[] {
  const at = choice % Math.max(1, hashes.length);
  return [
    [...hashes, new Uint8Array(32)],
    ...(hashes.length === 0
      ? []
      : [
          hashes.slice(1),
          hashes.map((hash, place) => (place === at ? flipped(hash, choice) : hash)),
          hashes.map((hash, place) => (place === at ? hash.subarray(1) : hash)),
        ]),
  ];
}

function flipped(hash: Uint8Array, choice: number): Uint8Array {
  return hash.map((byte, at) => (at === choice % hash.length ? byte ^ (1 << (choice % 8)) : byte));
}
