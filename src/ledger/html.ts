/** HTML that was made here. */
export interface Html {
  readonly html: string;
}

type Part = string | number | Html | readonly Html[];

/**
 * HTML of a template: what is put in is encoded, unless it was made by this function. In elements and in quoted attributes
 * nothing that was told from outside can become markup.
 */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { html: texts.map((text, place) => `${text}${encoded(parts[place] ?? '')}`).join('') };
}

function encoded(part: Part): string {
  if (typeof part === 'string' || typeof part === 'number') return encodedText(String(part));
  return 'html' in part ? part.html : part.map((each) => each.html).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Characters that reorder or hide text would show something else than is there: they are shown by their number. */
function encodedText(text: string): string {
  return text
    .replace(/[&<>"']/g, (character) => entities[character] ?? '')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, (character) =>
      character === '\n' ? character : `\\u{${character.codePointAt(0)?.toString(16)}}`,
    );
}
