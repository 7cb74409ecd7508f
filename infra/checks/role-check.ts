import type { BicepFile } from './bicep-syntax.ts';
import { type BicepFiles, expressionsIn, type Problem } from './file-symbols.ts';
import { expressionsOf } from './name-check.ts';

const guid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;

/** The file that roles are named in. */
const rolesPath = 'roles.bicep';

/** Role ids that are not those of their names, or that stand anywhere but in the list of roles. */
export function checkRoles(files: BicepFiles, builtIn: ReadonlyMap<string, string>): readonly Problem[] {
  const named = rolesOf(files.get(rolesPath));
  return [...files.values()].flatMap((file) => [
    ...(file.path === rolesPath ? wrongIds(file, builtIn) : strayIds(file)),
    ...unnamedRoles(file, new Set(named.keys())),
  ]);
}

/** The ids of roles by their names, as the templates list them. */
function rolesOf(file: BicepFile | undefined): ReadonlyMap<string, string> {
  const list = file?.statements.find((statement) => statement.kind === 'var' && statement.name === 'roles');
  if (list?.kind !== 'var' || list.value.kind !== 'object') return new Map();
  return new Map(
    list.value.properties.flatMap(({ name, value }) => {
      const id = value.kind === 'string' ? value.parts[0] : undefined;
      return typeof id === 'string' ? [[name, id] as const] : [];
    }),
  );
}

function wrongIds(file: BicepFile, builtIn: ReadonlyMap<string, string>): readonly Problem[] {
  return [...rolesOf(file)].flatMap(([name, id]) => {
    const place = file.statements[0]?.place ?? { line: 1, column: 1 };
    const right = builtIn.get(name);
    if (right === undefined)
      return [{ path: file.path, place, problem: `no built-in role is named ${name}` }];
    return right === id ? [] : [{ path: file.path, place, problem: `${name} is ${right}, not ${id}` }];
  });
}

function strayIds(file: BicepFile): readonly Problem[] {
  return all(file).flatMap((expression) => {
    const texts = expression.kind === 'string' ? expression.parts : [];
    return texts
      .filter((text) => typeof text === 'string' && guid.test(text))
      .map((text) => ({
        path: file.path,
        place: expression.place,
        problem: `${text} is written out: name the role`,
      }));
  });
}

function unnamedRoles(file: BicepFile, names: ReadonlySet<string>): readonly Problem[] {
  return all(file).flatMap((expression) => {
    const isMember = expression.kind === 'member' || expression.kind === 'index';
    if (!isMember || expression.of.kind !== 'name' || expression.of.name !== 'roles') return [];
    const text =
      expression.kind === 'index' && expression.index.kind === 'string'
        ? expression.index.parts[0]
        : undefined;
    const name = expression.kind === 'member' ? expression.member : text;
    if (typeof name === 'string' && names.has(name)) return [];
    return [
      { path: file.path, place: expression.place, problem: `${String(name)} is no role that is listed` },
    ];
  });
}

function all(file: BicepFile) {
  return file.statements.flatMap((statement) =>
    expressionsOf(statement).flatMap((expression) => [...expressionsIn(expression)]),
  );
}
