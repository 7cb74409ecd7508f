import { readCheckpoint } from './checkpoint.ts';
import type { Problem } from './ledger-problem.ts';
import type { FileReader } from './proof.ts';
import { readNote } from './signed-note.ts';
import { type LedgerVerdict, type LogToVerify, verifyLedger } from './verification.ts';

/** A log where it was found: a copy of its files, or what a service answers for it while it grows. */
export interface FoundLog {
  readonly read: FileReader;
  /** The sizes of its checkpoints, as they are listed now. */
  sizes(): Promise<readonly number[]>;
  /** The newest checkpoint as the service shows it; only where the log is served. */
  readonly head?: (() => Promise<string | undefined>) | undefined;
}

/**
 * Verifies a log where it was found, see {@link verifyLedger}. A service has to show a checkpoint that the log has grown to, and
 * no older one than it listed before. `sizes`: of the checkpoints that were verified.
 */
export async function verifyFoundLog(
  { read, sizes: list, head: ask }: FoundLog,
  trust: Omit<LogToVerify, 'read' | 'sizes'>,
): Promise<{ readonly verdict: LedgerVerdict; readonly sizes: readonly number[] }> {
  // A checkpoint is written before it is the head: what is listed before is no newer than the head, after no older.
  const listed = await list();
  const head = await ask?.();
  const sizes = head === undefined ? listed : await list();
  const kept = [...(trust.kept ?? []), ...(head === undefined ? [] : [{ path: 'checkpoint', note: head }])];
  const verdict = await verifyLedger({ ...trust, read, sizes, kept });
  const problem = verdict.ok && head !== undefined ? replayed(head, listed) : undefined;
  return { verdict: problem === undefined ? verdict : { ok: false, problem }, sizes };
}

/** A head that is older than a checkpoint listed before it was read. */
function replayed(head: string, listed: readonly number[]): Problem | undefined {
  const size = readCheckpoint(readNote(head)?.text ?? '')?.size ?? 0;
  const newest = Math.max(0, ...listed);
  if (size >= newest) return undefined;
  const message = `the service shows a checkpoint of ${size} entries, and has one of ${newest}`;
  return { code: 'replayed-checkpoint', message, path: 'checkpoint', index: size };
}
