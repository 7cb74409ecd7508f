import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, posix, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as z from 'zod/mini';

const core = ['registry', 'history', 'protection', 'workloads', 'findings', 'retention', 'ledger'];
const adapters = ['storage', 'acr', 'inventory', 'alerts'];
const edges = ['functions', 'api', 'dashboard'];

/** Imports that the linter has to refuse, and some that it has to let pass, by file. */
interface LintCase {
  readonly file: string;
  readonly message: string;
  readonly refused: readonly string[];
  readonly allowed: readonly string[];
}

const outside = [
  '../../local/start.ts',
  '../../test/builders/facts.ts',
  '../../bench/main.ts',
  '../../fuzz/main.ts',
];
const beyondCore = [
  '../audit/ports.ts',
  ...adapters.map((folder) => `../${folder}/client.ts`),
  ...edges.map((folder) => `../${folder}/route.ts`),
  '../cli/main.ts',
  '../main.ts',
  '../settings.ts',
  '@azure/functions',
  '@azure/data-tables',
  'zod/mini',
  'node:fs',
  ...outside,
];

const lintCases: readonly LintCase[] = [
  {
    file: 'src/registry/probe.ts',
    message: 'registry/ imports nothing outside its folder but re2js',
    refused: [...beyondCore, '../history/fact.ts', '../ledger/leaf.ts', 'node:crypto', 'canonicalize'],
    allowed: ['./digest.ts', 're2js'],
  },
  ...core
    .filter((folder) => folder !== 'registry' && folder !== 'ledger')
    .map((folder) => ({
      file: `src/${folder}/probe.ts`,
      message: 'The core imports only the core',
      refused: [...beyondCore, 'node:crypto', 'canonicalize'],
      allowed: ['./own.ts', ...core.map((other) => `../${other}/own.ts`)],
    })),
  {
    file: 'src/ledger/probe.ts',
    message: 'ledger/ imports only the core',
    refused: beyondCore,
    allowed: ['./own.ts', 'node:crypto', 'canonicalize', '../registry/digest.ts', '../history/fact.ts'],
  },
  {
    file: 'src/audit/probe.ts',
    message: 'Use cases import the core and their own ports only',
    refused: [...beyondCore.filter((name) => !name.startsWith('../audit/')), 'node:crypto'],
    allowed: ['./ports.ts', ...core.map((folder) => `../${folder}/own.ts`)],
  },
  ...adapters.map((folder) => ({
    file: `src/${folder}/probe.ts`,
    message: 'An adapter never imports an edge',
    refused: [...edges.map((edge) => `../${edge}/route.ts`), '../cli/main.ts', '../main.ts', ...outside],
    allowed: ['./own.ts', '../audit/ports.ts', '../registry/digest.ts', '@azure/identity', 'node:crypto'],
  })),
  ...edges.map((folder) => ({
    file: `src/${folder}/probe.ts`,
    message: 'An edge reaches adapters only through ports',
    refused: [
      ...adapters.map((adapter) => `../${adapter}/client.ts`),
      '../cli/main.ts',
      '../main.ts',
      ...outside,
    ],
    allowed: ['./own.ts', '../audit/ports.ts', '../history/entry.ts', '@azure/functions'],
  })),
  {
    file: 'src/cli/probe.ts',
    message: "The command knows the API's forms",
    refused: [
      ...core.filter((folder) => folder !== 'ledger').map((folder) => `../${folder}/own.ts`),
      ...adapters.map((folder) => `../${folder}/client.ts`),
      ...edges.filter((folder) => folder !== 'api').map((folder) => `../${folder}/route.ts`),
      '../audit/ports.ts',
      '../main.ts',
      '../settings.ts',
      '@azure/functions',
      '@azure/data-tables',
      ...outside,
    ],
    allowed: [
      './own.ts',
      '../api/documents/status.ts',
      '../ledger/proof.ts',
      '@azure/identity',
      'commander',
      'node:fs',
      'zod/mini',
    ],
  },
  ...[
    'src/main.ts',
    'src/main-alerts.ts',
    'src/main-connections.ts',
    'src/main-people.ts',
    'src/main-protection.ts',
    'src/main-workloads.ts',
    'src/main-retention.ts',
    'src/main-ledger.ts',
    'src/main-preflight.ts',
    'src/preflight.ts',
    'src/rebuild.ts',
    'src/verify.ts',
    'src/verify-inputs.ts',
    'src/ledger-settings.ts',
    'src/alert-settings.ts',
    'src/settings.ts',
  ].map((file) => ({
    file,
    message: 'src never imports local/, test/, bench/ or fuzz/',
    refused: outside.map((name) => name.replace('../../', '../')),
    allowed: ['./storage/tables.ts', './api/route.ts', './audit/ports.ts'],
  })),
];

const report = z.object({
  diagnostics: z.array(
    z.object({
      category: z.string(),
      message: z.string(),
      location: z.object({ path: z.string(), start: z.object({ line: z.number() }) }),
    }),
  ),
});
type Diagnostic = z.output<typeof report>['diagnostics'][number];

function lint(directory: string, ...paths: readonly string[]): Promise<readonly Diagnostic[]> {
  const args = [
    'lint',
    '--only=style/noRestrictedImports',
    '--reporter=json',
    '--max-diagnostics=none',
    ...paths,
  ];
  return new Promise((done, failed) => {
    execFile(
      process.execPath,
      [resolve('node_modules/@biomejs/biome/bin/biome'), ...args],
      { cwd: directory, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout) => {
        if (error !== null && stdout === '') failed(error);
        else done(report.parse(JSON.parse(stdout)).diagnostics);
      },
    );
  });
}

describe('the lint rule for the direction of imports', () => {
  let found: readonly Diagnostic[];

  beforeAll(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'acr-audit-arrows-'));
    try {
      for (const file of ['biome.json', '.gitignore']) await copyFile(file, join(directory, file));
      for (const { file, refused, allowed } of lintCases) {
        const lines = [...refused, ...allowed].map(
          (name, line) => `export { x as x${line} } from '${name}';\n`,
        );
        await mkdir(dirname(join(directory, file)), { recursive: true });
        await writeFile(join(directory, file), lines.join(''));
      }
      const forms = [
        "import { one } from '../storage/client.ts';",
        "import type { Two } from '../storage/client.ts';",
        "export type { Three } from '../storage/client.ts';",
        "export const four = () => import('../storage/client.ts');",
        "import '../storage/client.ts';",
        'export const five: Two = one;',
      ];
      await writeFile(join(directory, 'src/api/forms.ts'), `${forms.join('\n')}\n`);
      found = await lint(directory, '.');
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  it.each(lintCases)(
    'when $file imports against the arrows, each import is refused, and no other',
    (lintCase) => {
      const { file, message, refused } = lintCase;
      const ofFile = found.filter(({ location }) => location.path === file);
      expect(ofFile.map(({ location }) => location.start.line).sort((a, b) => a - b)).toEqual(
        refused.map((_, index) => index + 1),
      );
      for (const diagnostic of ofFile) {
        expect(diagnostic).toMatchObject({
          category: 'lint/style/noRestrictedImports',
          message: expect.stringContaining(message),
        });
      }
    },
  );

  it('when an import is of types only, of another module for others, or made when it is needed, it counts', () => {
    const lines = found
      .filter(({ location }) => location.path === 'src/api/forms.ts')
      .map(({ location }) => location.start.line);
    expect(lines.sort()).toEqual([1, 2, 3, 4, 5]);
  });

  it('when the source is looked at, nothing is refused', async () => {
    expect(await lint('.', 'src')).toEqual([]);
  });
});

/** The arrows again, without the linter: what a folder of `src` may import, and which packages. */
interface Arrow {
  readonly folders: readonly string[];
  readonly packages: RegExp;
}

const nothing = /^$/;
const anyCore = { folders: core, packages: nothing };
const arrows: Readonly<Record<string, Arrow>> = {
  registry: { folders: ['registry'], packages: /^re2js$/ },
  history: anyCore,
  protection: anyCore,
  workloads: anyCore,
  findings: anyCore,
  retention: anyCore,
  ledger: { folders: core, packages: /^(node:crypto|canonicalize)$/ },
  audit: { folders: [...core, 'audit'], packages: nothing },
  ...Object.fromEntries(
    adapters.map((folder) => [folder, { folders: [...core, 'audit', folder], packages: /./ }]),
  ),
  // Of the SDKs, edges know the one of their own trigger.
  ...Object.fromEntries(
    edges.map((folder) => [
      folder,
      { folders: [...core, 'audit', ...edges], packages: /^(?!@azure\/(?!functions$))/ },
    ]),
  ),
  // The SDK that it signs in by, what the API says of itself, and what verifies a log without believing the service.
  cli: { folders: ['cli', 'api', 'ledger'], packages: /^(?!@azure\/(?!identity$))/ },
  'settings.ts': { folders: [...core, 'api', 'alert-settings.ts', 'ledger-settings.ts'], packages: nothing },
  'alert-settings.ts': { folders: [], packages: nothing },
  'ledger-settings.ts': { folders: core, packages: nothing },
  'host-storage-settings.ts': { folders: [], packages: nothing },
  'main.ts': {
    folders: [
      ...core,
      'audit',
      ...adapters,
      ...edges,
      'settings.ts',
      'alert-settings.ts',
      'main-alerts.ts',
      'main-connections.ts',
      'main-people.ts',
      'main-protection.ts',
      'main-workloads.ts',
      'main-retention.ts',
      'main-ledger.ts',
      'main-preflight.ts',
    ],
    packages: /./,
  },
  // The parts of the composition root.
  'main-alerts.ts': { folders: [...core, 'audit', ...adapters, 'alert-settings.ts'], packages: /./ },
  'main-connections.ts': { folders: [...core, ...adapters, 'settings.ts'], packages: /./ },
  'main-people.ts': { folders: [...core, 'audit', ...adapters, 'settings.ts'], packages: /./ },
  'main-protection.ts': { folders: [...core, 'audit', ...adapters, 'settings.ts'], packages: /./ },
  'main-workloads.ts': {
    folders: [...core, 'audit', ...adapters, ...edges, 'settings.ts'],
    packages: /./,
  },
  'main-retention.ts': {
    folders: [...core, 'audit', ...adapters, ...edges, 'settings.ts'],
    packages: /./,
  },
  'main-ledger.ts': {
    folders: [...core, 'audit', ...adapters, ...edges, 'settings.ts', 'ledger-settings.ts'],
    packages: /./,
  },
  'main-preflight.ts': {
    folders: [...core, 'audit', ...adapters, 'settings.ts', 'host-storage-settings.ts'],
    packages: /./,
  },
  'preflight.ts': {
    folders: [...core, 'audit', ...adapters, 'settings.ts', 'main-preflight.ts'],
    packages: /./,
  },
  'rebuild.ts': { folders: [...core, 'audit', ...adapters, 'settings.ts'], packages: /./ },
  'verify.ts': {
    folders: [...core, 'audit', ...adapters, 'settings.ts', 'verify-inputs.ts', 'verify-evidence.ts'],
    packages: /./,
  },
  // The form of evidence is that of the API.
  'verify-evidence.ts': { folders: [...core, 'api'], packages: /^node:/ },
  'verify-inputs.ts': { folders: [...core, ...adapters], packages: /^node:/ },
};

interface Import {
  readonly file: string;
  readonly name: string;
}

const specifier =
  /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)(?<quote>['"`])(?<name>[^'"`]+)\k<quote>/g;

function importsOf(file: string, text: string): readonly Import[] {
  // Comments may name modules; in strings, two slashes come after a colon.
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(?<!:)\/\/.*$/gm, '');
  return [...code.matchAll(specifier)].map(({ groups }) => ({ file, name: groups?.['name'] ?? '' }));
}

/** What is wrong with an import, or `undefined`. */
function offence({ file, name }: Import): string | undefined {
  const arrow = arrows[folderOf(file)];
  if (arrow === undefined) return `${file} is in no folder that the arrows know`;
  if (!name.startsWith('.')) {
    return arrow.packages.test(name) ? undefined : `${file} imports the package ${name}`;
  }
  const target = posix.join(posix.dirname(file), name);
  if (!target.startsWith('src/')) return `${file} leaves src for ${target}`;
  return arrow.folders.includes(folderOf(target)) ? undefined : `${file} imports ${target}`;
}

/** The folder of a file below `src`, or the name of a file in it. */
function folderOf(file: string): string {
  return file.split('/')[1] ?? '';
}

describe('the imports of the source', () => {
  let sources: readonly (readonly [string, string])[];

  beforeAll(async () => {
    const names = (await readdir('src', { recursive: true })).filter((name) => name.endsWith('.ts'));
    const files = names.map((name) => `src/${name.replaceAll('\\', '/')}`);
    sources = await Promise.all(files.map(async (file) => [file, await readFile(file, 'utf8')] as const));
  });

  it('when each is followed, it goes along the arrows', () => {
    const imports = sources.flatMap(([file, text]) => importsOf(file, text));
    // The parser sees them at all: every file but a few imports something.
    expect(imports.length).toBeGreaterThan(sources.length);
    expect(imports.map(offence).filter((found) => found !== undefined)).toEqual([]);
  });

  it('when they are counted, every file that says import has been read', () => {
    for (const [file, text] of sources) {
      const said = text.match(/^(import|export) [^;]*from '/gm) ?? [];
      expect(importsOf(file, text).length).toBeGreaterThanOrEqual(said.length);
    }
  });

  it.each([
    ['src/registry/a.ts', "import { b } from '../history/b.ts';"],
    ['src/registry/a.ts', "import type { b } from './../history/b.ts';"],
    ['src/history/a.ts', "export * from '../audit/b.ts';"],
    ['src/history/deep/a.ts', "import { b } from '../../storage/b.ts';"],
    ['src/history/a.ts', "import { b } from 'node:crypto';"],
    ['src/ledger/a.ts', "import { b } from 'node:fs';"],
    ['src/audit/a.ts', "import { b } from '@azure/data-tables';"],
    ['src/audit/a.ts', "const b = await import('../storage/b.ts');"],
    ['src/storage/a.ts', "import { b } from '../api/b.ts';"],
    ['src/storage/a.ts', "import { b } from '../acr/b.ts';"],
    ['src/api/deep/a.ts', "import {\n  b,\n} from '../../storage/b.ts';"],
    ['src/api/a.ts', "import { b } from '@azure/data-tables';"],
    ['src/api/a.ts', "import '../main.ts';"],
    ['src/functions/a.ts', 'const b = require("../storage/b.ts");'],
    ['src/cli/a.ts', "import { b } from '../audit/b.ts';"],
    ['src/cli/a.ts', "import { b } from '@azure/functions';"],
    ['src/main.ts', "import { b } from '../local/b.ts';"],
    ['src/main.ts', "import { b } from '../test/b.ts';"],
    ['src/storage/a.ts', "import { b } from '../../bench/b.ts';"],
    ['src/other/a.ts', "import { b } from './b.ts';"],
  ])('when %s had %s, it would be found', (file, text) => {
    expect(importsOf(file, text).map(offence)).toEqual([expect.any(String)]);
  });

  it('when the core and the use cases are read, they have no clock, no chance and no environment of their own', () => {
    const impure =
      /\bDate\.now\b|\bnew Date\(\)|\bprocess\.|\bMath\.random\b|\bperformance\.|\bset(Timeout|Interval)\b|\bfetch\(|\bconsole\./;
    const pure = sources.filter(([file]) => [...core, 'audit'].includes(folderOf(file)));
    expect(pure.length).toBeGreaterThan(10);
    expect(pure.filter(([, text]) => impure.test(text)).map(([file]) => file)).toEqual([]);
  });
});
