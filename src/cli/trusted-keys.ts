import { readVerifierKey, readVerifierKeys, type VerifierKey } from '../ledger/signed-note.ts';
import type { KeptNote } from '../ledger/verification.ts';
import type { Line } from './command.ts';
import { usageFault } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

/** The keys of `--key`: each the text of one, or a file with one on each line. Throws a fault of usage. */
export async function keysOf(
  line: Line,
  { readText }: Pick<Terminal, 'readText'>,
): Promise<readonly VerifierKey[]> {
  const all = line.texts('key').map(async (given) => {
    const key = readVerifierKey(given);
    if (key !== undefined) return [key];
    const text = await readText(given).catch(() => {
      throw usageFault(`--key ${given} is neither a key nor a file`);
    });
    const keys = readVerifierKeys(text);
    if (keys === undefined) throw usageFault(`--key ${given} has a line that is no key`);
    return keys;
  });
  return (await Promise.all(all)).flat();
}

/** The notes of `--checkpoint`. Throws a fault of usage. */
export function keptNotes(
  line: Line,
  { readText }: Pick<Terminal, 'readText'>,
): Promise<readonly KeptNote[]> {
  return Promise.all(
    line.texts('checkpoint').map(async (path) => {
      const note = await readText(path).catch(() => {
        throw usageFault(`--checkpoint ${path} cannot be read`);
      });
      return { path, note };
    }),
  );
}
