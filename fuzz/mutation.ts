import { changeTree, textOfTree, treeOf } from './json-tree.ts';
import type { Random } from './random.ts';

/** The longest input that changes make. */
const mostLength = 65_536;

const oddTexts = [
  ...[
    '\0',
    '\u0001',
    '\u007f',
    '\u0085',
    '\u200b',
    '\u200e',
    '\u202e',
    '\u2028',
    '\ufeff',
    '\ufffd',
    '\uffff',
  ],
  ...['\ud800', '\udc00', '\ud83d\ude00', '\u212a', '\u0130', '\u00df', 'e\u0301\u0301\u0301\u0301'],
  ...[
    '\r\n',
    '\n',
    '\n\n',
    '\t',
    ' ',
    '\\',
    '"',
    "'",
    '`',
    '<',
    '>',
    '&',
    ';',
    ',',
    ':',
    '/',
    '..',
    '@',
    '#',
    '%',
  ],
  ...[
    '%00',
    '%2f',
    '%25',
    '%ff',
    '+',
    '=',
    '|',
    '~',
    '${',
    '{{',
    '}}',
    '<x-fuzz>',
    '-->',
    '__proto__',
    'constructor',
  ],
  ...[
    'NaN',
    'Infinity',
    '1e999',
    '-1',
    '0',
    '9007199254740993',
    'null',
    'undefined',
    'true',
    '[object Object]',
  ],
];

/** An input made of one that is there, by one to four changes. */
export function changed(
  input: string,
  {
    random,
    words,
    others,
  }: { readonly random: Random; readonly words: readonly string[]; readonly others: readonly string[] },
): string {
  let text = input;
  const tree = random.once(3) ? undefined : treeOf(text);
  if (tree !== undefined) {
    for (let times = random.below(3); times >= 0; times -= 1) changeTree(tree, random, words);
    text = textOfTree(tree);
    if (!random.once(8)) return text.slice(0, mostLength);
  }
  for (let times = random.below(4); times >= 0; times -= 1) text = once(text, random, words, others);
  return text.slice(0, mostLength);
}

function once(text: string, random: Random, words: readonly string[], others: readonly string[]): string {
  const at = random.below(text.length + 1);
  const end = Math.min(text.length, at + 1 + random.below(random.once(4) ? text.length + 1 : 8));
  const put = (more: string, until = at) => text.slice(0, at) + more + text.slice(until);
  switch (random.below(9)) {
    case 0:
      return put('', end);
    case 1:
      return put(text.slice(at, end), at);
    case 2:
      return put(String.fromCharCode(text.charCodeAt(at) ^ (1 << random.below(8))), at + 1);
    case 3:
      return put(String.fromCharCode(random.below(random.once(4) ? 0x1_0000 : 0x80)), at + random.below(2));
    case 4:
      return put(random.pick(oddTexts), random.once(2) ? at : end);
    case 5:
      return put(words.length === 0 ? random.pick(oddTexts) : random.pick(words), random.once(2) ? at : end);
    case 6: {
      const other = others.length === 0 ? text : random.pick(others);
      const from = random.below(other.length + 1);
      return put(
        other.slice(from, from + 1 + random.below(other.length + 1)),
        random.once(2) ? at : text.length,
      );
    }
    case 7:
      return put(
        text.slice(at, end).repeat(Math.min(2 ** random.below(10), mostLength / Math.max(1, end - at))),
        end,
      );
    default: {
      const place = random.below(text.length + 1);
      return put(text.slice(place, place + end - at), end);
    }
  }
}
