import type { Expression, Loop, Property } from './bicep-syntax.ts';
import { BicepSyntaxError, type Token } from './bicep-tokens.ts';
import { type TokenCursor, tokenCursor } from './token-cursor.ts';

/** Operators by how strongly they bind, the weakest first: https://learn.microsoft.com/azure/azure-resource-manager/bicep/operators */
const binding: readonly (readonly string[])[] = [
  ['??'],
  ['||'],
  ['&&'],
  ['==', '!='],
  ['<', '<=', '>', '>='],
  ['+', '-'],
  ['*', '/', '%'],
];

/** Parses an expression where the cursor is. */
export function parseExpression(cursor: TokenCursor): Expression {
  const condition = parseBinary(cursor, 0);
  if (!takesAcrossLines(cursor, '?')) return condition;
  cursor.skipNewlines();
  const whenTrue = parseExpression(cursor);
  if (!takesAcrossLines(cursor, ':')) cursor.fail('":" is expected');
  cursor.skipNewlines();
  const whenFalse = parseExpression(cursor);
  return { kind: 'ternary', condition, whenTrue, whenFalse, place: condition.place };
}

/** Takes a symbol that may stand at the beginning of the next line. */
function takesAcrossLines(cursor: TokenCursor, symbol: string): boolean {
  let ahead = 0;
  while (cursor.peek(ahead).kind === 'newline') ahead += 1;
  const token = cursor.peek(ahead);
  if (token.kind !== 'symbol' || token.text !== symbol) return false;
  cursor.skipNewlines();
  return cursor.skip(symbol);
}

function parseBinary(cursor: TokenCursor, level: number): Expression {
  const operators = binding[level];
  if (operators === undefined) return parseUnary(cursor);
  let left = parseBinary(cursor, level + 1);
  for (;;) {
    const operator = operators.find((each) => cursor.isAt(each));
    if (operator === undefined) return left;
    cursor.next();
    cursor.skipNewlines();
    left = {
      ...{ kind: 'binary', operator, left, place: left.place },
      right: parseBinary(cursor, level + 1),
    };
  }
}

function parseUnary(cursor: TokenCursor): Expression {
  const { place } = cursor.peek();
  if (cursor.skip('!')) return { kind: 'not', of: parseUnary(cursor), place };
  if (cursor.skip('-')) return { kind: 'negative', of: parseUnary(cursor), place };
  return parseSuffixes(cursor, parsePrimary(cursor));
}

function parseSuffixes(cursor: TokenCursor, first: Expression): Expression {
  let of = first;
  for (;;) {
    const { place } = of;
    if (cursor.isAt('.') || cursor.isAt('.?')) {
      const isSafe = cursor.isAt('.?');
      cursor.next();
      of = { kind: 'member', of, member: cursor.expectName(), isSafe, place };
    } else if (cursor.isAt('[') || cursor.isAt('[?')) {
      const isSafe = cursor.isAt('[?');
      cursor.next();
      const index = parseExpression(cursor);
      cursor.expect(']');
      of = { kind: 'index', of, index, isSafe, place };
    } else if (cursor.skip('!')) {
      of = { kind: 'some', of, place };
    } else return of;
  }
}

function parsePrimary(cursor: TokenCursor): Expression {
  const token = cursor.peek();
  const { place } = token;
  if (token.kind === 'number') {
    cursor.next();
    return { kind: 'number', value: token.value, place };
  }
  if (token.kind === 'string') {
    cursor.next();
    return { kind: 'string', parts: token.parts.map(partOf), place };
  }
  if (cursor.isAt('{')) return parseObject(cursor);
  if (cursor.isAt('[')) return parseArray(cursor);
  if (cursor.isAt('(')) {
    if (isLambda(cursor)) return parseLambda(cursor);
    cursor.next();
    cursor.skipNewlines();
    const inner = parseExpression(cursor);
    cursor.skipNewlines();
    cursor.expect(')');
    return inner;
  }
  if (token.kind !== 'name') return cursor.fail('an expression is expected');
  if (isLambda(cursor)) return parseLambda(cursor);
  cursor.next();
  if (token.text === 'true' || token.text === 'false') {
    return { kind: 'boolean', value: token.text === 'true', place };
  }
  if (token.text === 'null') return { kind: 'null', place };
  if (cursor.isAt('(')) return { kind: 'call', name: token.text, args: parseArguments(cursor), place };
  return { kind: 'name', name: token.text, place };
}

function partOf(part: string | readonly Token[]): string | Expression {
  if (typeof part === 'string') return part;
  const cursor = tokenCursor(part);
  const inner = parseExpression(cursor);
  const rest = cursor.peek();
  if (rest.kind !== 'end') throw new BicepSyntaxError('"}" is expected', rest.place);
  return inner;
}

/** Arguments in parentheses, over as many lines as they take. */
export function parseArguments(cursor: TokenCursor): readonly Expression[] {
  cursor.expect('(');
  cursor.skipNewlines();
  const args: Expression[] = [];
  while (!cursor.isAt(')')) {
    args.push(parseExpression(cursor));
    cursor.skipNewlines();
    if (!cursor.skip(',')) break;
    cursor.skipNewlines();
  }
  cursor.expect(')');
  return args;
}

function isLambda(cursor: TokenCursor): boolean {
  let ahead = 0;
  if (cursor.isAt('(')) {
    ahead = 1;
    for (
      let token = cursor.peek(ahead);
      token.kind === 'name' || isSymbol(token, ',');
      token = cursor.peek(ahead)
    ) {
      ahead += 1;
    }
    if (!isSymbol(cursor.peek(ahead), ')')) return false;
  }
  return isSymbol(cursor.peek(ahead + 1), '=>');
}

function isSymbol(token: Token, text: string): boolean {
  return token.kind === 'symbol' && token.text === text;
}

function parseLambda(cursor: TokenCursor): Expression {
  const { place } = cursor.peek();
  const parameters: string[] = [];
  if (cursor.skip('(')) {
    do parameters.push(cursor.expectName());
    while (cursor.skip(','));
    cursor.expect(')');
  } else parameters.push(cursor.expectName());
  cursor.expect('=>');
  return { kind: 'lambda', parameters, body: parseExpression(cursor), place };
}

/** `for item in items:` where the cursor is, the colon included. */
export function parseLoop(cursor: TokenCursor): Loop {
  cursor.expectName('for');
  let item: string;
  let index: string | undefined;
  if (cursor.skip('(')) {
    item = cursor.expectName();
    cursor.expect(',');
    index = cursor.expectName();
    cursor.expect(')');
  } else item = cursor.expectName();
  cursor.expectName('in');
  const items = parseExpression(cursor);
  cursor.expect(':');
  return { item, items, ...(index === undefined ? {} : { index }) };
}

function parseArray(cursor: TokenCursor): Expression {
  const place = cursor.expect('[');
  if (cursor.isAtName('for')) {
    const loop = parseLoop(cursor);
    const body = parseExpression(cursor);
    cursor.expect(']');
    return { kind: 'for', loop, body, place };
  }
  const items = parseList(cursor, ']', () => parseExpression(cursor));
  return { kind: 'array', items, place };
}

/** Parses an object where the cursor is; throws for names that are computed and for those that come twice. */
export function parseObject(cursor: TokenCursor): Extract<Expression, { kind: 'object' }> {
  const place = cursor.expect('{');
  const properties = parseList(cursor, '}', () => parseProperty(cursor));
  const names = properties.map(({ name }) => name);
  const twice = properties.find(({ name }, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new BicepSyntaxError(`${twice.name} is there twice`, twice.place);
  return { kind: 'object', properties, place };
}

function parseProperty(cursor: TokenCursor): Property {
  const token = cursor.peek();
  const { place } = token;
  let name: string;
  if (token.kind === 'string') {
    const [only, ...more] = token.parts;
    if (typeof only !== 'string' || more.length > 0)
      return cursor.fail('a name that is not computed is expected');
    cursor.next();
    name = only;
  } else name = cursor.expectName();
  cursor.expect(':');
  return { name, value: parseExpression(cursor), place };
}

/** Items between lines or commas, to the symbol that ends them. */
function parseList<T>(cursor: TokenCursor, end: string, parse: () => T): readonly T[] {
  const items: T[] = [];
  cursor.skipNewlines();
  while (!cursor.isAt(end)) {
    items.push(parse());
    const isSeparated = cursor.peek().kind === 'newline' || cursor.skip(',');
    cursor.skipNewlines();
    if (!isSeparated && !cursor.isAt(end)) cursor.fail(`a new line, "," or "${end}" is expected`);
  }
  cursor.expect(end);
  return items;
}
