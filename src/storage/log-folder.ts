import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AuditFault } from '../audit/fault.ts';
import type { FileReader } from '../ledger/proof.ts';
import { readTilePath, type TileFile, tileWidth } from '../ledger/tile.ts';

/** The files of one log, wherever they are. */
export interface LogFiles {
  readonly read: FileReader;
  /** The sizes of its checkpoints. Throws AuditFault where they could not be listed. */
  sizes(): Promise<readonly number[]>;
}

/** The longest file of a log: a bundle of 256 entries of 65,535 bytes, each after its length. */
export const longestFile = tileWidth * (65_535 + 2);

/** The files of a log in a folder. */
export interface LogFolder extends LogFiles {
  /** Tiles and bundles, to find those that no checkpoint has. */
  tileFiles(): AsyncIterable<TileFile>;
}

/** The log in a folder: `checkpoints/<size>`, `tile/…`. What cannot be read is an AuditFault, what is not there is absent. */
export function logFolder(folder: string): LogFolder {
  return {
    async read(path) {
      const file = join(folder, path);
      try {
        const { size } = await stat(file);
        if (size > longestFile) throw unreadable(`${file} is longer than any file of a log`);
        return await readFile(file);
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error instanceof AuditFault ? error : unreadable(`${file} could not be read`, error);
      }
    },
    async sizes() {
      try {
        return (await readdir(join(folder, 'checkpoints'))).filter(isSize).map(Number);
      } catch (error) {
        if (isAbsent(error)) return [];
        throw unreadable(`${folder} could not be listed`, error);
      }
    },
    async *tileFiles() {
      for await (const path of filesUnder(folder, 'tile')) {
        const file = readTilePath(path);
        if (file !== undefined) yield file;
      }
    },
  };
}

async function* filesUnder(folder: string, path: string): AsyncGenerator<string> {
  const items = await readdir(join(folder, path), { withFileTypes: true }).catch((error: unknown) => {
    if (isAbsent(error)) return [];
    throw unreadable(`${join(folder, path)} could not be listed`, error);
  });
  for (const item of items) {
    if (item.isDirectory()) yield* filesUnder(folder, `${path}/${item.name}`);
    else yield `${path}/${item.name}`;
  }
}

/** Whether it is the name of a checkpoint's file. */
function isSize(name: string): boolean {
  return /^[1-9]\d{0,14}$/.test(name);
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

function unreadable(message: string, cause?: unknown): AuditFault {
  return new AuditFault('log-unreadable', message, { retryable: false, cause });
}
