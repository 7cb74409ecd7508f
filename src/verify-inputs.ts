import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Checkpoint, originOf, readCheckpoint } from './ledger/checkpoint.ts';
import { readNote, readVerifierKey, readVerifierKeys, type VerifierKey } from './ledger/signed-note.ts';
import type { KeptNote } from './ledger/verification.ts';
import { type LogFiles, type LogFolder, logFolder } from './storage/log-folder.ts';
import { logUrl } from './storage/log-url.ts';

// What the command `verify` is given: keys, checkpoints that were kept, and the log.

/** Something that the command was given cannot be used. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** The keys of an option: the text of one, or a file with one on each line; lines that begin with `#` are comments. */
export async function keysOf(given: string): Promise<readonly VerifierKey[]> {
  const key = readVerifierKey(given);
  if (key !== undefined) return [key];
  const text = await readFile(given, 'utf8').catch(() => {
    throw new UsageError(`--key ${JSON.stringify(given)} is neither a key nor a file`);
  });
  const keys = readVerifierKeys(text);
  if (keys !== undefined) return keys;
  throw new UsageError(`--key ${JSON.stringify(given)} has a line that is no key`);
}

/** A checkpoint that was kept elsewhere. */
export interface Kept extends KeptNote {
  /** Its file was named, and not a folder that has it: it must be of the log. */
  readonly isNamed: boolean;
}

/** The notes of a file, or of all files below a folder, where those of other logs may be too. */
export async function keptNotes(path: string): Promise<readonly Kept[]> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new UsageError(`--checkpoint ${JSON.stringify(path)} is not there`);
  if (!found.isDirectory()) return [{ path, note: await readFile(path, 'utf8'), isNamed: true }];
  const kept: Kept[] = [];
  for (const item of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (!item.isFile()) continue;
    const file = join(item.parentPath, item.name);
    kept.push({ path: file, note: await readFile(file, 'utf8'), isNamed: false });
  }
  return kept;
}

/** The checkpoint that a note has, whoever signed it. */
export function checkpointIn(note: string): Checkpoint | undefined {
  return readCheckpoint(readNote(note)?.text ?? '');
}

/** Where a log is. */
export interface LogLocation {
  /** Folder or URL. */
  readonly from: string;
  readonly registry?: string;
}

/** A log as it was found. */
export interface LogSource {
  readonly log: LogFiles;
  /** The newest checkpoint, where the log is served. */
  readonly head?: () => Promise<string | undefined>;
  /** Where the log is a folder. */
  readonly folder?: LogFolder;
}

/** Finds the log. Throws {@link UsageError} where there is none. */
export async function sourceOf({ from, registry }: LogLocation): Promise<LogSource> {
  if (/^https?:\/\//i.test(from)) return served(from);
  // A copy of the whole container has a folder for each registry.
  const below = registry === undefined ? undefined : join(from, registry);
  const path = below !== undefined && (await isFolder(join(below, 'checkpoints'))) ? below : from;
  if (!(await isFolder(path))) throw new UsageError(`--from ${JSON.stringify(from)} is no folder`);
  const folder = logFolder(path);
  return { log: folder, folder };
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

function served(from: string): LogSource {
  const url = URL.parse(from.endsWith('/') ? from : `${from}/`);
  if (url === null) throw new UsageError(`--from ${JSON.stringify(from)} is no URL`);
  const token = process.env['ACR_AUDIT_TOKEN'];
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (token !== undefined && url.protocol === 'http:' && !isLoopback) {
    throw new UsageError('ACR_AUDIT_TOKEN is sent over https only');
  }
  const log = logUrl({ url, ...(token === undefined ? {} : { token }) });
  return { log, head: log.head };
}

const originPrefix = originOf('');

/** The registry that is meant: as named, or that of the trusted keys, or, where nothing else says, of the newest checkpoint. */
export async function registryOf(
  { registry }: LogLocation,
  keys: readonly VerifierKey[],
  { read, sizes }: LogFiles,
): Promise<string> {
  if (registry !== undefined) return registry;
  const named = new Set(keys.map(({ name }) => name));
  if (named.size > 1) throw new UsageError('--registry is missing: the keys are of several logs');
  const [name] = named;
  const newest = Math.max(0, ...(name === undefined ? await sizes() : []));
  const note = newest === 0 ? undefined : await read(`checkpoints/${newest}`);
  const origin = name ?? checkpointIn(Buffer.from(note ?? []).toString())?.origin;
  if (origin?.startsWith(originPrefix)) return origin.slice(originPrefix.length);
  throw new UsageError('--registry is missing, and neither a key nor the newest checkpoint names one');
}
