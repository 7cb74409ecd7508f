import type { BicepFile, Expression, Module, Output, Parameter, Resource, Variable } from './bicep-syntax.ts';
import type { Place } from './bicep-tokens.ts';

/** Something wrong with a template, and where. */
export interface Problem {
  readonly path: string;
  readonly place: Place;
  readonly problem: string;
}

/** All files of the templates by their paths below `infra/`. */
export type BicepFiles = ReadonlyMap<string, BicepFile>;

export type FileSymbol = Parameter | Variable | Resource | Module;

/** What the names of a file stand for, imported ones included; names that come twice are problems. */
export function symbolsOf(
  file: BicepFile,
  files: BicepFiles,
): { readonly symbols: ReadonlyMap<string, FileSymbol>; readonly problems: readonly Problem[] } {
  const symbols = new Map<string, FileSymbol>();
  const problems: Problem[] = [];
  const add = (name: string, symbol: FileSymbol, place: Place) => {
    if (symbols.has(name)) problems.push({ path: file.path, place, problem: `${name} is declared twice` });
    symbols.set(name, symbol);
  };
  for (const statement of file.statements) {
    if (statement.kind === 'targetScope' || statement.kind === 'output') continue;
    if (statement.kind !== 'import') {
      add(statement.name, statement, statement.place);
      continue;
    }
    const path = pathFrom(file.path, statement.path);
    for (const name of statement.names) {
      const found = variableOf(files.get(path), name);
      if (found === undefined) {
        const problem = `${path} exports no ${name}`;
        problems.push({ path: file.path, place: statement.place, problem });
      } else add(name, found, statement.place);
    }
  }
  return { symbols, problems };
}

function variableOf(file: BicepFile | undefined, name: string): Variable | undefined {
  return file?.statements
    .filter((statement) => statement.kind === 'var')
    .find((one) => one.name === name && one.decorators.some((decorator) => decorator.name === 'export'));
}

/** A path that a file names, from the folder of the templates. */
export function pathFrom(file: string, named: string): string {
  const parts = file.split('/').slice(0, -1);
  for (const part of named.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

export function parametersOf(file: BicepFile): readonly Parameter[] {
  return file.statements.filter((statement) => statement.kind === 'param');
}

export function outputsOf(file: BicepFile): readonly Output[] {
  return file.statements.filter((statement) => statement.kind === 'output');
}

export function resourcesOf(file: BicepFile): readonly Resource[] {
  return file.statements.filter((statement) => statement.kind === 'resource');
}

export function modulesOf(file: BicepFile): readonly Module[] {
  return file.statements.filter((statement) => statement.kind === 'module');
}

/** The value of a property of an object. */
export function propertyOf(
  { properties }: Extract<Expression, { kind: 'object' }>,
  name: string,
): Expression | undefined {
  return properties.find((property) => property.name === name)?.value;
}

/** An expression and all expressions in it. */
export function* expressionsIn(expression: Expression): Generator<Expression> {
  yield expression;
  for (const child of childrenOf(expression)) yield* expressionsIn(child);
}

/** Expressions right in an expression. */
export function childrenOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'string':
      return expression.parts.filter((part) => typeof part !== 'string');
    case 'object':
      return expression.properties.map(({ value }) => value);
    case 'array':
      return expression.items;
    case 'for':
      return [expression.loop.items, expression.body];
    case 'call':
      return expression.args;
    case 'index':
      return [expression.of, expression.index];
    case 'member':
    case 'some':
    case 'not':
    case 'negative':
      return [expression.of];
    case 'binary':
      return [expression.left, expression.right];
    case 'ternary':
      return [expression.condition, expression.whenTrue, expression.whenFalse];
    case 'lambda':
      return [expression.body];
    default:
      return [];
  }
}
