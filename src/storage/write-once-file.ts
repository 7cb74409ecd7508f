import { randomBytes } from 'node:crypto';
import { link, open, rm } from 'node:fs/promises';

/**
 * Writes a file that is not there yet, whole or not at all: it is written beside its place and then given its name, which
 * only one can. `there`: another one has it. Throws what the file system says of any other failure.
 */
export async function writeOnce(path: string, content: string, mode: number): Promise<'written' | 'there'> {
  const draft = `${path}.${randomBytes(8).toString('hex')}.new`;
  try {
    const file = await open(draft, 'wx', mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(draft, path);
    return 'written';
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return 'there';
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** The system's name of a failure, such as `EACCES`. */
export function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown';
}
