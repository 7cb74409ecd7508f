import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { refusalOf } from '../../src/storage/blob-fault.ts';
import { uploadBlob } from '../../src/storage/blob-upload.ts';
import { type Azurite, startAzurite } from '../builders/azurite.ts';

const block = 4 * 1_048_576;
/** Bytes that differ from place to place. */
const bytes = Buffer.alloc(3 * block);
for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE(Math.imul(at, 2_654_435_761) >>> 0, at);

describe('when a blob is written of what a stream gives', () => {
  let azurite: Azurite;
  let container: ContainerClient;
  beforeAll(async () => {
    azurite = await startAzurite();
    container = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient('files');
    await container.create();
  });
  afterAll(() => azurite.stop());

  const blob = (name: string) => container.getBlockBlobClient(name);
  const options = () => ({ abortSignal: new AbortController().signal, metadata: { reason: 'kept' } });

  /** So many bytes, in parts that are no measure of a block. */
  async function* given(length: number, part = 1_000_003): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < length; at += part) yield bytes.subarray(at, Math.min(at + part, length));
  }

  it.each([0, 1, block - 1, block, block + 1, 2 * block, 2 * block + 7])(
    'has all of %i bytes',
    async (length) => {
      for (const part of [undefined, 3 * block]) {
        const name = `${length}-${part}`;
        await uploadBlob(blob(name), given(length, part), options());
        expect(bytes.subarray(0, length).equals(await blob(name).downloadToBuffer())).toBe(true);
        expect((await blob(name).getProperties()).metadata).toEqual({ reason: 'kept' });
      }
    },
  );

  it.each([5, 2 * block])(
    'leaves what is there already, where it is told to, of %i bytes',
    async (length) => {
      const name = `there-${length}`;
      await uploadBlob(blob(name), given(length), options());
      const again = uploadBlob(blob(name), given(length + 1), {
        ...options(),
        conditions: { ifNoneMatch: '*' },
      });
      const refused = await again.then(
        () => 'nothing',
        (error: unknown) => refusalOf(error),
      );
      expect(refused).toBe('BlobAlreadyExists');
      expect((await blob(name).getProperties()).contentLength).toBe(length);
    },
  );

  it('is not there when the stream breaks off, however much was written', async () => {
    async function* broken() {
      yield* given(2 * block + 1);
      throw new Error('broken off');
    }
    await expect(uploadBlob(blob('broken'), broken(), options())).rejects.toThrow('broken off');
    expect(await blob('broken').exists()).toBe(false);
  });
});
