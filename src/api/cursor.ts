import { badParameters } from './problem.ts';

/**
 * The text of a position in a listing, opaque to callers: base64url of the position. It holds nothing but a place in
 * the order of entries, so it stays good while new ones arrive, and a forged one can only point elsewhere.
 */
export function cursorOf(position: string): string {
  return Buffer.from(position, 'utf8').toString('base64url');
}

/** Positions in history: an inverted time and what follows it. */
const historyPosition = /^\d{13}\|[\x21-\x7d]{1,600}$/;

/** Reads a cursor whose position has a form, that of history unless told; throws a problem when it isn't one of ours. */
export function readCursor(cursor: string, form: RegExp = historyPosition): string {
  const position = Buffer.from(cursor, 'base64url').toString('utf8');
  if (cursorOf(position) === cursor && form.test(position)) return position;
  throw badParameters([{ name: 'cursor', reason: 'is not one that a listing gave: pass it on unchanged' }]);
}
