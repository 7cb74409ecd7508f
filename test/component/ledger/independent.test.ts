import { createHash, createPublicKey, verify } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { verifyCheckpoint } from '@sigstore/verify/dist/tlog/checkpoint.js';
import { verifyMerkleInclusion } from '@sigstore/verify/dist/tlog/merkle.js';
import fc from 'fast-check';
import { originOf } from '../../../src/ledger/checkpoint.ts';
import { inclusionProof } from '../../../src/ledger/proof.ts';
import { verifierKeyText } from '../../../src/ledger/signed-note.ts';
import { registry, sealedLog } from '../../builders/built-log.ts';

/*
 * What this project makes, held to code that shares none of its own: the verifier of Sigstore's transparency log, and the
 * specifications' rules written out once more by hand.
 */

const { files, batches, size, key } = sealedLog(1_500, 400);
const entries = batches.flat();
const origin = originOf(registry);
const read = async (path: string) => files.get(path);
const noteOf = (at: number) => Buffer.from(files.get(`checkpoints/${at}`) ?? []).toString();
const { publicKey } = key.keyOf(origin);
const spki = publicKey.export({ format: 'der', type: 'spki' });

/** The log as Sigstore knows logs: found by its key's hash, and by its name. */
const authority = {
  logID: createHash('sha256').update(spki).digest(),
  baseURL: `https://${origin}`,
  publicKey,
  validFor: { start: new Date(0), end: new Date(8_640_000_000_000_000) },
};

/** An entry with its proof, as Sigstore's bundles carry it. */
async function sigstoreEntry(index: number, envelope = noteOf(size)) {
  const hashes = await inclusionProof(index, size, read);
  return {
    logIndex: String(index),
    logId: { keyId: authority.logID },
    kindVersion: { kind: '', version: '' },
    integratedTime: '0',
    inclusionPromise: undefined,
    inclusionProof: {
      logIndex: String(index),
      rootHash: Buffer.alloc(0),
      treeSize: String(size),
      hashes: hashes.map((hash) => Buffer.from(hash)),
      checkpoint: { envelope },
    },
    canonicalizedBody: Buffer.from(entries[index] ?? []),
  };
}

describe("Sigstore's verifier", () => {
  it('when it is given a checkpoint signed with ECDSA P-256, believes it by the key alone', async () => {
    const checkpoint = verifyCheckpoint(await sigstoreEntry(0), [authority]);
    expect(checkpoint).toMatchObject({ origin, logSize: BigInt(size), rest: [] });
  });

  it('when a proof of any entry is given, finds the entry in the checkpoint it believes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: size - 1 }), async (index) => {
        const entry = await sigstoreEntry(index);
        verifyMerkleInclusion(entry, verifyCheckpoint(entry, [authority]));
      }),
      { numRuns: 60, examples: [[0], [size - 1], [255], [256], [1_023], [1_024]] },
    );
  });

  it('when the entry, its place or the note is another, refuses', async () => {
    const entry = await sigstoreEntry(700);
    const checkpoint = verifyCheckpoint(entry, [authority]);
    const other = { ...entry, canonicalizedBody: Buffer.from(entries[701] ?? []) };
    expect(() => verifyMerkleInclusion(other, checkpoint)).toThrow('does not match');
    const moved = { ...entry, inclusionProof: { ...entry.inclusionProof, logIndex: '701' } };
    expect(() => verifyMerkleInclusion(moved, checkpoint)).toThrow();
    const edited = await sigstoreEntry(700, noteOf(size).replace(String(size), String(size - 1)));
    expect(() => verifyCheckpoint(edited, [authority])).toThrow('invalid checkpoint signature');
  });
});

describe('an auditor with RFC 6962, the C2SP documents and no code of this project', () => {
  /** RFC 6962, section 2.1, as it is written there. */
  function treeHash(leaves: readonly Uint8Array[]): Buffer {
    const sha256 = (...parts: readonly Uint8Array[]) => {
      const hash = createHash('sha256');
      for (const part of parts) hash.update(part);
      return hash.digest();
    };
    const [first] = leaves;
    if (first === undefined) return sha256();
    if (leaves.length === 1) return sha256(Buffer.of(0), first);
    let split = 1;
    while (split * 2 < leaves.length) split *= 2;
    return sha256(Buffer.of(1), treeHash(leaves.slice(0, split)), treeHash(leaves.slice(split)));
  }

  /** The entries of the bundles, of which the last is partial. */
  function entriesOf(at: number): readonly Uint8Array[] {
    const found: Uint8Array[] = [];
    for (let bundle = 0; bundle * 256 < at; bundle += 1) {
      const width = Math.min(256, at - bundle * 256);
      const name = `tile/entries/${String(bundle).padStart(3, '0')}${width === 256 ? '' : `.p/${width}`}`;
      const bytes = Buffer.from(files.get(name) ?? []);
      for (let place = 0; place < bytes.length; ) {
        const length = bytes.readUInt16BE(place);
        found.push(bytes.subarray(place + 2, place + 2 + length));
        place += 2 + length;
      }
    }
    return found;
  }

  it('when the root is made from the bundles, finds it in every note, signed by the key', () => {
    const [, id = '', encoded = ''] = verifierKeyText(key.keyOf(origin)).split(
      /\+(?=[0-9a-f]{8}\+)|(?<=\+[0-9a-f]{8})\+/,
    );
    const der = Buffer.from(encoded, 'base64').subarray(1);
    expect(createHash('sha256').update(der).digest('hex').slice(0, 8)).toBe(id);
    const trusted = createPublicKey({ key: der, format: 'der', type: 'spki' });
    for (const at of [401, 802, 1_203, size]) {
      const [body = '', line = ''] = noteOf(at).split('\n\n');
      expect(body.split('\n')).toEqual([origin, String(at), treeHash(entriesOf(at)).toString('base64')]);
      const [dash, name, signature = ''] = line.trim().split(' ');
      expect([dash, name]).toEqual(['—', origin]);
      const bytes = Buffer.from(signature, 'base64');
      expect(bytes.subarray(0, 4).toString('hex')).toBe(id);
      expect(verify('sha256', Buffer.from(`${body}\n`), trusted, bytes.subarray(4))).toBe(true);
    }
  });
});
