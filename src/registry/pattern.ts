import { RE2JS, RE2JSException } from 're2js';
import { cleanFreeText, quote } from './free-text.ts';

/** The most characters in a pattern: with RE2's own bound on repetitions it bounds what one match can cost. */
export const maxPatternLength = 256;

/**
 * A regular expression that a whole text has to match: `1.2-13` never matches `1.2-136`. The syntax is RE2's, whose
 * matching takes time linear in the text, so that no pattern can hang an audit: https://github.com/google/re2/wiki/Syntax
 */
export interface Pattern {
  /** As it was written. */
  readonly text: string;
  /** Whether the whole text, from its first to its last character, is of this form. */
  matches(text: string): boolean;
}

/** A pattern, or why the text isn't one. */
export type PatternReading =
  | { readonly ok: true; readonly pattern: Pattern }
  | { readonly ok: false; readonly problem: string };

/** Reads a pattern. Look-around and back-references, which cannot be matched in linear time, are refused. Never throws. */
export function readPattern(text: string): PatternReading {
  if (text === '' || text.length > maxPatternLength) {
    return { ok: false, problem: `is ${text.length} characters long: expected 1 to ${maxPatternLength}` };
  }
  if (cleanFreeText(text, maxPatternLength).repairs.length > 0) {
    const problem = `is ${quote(text)}: it has characters that do not show, or that reorder text; write them as \\x{…}`;
    return { ok: false, problem };
  }
  try {
    const compiled = RE2JS.compile(text);
    return { ok: true, pattern: { text, matches: (candidate) => compiled.matches(candidate) } };
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const problem = `is ${quote(text)}: expected a regular expression of RE2's syntax, but ${quote(error.message)}`;
    return { ok: false, problem };
  }
}
