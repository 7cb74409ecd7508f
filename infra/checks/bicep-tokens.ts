/** A place in a Bicep file, counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Thrown when a text is not of the subset of Bicep that the templates keep to. */
export class BicepSyntaxError extends Error {
  readonly place: Place;

  constructor(problem: string, place: Place) {
    super(`${place.line}:${place.column}: ${problem}`);
    this.name = 'BicepSyntaxError';
    this.place = place;
  }
}

/** Part of a string: its text, or the tokens between `${` and `}`. */
export type StringPart = string | readonly Token[];

export type Token =
  | { readonly kind: 'name' | 'symbol'; readonly text: string; readonly place: Place }
  | { readonly kind: 'number'; readonly value: number; readonly place: Place }
  | { readonly kind: 'string'; readonly parts: readonly StringPart[]; readonly place: Place }
  | { readonly kind: 'newline' | 'end'; readonly place: Place };

const space = /[ \t]+|\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const newline = /\r?\n/y;
const name = /[A-Za-z_][A-Za-z0-9_]*/y;
const number = /\d+/y;
const symbol = /\.\?|\[\?|\?\?|=>|==|!=|<=|>=|&&|\|\||[@=:{}[\](),.?!<>+\-*/%]/y;
const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  "'": "'",
  '\\': '\\',
  $: '$',
};

/** Splits a text into tokens; throws {@link BicepSyntaxError} for what it does not know, such as strings of several lines. */
export function tokensOf(text: string): readonly Token[] {
  const reader = { text, at: 0 };
  const tokens = read(reader, false);
  return [...tokens, { kind: 'end', place: placeAt(text, reader.at) }];
}

interface Reader {
  readonly text: string;
  at: number;
}

/** Reads to the end, or to the `}` that ends an interpolation. */
function read(reader: Reader, isInterpolation: boolean): readonly Token[] {
  const { text } = reader;
  const tokens: Token[] = [];
  let depth = 0;
  while (reader.at < text.length) {
    const place = placeAt(text, reader.at);
    if (taken(reader, space) !== undefined) continue;
    if (taken(reader, newline) !== undefined) {
      if (isInterpolation) throw new BicepSyntaxError('a string goes on in the next line', place);
      tokens.push({ kind: 'newline', place });
      continue;
    }
    if (text.startsWith("'''", reader.at)) {
      throw new BicepSyntaxError('strings of several lines are not used', place);
    }
    if (text[reader.at] === "'") {
      tokens.push({ kind: 'string', parts: stringParts(reader), place });
      continue;
    }
    const word = taken(reader, name);
    if (word !== undefined) {
      tokens.push({ kind: 'name', text: word, place });
      continue;
    }
    const digits = taken(reader, number);
    if (digits !== undefined) {
      tokens.push({ kind: 'number', value: Number(digits), place });
      continue;
    }
    const sign = taken(reader, symbol);
    if (sign === undefined)
      throw new BicepSyntaxError(`${JSON.stringify(text[reader.at])} is not known`, place);
    if (sign === '{') depth += 1;
    if (sign === '}') {
      if (depth === 0 && isInterpolation) return tokens;
      depth -= 1;
    }
    tokens.push({ kind: 'symbol', text: sign, place });
  }
  if (isInterpolation) throw new BicepSyntaxError('an interpolation does not end', placeAt(text, reader.at));
  return tokens;
}

function stringParts(reader: Reader): readonly StringPart[] {
  const { text } = reader;
  const start = placeAt(text, reader.at);
  const parts: StringPart[] = [];
  let literal = '';
  reader.at += 1;
  for (;;) {
    const character = text[reader.at];
    if (character === undefined || character === '\n')
      throw new BicepSyntaxError('a string does not end', start);
    reader.at += 1;
    if (character === "'") break;
    if (character === '\\') {
      const escaped = escapes[text[reader.at] ?? ''];
      if (escaped === undefined)
        throw new BicepSyntaxError('an escape is not known', placeAt(text, reader.at));
      literal += escaped;
      reader.at += 1;
    } else if (character === '$' && text[reader.at] === '{') {
      reader.at += 1;
      if (literal !== '') parts.push(literal);
      literal = '';
      const inner = read(reader, true);
      parts.push([...inner, { kind: 'end', place: placeAt(text, reader.at) }]);
    } else literal += character;
  }
  return literal === '' && parts.length > 0 ? parts : [...parts, literal];
}

function taken(reader: Reader, pattern: RegExp): string | undefined {
  pattern.lastIndex = reader.at;
  const found = pattern.exec(reader.text)?.[0];
  if (found !== undefined) reader.at += found.length;
  return found;
}

function placeAt(text: string, at: number): Place {
  const before = text.slice(0, at);
  return { line: before.split('\n').length, column: at - before.lastIndexOf('\n') };
}
