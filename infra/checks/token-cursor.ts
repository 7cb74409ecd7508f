import { BicepSyntaxError, type Place, type Token } from './bicep-tokens.ts';

/** Goes along tokens, one at a time. */
export interface TokenCursor {
  readonly peek: (ahead?: number) => Token;
  readonly next: () => Token;
  /** Whether the next token is this symbol. */
  readonly isAt: (symbol: string) => boolean;
  /** Whether the next token is this word. */
  readonly isAtName: (word: string) => boolean;
  /** Takes the symbol if it is next. */
  readonly skip: (symbol: string) => boolean;
  readonly skipNewlines: () => void;
  readonly expect: (symbol: string) => Place;
  readonly expectName: (word?: string) => string;
  readonly fail: (problem: string) => never;
}

export function tokenCursor(tokens: readonly Token[]): TokenCursor {
  let at = 0;
  const last = tokens.at(-1);
  if (last === undefined) throw new TypeError('tokens end with the end');
  const end = last;

  const peek = (ahead = 0): Token => tokens[at + ahead] ?? end;
  function next(): Token {
    const token = peek();
    at += 1;
    return token;
  }
  function fail(problem: string): never {
    throw new BicepSyntaxError(`${problem}, found ${shown(peek())}`, peek().place);
  }
  const isAt = (symbol: string): boolean => {
    const token = peek();
    return token.kind === 'symbol' && token.text === symbol;
  };
  const isAtName = (word: string): boolean => {
    const token = peek();
    return token.kind === 'name' && token.text === word;
  };

  return {
    peek,
    next,
    isAt,
    isAtName,
    fail,
    skip(symbol) {
      if (!isAt(symbol)) return false;
      at += 1;
      return true;
    },
    skipNewlines() {
      while (peek().kind === 'newline') at += 1;
    },
    expect(symbol) {
      if (!isAt(symbol)) fail(`"${symbol}" is expected`);
      return next().place;
    },
    expectName(word) {
      const token = peek();
      if (token.kind !== 'name' || (word !== undefined && token.text !== word)) {
        return fail(word === undefined ? 'a name is expected' : `"${word}" is expected`);
      }
      at += 1;
      return token.text;
    },
  };
}

function shown(token: Token): string {
  if (token.kind === 'name' || token.kind === 'symbol') return `"${token.text}"`;
  return token.kind === 'number' ? String(token.value) : `a ${token.kind}`;
}
