import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RegistryProblem } from './problem.ts';

/** An upload that has begun: a file that grows until its digest is told. */
export interface Upload {
  readonly id: string;
  readonly file: string;
  /** Bytes received so far. */
  readonly size: number;
}

/** Unfinished uploads on disk. They survive a restart. */
export interface UploadStore {
  begin(repository: string): Promise<Upload>;
  /** @throws RegistryProblem 404 when there is no such upload in this repository. */
  find(repository: string, id: string): Promise<Upload>;
  /** Appends a body. @throws RegistryProblem 413 beyond the limit. */
  append(upload: Upload, body: Readable): Promise<Upload>;
  forget(id: string): Promise<void>;
  /** Runs one action at a time for each upload. */
  exclusively<Result>(id: string, action: () => Promise<Result>): Promise<Result>;
}

const idGrammar = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

async function* bounded(body: Readable, room: number): AsyncGenerator<Buffer> {
  let left = room;
  for await (const chunk of body) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    left -= bytes.length;
    if (left < 0) {
      throw new RegistryProblem(413, 'SIZE_INVALID', 'The blob is too large.');
    }
    yield bytes;
  }
}

function uploadUnknown(): RegistryProblem {
  return new RegistryProblem(404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry');
}

export function createUploadStore(directory: string, maxBytes: number): UploadStore {
  const running = new Map<string, Promise<unknown>>();
  const folder = (id: string): string => join(directory, id);
  const dataFile = (id: string): string => join(folder(id), 'data');
  const repositoryFile = (id: string): string => join(folder(id), 'repository');

  return {
    async begin(repository) {
      const id = randomUUID();
      await mkdir(folder(id), { recursive: true });
      await Promise.all([writeFile(repositoryFile(id), repository), writeFile(dataFile(id), '')]);
      return { id, file: dataFile(id), size: 0 };
    },
    async find(repository, id) {
      // The grammar keeps the path inside the directory.
      const owner = idGrammar.test(id)
        ? await readFile(repositoryFile(id), 'utf8').catch(() => undefined)
        : undefined;
      if (owner !== repository) {
        throw uploadUnknown();
      }
      return { id, file: dataFile(id), size: (await stat(dataFile(id))).size };
    },
    async append(upload, body) {
      const target = createWriteStream(upload.file, { flags: 'a' });
      await pipeline(bounded(body, maxBytes - upload.size), target);
      return { ...upload, size: upload.size + target.bytesWritten };
    },
    forget: (id) => rm(folder(id), { recursive: true, force: true }),
    async exclusively(id, action) {
      const before = running.get(id) ?? Promise.resolve();
      const turn = before.then(action, action);
      running.set(id, turn);
      try {
        return await turn;
      } finally {
        if (running.get(id) === turn) {
          running.delete(id);
        }
      }
    },
  };
}
