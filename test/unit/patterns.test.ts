import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseSync } from '@swc/core';
import { analyse } from 'scslre';

/** A pattern as it stands in a source file. */
interface FoundPattern {
  readonly file: string;
  readonly source: string;
  readonly flags: string;
}

/** What is made at load time, by `new RegExp`, of parts that have names. */
const composed = [
  'src/registry/name.ts',
  'src/registry/reference.ts',
  'src/registry/registry-resource.ts',
  'src/settings.ts',
];
/** Made of a name in the code itself at each use; asked for by hand below. */
const composedWithin = ['src/ledger/entry-content.ts'];

function isNode(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function* nodesOf(value: unknown): Generator<Readonly<Record<string, unknown>>> {
  if (Array.isArray(value)) for (const part of value) yield* nodesOf(part);
  else if (isNode(value)) {
    yield value;
    for (const part of Object.values(value)) if (isNode(part)) yield* nodesOf(part);
  }
}

async function sourceFiles(): Promise<readonly string[]> {
  const names = await readdir('src', { recursive: true });
  return names.filter((name) => name.endsWith('.ts')).map((name) => join('src', name));
}

function parsedNodes(file: string) {
  return [...nodesOf(parseSync(readFileSync(file, 'utf8'), { syntax: 'typescript', target: 'es2023' }))];
}

/** What is wrong with a pattern: texts for which its work grows faster than their length. */
function slownessOf({ file, source, flags }: FoundPattern): readonly string[] {
  return analyse({ source, flags }).reports.map(
    ({ type, character }) => `${file}: /${source}/${flags} is slow (${type}) for many of ${character.pick}`,
  );
}

describe('when the service matches a text from outside', () => {
  const literals: FoundPattern[] = [];
  const makers = new Set<string>();
  const made: FoundPattern[] = [];
  const original = globalThis.RegExp;

  beforeAll(async () => {
    for (const file of await sourceFiles()) {
      for (const { type, pattern, flags, callee } of parsedNodes(file)) {
        if (type === 'RegExpLiteral') literals.push({ file, source: String(pattern), flags: String(flags) });
        const isMaker = (type === 'NewExpression' || type === 'CallExpression') && isNode(callee);
        if (isMaker && callee['value'] === 'RegExp') makers.add(file);
      }
    }
    for (const file of composed) {
      globalThis.RegExp = new Proxy(original, {
        construct(target, [source, flags = '']) {
          const pattern = new target(source, flags);
          made.push({ file, source: pattern.source, flags: pattern.flags });
          return pattern;
        },
      });
      await import(`../../${file}`);
    }
  });
  afterAll(() => {
    globalThis.RegExp = original;
  });

  it('no pattern takes more than linear time', () => {
    expect(literals.length).toBeGreaterThan(100);
    expect(literals.flatMap(slownessOf)).toEqual([]);
  });

  it('nor does one that is composed of parts', () => {
    expect([...makers].sort()).toEqual([...composed, ...composedWithin].sort());
    expect(new Set(made.map(({ file }) => file))).toEqual(new Set(composed));
    const within = { file: 'src/ledger/entry-content.ts', source: '"at":"([^"\\\\]{1,300})"', flags: '' };
    expect([...made, within].flatMap(slownessOf)).toEqual([]);
  });

  it.each(['^(a+)+$', '\\s+$', '^\\s*"?([^"]*)"?$'])('%s would be found', (source) => {
    expect(slownessOf({ file: 'probe', source, flags: '' })).not.toEqual([]);
  });
});
