import type { BicepFile } from './bicep-syntax.ts';
import { expressionsIn, type Problem, pathFrom } from './file-symbols.ts';
import { expressionsOf } from './name-check.ts';

/** The function whose value is the text of a file. */
const loading = 'loadTextContent';

/** Texts that are loaded from files that are not there; `contents` are paths below `infra/`. */
export function checkContents(file: BicepFile, contents: ReadonlySet<string>): readonly Problem[] {
  return file.statements
    .flatMap(expressionsOf)
    .flatMap((expression) => [...expressionsIn(expression)])
    .flatMap((expression) => {
      if (expression.kind !== 'call' || expression.name !== loading) return [];
      const [named] = expression.args;
      const only = named?.kind === 'string' && named.parts.length === 1 ? named.parts[0] : undefined;
      const { place } = expression;
      if (typeof only !== 'string')
        return [{ path: file.path, place, problem: `${loading} is given no path` }];
      const target = pathFrom(file.path, only);
      return contents.has(target) ? [] : [{ path: file.path, place, problem: `${target} is not there` }];
    });
}
