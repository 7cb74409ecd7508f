import { parseBicep } from './bicep-parsing.ts';
import { checkContents } from './content-check.ts';
import { checkMembers, expressionFacts } from './expression-facts.ts';
import { type BicepFiles, expressionsIn, type Problem } from './file-symbols.ts';
import { checkModules } from './module-check.ts';
import { checkNames, expressionsOf } from './name-check.ts';
import { checkResources } from './resource-check.ts';
import { checkRoles } from './role-check.ts';
import type { TypeFacts } from './type-facts.ts';

/** What is known besides the templates: resource types, and built-in roles by name. */
export interface TemplateFacts {
  readonly types: TypeFacts;
  readonly roles: ReadonlyMap<string, string>;
  /** Paths, below `infra/`, of files whose texts templates may hold. */
  readonly contents: ReadonlySet<string>;
}

/** Parses files by their paths below `infra/`; throws `BicepSyntaxError` for what is not of the subset. */
export function parseTemplates(texts: ReadonlyMap<string, string>): BicepFiles {
  return new Map([...texts].map(([path, text]) => [path, parseBicep(path, text)]));
}

/** Everything that is wrong with the templates as far as it can be told without Azure, as `path:line:column: problem`. */
export function checkTemplates(
  files: BicepFiles,
  { types, roles, contents }: TemplateFacts,
): readonly string[] {
  const problems: readonly Problem[] = [
    ...[...files.values()].flatMap((file) => {
      const expressions = expressionFacts(file, files, types);
      const all = file.statements.flatMap((statement) =>
        expressionsOf(statement).flatMap((expression) => [...expressionsIn(expression)]),
      );
      return [
        ...checkNames(file, files),
        ...checkResources(file, files, types, expressions),
        ...checkMembers(file, all, expressions),
        ...checkModules(file, files, expressions),
        ...checkContents(file, contents),
      ];
    }),
    ...checkRoles(files, roles),
  ];
  return problems.map(({ path, place, problem }) => `${path}:${place.line}:${place.column}: ${problem}`);
}
