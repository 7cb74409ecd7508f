import { KqlSyntaxError, type KqlToken, kqlTokens } from './kql-tokens.ts';

/** An expression of the subset of KQL that the queries keep to. */
export type KqlExpression = { readonly line: number } & (
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'number' | 'timespan' }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'member'; readonly of: KqlExpression; readonly member: string }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly KqlExpression[] }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: KqlExpression;
      readonly right: KqlExpression;
    }
  | {
      readonly kind: 'among';
      readonly operator: string;
      readonly left: KqlExpression;
      readonly items: readonly KqlExpression[];
    }
);

/** A column that is made, with its name where it is given one. */
export interface KqlColumn {
  readonly name?: string;
  readonly value: KqlExpression;
}

/** What is done to the rows, one after the other. */
export type KqlStage = { readonly line: number } & (
  | { readonly kind: 'where'; readonly condition: KqlExpression }
  | { readonly kind: 'extend' | 'project'; readonly columns: readonly KqlColumn[] }
  | { readonly kind: 'summarize'; readonly columns: readonly KqlColumn[]; readonly by: readonly KqlColumn[] }
  | { readonly kind: 'order'; readonly columns: readonly KqlExpression[] }
);

export interface KqlQuery {
  readonly table: string;
  readonly line: number;
  readonly stages: readonly KqlStage[];
}

/** From the weakest to the strongest: https://learn.microsoft.com/kusto/query/scalar-operators */
const binaryOperators: readonly (readonly string[])[] = [
  ['or'],
  ['and'],
  ['==', '!=', '=~', '!~', '<', '<=', '>', '>=', 'has', 'contains', 'startswith'],
  ['+', '-'],
  ['*', '/'],
];
const amongOperators: readonly string[] = ['in', '!in', 'in~', '!in~'];

/** Parses a query; throws {@link KqlSyntaxError} for anything that is not of the subset, so that nothing passes unread. */
export function parseKql(text: string): KqlQuery {
  const tokens = kqlTokens(text);
  let at = 0;
  const peek = (): KqlToken => tokens[Math.min(at, tokens.length - 1)] ?? { kind: 'end', text: '', line: 0 };
  const fail = (expected: string): never => {
    throw new KqlSyntaxError(`${expected} is expected, and "${peek().text}" is there`, peek().line);
  };
  const isAt = (kind: KqlToken['kind'], text: string) => peek().kind === kind && peek().text === text;
  const skip = (kind: KqlToken['kind'], text: string): boolean => {
    if (!isAt(kind, text)) return false;
    at += 1;
    return true;
  };
  const expect = (text: string) => skip('symbol', text) || fail(`"${text}"`);
  const name = (): string => {
    const { kind, text } = peek();
    if (kind !== 'name') return fail('a name');
    at += 1;
    return text;
  };
  const list = <T>(item: () => T): readonly T[] => {
    const items = [item()];
    while (skip('symbol', ',')) items.push(item());
    return items;
  };

  function primary(): KqlExpression {
    const { kind, text, line } = peek();
    if (skip('symbol', '(')) {
      const inner = expression();
      expect(')');
      return inner;
    }
    if (kind === 'string' || kind === 'number' || kind === 'timespan') {
      at += 1;
      return kind === 'string' ? { kind, value: text, line } : { kind, line };
    }
    const named = name();
    if (!skip('symbol', '(')) return { kind: 'name', name: named, line };
    const args = isAt('symbol', ')') ? [] : list(expression);
    expect(')');
    return { kind: 'call', name: named, args, line };
  }

  function members(): KqlExpression {
    let of = primary();
    while (isAt('symbol', '.')) {
      const { line } = peek();
      at += 1;
      of = { kind: 'member', of, member: name(), line };
    }
    return of;
  }

  function expression(level = 0): KqlExpression {
    const operators = binaryOperators[level];
    if (operators === undefined) return members();
    let left = expression(level + 1);
    for (;;) {
      const { text, line, kind } = peek();
      const isOperator = kind === 'symbol' || kind === 'name';
      if (isOperator && operators.includes('==') && amongOperators.includes(text)) {
        at += 1;
        expect('(');
        const items = list(() => expression());
        expect(')');
        left = { kind: 'among', operator: text, left, items, line };
      } else if (isOperator && operators.includes(text)) {
        at += 1;
        left = { kind: 'binary', operator: text, left, right: expression(level + 1), line };
      } else return left;
    }
  }

  function column(): KqlColumn {
    const isNamed =
      peek().kind === 'name' && tokens[at + 1]?.text === '=' && tokens[at + 1]?.kind === 'symbol';
    if (!isNamed) return { value: expression() };
    const named = name();
    expect('=');
    return { name: named, value: expression() };
  }

  function stage(): KqlStage {
    const { line } = peek();
    const operator = name();
    switch (operator) {
      case 'where':
        return { kind: 'where', condition: expression(), line };
      case 'extend':
      case 'project':
        return { kind: operator, columns: list(column), line };
      case 'summarize': {
        const columns = isAt('name', 'by') ? [] : list(column);
        return { kind: 'summarize', columns, by: skip('name', 'by') ? list(column) : [], line };
      }
      case 'order':
        if (!skip('name', 'by')) fail('"by"');
        return {
          kind: 'order',
          columns: list(() => {
            const value = expression();
            if (!skip('name', 'asc') && !skip('name', 'desc')) fail('"asc" or "desc"');
            return value;
          }),
          line,
        };
      default:
        throw new KqlSyntaxError(`"${operator}" is no operator that is used`, line);
    }
  }

  const { line } = peek();
  const table = name();
  const stages: KqlStage[] = [];
  while (skip('symbol', '|')) stages.push(stage());
  if (peek().kind !== 'end') fail('"|"');
  return { table, line, stages };
}
