import { bicepFunctions, decorators } from './bicep-functions.ts';
import type { BicepFile, Expression, Loop, Statement } from './bicep-syntax.ts';
import type { Place } from './bicep-tokens.ts';
import { type BicepFiles, childrenOf, expressionsIn, type Problem, symbolsOf } from './file-symbols.ts';

/** Names that stand for nothing, functions that are not known, and parameters and variables that nothing uses. */
export function checkNames(file: BicepFile, files: BicepFiles): readonly Problem[] {
  const { symbols, problems: doubled } = symbolsOf(file, files);
  const problems: Problem[] = [...doubled];
  const used = new Set<string>();
  const report = (place: Place, problem: string) => problems.push({ path: file.path, place, problem });

  function visit(expression: Expression, local: ReadonlySet<string>): void {
    if (expression.kind === 'name') {
      used.add(expression.name);
      if (!local.has(expression.name) && !symbols.has(expression.name)) {
        report(expression.place, `nothing is named ${expression.name}`);
      }
    }
    if (expression.kind === 'call') {
      const found = bicepFunctions.get(expression.name);
      if (found === undefined) report(expression.place, `the function ${expression.name} is not known`);
      else if (expression.args.length < found.fewest || expression.args.length > found.most) {
        report(expression.place, `${expression.name} does not take ${expression.args.length} arguments`);
      }
    }
    const inner =
      expression.kind === 'lambda'
        ? new Set([...local, ...expression.parameters])
        : expression.kind === 'for'
          ? withLoop(local, expression.loop)
          : local;
    for (const child of childrenOf(expression)) visit(child, inner);
  }

  for (const statement of file.statements) {
    if (statement.kind === 'targetScope') continue;
    for (const { name, args } of statement.decorators) {
      if (!decorators.has(name)) report(statement.place, `the decorator ${name} is not known`);
      for (const argument of args) visit(argument, new Set());
    }
    const local =
      'loop' in statement && statement.loop ? withLoop(new Set(), statement.loop) : new Set<string>();
    for (const expression of expressionsOf(statement)) visit(expression, local);
    if (statement.kind === 'resource' && statement.within !== undefined) used.add(statement.within);
  }
  for (const statement of file.statements) {
    const isValue = statement.kind === 'param' || statement.kind === 'var';
    const isExported = isValue && statement.decorators.some(({ name }) => name === 'export');
    const isRead = isValue && (used.has(statement.name) || isExported);
    if (isValue && !isRead) report(statement.place, `${statement.name} is not used`);
    if (statement.kind === 'import') {
      for (const name of statement.names) if (!used.has(name)) report(statement.place, `${name} is not used`);
    }
  }
  return problems;
}

function withLoop(names: ReadonlySet<string>, { item, index }: Loop): ReadonlySet<string> {
  return new Set([...names, item, ...(index === undefined ? [] : [index])]);
}

/** The expressions that a statement is made of. */
export function expressionsOf(statement: Statement): readonly Expression[] {
  switch (statement.kind) {
    case 'param':
      return statement.otherwise ? [statement.otherwise] : [];
    case 'var':
    case 'output':
      return [statement.value];
    case 'resource':
    case 'module':
      return [
        ...(statement.loop ? [statement.loop.items] : []),
        ...(statement.condition ? [statement.condition] : []),
        statement.body,
      ];
    default:
      return [];
  }
}

/** Names of the file that an expression uses, through variables too. */
export function namesIn(
  expression: Expression,
  symbols: ReturnType<typeof symbolsOf>['symbols'],
): ReadonlySet<string> {
  const names = new Set<string>();
  for (const each of expressionsIn(expression)) {
    if (each.kind !== 'name' || names.has(each.name)) continue;
    names.add(each.name);
    const symbol = symbols.get(each.name);
    if (symbol?.kind === 'var') for (const name of namesIn(symbol.value, symbols)) names.add(name);
  }
  return names;
}
