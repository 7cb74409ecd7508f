import { describe, expect, it } from '@jest/globals';
import { canonicalRecord, canonicalStatement } from '../../../src/ledger/canonical-record.ts';
import { readCheckpoint } from '../../../src/ledger/checkpoint.ts';
import { handoverKind } from '../../../src/ledger/key-handover.ts';
import { emptyEdge, grownLog } from '../../../src/ledger/log-growth.ts';
import { leafHash } from '../../../src/ledger/merkle-tree.ts';
import { readNote } from '../../../src/ledger/signed-note.ts';
import { type LogToVerify, verifyLedger } from '../../../src/ledger/verification.ts';
import {
  batchOf,
  checkpointNote,
  filesOf,
  leafOf,
  registry,
  sealedLog,
  sizesIn,
} from '../../builders/built-log.ts';
import { epoch, fact, recordOf } from '../../builders/facts.ts';
import { handoverNote } from '../../builders/handover-note.ts';
import { noteSigner } from '../../builders/note-signer.ts';
import { digestOf } from '../../builders/registry-event.ts';

const origin = `acr-audit/${registry}`;
type Key = ReturnType<typeof noteSigner>;
type Files = Map<string, Uint8Array>;

/** Nine records in three batches, which end at 4, 8 and 12 entries. */
const small = () => sealedLog(9, 3, 'ed25519');

function verify(files: Files, key: Key, more: Partial<LogToVerify> = {}) {
  const read = async (path: string) => files.get(path);
  return verifyLedger({ registry, keys: [key.keyOf(origin)], sizes: sizesIn(files), read, ...more });
}

/** What the key signed of the first entries of a log, whether a batch ended there or not. */
function noteAt(entries: readonly Uint8Array[], size: number, key: Key): string {
  return checkpointNote(key, grownLog(emptyEdge, entries.slice(0, size)).edge);
}

/** The entries of a batch with something else in the place of one. */
const withEntry = (batch: readonly Uint8Array[], place: number, text: string) =>
  batch.with(place, Buffer.from(text));

describe('a log as it was signed', () => {
  it('says what it has, in numbers and by its root', async () => {
    const { files, key } = small();
    const verdict = await verify(files, key);
    const signed = readCheckpoint(
      readNote(Buffer.from(files.get('checkpoints/12') ?? []).toString())?.text ?? '',
    );
    expect(verdict).toEqual({
      ok: true,
      summary: {
        registry,
        size: 12,
        root: Buffer.from(signed?.root ?? []).toString('base64'),
        records: 9,
        checkpoints: 3,
        kept: 0,
        areSignaturesVerified: true,
        refusedHandovers: [],
        batches: 3,
        sealedAt: epoch + 8,
        horizons: [{ repository: 'team/app-0', comparedAt: epoch + 6 }],
      },
      records: expect.anything(),
    });
  });

  it('tells where each record is, and what it is', async () => {
    const { files, batches, key } = sealedLog(300, 300, 'ed25519');
    const verdict = await verify(files, key);
    if (!verdict.ok) throw new Error(verdict.problem.message);
    for (const index of [0, 255, 256, 299]) {
      const { at } = fact(`event-${index}`, index, { digest: digestOf('one') });
      const name = { repository: `team/app-${index % 7}`, recordId: at.id, occurredAt: at.time };
      expect(verdict.records.find(name)).toBe(index);
      expect(verdict.records.isLeafAt(index, leafHash(batches[0]?.[index] ?? Buffer.of()))).toBe(true);
    }
    expect(verdict.records.has(300)).toBe(false);
  });

  it('tells what a record is that was added to a bundle', async () => {
    const { files, batches, key } = small();
    const verdict = await verify(files, key);
    const leaf = leafHash(batches[1]?.[1] ?? Buffer.of());
    expect(verdict.ok && verdict.records.isLeafAt(5, leaf)).toBe(true);
  });

  it('is the same in whatever order its checkpoints are listed, and tells how far it has come', async () => {
    const { files, key } = small();
    const told: number[] = [];
    const verdict = await verify(files, key, { sizes: [12, 4, 8, 4], progress: (size) => told.push(size) });
    expect(verdict).toMatchObject({ ok: true, summary: { checkpoints: 3 } });
    expect(told).toEqual([4, 8, 12]);
  });

  it('when no key is given, is held to its roots alone, and says so', async () => {
    const { files } = small();
    const read = async (path: string) => files.get(path);
    expect(await verifyLedger({ registry, sizes: [4, 8, 12], read })).toMatchObject({
      ok: true,
      summary: { areSignaturesVerified: false },
    });
  });

  it('when its files cannot be read, is not judged', async () => {
    const { files, key } = small();
    const read = async () => {
      throw new Error('the disk is gone');
    };
    await expect(verify(files, key, { read })).rejects.toThrow('the disk is gone');
  });
});

describe('a checkpoint of a log', () => {
  it.each([[[]], [[0]]])('when there are %j, is asked for', async (sizes) => {
    const { files, key } = small();
    const problem = { code: 'no-checkpoint', message: `the log of ${registry} has no checkpoint` };
    expect(await verify(files, key, { sizes })).toEqual({ ok: false, problem });
  });

  it('when it is gone, is named', async () => {
    const { files, key } = small();
    expect(await verify(files, key, { sizes: [4, 7, 12] })).toEqual({
      ok: false,
      problem: { code: 'missing-file', message: 'checkpoints/7 is missing', path: 'checkpoints/7', index: 7 },
    });
  });

  it('when it is gone and not listed, is named by the batch that it ended', async () => {
    const { files, key } = small();
    expect(await verify(files, key, { sizes: [8, 12] })).toMatchObject({
      ok: false,
      problem: { code: 'missing-file', path: 'checkpoints/4', index: 4 },
    });
  });

  it('when it is another one, is named', async () => {
    const { files, key } = small();
    files.set('checkpoints/8', files.get('checkpoints/4') ?? new Uint8Array());
    expect(await verify(files, key)).toEqual({
      ok: false,
      problem: {
        code: 'replayed-checkpoint',
        message: 'checkpoints/8 is the checkpoint of 4 entries',
        path: 'checkpoints/8',
        index: 8,
      },
    });
  });

  it('when it was signed over other entries, names those of its batch', async () => {
    const { batches, files, key } = small();
    const others = batches.with(1, withEntry(batches[1] ?? [], 0, leafOf(77)));
    const derived = filesOf(others, ({ size }) =>
      Buffer.from(files.get(`checkpoints/${size}`) ?? []).toString(),
    );
    expect(await verify(derived, key)).toEqual({
      ok: false,
      problem: {
        code: 'wrong-root',
        message: 'some of the entries 4 to 7 are not those that were signed by checkpoints/8',
        path: 'checkpoints/8',
        index: 4,
        lastIndex: 7,
      },
    });
  });
});

describe('an entry of a signed log', () => {
  const elsewhere = canonicalRecord({
    ...recordOf(fact('event-5', 5, { digest: digestOf('one') })),
    registry: 'fabrikam.azurecr.io',
  });
  const recordId = (text: string): string => JSON.parse(text).recordId;

  it.each([
    [
      'of another registry',
      elsewhere,
      {
        code: 'wrong-registry',
        message: 'entry 5 is of the registry "fabrikam.azurecr.io"',
        repository: 'team/app',
        recordId: recordId(elsewhere),
      },
    ],
    [
      'that was there before',
      leafOf(1),
      {
        code: 'duplicate-record',
        message: 'entry 5 is the record of entry 1 again',
        repository: 'team/app-1',
        recordId: recordId(leafOf(1)),
      },
    ],
    [
      'that is no record',
      '{}',
      { code: 'unknown-shape', message: 'entry 5 is neither a record nor a batch' },
    ],
  ])('%s is named', async (_, text, problem) => {
    const { batches, key } = small();
    const others = batches.with(1, withEntry(batches[1] ?? [], 1, text));
    const files = filesOf(others, (edge) => checkpointNote(key, edge));
    const path = 'tile/entries/000.p/8';
    expect(await verify(files, key)).toEqual({ ok: false, problem: { ...problem, path, index: 5 } });
  });

  it('that ends a batch of another registry is told by its place', async () => {
    const { batches, key } = small();
    const closing = Buffer.from(batches[1]?.[3] ?? []).toString();
    const others = batches.with(
      1,
      withEntry(batches[1] ?? [], 3, closing.replace(registry, 'other.azurecr.io')),
    );
    const files = filesOf(others, (edge) => checkpointNote(key, edge));
    expect(await verify(files, key)).toEqual({
      ok: false,
      problem: {
        code: 'wrong-registry',
        message: 'entry 7 is of the registry "other.azurecr.io"',
        path: 'tile/entries/000.p/8',
        index: 7,
      },
    });
  });

  it('that is a record more than its batch says is told by the batch', async () => {
    const { batches, key } = small();
    const others = batches.with(1, (batches[1] ?? []).toSpliced(1, 0, Buffer.from(leafOf(77))));
    const files = filesOf(others, (edge) => checkpointNote(key, edge));
    expect(await verify(files, key)).toMatchObject({ ok: false, problem: { code: 'wrong-batch', index: 8 } });
  });
});

describe('a checkpoint that was kept elsewhere', () => {
  const sizes = [4, 5, 6, 8, 11, 12];

  it('when the log has grown from it, wherever it was signed, is counted', async () => {
    const { files, batches, key } = small();
    const entries = batches.flat();
    const kept = [0, ...sizes]
      .toReversed()
      .map((size) => ({ path: `kept/${size}`, note: noteAt(entries, size, key) }));
    expect(await verify(files, key, { kept })).toMatchObject({ ok: true, summary: { kept: sizes.length } });
  });

  it.each(sizes)('when it was signed over others at %i, is named', async (size) => {
    const { files, batches, key } = small();
    const [entries, others] = [batches.flat(), batches.flat().with(2, Buffer.from('other'))];
    const kept = sizes.map((at) => ({
      path: `kept/${at}`,
      note: noteAt(at === size ? others : entries, at, key),
    }));
    expect(await verify(files, key, { kept })).toEqual({
      ok: false,
      problem: {
        code: 'split-view',
        message: `the first ${size} entries are others than when kept/${size} was signed`,
        path: `kept/${size}`,
        index: 0,
        lastIndex: size - 1,
      },
    });
  });

  it('when a batch has many entries, is compared wherever in it it is', async () => {
    const { files, batches, key } = sealedLog(300, 300, 'ed25519');
    const [entries, others] = [batches.flat(), batches.flat().with(2, Buffer.from('other'))];
    const honest = [100, 256, 280].map((size) => ({
      path: `kept/${size}`,
      note: noteAt(entries, size, key),
    }));
    expect(await verify(files, key, { kept: honest })).toMatchObject({ ok: true, summary: { kept: 3 } });
    const forged = honest.with(-1, { path: 'kept/280', note: noteAt(others, 280, key) });
    expect(await verify(files, key, { kept: forged })).toMatchObject({ problem: { path: 'kept/280' } });
  });

  it('when the log ends before it, tells what was cut off', async () => {
    const { files, batches, key } = small();
    const kept = [12, 4, 6].map((size) => ({
      path: `kept/${size}`,
      note: noteAt(batches.flat(), size, key),
    }));
    expect(await verify(files, key, { sizes: [4, 8], kept })).toEqual({
      ok: false,
      problem: {
        code: 'older-than-witnessed',
        message: 'the log ends at 8 entries, and had 12 when kept/12 was signed: its tail was cut off',
        path: 'kept/12',
        index: 8,
        lastIndex: 11,
      },
    });
  });

  it('when a stranger signed it, is named', async () => {
    const { files, batches, key } = small();
    const kept = [{ path: 'kept/8', note: noteAt(batches.flat(), 8, noteSigner()) }];
    expect(await verify(files, key, { kept })).toEqual({
      ok: false,
      problem: { code: 'unknown-key', message: `no trusted key of ${origin} signed kept/8`, path: 'kept/8' },
    });
  });
});

describe('a log whose keys are handed over', () => {
  /** Two batches: the first hands over to the next key, and the second has a handover by a stranger. */
  async function handedOver(signers: readonly [Key, Key]) {
    const [old, next] = signers;
    const stranger = noteSigner();
    const stated = (id: string, note: string) =>
      canonicalStatement({
        registry,
        repository: 'team/app',
        at: { time: epoch, id },
        recordedAt: epoch,
        kind: handoverKind,
        content: { note },
      });
    const batches = [
      batchOf([leafOf(0), stated('to-next', await handoverNote(origin, 3, [old], [next]))], 0),
      batchOf([stated('to-stranger', await handoverNote(origin, 4, [stranger], [stranger])), leafOf(1)], 3),
    ];
    return filesOf(batches, (edge) => checkpointNote(next, edge));
  }

  it('is believed by the first key from its handover on, and names the handover that nobody trusted made', async () => {
    const signers = [noteSigner(), noteSigner()] as const;
    expect(await verify(await handedOver(signers), signers[0])).toMatchObject({
      ok: true,
      summary: { size: 6, refusedHandovers: [{ index: 3, reason: 'unknown-key' }] },
    });
  });

  it('is not believed by a key that neither signed nor handed over', async () => {
    const files = await handedOver([noteSigner(), noteSigner()]);
    expect(await verify(files, noteSigner())).toMatchObject({
      ok: false,
      problem: { code: 'unknown-key', path: 'checkpoints/3' },
    });
  });
});
