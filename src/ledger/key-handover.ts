import type { Statement } from '../history/statement.ts';
import { originOf } from './checkpoint.ts';
import { readNote, readVerifierKey, type VerifierKey, verifierKeyText, verifyNote } from './signed-note.ts';

/*
 * A log's keys change by a note in the log itself, which the keys before sign: whoever was given the first ones learns the
 * others from it. The text is the log's origin, `key-handover/1`, `from` and a size, and a line for each key before and
 * after, `old` or `new` and its text. The second line of a checkpoint is a number: none passes for the other.
 */

/** That other keys sign a log from a size on. */
export interface KeyHandover {
  /** Of the log: no handover passes for one of another log. */
  readonly origin: string;
  /** The first size whose checkpoint the new keys sign. */
  readonly from: number;
  readonly oldKeys: readonly VerifierKey[];
  /** All that sign from then on: a key that goes on is among them. */
  readonly newKeys: readonly VerifierKey[];
}

/** The kind of the statement that has a handover's note in its content, as `note`. */
export const handoverKind = 'key-handover';

const secondLine = 'key-handover/1';

/** Keys of one side. */
const mostKeys = 8;

/** The text of a handover, to be signed by old keys and by all new ones. Throws RangeError where it would be none. */
export function handoverText(handover: KeyHandover): string {
  const { origin, from, oldKeys, newKeys } = handover;
  const keyLine = (side: string) => (key: VerifierKey) => `${side} ${verifierKeyText(key)}`;
  const lines = [
    origin,
    secondLine,
    `from ${from}`,
    ...oldKeys.map(keyLine('old')),
    ...newKeys.map(keyLine('new')),
  ];
  const text = `${lines.join('\n')}\n`;
  if (readHandoverText(text) === undefined) throw new RangeError(`this hands over no keys of ${origin}`);
  return text;
}

/** Reads a handover's text, not yet believed, or `undefined` when it isn't one. */
function readHandoverText(text: string): KeyHandover | undefined {
  const [origin, second, fromLine, ...keyLines] = text.split('\n').slice(0, -1);
  const [, digits] = /^from ([1-9]\d{0,15})$/.exec(fromLine ?? '') ?? [];
  const from = Number(digits);
  if (!text.endsWith('\n') || !origin || second !== secondLine || !Number.isSafeInteger(from))
    return undefined;
  const firstNew = keyLines.findIndex((line) => line.startsWith('new '));
  if (firstNew < 0) return undefined;
  const oldKeys = readKeys('old', keyLines.slice(0, firstNew), origin);
  const newKeys = readKeys('new', keyLines.slice(firstNew), origin);
  return oldKeys === undefined || newKeys === undefined ? undefined : { origin, from, oldKeys, newKeys };
}

function readKeys(
  side: string,
  lines: readonly string[],
  origin: string,
): readonly VerifierKey[] | undefined {
  if (lines.length === 0 || lines.length > mostKeys || new Set(lines).size < lines.length) return undefined;
  const keys = lines.map((line) =>
    line.startsWith(`${side} `) ? readVerifierKey(line.slice(side.length + 1)) : undefined,
  );
  const own = keys.filter((key) => key?.name === origin).filter((key) => key !== undefined);
  return own.length === lines.length ? own : undefined;
}

/** The note of a handover that a statement states, or `undefined` when it states none. */
export function handoverIn({ kind, content }: Pick<Statement, 'kind' | 'content'>): string | undefined {
  const note = content['note'];
  return kind === handoverKind && typeof note === 'string' ? note : undefined;
}

/** Why a handover is not believed. */
export type HandoverRefusal =
  | 'not-a-handover'
  /** It is of another log. */
  | 'wrong-origin'
  /** None of the keys that signed the log until then signed it, or it does not name one that did as old. */
  | 'unknown-key'
  /** A key that signed the log until then is named, and did not sign this. */
  | 'forged-signature'
  /** A new key did not sign it: nobody showed to have it. */
  | 'unproven-key'
  /** It begins before, or where, the one before it began. */
  | 'too-early';

/** What is to be thought of a handover. */
export type HandoverVerdict =
  | { readonly ok: true; readonly handover: KeyHandover }
  | { readonly ok: false; readonly reason: HandoverRefusal };

/** Keys that sign a log from a size on, until the next ones do. */
export interface KeyEpoch {
  readonly from: number;
  readonly keys: readonly VerifierKey[];
}

/**
 * Judges a handover by the keys that sign until then. It is believed only where at least one of them signed it, none of them
 * signed something else, and every new key signed it as well.
 */
export function judgeHandover(note: string, registry: string, { from, keys }: KeyEpoch): HandoverVerdict {
  const handover = readHandoverText(readNote(note)?.text ?? '');
  if (handover === undefined) return refused('not-a-handover');
  const origin = originOf(registry);
  if (handover.origin !== origin) return refused('wrong-origin');
  const trusted = keys.filter(({ name }) => name === origin);
  const verdict = verifyNote(note, trusted);
  if (!verdict.ok) return refused(verdict.reason === 'wrong-signature' ? 'forged-signature' : 'unknown-key');
  const oldKeys = new Set(handover.oldKeys.map(verifierKeyText));
  if (!verdict.verifiedBy.some((key) => oldKeys.has(verifierKeyText(key)))) return refused('unknown-key');
  const isProven = handover.newKeys.every((key) => verifyNote(note, [key]).ok);
  if (!isProven) return refused('unproven-key');
  return handover.from > from ? { ok: true, handover } : refused('too-early');
}

function refused(reason: HandoverRefusal): HandoverVerdict {
  return { ok: false, reason };
}

/** A log's keys, by the handovers that are in it. */
export interface KeyHistory {
  /** The first keys first. */
  readonly epochs: readonly KeyEpoch[];
  /** Handovers that were not believed, by their entries' places in the log: none of them changed anything. */
  readonly refused: readonly { readonly index: number; readonly reason: HandoverRefusal }[];
}

/**
 * Follows a log's keys from the first ones, through its handovers in their order. Only the keys of the time can hand over:
 * one that was replaced cannot come back by itself, and what an unknown key says changes nothing.
 */
export function followKeys(
  registry: string,
  first: readonly VerifierKey[],
  notes: Iterable<{ readonly index: number; readonly note: string }>,
): KeyHistory {
  const epochs: KeyEpoch[] = [{ from: 0, keys: first }];
  const refusals: { index: number; reason: HandoverRefusal }[] = [];
  for (const { index, note } of notes) {
    const epoch = epochs.at(-1) ?? { from: 0, keys: first };
    const verdict = judgeHandover(note, registry, epoch);
    if (verdict.ok) epochs.push({ from: verdict.handover.from, keys: verdict.handover.newKeys });
    else refusals.push({ index, reason: verdict.reason });
  }
  return { epochs, refused: refusals };
}

/** The keys that sign the checkpoint of a size. */
export function keysAt({ epochs }: KeyHistory, size: number): readonly VerifierKey[] {
  return epochs.findLast(({ from }) => from <= size)?.keys ?? [];
}
