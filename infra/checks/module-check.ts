import type { BicepFile, Expression, Module, Resource } from './bicep-syntax.ts';
import type { Place } from './bicep-tokens.ts';
import type { ExpressionFacts } from './expression-facts.ts';
import {
  type BicepFiles,
  type FileSymbol,
  modulesOf,
  outputsOf,
  type Problem,
  parametersOf,
  pathFrom,
  propertyOf,
  resourcesOf,
  symbolsOf,
} from './file-symbols.ts';
import { namesIn } from './name-check.ts';
import { kindOf } from './type-facts.ts';

const ofModule: ReadonlySet<string> = new Set(['name', 'scope', 'params', 'dependsOn']);

/** Modules that name no file, are given what they do not take, or use what another makes without waiting for it. */
export function checkModules(
  file: BicepFile,
  files: BicepFiles,
  expressions: ExpressionFacts,
): readonly Problem[] {
  const problems: Problem[] = [];
  const report = (place: Place, problem: string) => problems.push({ path: file.path, place, problem });
  const { symbols } = symbolsOf(file, files);

  for (const module of modulesOf(file)) {
    const target = files.get(pathFrom(file.path, module.path));
    if (target === undefined) {
      report(module.place, `${module.path} is not there`);
      continue;
    }
    for (const { name, place } of module.body.properties) {
      if (!ofModule.has(name)) report(place, `${name} is no property of a module`);
    }
    const scope = propertyOf(module.body, 'scope');
    const placed = scope === undefined ? file.scope : scopeOf(scope, symbols);
    if (placed !== target.scope) {
      report(
        module.place,
        `${module.path} is for a ${target.scope}, and is deployed to ${placed ?? 'something else'}`,
      );
    }
    checkParameters(module, target);
    checkDependencies(module, target);
  }
  for (const { value, type, name, place } of outputsOf(file)) {
    const found = expressions.of(value);
    const actual = found === undefined ? undefined : kindOf(found);
    if (actual !== undefined && actual !== type)
      report(place, `${name} is ${actual}, and is declared as ${type}`);
  }
  return problems;

  function checkParameters(module: Module, target: BicepFile): void {
    const params = propertyOf(module.body, 'params');
    const given = params?.kind === 'object' ? params.properties : [];
    const taken = new Map(parametersOf(target).map((parameter) => [parameter.name, parameter]));
    for (const { name, value, place } of given) {
      const parameter = taken.get(name);
      if (parameter === undefined) {
        report(place, `${target.path} takes no ${name}`);
        continue;
      }
      const found = expressions.of(value);
      const actual = found === undefined ? undefined : kindOf(found);
      if (actual !== undefined && actual !== parameter.type) {
        report(place, `${name} is ${actual}, and ${target.path} takes ${parameter.type}`);
      }
    }
    for (const { name, otherwise } of taken.values()) {
      const isGiven = given.some((property) => property.name === name);
      if (otherwise === undefined && !isGiven) report(module.place, `${target.path} is not given ${name}`);
    }
  }

  /** What a module only refers to and another one makes, it has to be told by that one, or to wait for it. */
  function checkDependencies(module: Module, target: BicepFile): void {
    const awaited = namesIn(module.body, symbols);
    for (const resource of referredTo(target)) {
      const makers = modulesOf(file).filter(
        (other) => other !== module && makes(files.get(pathFrom(file.path, other.path)), resource.type),
      );
      if (makers.length === 0 || makers.some(({ name }) => awaited.has(name))) continue;
      if (isElsewhere(argumentFor(module, target, resource))) continue;
      const names = makers.map(({ name }) => name).join(' or ');
      report(
        module.place,
        `${module.name} refers to a ${resource.type}, and does not wait for ${names}, which makes it`,
      );
    }
  }

  /** What the module is told the name of the resource by. */
  function argumentFor(module: Module, target: BicepFile, resource: Resource): Expression | undefined {
    const name = propertyOf(resource.body, 'name');
    if (name?.kind !== 'name' || !parametersOf(target).some((parameter) => parameter.name === name.name))
      return undefined;
    const params = propertyOf(module.body, 'params');
    return params?.kind === 'object' ? propertyOf(params, name.name) : undefined;
  }

  /** Whether an argument is of a resource that this file refers to as well, so that it is there before. */
  function isElsewhere(argument: Expression | undefined): boolean {
    const of = argument?.kind === 'member' ? argument.of : undefined;
    const symbol = of?.kind === 'name' ? symbols.get(of.name) : undefined;
    return symbol?.kind === 'resource' && symbol.isExisting;
  }
}

/** Resources that a file refers to by names of its own making, not through a parent. */
function referredTo(file: BicepFile): readonly Resource[] {
  return resourcesOf(file).filter(
    ({ isExisting, body }) => isExisting && propertyOf(body, 'parent') === undefined,
  );
}

function makes(file: BicepFile | undefined, type: string): boolean {
  return (
    file !== undefined && resourcesOf(file).some((resource) => resource.type === type && !resource.isExisting)
  );
}

function scopeOf(expression: Expression, symbols: ReadonlyMap<string, FileSymbol>): string | undefined {
  if (expression.kind === 'call') return expression.name;
  const symbol = expression.kind === 'name' ? symbols.get(expression.name) : undefined;
  return symbol?.kind === 'resource' && symbol.type === 'Microsoft.Resources/resourceGroups'
    ? 'resourceGroup'
    : undefined;
}
