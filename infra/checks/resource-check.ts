import type { BicepFile, Expression, Resource } from './bicep-syntax.ts';
import type { Place } from './bicep-tokens.ts';
import type { ExpressionFacts } from './expression-facts.ts';
import { type BicepFiles, type Problem, propertyOf, resourcesOf, symbolsOf } from './file-symbols.ts';
import {
  casesOf,
  discriminatorOf,
  type Fact,
  type FactObject,
  isList,
  isObject,
  kindOf,
  type PropertyFact,
  propertiesOf,
  type TypeFacts,
} from './type-facts.ts';

/** Properties of every resource that are Bicep's, not the type's. */
const ofBicep: ReadonlySet<string> = new Set(['name', 'parent', 'scope', 'dependsOn']);

/** Resources whose type, version, place or properties are not as the facts say. */
export function checkResources(
  file: BicepFile,
  files: BicepFiles,
  types: TypeFacts,
  expressions: ExpressionFacts,
): readonly Problem[] {
  const problems: Problem[] = [];
  const report = (place: Place, problem: string) => problems.push({ path: file.path, place, problem });
  const { symbols } = symbolsOf(file, files);

  for (const resource of resourcesOf(file)) {
    const { type, apiVersion, body, place } = resource;
    const facts = types.get(`${type}@${apiVersion}`);
    if (facts === undefined) {
      report(place, `${type}@${apiVersion} is not among the type facts`);
      continue;
    }
    checkParent(resource);
    if (propertyOf(body, 'name') === undefined) report(place, `${resource.name} has no name`);
    const isPlaced = propertyOf(body, 'scope') !== undefined || propertyOf(body, 'parent') !== undefined;
    const isHere = facts.scopes.includes(file.scope) || facts.scopes.includes('extension');
    if (!isPlaced && !isHere && resource.within === undefined) {
      report(place, `${type} is not deployed to a ${file.scope}`);
    }
    const own = body.properties.filter(
      ({ name }) => !ofBicep.has(name) || (name === discriminatorOf(facts.body) && !resource.isExisting),
    );
    if (resource.isExisting) {
      for (const { name, place: at } of own)
        report(at, `${name} is given of a resource that is only referred to`);
    } else checkObject({ ...body, properties: own }, facts.body);
  }
  return problems;

  function checkParent({ type, body, name, within, place }: Resource): void {
    const parent = propertyOf(body, 'parent');
    const isChild = type.split('/').length > 2;
    if (parent === undefined) {
      if (isChild && within === undefined) report(place, `${name} is a child and names no parent`);
      return;
    }
    const target = parent.kind === 'index' ? parent.of : parent;
    const symbol = target.kind === 'name' ? symbols.get(target.name) : undefined;
    const expected = type.split('/').slice(0, -1).join('/');
    if (symbol?.kind !== 'resource' || symbol.type !== expected) {
      report(parent.place, `the parent of ${name} is no ${expected}`);
    } else if ((symbol.loop !== undefined) !== (parent.kind === 'index')) {
      report(parent.place, `the parent of ${name} is not one ${expected}`);
    }
  }

  function checkObject(object: Extract<Expression, { kind: 'object' }>, of: FactObject): void {
    const by = discriminatorOf(of);
    const chosen = by === undefined ? undefined : textOf(propertyOf(object, by));
    if (by !== undefined && (chosen === undefined || casesOf(of)?.has(chosen) !== true)) {
      report(object.place, `${by} is none of ${[...(casesOf(of)?.keys() ?? [])].join(', ')}`);
    }
    const known = propertiesOf(of, chosen);
    for (const { name, value, place } of object.properties) {
      const property = known.get(name) ?? known.get('*');
      if (property === undefined) report(place, `there is no property ${name}${nearest(name, known)}`);
      else if (property.isReadOnly) report(place, `${name} is read-only`);
      else checkValue(value, property.fact, name);
    }
    const given = new Set(object.properties.map(({ name }) => name));
    for (const [name, { isRequired }] of known) {
      if (isRequired && !given.has(name)) report(object.place, `${name} is missing`);
    }
  }

  function checkValue(expression: Expression, of: Fact, name: string): void {
    const value = expressions.behind(expression);
    if (value.kind === 'ternary') {
      checkValue(value.whenTrue, of, name);
      checkValue(value.whenFalse, of, name);
    } else if (value.kind === 'null') return;
    else if (value.kind === 'object' && isObject(of)) checkObject(value, of);
    else if (value.kind === 'array' && isList(of))
      for (const item of value.items) checkValue(item, of[0], name);
    else if (value.kind === 'for' && isList(of)) checkValue(value.body, of[0], name);
    else checkKind(value, of, name);
  }

  function checkKind(value: Expression, of: Fact, name: string): void {
    const found = expressions.of(value);
    const expected = kindOf(of);
    const actual = found === undefined ? undefined : kindOf(found);
    if (expected !== undefined && actual !== undefined && actual !== expected) {
      report(value.place, `${name} is ${actual}, and has to be ${expected}`);
    }
    const text = textOf(value);
    if (typeof of !== 'string' || !of.startsWith("'") || text === undefined) return;
    const choices = of.split('|');
    if (!choices.includes('string') && !choices.includes(`'${text}'`)) {
      report(value.place, `${name} is '${text}', and has to be one of ${of}`);
    }
  }
}

/** A text that is not put together. */
function textOf(expression: Expression | undefined): string | undefined {
  const only =
    expression?.kind === 'string' && expression.parts.length === 1 ? expression.parts[0] : undefined;
  return typeof only === 'string' ? only : undefined;
}

function nearest(name: string, known: ReadonlyMap<string, PropertyFact>): string {
  const found = [...known.keys()].find(
    (each) => each.toLowerCase() === name.toLowerCase() || distance(each, name) <= 2,
  );
  return found === undefined ? '' : `: is ${found} meant?`;
}

/** How many characters have to be added, removed or replaced to make one of the other. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [at, character] of [...one].entries()) {
    const next = [at + 1];
    for (const [index, each] of [...other].entries()) {
      const replaced = (row[index] ?? 0) + (each === character ? 0 : 1);
      next.push(Math.min((row[index + 1] ?? 0) + 1, (next[index] ?? 0) + 1, replaced));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
