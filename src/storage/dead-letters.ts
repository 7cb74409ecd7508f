import { Readable } from 'node:stream';
import {
  type BlobItem,
  type BlobServiceClient,
  type ContainerClient,
  type ContainerListBlobFlatSegmentResponse,
  RestError,
} from '@azure/storage-blob';
import type { DeadLetter, DeadLetters } from '../audit/dead-letters.ts';
import { blobFault, isWrittenAlready, refusalOf } from './blob-fault.ts';
import { uploadBlob } from './blob-upload.ts';

/** Milliseconds after which a call, its retries included, is given up. */
const callTimeoutMs = 15_000;

/** Milliseconds after which the transfer of a blob is given up, whatever its size. */
const transferTimeoutMs = 60_000;

const what = 'dead letters';
const pageSize = 100;
const mostCounted = 1_000;
const maxReasonLength = 512;

/** Names of the containers of dead letters: the one that Event Grid writes to, and where they go from there. */
export const deadLetterContainers = {
  waiting: 'dead-letters',
  done: 'dead-letters-done',
  quarantine: 'dead-letters-quarantine',
} as const;

/**
 * Dead letters as blobs, as Event Grid names them (`topic/SUBSCRIPTION/YYYY/M/D/H/guid.json`). One is put aside by a copy
 * under the same name, then a deletion: a crash in between makes it wait, and be copied over, again. Where it goes may be
 * immutable: what is there then stays. Containers that are missing are created at the first refusal.
 */
export function deadLetters(blobs: Pick<BlobServiceClient, 'getContainerClient'>): DeadLetters {
  const waiting = blobs.getContainerClient(deadLetterContainers.waiting);
  const done = blobs.getContainerClient(deadLetterContainers.done);
  const quarantine = blobs.getContainerClient(deadLetterContainers.quarantine);

  async function page(from: string | undefined): Promise<ContainerListBlobFlatSegmentResponse | undefined> {
    const settings = { maxPageSize: pageSize, ...(from === undefined ? {} : { continuationToken: from }) };
    // A list of its own for every page: its signal would time what is done between two of them.
    const pages = waiting.listBlobsFlat({ abortSignal: AbortSignal.timeout(callTimeoutMs) }).byPage(settings);
    try {
      const { value } = await pages.next();
      return value;
    } catch (error) {
      if (refusalOf(error) !== 'ContainerNotFound') throw blobFault(error, what);
      await create(waiting);
      return undefined;
    }
  }

  /** Whether a call was refused because the blob is not there, which a condition on its version may hide. */
  async function isGone(name: string, error: unknown): Promise<boolean> {
    const status = error instanceof RestError ? error.statusCode : undefined;
    if (status !== 412) return status === 404;
    const options = { abortSignal: AbortSignal.timeout(callTimeoutMs) };
    return !(await waiting
      .getBlobClient(name)
      .exists(options)
      .catch((cause: unknown) => {
        throw blobFault(cause, what);
      }));
  }

  async function read({ name, bytes, version }: Omit<DeadLetter, 'read'>): Promise<string | undefined> {
    // A range of nothing is refused.
    if (bytes === 0) return '';
    try {
      const content = await waiting.getBlobClient(name).downloadToBuffer(0, bytes, {
        abortSignal: AbortSignal.timeout(transferTimeoutMs),
        conditions: { ifMatch: version },
      });
      return content.toString('utf8');
    } catch (error) {
      if (await isGone(name, error)) return undefined;
      throw blobFault(error, what);
    }
  }

  function letterOf({ name, properties }: BlobItem): DeadLetter {
    const letter = { name, bytes: properties.contentLength ?? 0, version: quoted(properties.etag) };
    return { ...letter, read: () => read(letter) };
  }

  async function move(letter: DeadLetter, to: ContainerClient, reason?: string): Promise<void> {
    // Streamed: what a copy within the service asks for differs by kind of credential and of blob.
    if ((await copy(letter, to, reason)) === 'gone') return;
    try {
      await waiting.getBlobClient(letter.name).delete({
        abortSignal: AbortSignal.timeout(callTimeoutMs),
        conditions: { ifMatch: letter.version },
      });
    } catch (error) {
      if (!(await isGone(letter.name, error))) throw blobFault(error, what);
    }
  }

  async function copy(
    letter: DeadLetter,
    to: ContainerClient,
    reason: string | undefined,
    mayCreate = true,
  ): Promise<'copied' | 'gone'> {
    const { name, version } = letter;
    const end = new AbortController();
    const abortSignal = AbortSignal.any([end.signal, AbortSignal.timeout(transferTimeoutMs)]);
    try {
      const source = await waiting
        .getBlobClient(name)
        .download(0, undefined, { abortSignal, conditions: { ifMatch: version } })
        .catch(async (error: unknown) => {
          if (await isGone(name, error)) return undefined;
          throw error;
        });
      if (source?.readableStreamBody === undefined) return 'gone';
      const content = Readable.from(source.readableStreamBody, { objectMode: false });
      await uploadBlob(to.getBlockBlobClient(name), content, {
        abortSignal,
        blobHTTPHeaders: { blobContentType: 'application/json' },
        ...(reason === undefined ? {} : { metadata: { reason: headerText(reason) } }),
      });
      return 'copied';
    } catch (error) {
      const refusal = refusalOf(error);
      // Where blobs are written once, an earlier attempt's copy is there, and whole: one is committed at once.
      if (isWrittenAlready(error)) return 'copied';
      if (!mayCreate || refusal !== 'ContainerNotFound') throw blobFault(error, what);
    } finally {
      end.abort();
    }
    await create(to);
    return copy(letter, to, reason, false);
  }

  return {
    async *waiting() {
      let from: string | undefined;
      do {
        const listed = await page(from);
        for (const item of listed?.segment.blobItems ?? []) yield letterOf(item);
        from = listed?.continuationToken || undefined;
      } while (from !== undefined);
    },
    async counts() {
      const [waits, quarantined] = await Promise.all([count(waiting), count(quarantine)]);
      return { waiting: waits, quarantined };
    },
    done: (letter) => move(letter, done),
    quarantine: (letter, reason) => move(letter, quarantine, reason),
  };
}

/** Blobs of a container, counted up to the most that one page lists. */
async function count(container: ContainerClient): Promise<number> {
  const options = { abortSignal: AbortSignal.timeout(callTimeoutMs) };
  try {
    const { value } = await container.listBlobsFlat(options).byPage({ maxPageSize: mostCounted }).next();
    return value?.segment.blobItems.length ?? 0;
  } catch (error) {
    if (refusalOf(error) === 'ContainerNotFound') return 0;
    throw blobFault(error, what);
  }
}

async function create(container: ContainerClient): Promise<void> {
  try {
    await container.createIfNotExists({ abortSignal: AbortSignal.timeout(callTimeoutMs) });
  } catch (error) {
    throw blobFault(error, what);
  }
}

/** Lists may give an ETag without the quotes that a condition needs. */
function quoted(etag: string): string {
  return etag.includes('"') ? etag : `"${etag}"`;
}

/** What a header may hold of a text. */
function headerText(text: string): string {
  return (
    text
      .replace(/[^\x20-\x7e]/g, '?')
      .slice(0, maxReasonLength)
      .trim() || 'unknown'
  );
}
