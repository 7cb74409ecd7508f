import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';

const run = promisify(execFile);
const optionalText = z.string().optional();
const direct = z.object({
  kind: z.enum(['runtime', 'development', 'optional']),
  name: z.string(),
  asked: z.string(),
  version: optionalText,
  licence: optionalText,
});
const report = z.object({ direct: z.array(direct), problems: z.array(z.string()) });

/** What the documents say of one package. */
interface Row {
  readonly version: string;
  readonly licence: string;
  readonly chapter: string;
}

/** Runs the script where a project is. */
async function licences(directory: string): Promise<z.infer<typeof report>> {
  const ran = run(process.execPath, [resolve('licences.js'), '--json'], {
    cwd: directory,
    maxBuffer: 16 * 1024 * 1024,
  });
  const told = z.object({ stdout: z.string() });
  const { stdout } = told.parse(await ran.catch((failed: unknown) => failed));
  return report.parse(JSON.parse(stdout));
}

/**
 * The rows of the tables of dependencies. A version stands for all names before it that have none; licences stand for all
 * names of a row, or one for each.
 */
function rowsOf(text: string): ReadonlyMap<string, Row> {
  const rows = new Map<string, Row>();
  let chapter = '';
  for (const line of text.split('\n')) {
    chapter = /^## (.*)/.exec(line)?.[1] ?? chapter;
    const [, first = '', second = ''] = line.split('|').map((cell) => cell.trim());
    const names = [...first.matchAll(/`([@\w/.-]+)`(?: (\d[\w.-]*))?/g)];
    if (chapter === 'Own code' || names.length === 0) continue;
    const licences = second.split(', ');
    for (const [place, [, name = '']] of names.entries()) {
      const version = names.slice(place).find(([, , given]) => given !== undefined)?.[2] ?? '';
      rows.set(name, { version, licence: licences[place] ?? licences[0] ?? '', chapter });
    }
  }
  return rows;
}

const chapters = { runtime: 'In the bundles', development: 'Development', optional: 'Optional' };

describe('when the dependencies are listed', () => {
  let listed: z.infer<typeof report>;
  let rows: ReadonlyMap<string, Row>;
  beforeAll(async () => {
    listed = await licences('.');
    rows = rowsOf(await readFile('docs/dependencies.md', 'utf8'));
  });

  it('each of package.json is in docs/dependencies.md, with its version and its licence as installed', () => {
    const told = listed.direct.map(({ kind, name, asked, licence }) => [
      name,
      { version: asked, licence: licence ?? rows.get(name)?.licence, chapter: chapters[kind] },
    ]);
    expect(told.length).toBeGreaterThan(40);
    expect(Object.fromEntries(told.map(([name]) => [name, rows.get(String(name))]))).toEqual(
      Object.fromEntries(told),
    );
  });

  it('what is installed is what package.json asks for', () => {
    const others = listed.direct.filter(
      ({ asked, version }) => version !== undefined && version !== asked && !version.startsWith(`${asked}.`),
    );
    expect(others).toEqual([]);
  });

  it('docs/dependencies.md names none that is gone', () => {
    const known = new Set(listed.direct.map(({ name }) => name));
    expect([...rows.keys()].filter((name) => !known.has(name))).toEqual([]);
  });

  it('every package states a licence, and what may be bundled asks for its notice alone', () => {
    expect(listed.problems).toEqual([]);
  });
});

describe('when a package has another licence', () => {
  it('it is named if it may be bundled, and so is one without any', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'licences-'));
    const stated: Readonly<Record<string, object>> = {
      fine: { license: 'MIT' },
      choice: { license: '(GPL-3.0-only OR MIT)' },
      both: { license: 'MIT AND GPL-3.0-only' },
      old: { licenses: [{ type: 'MIT' }, { type: 'GPL-2.0' }] },
      copyleft: { license: 'GPL-3.0-only' },
      tool: { license: 'MPL-2.0' },
      silent: {},
    };
    try {
      const folders: Record<string, object> = { '': {}, 'node_modules/elsewhere': { version: '1.0.0' } };
      for (const [name, fields] of Object.entries(stated)) {
        const folder = join('node_modules', name);
        folders[folder] = {
          version: '1.0.0',
          ...(name === 'tool' || name === 'silent' ? { dev: true } : {}),
        };
        await mkdir(join(directory, folder), { recursive: true });
        await writeFile(
          join(directory, folder, 'package.json'),
          JSON.stringify({ version: '1.0.0', ...fields }),
        );
      }
      await writeFile(join(directory, 'package.json'), JSON.stringify({ dependencies: { fine: '1.0.0' } }));
      await writeFile(join(directory, 'package-lock.json'), JSON.stringify({ packages: folders }));
      expect(await licences(directory)).toEqual({
        direct: [{ kind: 'runtime', name: 'fine', asked: '1.0.0', version: '1.0.0', licence: 'MIT' }],
        problems: [
          'both 1.0.0 may be bundled and is MIT AND GPL-3.0-only',
          'copyleft 1.0.0 may be bundled and is GPL-3.0-only',
          'silent 1.0.0 states no licence',
        ],
      });
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
