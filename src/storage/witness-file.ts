import { mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AuditFault } from '../audit/fault.ts';
import { type AskedWitness, agreeWithHeld, maxNoteLength, sizeNamed } from './witnessed-note.ts';
import { codeOf, writeOnce } from './write-once-file.ts';

/**
 * Keeps checkpoints as files `<login server>/checkpoints/<size>` below a folder, such as the share of another owner: each
 * whole and written once. A colon of the login server is written `%3A`. Faults are `witness-<what the system says>` and
 * `witness-split-view`.
 */
export function witnessFile(name: string, folder: string): AskedWitness {
  const folderOf = (registry: string) => join(folder, registry.replaceAll(':', '%3A'), 'checkpoints');

  /** What the system refuses may be put right meanwhile: a share that is away, a full disk. */
  async function told<T>(doing: Promise<T>): Promise<T> {
    try {
      return await doing;
    } catch (cause) {
      if (cause instanceof AuditFault) throw cause;
      const message = `the witness ${name} was refused by its file system: ${codeOf(cause)}`;
      throw new AuditFault(`witness-${codeOf(cause)}`, message, { retryable: true, cause });
    }
  }

  async function publish(registry: string, size: number, note: string): Promise<void> {
    const place = folderOf(checkedRegistry(registry));
    await mkdir(place, { recursive: true });
    const path = join(place, String(size));
    if ((await writeOnce(path, note, 0o444)) === 'written') return;
    agreeWithHeld({ witness: name, registry, size }, await read(path), note);
  }

  async function newest(registry: string): Promise<string | undefined> {
    const place = folderOf(checkedRegistry(registry));
    const names = await readdir(place).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    });
    const sizes = names.map(sizeNamed).filter((size) => size !== undefined);
    if (sizes.length === 0) return undefined;
    const size = sizes.reduce((one, other) => Math.max(one, other));
    const note = await read(join(place, String(size)));
    if (note !== '') return note;
    const message = `the witness ${name} holds no note of ${registry} at size ${size}`;
    throw new AuditFault('witness-unreadable', message, { retryable: false });
  }

  return {
    name,
    publish: (registry, size, note) => told(publish(registry, size, note)),
    newest: (registry) => told(newest(registry)),
  };
}

/** What is no note for its length is read as nothing. */
async function read(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    return size > maxNoteLength ? '' : await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** A login server names one folder, and none above. */
function checkedRegistry(registry: string): string {
  if (/^[a-z0-9_](?:[a-z0-9.:-]*[a-z0-9])?$/.test(registry) && !registry.includes('..')) return registry;
  throw new AuditFault('witness-registry', 'a registry has a name that no folder can have', {
    retryable: false,
  });
}
