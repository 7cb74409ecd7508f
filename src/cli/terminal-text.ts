/**
 * Characters that make a terminal do something, or show text other than in the order in which it stands: controls, format
 * characters such as the bidirectional ones and zero-width ones, line and paragraph separators, tags, unpaired surrogates.
 * Source: https://www.unicode.org/reports/tr9/ and https://trojansource.codes/
 */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u115f\u1160\u3164\uffa0]/gu;

/** A text of one line with nothing in it that is not seen: such characters are written as `\u{202e}`. */
export function visible(text: string): string {
  return text.replace(unsafe, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** JSON that says the same with nothing in it that is not seen but line feeds between its tokens. */
export function visibleJson(value: unknown, indent?: number): string {
  // Outside of strings, JSON has no other characters of these than the line feeds of its layout.
  return JSON.stringify(value, undefined, indent).replace(unsafe, (character) =>
    character === '\n'
      ? character
      : Array.from({ length: character.length }, (_, place) => escaped(character.charCodeAt(place))).join(''),
  );
}

function escaped(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}
