import { beforeAll, describe, expect, it } from '@jest/globals';
import { decodeEntries, encodeEntries } from '../../../src/ledger/tile.ts';
import { type KeptNote, verifyLedger } from '../../../src/ledger/verification.ts';
import { registry, sizesIn } from '../../builders/built-log.ts';
import { type SealedRegistry, sealedRegistry } from '../../builders/sealed-registry.ts';

type Files = Map<string, Uint8Array>;

const bundle = 'tile/entries/002';
const place = 100;
const index = 2 * 256 + place;

describe('a log that the service sealed', () => {
  let sealed: SealedRegistry;
  let recordId: string;
  beforeAll(async () => {
    sealed = await sealedRegistry(2_300);
    recordId = JSON.parse(Buffer.from(entriesOf()[place] ?? []).toString()).recordId;
  });

  function entriesOf(): readonly Uint8Array[] {
    return decodeEntries(sealed.files.get(bundle) ?? new Uint8Array(), 256) ?? [];
  }

  function verify(files: ReadonlyMap<string, Uint8Array>, kept: readonly KeptNote[] = []) {
    const { keys } = sealed;
    return verifyLedger({
      registry,
      keys,
      kept,
      sizes: sizesIn(files),
      read: async (path) => files.get(path),
    });
  }

  const tampered = (entries: readonly Uint8Array[]) => withFile(bundle, encodeEntries(entries));
  const withFile = (path: string, bytes: Uint8Array): Files => new Map(sealed.files).set(path, bytes);
  const note = (size: number | undefined) =>
    Buffer.from(sealed.files.get(`checkpoints/${size}`) ?? []).toString();

  it('when nothing is touched, passes, with several checkpoints', async () => {
    const verdict = await verify(sealed.files);
    expect(verdict).toMatchObject({ ok: true, summary: { records: 2_360, checkpoints: 3, batches: 3 } });
  });

  it('when a byte is edited, a record is deleted or inserted, or two are swapped, names it', async () => {
    const entries = entriesOf();
    const [one = new Uint8Array(), two = new Uint8Array()] = [entries[place], entries[place + 9]];
    const edited = Buffer.from(Buffer.from(one).toString().replace('docker', 'podman'));
    for (const [change, code] of [
      [entries.with(place, edited), 'entry-changed'],
      [entries.toSpliced(place, 1), 'entry-removed'],
      [entries.toSpliced(place, 0, edited), 'entry-inserted'],
      [entries.with(place, two).with(place + 9, one), 'entries-swapped'],
    ] as const) {
      const verdict = await verify(tampered(change));
      expect(verdict).toMatchObject({ ok: false, problem: { code, index, path: bundle } });
      if (code === 'entry-changed') expect(verdict).toMatchObject({ problem: { recordId } });
    }
  });

  it('when a tile is edited and its entries are not, names the tile', async () => {
    const path = 'tile/0/002';
    const bytes = Buffer.from(sealed.files.get(path) ?? []);
    bytes.writeUInt8(bytes.readUInt8(place * 32) ^ 1, place * 32);
    expect(await verify(withFile(path, bytes))).toMatchObject({
      ok: false,
      problem: { code: 'tile-differs', path, index },
    });
    const [partial = ''] = [...sealed.files.keys()].filter((name) => /^tile\/0\/.*\.p\//.test(name));
    const last = Buffer.from(sealed.files.get(partial) ?? []);
    last.writeUInt8(last.readUInt8(last.length - 1) ^ 1, last.length - 1);
    expect(await verify(withFile(partial, last))).toMatchObject({
      ok: false,
      problem: { code: 'tile-differs', path: partial },
    });
  });

  it('when any file is missing, cut off or longer, names a file or what is in it', async () => {
    for (const [path, bytes] of sealed.files) {
      const without = new Map(sealed.files);
      without.delete(path);
      expect(await verify(without)).toMatchObject(
        path === `checkpoints/${Math.max(...sizesIn(sealed.files))}`
          ? { ok: true, summary: { checkpoints: 2 } }
          : { ok: false, problem: { code: 'missing-file', path } },
      );
      for (const changed of [bytes.subarray(0, -1), Buffer.concat([bytes, Buffer.of(10)])]) {
        expect(await verify(withFile(path, changed))).toMatchObject({ ok: false, problem: { path } });
      }
    }
  });

  it('when its tail is cut off, or an old checkpoint is replayed, says so', async () => {
    const sizes = [...sizesIn(sealed.files)].sort((one, other) => one - other);
    const newest = sizes.at(-1);
    const kept = [{ path: 'kept', note: note(newest) }];
    expect(await verify(sealed.files, kept)).toMatchObject({ ok: true, summary: { kept: 1 } });
    const cut = new Map(sealed.files);
    cut.delete(`checkpoints/${newest}`);
    expect(await verify(cut, kept)).toMatchObject({
      ok: false,
      problem: { code: 'older-than-witnessed', index: sizes.at(-2) },
    });
    expect(await verify(withFile(`checkpoints/${newest}`, Buffer.from(note(sizes[0]))))).toMatchObject({
      ok: false,
      problem: { code: 'replayed-checkpoint' },
    });
  });

  it('when a checkpoint is of another registry, or no note at all, says so', async () => {
    const [size = 0] = sizesIn(sealed.files);
    const path = `checkpoints/${size}`;
    const other = note(size).replaceAll(registry, 'fabrikam.azurecr.io');
    expect(await verify(withFile(path, Buffer.from(other)))).toMatchObject({
      problem: { code: 'wrong-origin', path },
    });
    expect(await verify(withFile(path, Buffer.from('nothing')))).toMatchObject({
      problem: { code: 'not-a-checkpoint', path },
    });
    expect(await verify(new Map())).toMatchObject({ problem: { code: 'no-checkpoint' } });
  });
});
