import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { completionsOf } from '../../../src/cli/completion.ts';
import { programOf } from '../../../src/cli/program.ts';

const stream = { isTerminal: false, write: () => {} };
const terminal = { out: stream, err: stream, env: {}, readText: async () => '', pause: async () => {} };
const program = programOf(terminal, { token: async () => '' }, () => {});

describe('when the page about the command line is read', () => {
  it('it names every command, and no option that there is not', async () => {
    const page = await readFile('docs/cli.md', 'utf8');
    const completions = completionsOf(program);
    const leaves = completions.filter(
      ({ path }) => !completions.some((other) => other.path.startsWith(`${path}/`)),
    );
    for (const { path } of leaves) {
      const names = path.split('/').slice(1);
      for (const name of names) expect(page).toContain(name);
    }
    const options = new Set(
      completions.flatMap(({ words }) => words.filter((word) => word.startsWith('--'))),
    );
    const named = new Set(page.match(/(?<![\w-])--[a-z][a-z-]*/g));
    expect([...named].filter((option) => !options.has(option))).toEqual([]);
    expect(leaves.length).toBeGreaterThan(18);
  });
});

describe('when the pages to start with are read', () => {
  it('each begins with a question, and names no command or option that there is not', async () => {
    const pages = await readdir('docs/start');
    expect(pages).toHaveLength(5);
    const known = new Map(completionsOf(program).map(({ path, words }) => [path, new Set(words)]));
    for (const name of pages) {
      const page = await readFile(`docs/start/${name}`, 'utf8');
      expect(page.split('\n')[2]).toMatch(/^\*\*.*\?\*\*$/);
      for (const [line] of page.matchAll(/acr-audit [^`\n]*/g)) {
        const words = line.split(/\s+/).slice(1);
        let path = '';
        for (const word of words) if (known.has(`${path}/${word}`)) path = `${path}/${word}`;
        expect([line, path]).not.toEqual([line, '']);
        const options = words.filter((word) => word.startsWith('--'));
        expect([line, options.filter((option) => !known.get(path)?.has(option))]).toEqual([line, []]);
      }
    }
  });
});
