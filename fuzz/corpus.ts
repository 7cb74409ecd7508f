import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Target } from './target.ts';

/** Where inputs are kept that are tried at each run: a folder for each target, a file for each input. */
const folder = join('test', 'corpus');

/** An input that is kept. */
export interface KeptInput {
  readonly file: string;
  readonly input: string;
}

/**
 * The inputs kept for a target: `.txt` is UTF-8, `.utf16` is base64 of what UTF-8 cannot tell, `.bin` is bytes as they are.
 */
export function keptInputs({ name }: Pick<Target, 'name'>): readonly KeptInput[] {
  return filesIn(join(folder, name)).map((file) => ({ file, input: inputIn(join(folder, name, file)) }));
}

function filesIn(path: string): readonly string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}

function inputIn(path: string): string {
  const bytes = readFileSync(path);
  if (path.endsWith('.bin')) return bytes.toString('latin1');
  return path.endsWith('.utf16')
    ? Buffer.from(bytes.toString(), 'base64').toString('utf16le')
    : bytes.toString();
}

/** Keeps an input under a name. Returns its path. */
export function keepInput({ name, form }: Target, called: string, input: string): string {
  const path = join(folder, name, called);
  mkdirSync(join(folder, name), { recursive: true });
  if (form === 'bytes') return written(`${path}.bin`, Buffer.from(input, 'latin1'));
  return input.isWellFormed()
    ? written(`${path}.txt`, Buffer.from(input))
    : written(`${path}.utf16`, Buffer.from(Buffer.from(input, 'utf16le').toString('base64')));
}

function written(path: string, bytes: Uint8Array): string {
  writeFileSync(path, bytes);
  return path;
}
