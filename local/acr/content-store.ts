import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  type Digest,
  type DigestAlgorithm,
  digestAlgorithm,
  parseDigest,
} from '../../src/registry/digest.ts';

/** Bytes on disk under their digest: blobs and manifests of every repository. */
export interface ContentStore {
  path(digest: Digest): string;
  /** The size in bytes, or `undefined` when the content isn't there. */
  size(digest: Digest): Promise<number | undefined>;
  /** The first `limit` bytes. */
  read(digest: Digest, limit: number): Promise<Buffer>;
  put(digest: Digest, bytes: Uint8Array): Promise<void>;
  /** Moves a finished upload in, which must already have this digest. */
  adopt(digest: Digest, file: string): Promise<void>;
}

/** The digest of some bytes. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return checked(`${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`);
}

/** The digest of a file's content. */
export async function digestOfFile(file: string, algorithm: DigestAlgorithm): Promise<Digest> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(file)) {
    hash.update(chunk);
  }
  return checked(`${algorithm}:${hash.digest('hex')}`);
}

function checked(text: string): Digest {
  const digest = parseDigest(text);
  if (digest === undefined) {
    throw new Error(`${text} is not a digest.`);
  }
  return digest;
}

export function createContentStore(directory: string): ContentStore {
  // The grammar of a digest leaves only hexadecimal digits after the colon, so no path can leave the directory.
  const path = (digest: Digest): string => {
    const hexadecimal = digest.slice(digest.indexOf(':') + 1);
    return join(directory, digestAlgorithm(digest), hexadecimal.slice(0, 2), hexadecimal);
  };
  async function adopt(digest: Digest, file: string): Promise<void> {
    await mkdir(dirname(path(digest)), { recursive: true });
    await rename(file, path(digest));
  }
  return {
    path,
    adopt,
    async size(digest) {
      const found = await stat(path(digest)).catch(() => undefined);
      return found?.size;
    },
    async read(digest, limit) {
      const file = await open(path(digest));
      try {
        const bytes = Buffer.alloc(limit);
        const { bytesRead } = await file.read(bytes, 0, limit, 0);
        return bytes.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    },
    async put(digest, bytes) {
      const known = await readFile(path(digest)).catch(() => undefined);
      if (known?.equals(bytes)) {
        return;
      }
      // Written aside and renamed: a crash leaves no half a manifest under a digest.
      const aside = join(directory, `${randomUUID()}.part`);
      await mkdir(directory, { recursive: true });
      await writeFile(aside, bytes);
      await adopt(digest, aside);
    },
  };
}
