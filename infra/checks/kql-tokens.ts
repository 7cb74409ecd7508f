/** A mistake in the text of a query. */
export class KqlSyntaxError extends Error {
  constructor(message: string, line: number) {
    super(`line ${line}: ${message}`);
    this.name = 'KqlSyntaxError';
  }
}

/** A piece of a query; of strings and numbers, `text` is the value. */
export interface KqlToken {
  readonly kind: 'name' | 'string' | 'number' | 'timespan' | 'symbol' | 'end';
  readonly text: string;
  readonly line: number;
}

const forms: readonly (readonly [KqlToken['kind'] | 'space', RegExp])[] = [
  ['space', /(?:\s+|\/\/[^\n]*)/y],
  ['string', /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/y],
  // https://learn.microsoft.com/kusto/query/scalar-data-types/timespan#timespan-literals
  ['timespan', /\d+(?:\.\d+)?(?:d|h|m|s|ms)\b/y],
  ['number', /\d+(?:\.\d+)?(?![\w.])/y],
  ['name', /!?in~?(?![\w])|[A-Za-z_]\w*/y],
  ['symbol', /==|!=|<=|>=|=~|!~|[|(),.=<>+\-*/]/y],
];

/** Splits a query; throws {@link KqlSyntaxError} at what begins no piece that is known. */
export function kqlTokens(text: string): readonly KqlToken[] {
  const tokens: KqlToken[] = [];
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const found = forms.flatMap(([kind, form]) => {
      form.lastIndex = at;
      const [piece] = form.exec(text) ?? [];
      return piece === undefined ? [] : [{ kind, piece }];
    })[0];
    if (found === undefined) throw new KqlSyntaxError(`"${text[at]}" is not understood`, line);
    const { kind, piece } = found;
    if (kind !== 'space') tokens.push({ kind, text: kind === 'string' ? textOfLiteral(piece) : piece, line });
    line += piece.split('\n').length - 1;
    at += piece.length;
  }
  return [...tokens, { kind: 'end', text: 'the end', line }];
}

function textOfLiteral(literal: string): string {
  return literal.slice(1, -1).replace(/\\(.)/g, '$1');
}
