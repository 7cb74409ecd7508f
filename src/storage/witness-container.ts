import type { ContainerClient } from '@azure/storage-blob';
import { AuditFault } from '../audit/fault.ts';
import { blobFault, isWrittenAlready, refusalOf } from './blob-fault.ts';
import { type AskedWitness, agreeWithHeld, maxNoteLength, sizeNamed } from './witnessed-note.ts';

/** Milliseconds after which a call, its retries included, is given up. */
const callTimeoutMs = 15_000;

const what = 'a witnessed checkpoint';

/**
 * Keeps checkpoints as blobs `<login server>/checkpoints/<size>`, written once: in a container, best of another account,
 * whose policy of immutability keeps them from everybody. A container that is missing is created at the first refusal.
 */
export function witnessContainer(
  name: string,
  container: Pick<ContainerClient, 'getBlockBlobClient' | 'listBlobsFlat' | 'createIfNotExists'>,
): AskedWitness {
  async function put(path: string, note: string, mayCreate = true): Promise<'written' | 'there'> {
    try {
      await container.getBlockBlobClient(path).upload(note, Buffer.byteLength(note), {
        abortSignal: AbortSignal.timeout(callTimeoutMs),
        blobHTTPHeaders: { blobContentType: 'text/plain; charset=utf-8' },
        conditions: { ifNoneMatch: '*' },
      });
      return 'written';
    } catch (error) {
      if (isWrittenAlready(error) || refusalOf(error) === 'ConditionNotMet') return 'there';
      if (!mayCreate || refusalOf(error) !== 'ContainerNotFound') throw blobFault(error, what);
    }
    await create();
    return put(path, note, false);
  }

  async function create(): Promise<void> {
    try {
      await container.createIfNotExists({ abortSignal: AbortSignal.timeout(callTimeoutMs) });
    } catch (error) {
      throw blobFault(error, what);
    }
  }

  async function read(path: string): Promise<string> {
    try {
      // Asking for no more than is read keeps what is not ours from filling the memory.
      const blob = container.getBlockBlobClient(path);
      const { contentLength } = await blob.getProperties({
        abortSignal: AbortSignal.timeout(callTimeoutMs),
      });
      if (contentLength === undefined) {
        // An answer of something in between is no note that differs from ours.
        const message = `Blob Storage did not say how long ${path} is`;
        throw new AuditFault('storage-unreadable', message, { retryable: true });
      }
      if (contentLength === 0 || contentLength > maxNoteLength) return '';
      const bytes = await blob.downloadToBuffer(0, contentLength, {
        abortSignal: AbortSignal.timeout(callTimeoutMs),
      });
      return bytes.toString('utf8');
    } catch (error) {
      throw blobFault(error, what);
    }
  }

  async function largest(prefix: string): Promise<number | undefined> {
    let found: number | undefined;
    try {
      for await (const blob of container.listBlobsFlat({ prefix })) {
        const size = sizeNamed(blob.name.slice(prefix.length));
        if (size !== undefined && (found === undefined || size > found)) found = size;
      }
    } catch (error) {
      if (refusalOf(error) !== 'ContainerNotFound') throw blobFault(error, what);
    }
    return found;
  }

  return {
    name,
    async publish(registry, size, note) {
      const path = `${prefixOf(registry)}${size}`;
      if ((await put(path, note)) === 'written') return;
      agreeWithHeld({ witness: name, registry, size }, await read(path), note);
    },
    async newest(registry) {
      const prefix = prefixOf(registry);
      const size = await largest(prefix);
      if (size === undefined) return undefined;
      const note = await read(`${prefix}${size}`);
      if (note !== '') return note;
      const message = `the witness ${name} holds no note of ${registry} at size ${size}`;
      throw new AuditFault('witness-unreadable', message, { retryable: false });
    },
  };
}

function prefixOf(registry: string): string {
  return `${registry}/checkpoints/`;
}
