import { bicepFunctions } from './bicep-functions.ts';
import type { BicepFile, Expression, Module, Resource } from './bicep-syntax.ts';
import { type BicepFiles, outputsOf, type Problem, pathFrom, symbolsOf } from './file-symbols.ts';
import { type Fact, type FactObject, isList, isObject, propertiesOf, type TypeFacts } from './type-facts.ts';

/** What is known of the expressions of one file. */
export interface ExpressionFacts {
  /** What an expression is, or `undefined` where that is not known. */
  readonly of: (expression: Expression) => Fact | undefined;
  /** The expression that a name stands for, through variables. */
  readonly behind: (expression: Expression) => Expression;
  /** A member that what it is asked of has not. */
  readonly missing: (expression: Expression) => string | undefined;
}

const binaryKinds: Readonly<Record<string, Fact>> = {
  '+': 'int',
  '-': 'int',
  '*': 'int',
  '/': 'int',
  '%': 'int',
};

export function expressionFacts(file: BicepFile, files: BicepFiles, types: TypeFacts): ExpressionFacts {
  const { symbols } = symbolsOf(file, files);

  function of(expression: Expression): Fact | undefined {
    switch (expression.kind) {
      case 'string':
        return 'string';
      case 'number':
      case 'negative':
        return 'int';
      case 'boolean':
      case 'not':
        return 'bool';
      case 'array':
      case 'for':
        return 'array';
      case 'object':
        return objectOf(expression);
      case 'call':
        return bicepFunctions.get(expression.name)?.result;
      case 'binary':
        return expression.operator === '??'
          ? of(expression.left)
          : (binaryKinds[expression.operator] ?? 'bool');
      case 'ternary':
        return either(of(expression.whenTrue), of(expression.whenFalse));
      case 'some':
        return of(expression.of);
      case 'name':
        return named(expression.name);
      case 'index':
        return itemOf(of(expression.of), expression.index);
      case 'member':
        return memberOf(of(expression.of), expression.member);
      default:
        return undefined;
    }
  }

  function objectOf({ properties }: Extract<Expression, { kind: 'object' }>): FactObject {
    return Object.fromEntries(properties.map(({ name, value }) => [name, of(value) ?? 'any']));
  }

  function named(name: string): Fact | undefined {
    const symbol = symbols.get(name);
    switch (symbol?.kind) {
      case 'param':
        return symbol.type;
      case 'var':
        return of(symbol.value);
      case 'resource':
        return symbol.loop ? listOf(resourceOf(symbol)) : resourceOf(symbol);
      case 'module':
        return symbol.loop ? listOf(moduleOf(symbol)) : moduleOf(symbol);
      default:
        return undefined;
    }
  }

  function resourceOf({ type, apiVersion }: Resource): FactObject | undefined {
    const facts = types.get(`${type}@${apiVersion}`);
    return facts && { ...facts.body, 'id~': 'string', 'name~': 'string' };
  }

  function moduleOf({ path }: Module): FactObject | undefined {
    const target = files.get(pathFrom(file.path, path));
    if (target === undefined) return undefined;
    return { outputs: Object.fromEntries(outputsOf(target).map(({ name, type }) => [name, type])) };
  }

  return {
    of,
    behind(expression) {
      let found = expression;
      for (;;) {
        const symbol = found.kind === 'name' ? symbols.get(found.name) : undefined;
        if (symbol?.kind !== 'var') return found;
        found = symbol.value;
      }
    },
    missing(expression) {
      if (expression.kind !== 'member') return undefined;
      const known = of(expression.of);
      if (known === undefined || !isObject(known)) {
        return known === undefined || known === 'any' || known === 'object'
          ? undefined
          : `${expression.member} is asked of what has no members`;
      }
      return memberOf(known, expression.member) === undefined && !expression.isSafe
        ? `there is no ${expression.member} in it`
        : undefined;
    },
  };
}

const listOf = (item: Fact | undefined): Fact => (item === undefined ? 'array' : [item]);

function either(one: Fact | undefined, other: Fact | undefined): Fact | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return JSON.stringify(one) === JSON.stringify(other) ? one : 'any';
}

function itemOf(of: Fact | undefined, index: Expression): Fact | undefined {
  if (of !== undefined && isList(of)) return of[0];
  const key = index.kind === 'string' && index.parts.length === 1 ? index.parts[0] : undefined;
  return typeof key === 'string' ? memberOf(of, key) : undefined;
}

function memberOf(of: Fact | undefined, name: string): Fact | undefined {
  if (of === undefined || !isObject(of)) return undefined;
  const properties = propertiesOf(of);
  return (properties.get(name) ?? properties.get('*'))?.fact;
}

/** Members that the templates ask for and that there are not, in every expression of a file. */
export function checkMembers(
  file: BicepFile,
  expressions: Iterable<Expression>,
  { missing }: ExpressionFacts,
): readonly Problem[] {
  return [...expressions].flatMap((expression) => {
    const problem = missing(expression);
    return problem === undefined ? [] : [{ path: file.path, place: expression.place, problem }];
  });
}
