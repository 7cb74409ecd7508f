import type { DeadLetters } from '../../src/audit/dead-letters.ts';
import { blobServiceByConnectionString } from '../../src/storage/blob-service.ts';
import { deadLetterContainers, deadLetters } from '../../src/storage/dead-letters.ts';
import type { DeadLetterState } from './memory-dead-letters.ts';

/** Dead letters somewhere, and the hands to see and change what is there. */
export interface DeadLetterPlace {
  readonly letters: DeadLetters;
  put(name: string, content: string): Promise<void>;
  state(): Promise<DeadLetterState>;
}

/** Dead letters in the containers of an account. */
export function deadLetterBlobs(connectionString: string): DeadLetterPlace {
  const service = blobServiceByConnectionString(connectionString);
  const waiting = service.getContainerClient(deadLetterContainers.waiting);

  async function contents(container: string) {
    const client = service.getContainerClient(container);
    if (!(await client.exists())) return [];
    const blobs = await Array.fromAsync(client.listBlobsFlat({ includeMetadata: true }));
    return Promise.all(
      blobs.map(async ({ name, metadata, properties }) => {
        const content = properties.contentLength
          ? (await client.getBlobClient(name).downloadToBuffer()).toString('utf8')
          : '';
        return [name, { content, reason: metadata?.['reason'] ?? '' }] as const;
      }),
    );
  }
  const plain = async (container: string) =>
    Object.fromEntries((await contents(container)).map(([name, { content }]) => [name, content]));

  return {
    letters: deadLetters(service),
    async put(name, content) {
      await waiting.createIfNotExists();
      await waiting.getBlockBlobClient(name).upload(content, Buffer.byteLength(content));
    },
    state: async () => ({
      waiting: await plain(deadLetterContainers.waiting),
      done: await plain(deadLetterContainers.done),
      quarantine: Object.fromEntries(await contents(deadLetterContainers.quarantine)),
    }),
  };
}
