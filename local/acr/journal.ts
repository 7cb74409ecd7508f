import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { type Change, changes } from './change.ts';

/** Append-only file of changes, one JSON array on each line. */
export interface Journal {
  /**
   * Returns when the line is with the operating system: killing the process afterwards doesn't lose it. Throws what the file
   * system says, and none of the line is left.
   */
  append(line: readonly Change[]): void;
  close(): void;
}

/** The lines of a journal file that are whole, and the bytes they take. */
function wholeLines(content: Buffer): { readonly lines: readonly string[]; readonly bytes: number } {
  const end = content.lastIndexOf(0x0a) + 1;
  return { lines: content.subarray(0, end).toString('utf8').split('\n').slice(0, -1), bytes: end };
}

function readLine(file: string, number: number, line: string): readonly Change[] {
  try {
    return changes.parse(JSON.parse(line));
  } catch (cause) {
    throw new Error(`${file}:${number} is not a journal line. Remove the data directory to start anew.`, {
      cause,
    });
  }
}

/**
 * Opens the journal, replaying what it holds. A last line that was cut off by a crash was never answered for:
 * it is removed.
 */
export function openJournal(file: string, replay: (line: readonly Change[]) => void): Journal {
  const descriptor = openSync(file, 'a+', 0o600);
  const { lines, bytes } = wholeLines(readFileSync(file));
  lines.forEach((line, index) => {
    replay(readLine(file, index + 1, line));
  });
  ftruncateSync(descriptor, bytes);
  let size = bytes;

  return {
    append(line) {
      const text = Buffer.from(`${JSON.stringify(line)}\n`);
      let written = 0;
      try {
        while (written < text.length) {
          written += writeSync(descriptor, text, written);
        }
      } catch (error) {
        // A disk that is full takes a part of a line: the next one must not follow on it.
        ftruncateSync(descriptor, size);
        throw error;
      }
      size += text.length;
    },
    close: () => closeSync(descriptor),
  };
}
