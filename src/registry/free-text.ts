/** Outside text made safe to store and show: what remains of it, and what was changed. */
export interface FreeText {
  readonly text: string;
  /** What was done to it, such as `shortened to 512 characters`; empty when nothing. */
  readonly repairs: readonly string[];
}

/**
 * Control characters (Cc), lone surrogates (Cs), line and paragraph separators, and the marks and overrides that
 * reorder text on screen (https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters).
 */
const unsafe = /[\p{Cc}\p{Cs}\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu;

/**
 * Bounds free text to `limit` UTF-16 code units and replaces every character that could forge a line, break an
 * encoder or reorder what a reader sees by U+FFFD. Markup stays: encoding it is the output's job.
 */
export function cleanFreeText(outside: string, limit: number): FreeText {
  const bounded = outside.length > limit ? shorten(outside, limit) : outside;
  const text = bounded.replace(unsafe, '\uFFFD');
  const repairs = [
    ...(bounded === outside ? [] : [`shortened to ${limit} characters`]),
    ...(text === bounded ? [] : ['unprintable characters replaced']),
  ];
  return { text, repairs };
}

/** Outside text as a message may quote it: at most 80 characters, in double quotes. */
export function quote(outside: string): string {
  const { text } = cleanFreeText(outside, 80);
  return `"${text}"${outside.length > 80 ? '…' : ''}`;
}

/** Cuts without leaving half of a surrogate pair behind. */
function shorten(text: string, limit: number): string {
  const cut = text.slice(0, limit);
  return /[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut;
}
