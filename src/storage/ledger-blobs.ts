import { buffer } from 'node:stream/consumers';
import type { BlobServiceClient } from '@azure/storage-blob';
import type { LedgerBlobs } from '../audit/ledger-ports.ts';
import { blobFault, isWrittenAlready, refusalOf } from './blob-fault.ts';
import { optional } from './entry-codec.ts';

/** Name of the container of logs: made for a time-based immutability policy, nothing in it is ever written over. */
export const ledgerContainer = 'ledger';

const what = 'the ledger';
const callTimeoutMs = 15_000;

/**
 * Keeps the files of logs as blobs, each created once: `<login server>/tile/…`, `<login server>/checkpoints/<size>`.
 * The container is created at the first refusal.
 */
export function ledgerBlobs(
  service: Pick<BlobServiceClient, 'getContainerClient'>,
  name: string = ledgerContainer,
): LedgerBlobs {
  const container = service.getContainerClient(name);
  const options = () => ({ abortSignal: AbortSignal.timeout(callTimeoutMs) });

  async function create(): Promise<void> {
    await container.createIfNotExists(options()).catch((error: unknown) => {
      throw blobFault(error, what);
    });
  }

  async function put(path: string, bytes: Uint8Array, mayCreate = true): Promise<'written' | 'there'> {
    try {
      await container
        .getBlockBlobClient(path)
        .upload(Buffer.from(bytes), bytes.length, { ...options(), conditions: { ifNoneMatch: '*' } });
      return 'written';
    } catch (error) {
      if (isWrittenAlready(error)) return 'there';
      if (!mayCreate || refusalOf(error) !== 'ContainerNotFound') throw blobFault(error, what);
    }
    await create();
    return put(path, bytes, false);
  }

  return {
    async checkpoints(registry) {
      const prefix = `${registry}/checkpoints/`;
      const sizes: number[] = [];
      let from: string | undefined;
      do {
        // A list of its own for every page: its signal would time what is done between two of them.
        const pages = container
          .listBlobsFlat({ prefix, ...options() })
          .byPage(optional('continuationToken', from));
        const listed = await pages.next().catch((error: unknown) => {
          if (refusalOf(error) === 'ContainerNotFound') return { value: undefined };
          throw blobFault(error, what);
        });
        for (const { name: path } of listed.value?.segment.blobItems ?? [])
          sizes.push(Number(path.slice(prefix.length)));
        from = listed.value?.continuationToken || undefined;
      } while (from !== undefined);
      return sizes.filter(Number.isSafeInteger);
    },
    put: (registry, path, bytes) => put(`${registry}/${path}`, bytes),
    async get(registry, path) {
      try {
        const { readableStreamBody } = await container
          .getBlobClient(`${registry}/${path}`)
          .download(0, undefined, {
            ...options(),
            maxRetryRequests: 3,
          });
        return readableStreamBody && new Uint8Array(await buffer(readableStreamBody));
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal === 'BlobNotFound' || refusal === 'ContainerNotFound') return undefined;
        throw blobFault(error, what);
      }
    },
  };
}
