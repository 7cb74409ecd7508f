import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ecdsaKey, formatNote } from '../../../src/ledger/signed-note.ts';
import { blobServiceByConnectionString } from '../../../src/storage/blob-service.ts';
import { witnessContainer } from '../../../src/storage/witness-container.ts';
import { witnessFile } from '../../../src/storage/witness-file.ts';
import type { AskedWitness } from '../../../src/storage/witnessed-note.ts';
import { type Azurite, startAzurite } from '../../builders/azurite.ts';

const registry = 'contoso.azurecr.io';
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** A checkpoint, each time with another signature of the same key. */
function noteOf(size: number, root = 'Zm9v', of = registry): string {
  const text = `acr-audit/${of}\n${size}\n${root}\n`;
  const { name, keyId } = ecdsaKey(`acr-audit/${of}`, publicKey);
  return formatNote(text, [{ name, keyId, signature: sign('sha256', Buffer.from(text), privateKey) }]);
}

interface Place {
  readonly witness: AskedWitness;
  /** What is held, by its path. */
  held(): Promise<Readonly<Record<string, string>>>;
  /** Puts something there behind the witness's back. */
  put(path: string, content: string): Promise<void>;
}

let azurite: Azurite;
let folder: string;
let count = 0;
beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'witness-'));
  count += 1;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function inContainer(): Place {
  const container = blobServiceByConnectionString(azurite.connectionString).getContainerClient(
    `witness-${count}`,
  );
  return {
    witness: witnessContainer('elsewhere', container),
    async held() {
      if (!(await container.exists())) return {};
      const blobs = await Array.fromAsync(container.listBlobsFlat());
      const texts = blobs.map(async ({ name }) => [
        name,
        (await container.getBlobClient(name).downloadToBuffer()).toString('utf8'),
      ]);
      return Object.fromEntries(await Promise.all(texts));
    },
    async put(path, content) {
      await container.createIfNotExists();
      await container.getBlockBlobClient(path).upload(content, Buffer.byteLength(content));
    },
  };
}

function inFolder(): Place {
  return {
    witness: witnessFile('elsewhere', folder),
    async held() {
      const names = await readdir(folder, { recursive: true, withFileTypes: true });
      const files = names
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));
      const texts = files.map(async (file) => [file.slice(folder.length + 1), await readFile(file, 'utf8')]);
      return Object.fromEntries(await Promise.all(texts));
    },
    async put(path, content) {
      await mkdir(join(folder, path, '..'), { recursive: true });
      await writeFile(join(folder, path), content);
    },
  };
}

describe.each([
  ['a container', inContainer],
  ['a folder', inFolder],
])('when %s is a witness', (_, begin) => {
  const pathOf = (size: number) => `${registry}/checkpoints/${size}`;

  it('it keeps each checkpoint under its size, and tells the newest of each log', async () => {
    const { witness, held } = begin();
    expect(await witness.newest(registry)).toBeUndefined();
    const notes = [9, 10, 700].map((size) => ({ size, note: noteOf(size) }));
    for (const { size, note } of notes) await witness.publish(registry, size, note);
    const other = noteOf(5_000, 'Zm9v', '_estate');
    await witness.publish('_estate', 5_000, other);
    expect(await held()).toMatchObject(
      Object.fromEntries(notes.map(({ size, note }) => [pathOf(size), note])),
    );
    expect(await witness.newest(registry)).toBe(notes[2]?.note);
    expect(await witness.newest('_estate')).toBe(other);
    expect(await witness.newest('contoso.azurecr')).toBeUndefined();
  });

  it('and given one again, with the same signature or another one, it keeps the first', async () => {
    const { witness, held } = begin();
    const [first, again] = [noteOf(3), noteOf(3)];
    expect(again).not.toBe(first);
    for (const note of [first, first, again]) await witness.publish(registry, 3, note);
    expect(await held()).toEqual({ [pathOf(3)]: first });
  });

  it('and given another of the same size, it says that the view is split, and keeps the first', async () => {
    const { witness, held } = begin();
    const first = noteOf(3);
    await witness.publish(registry, 3, first);
    await expect(witness.publish(registry, 3, noteOf(3, 'YmFy'))).rejects.toMatchObject({
      code: 'witness-split-view',
      retryable: false,
      message: `split view: the witness elsewhere holds another checkpoint of ${registry} at size 3`,
    });
    expect(await held()).toEqual({ [pathOf(3)]: first });
  });

  it('and several publish at once, one of two views is kept, and the others are told', async () => {
    const { witness, held } = begin();
    const notes = Array.from({ length: 8 }, (_, index) => noteOf(3, index % 2 ? 'Zm9v' : 'YmFy'));
    const outcomes = await Promise.allSettled(notes.map((note) => witness.publish(registry, 3, note)));
    const kept = (await held())[pathOf(3)] ?? '';
    expect(notes).toContain(kept);
    const root = kept.split('\n')[2];
    expect(outcomes.map(({ status }) => status)).toEqual(
      notes.map((note) => (note.split('\n')[2] === root ? 'fulfilled' : 'rejected')),
    );
  });

  it.each([
    ['empty', ''],
    ['cut off', noteOf(3).slice(0, 20)],
    ['no note', 'x'.repeat(100)],
    ['longer than any note', 'x'.repeat(100_000)],
  ])('and what it holds is %s, it agrees with nothing', async (_, content) => {
    const { witness, put } = begin();
    await put(pathOf(3), content);
    await expect(witness.publish(registry, 3, noteOf(3))).rejects.toMatchObject({
      code: 'witness-split-view',
    });
  });

  it('and other things lie there, they are no checkpoints', async () => {
    const { witness, put } = begin();
    await witness.publish(registry, 3, noteOf(3));
    for (const name of ['4.new', 'x', '007', '99999999999999999'])
      await put(pathOf(0).replace('0', name), 'x');
    expect(await witness.newest(registry)).toContain('\n3\n');
  });
});

describe('when a folder is a witness', () => {
  it('its files may be changed by nobody, and a port is no part of a name', async () => {
    const { witness, held } = inFolder();
    await witness.publish('localhost:5000', 3, noteOf(3));
    expect(Object.keys(await held())).toEqual(['localhost%3A5000/checkpoints/3']);
    const { mode } = await stat(join(folder, 'localhost%3A5000/checkpoints/3'));
    expect(mode & 0o222).toBe(0);
  });

  it('and it cannot be written, that may pass', async () => {
    await writeFile(join(folder, registry), 'in the way');
    await expect(witnessFile('elsewhere', folder).publish(registry, 3, noteOf(3))).rejects.toMatchObject({
      code: expect.stringMatching(/^witness-E/),
      retryable: true,
    });
  });

  it.each(['..', '../elsewhere', 'a/b', '', '.'])(
    'a registry named %j names no other folder',
    async (name) => {
      const witness = witnessFile('elsewhere', folder);
      await expect(witness.publish(name, 3, noteOf(3))).rejects.toMatchObject({ code: 'witness-registry' });
      await expect(witness.newest(name)).rejects.toMatchObject({ code: 'witness-registry' });
    },
  );
});

it('when the account of a container is away, that may pass', async () => {
  const { witness } = inContainer();
  await witness.publish(registry, 3, noteOf(3));
  await azurite.halt();
  try {
    const away = { code: 'storage-unreachable', retryable: true };
    await expect(witness.publish(registry, 4, noteOf(4))).rejects.toMatchObject(away);
  } finally {
    await azurite.resume();
  }
}, 30_000);
