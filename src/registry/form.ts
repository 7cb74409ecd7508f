import { type Digest, parseDigest } from './digest.ts';
import { cleanFreeText } from './free-text.ts';
import { isRepositoryName, isTag } from './name.ts';
import { parseTimestamp } from './timestamp.ts';

/** The form a field of outside data must have. */
export interface Form<T> {
  /** Completes the sentence "expected …". */
  readonly expected: string;
  /** The field's value, or `undefined` when it hasn't this form. `note` reports a repair. */
  read(value: unknown, note: (repair: string) => void): T | undefined;
}

/** A string that `read` understands. */
function textForm<T>(expected: string, read: (text: string) => T | undefined): Form<T> {
  return { expected, read: (value) => (typeof value === 'string' ? read(value) : undefined) };
}

/** A string that passes a test. */
export function textThat(expected: string, test: (text: string) => boolean): Form<string> {
  return textForm(expected, (text) => (test(text) ? text : undefined));
}

/** Free text for people: shortened to `limit` UTF-16 code units and made safe to show rather than refused. */
export function freeText(limit: number): Form<string> {
  return {
    expected: 'text',
    read(value, note) {
      if (typeof value !== 'string') {
        return undefined;
      }
      const { text, repairs } = cleanFreeText(value, limit);
      repairs.forEach(note);
      return text;
    },
  };
}

/** An identifier: kept as it is or refused, since a shortened one would name something else. */
export const identifier = textThat('1 to 100 printable characters', (text) =>
  /^[^\p{C}\p{Zl}\p{Zp}]{1,100}$/u.test(text),
);

export const digestForm: Form<Digest> = textForm(
  'a digest: "sha256:" and 64, or "sha512:" and 128, lower-case hexadecimal digits',
  parseDigest,
);

export const repositoryForm = textThat(
  'a repository name: at most 255 lower-case letters, digits and separators, such as "team/app"',
  isRepositoryName,
);

export const tagForm = textThat(
  'a tag: at most 128 letters, digits, "_", "." and "-", not beginning with "." or "-"',
  isTag,
);

/** An instant in epoch milliseconds. */
export const timestampForm: Form<number> = textForm(
  'an RFC 3339 timestamp between 1970 and 9999, such as "2026-03-02T09:15:27.2765857Z"',
  parseTimestamp,
);

/** A count of bytes. */
export const byteCount: Form<number> = {
  expected: 'a whole number of bytes, 0 or more',
  read: (value) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined,
};

export const flagForm: Form<boolean> = {
  expected: 'true or false',
  read: (value) => (typeof value === 'boolean' ? value : undefined),
};
