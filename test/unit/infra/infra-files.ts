import { globSync, readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import type { TemplateFacts } from '../../../infra/checks/template-check.ts';
import { readTypeFacts } from '../../../infra/checks/type-facts.ts';

/** The text of a file by its path from the root of the repository. */
export function textOf(path: string): string {
  return readFileSync(path, 'utf8');
}

/** Texts of the Bicep files by their paths below `infra/`. */
export function templateTexts(): ReadonlyMap<string, string> {
  return new Map(pathsOf('infra/**/*.bicep').map((path) => [path, textOf(`infra/${path}`)]));
}

function pathsOf(pattern: string): readonly string[] {
  return globSync(pattern)
    .sort()
    .map((path) => path.replaceAll('\\', '/').slice('infra/'.length));
}

/** The type facts and the built-in roles that the templates are held to. */
export function pinnedFacts(): TemplateFacts {
  const folder = 'test/unit/infra/facts';
  const roles = z.record(z.string(), z.string()).parse(JSON.parse(textOf(`${folder}/built-in-roles.json`)));
  return {
    types: readTypeFacts(JSON.parse(textOf(`${folder}/resource-types.json`))),
    roles: new Map(Object.entries(roles)),
    contents: new Set(pathsOf('infra/**/*.{json,kql}')),
  };
}
