import { randomUUID } from 'node:crypto';
import type { BlockBlobClient, BlockBlobCommitBlockListOptions } from '@azure/storage-blob';

/** Bytes of a block: two are in memory at a time, and what the content comes in. */
const blockBytes = 4 * 1_048_576;

type UploadOptions = Pick<BlockBlobCommitBlockListOptions, 'blobHTTPHeaders' | 'conditions' | 'metadata'> & {
  /** Ends what is under way, each block of it; the one who reads the content has to end that. */
  readonly abortSignal: AbortSignal;
};

/**
 * Writes a blob: nobody sees it before it is whole. What fits into one block is one request. Not the SDK's `uploadStream`: it
 * gives its signal to none of the blocks, so that storage that never answers is waited for without end.
 */
export async function uploadBlob(
  blob: BlockBlobClient,
  content: AsyncIterable<Uint8Array>,
  options: UploadOptions,
): Promise<void> {
  const { abortSignal } = options;
  const prefix = randomUUID();
  const staged: string[] = [];
  const stage = async (block: Buffer) => {
    // All ids of a blob have to be of one length: https://learn.microsoft.com/rest/api/storageservices/put-block
    const id = Buffer.from(`${prefix}-${String(staged.length).padStart(6, '0')}`).toString('base64');
    await blob.stageBlock(id, block, block.length, { abortSignal });
    staged.push(id);
  };
  let last = Buffer.alloc(0);
  for await (const block of blocksOf(content)) {
    if (last.length > 0) await stage(last);
    last = block;
  }
  if (staged.length === 0) {
    await blob.upload(last, last.length, options);
    return;
  }
  await stage(last);
  await blob.commitBlockList(staged, options);
}

async function* blocksOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer<ArrayBuffer>> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of content) {
    parts.push(part);
    length += part.length;
    if (length < blockBytes) continue;
    const all = Buffer.concat(parts);
    const end = length - (length % blockBytes);
    for (let at = 0; at < end; at += blockBytes) yield all.subarray(at, at + blockBytes);
    parts = end === length ? [] : [all.subarray(end)];
    length -= end;
  }
  if (length > 0) yield Buffer.concat(parts);
}
