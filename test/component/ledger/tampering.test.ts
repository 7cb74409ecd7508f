import { describe, expect, it } from '@jest/globals';
import type { LogEdge } from '../../../src/ledger/log-growth.ts';
import { decodeEntries, encodeEntries, tileWidth } from '../../../src/ledger/tile.ts';
import { type KeptNote, verifyLedger } from '../../../src/ledger/verification.ts';
import { checkpointNote, filesOf, leafOf, registry, sealedLog, sizesIn } from '../../builders/built-log.ts';
import { noteSigner } from '../../builders/note-signer.ts';

const batchSize = 1_000;
const { files, batches, size, key } = sealedLog(100_000, batchSize);
const keys = [key.keyOf(`acr-audit/${registry}`)];
const attacker = noteSigner('ecdsa-p256');

/** A record in the middle: its number, its entry, and its bundle. */
const number = 20_123;
const index = number + Math.floor(number / batchSize);
const bundle = { path: `tile/entries/${numbered(Math.floor(index / tileWidth))}`, place: index % tileWidth };
const batch = { index: Math.floor(index / (batchSize + 1)), place: index % (batchSize + 1) };
const batchFrom = batch.index * (batchSize + 1);
const { recordId, repository } = JSON.parse(leafOf(number));

function numbered(tile: number): string {
  return String(tile).padStart(3, '0');
}

type Files = Map<string, Uint8Array>;

function verify(tampered: Files, kept: readonly KeptNote[] = []) {
  return verifyLedger({
    registry,
    keys,
    kept,
    sizes: sizesIn(tampered),
    read: async (path) => tampered.get(path),
  });
}

/** The log with another bundle in the place of the one that has the record; nothing else is touched. */
function withBundle(change: (entries: Uint8Array[]) => Uint8Array[]): Files {
  const entries = decodeEntries(files.get(bundle.path) ?? new Uint8Array(), tileWidth) ?? [];
  return new Map(files).set(bundle.path, encodeEntries(change([...entries])));
}

/**
 * The log derived anew from other entries of the batch that has the record, by whoever may write everything and sign nothing:
 * the old notes stay where a checkpoint has the same size.
 */
function derivedAnew(change: (entries: Uint8Array[]) => Uint8Array[], noteOf = oldNote): Files {
  const changed = batches.map((entries, at) => (at === batch.index ? change([...entries]) : entries));
  return filesOf(changed, noteOf);
}

function oldNote({ size: at }: LogEdge): string | undefined {
  const bytes = files.get(`checkpoints/${at}`);
  return bytes && Buffer.from(bytes).toString();
}

const edited = (entry: Uint8Array | undefined) =>
  Buffer.from(
    Buffer.from(entry ?? [])
      .toString()
      .replace('"push"', '"pusg"'),
  );
const editedTag = (entry: Uint8Array | undefined) =>
  Buffer.from(
    Buffer.from(entry ?? [])
      .toString()
      .replace(`1.0.${number}"`, `1.0.${number - 1}"`),
  );

function swap(entries: Uint8Array[], one: number, other: number): Uint8Array[] {
  const [first, second] = [entries[one], entries[other]];
  if (first !== undefined && second !== undefined) entries.splice(one, 1, second);
  if (first !== undefined && second !== undefined) entries.splice(other, 1, first);
  return entries;
}

describe('a log of 100,000 records', () => {
  it('when nothing is touched, passes, and says what it has', async () => {
    const verdict = await verify(files);
    expect(verdict).toMatchObject({
      ok: true,
      summary: {
        registry,
        size,
        records: 100_000,
        checkpoints: 100,
        batches: 100,
        areSignaturesVerified: true,
        horizons: [{ repository: 'team/app-0' }],
      },
    });
    expect(size).toBe(100_100);
  });

  it('when one byte of a record is edited, names the record', async () => {
    const tampered = withBundle((entries) => entries.with(bundle.place, edited(entries[bundle.place])));
    expect(await verify(tampered)).toMatchObject({
      ok: false,
      problem: { code: 'entry-changed', index, recordId, repository, path: bundle.path },
    });
  });

  it('when a record is deleted, names its place', async () => {
    const tampered = withBundle((entries) => entries.toSpliced(bundle.place, 1));
    expect(await verify(tampered)).toMatchObject({
      ok: false,
      problem: { code: 'entry-removed', index, path: bundle.path },
    });
  });

  it('when a record is inserted, names it', async () => {
    const added = JSON.parse(leafOf(1_000_000));
    const tampered = withBundle((entries) =>
      entries.toSpliced(bundle.place, 0, Buffer.from(leafOf(1_000_000))).slice(0, tileWidth),
    );
    expect(await verify(tampered)).toMatchObject({
      ok: false,
      problem: { code: 'entry-inserted', index, recordId: added.recordId, path: bundle.path },
    });
  });

  it('when two records are swapped, names the first', async () => {
    const tampered = withBundle((entries) => swap(entries, bundle.place, bundle.place + 3));
    expect(await verify(tampered)).toMatchObject({
      ok: false,
      problem: { code: 'entries-swapped', index, path: bundle.path },
    });
  });

  it('when its tail is cut off, whoever kept a checkpoint is told so', async () => {
    const newest: KeptNote = { path: 'kept', note: oldNote({ size, entries: [], levels: [] }) ?? '' };
    const left = batches.slice(0, 90);
    const cut = filesOf(left, oldNote);
    expect(await verify(cut, [newest])).toMatchObject({
      ok: false,
      problem: { code: 'older-than-witnessed', index: 90_090, lastIndex: size - 1, path: 'kept' },
    });
    // Of itself it is a log that was signed: only what was kept elsewhere tells.
    expect(await verify(cut)).toMatchObject({ ok: true, summary: { size: 90_090 } });
  });

  it('when its tail is cut off below a checkpoint that stays, the first missing file is named', async () => {
    const cut = new Map(files);
    for (const path of [...cut.keys()]) if (/tile\/(0|entries)\/39/.test(path)) cut.delete(path);
    expect(await verify(cut)).toMatchObject({
      ok: false,
      problem: { code: 'missing-file', path: 'tile/entries/390', index: 99_840 },
    });
  });

  it('when an old checkpoint is put in the place of the newest, it is named', async () => {
    const old = files.get('checkpoints/50050') ?? new Uint8Array();
    expect(await verify(new Map(files).set(`checkpoints/${size}`, old))).toMatchObject({
      ok: false,
      problem: { code: 'replayed-checkpoint', path: `checkpoints/${size}` },
    });
  });

  it('when a signature is forged, the checkpoint is named', async () => {
    const note = Buffer.from(files.get('checkpoints/50050') ?? []).toString();
    const [text = '', line = ''] = note.split('\n\n');
    const [, name = '', encoded = ''] = line.trim().split(' ');
    const bytes = Buffer.from(encoded, 'base64');
    bytes.writeUInt8((bytes.at(-1) ?? 0) ^ 1, bytes.length - 1);
    const forged = `${text}\n\n— ${name} ${bytes.toString('base64')}\n`;
    expect(await verify(new Map(files).set('checkpoints/50050', Buffer.from(forged)))).toMatchObject({
      ok: false,
      problem: { code: 'forged-signature', path: 'checkpoints/50050' },
    });
  });
});

describe('a log of 100,000 records that was derived anew by somebody without the key', () => {
  /** What a root that is not the signed one is told by: the records of its batch. */
  const unsigned = {
    ok: false,
    problem: {
      code: 'wrong-root',
      index: batchFrom,
      lastIndex: batchFrom + batchSize,
      path: `checkpoints/${batchFrom + batchSize + 1}`,
    },
  };

  it('when one byte of a record is edited, names the batch that was signed otherwise', async () => {
    expect(
      await verify(derivedAnew((entries) => entries.with(batch.place, editedTag(entries[batch.place])))),
    ).toMatchObject(unsigned);
  });

  it('when the edit makes it no record, names the record', async () => {
    expect(
      await verify(derivedAnew((entries) => entries.with(batch.place, edited(entries[batch.place])))),
    ).toMatchObject({ ok: false, problem: { code: 'unknown-shape', index, recordId } });
  });

  it('when a record is deleted, names the end of the batch that has one less', async () => {
    const tampered = derivedAnew((entries) => entries.toSpliced(batch.place, 1));
    for (const [path, bytes] of files) if (path.startsWith('checkpoints/')) tampered.set(path, bytes);
    const verdict = await verify(tampered);
    expect(verdict).toMatchObject({
      ok: false,
      problem: { code: 'missing-file', index: Math.floor((batchFrom + batchSize) / 256) * 256 },
    });
  });

  it('when a record is deleted and no file is missed, names the batch', async () => {
    const all = batches.flat().toSpliced(index, 1);
    const sizes = batches.map((_, at) => (at + 1) * (batchSize + 1)).with(-1, size - 1);
    const shifted = sizes.map((end, at) => all.slice(sizes[at - 1] ?? 0, end));
    expect(await verify(filesOf(shifted, oldNote))).toMatchObject({
      ok: false,
      problem: { code: 'wrong-batch', index: batchFrom + batchSize - 1 },
    });
  });

  it('when a record is inserted and no file is missed, names the batch', async () => {
    const all = batches.flat().toSpliced(index, 0, Buffer.from(leafOf(1_000_000)));
    const sizes = batches.map((_, at) => (at + 1) * (batchSize + 1));
    const shifted = sizes.map((end, at) => all.slice(sizes[at - 1] ?? 0, end));
    expect(await verify(filesOf(shifted, oldNote))).toMatchObject(unsigned);
  });

  it('when a record is put in twice, names the second', async () => {
    const tampered = derivedAnew((entries) => entries.with(batch.place, entries[0] ?? new Uint8Array()));
    expect(await verify(tampered)).toMatchObject({
      ok: false,
      problem: { code: 'duplicate-record', index },
    });
  });

  it('when two records are swapped, names the batch', async () => {
    expect(await verify(derivedAnew((entries) => swap(entries, batch.place, batch.place + 3)))).toMatchObject(
      unsigned,
    );
  });

  it('when it is signed by another key, names the first checkpoint', async () => {
    const tampered = derivedAnew(
      (entries) => entries.with(batch.place, editedTag(entries[batch.place])),
      (edge) => checkpointNote(attacker, edge),
    );
    expect(await verify(tampered)).toMatchObject({
      ok: false,
      problem: { code: 'unknown-key', path: 'checkpoints/1001' },
    });
  });

  it('when the old signature is put under the new root, names the checkpoint', async () => {
    const tampered = derivedAnew(
      (entries) => entries.with(batch.place, editedTag(entries[batch.place])),
      (edge) => {
        const [text] = checkpointNote(attacker, edge).split('\n\n');
        return `${text}\n\n${(oldNote(edge) ?? '').split('\n\n')[1]}`;
      },
    );
    expect(await verify(tampered)).toMatchObject({
      ok: false,
      problem: { code: 'forged-signature', path: `checkpoints/${batchFrom + batchSize + 1}` },
    });
  });

  it('when whoever has the key signs another history, only a checkpoint kept elsewhere tells', async () => {
    const tampered = derivedAnew(
      (entries) => entries.with(batch.place, editedTag(entries[batch.place])),
      (edge) => checkpointNote(key, edge),
    );
    expect(await verify(tampered)).toMatchObject({ ok: true });
    const kept = [90_090, 50_050, 10_010].map((at) => ({
      path: `kept/${at}`,
      note: oldNote({ size: at, entries: [], levels: [] }) ?? '',
    }));
    expect(await verify(tampered, kept)).toMatchObject({
      ok: false,
      problem: { code: 'split-view', path: 'kept/50050', lastIndex: 50_049 },
    });
  });

  it('when its tail is cut off and the newest note stays, names what is missing', async () => {
    const cut = filesOf(batches.slice(0, 90), oldNote);
    const newest = `checkpoints/${size}`;
    cut.set(newest, files.get(newest) ?? new Uint8Array());
    expect(await verify(cut)).toMatchObject({
      ok: false,
      problem: { code: 'missing-file', index: Math.floor(90_090 / 256) * 256 },
    });
  });
});
