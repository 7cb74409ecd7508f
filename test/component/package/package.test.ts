import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { unzipSync } from 'fflate';
import * as z from 'zod/mini';
import { addresses } from '../../../src/dashboard/addresses.ts';
import { startHostProcess } from '../host/host-process.ts';

const run = promisify(execFile);
const binding = z.looseObject({ type: z.string(), direction: z.string() });
const loaded = z.object({
  problems: z.array(z.string()),
  functions: z.array(z.object({ name: z.string(), bindings: z.record(z.string(), binding) })),
});

let place: string;
let root: string;
/** Every file of the package, by its path in it. */
const files = new Map<string, Buffer>();

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'acr-audit-package-'));
  root = join(place, 'one');
  await packed(root, {});
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(path.slice(root.length + 1), await readFile(path));
  }
});
afterAll(() => rm(place, { recursive: true, force: true }));

async function packed(to: string, environment: Readonly<Record<string, string>>): Promise<void> {
  await run(process.execPath, ['package.js', to], { env: { PATH: process.env['PATH'], ...environment } });
}

function textsOf(form: RegExp): readonly (readonly [path: string, text: string])[] {
  return [...files].flatMap(([path, bytes]) =>
    form.test(path) ? [[path, bytes.toString('utf8')] as const] : [],
  );
}

describe('when it is made', () => {
  it('it has the bundles, the queries, host.json and a bare package.json, and nothing else', () => {
    const onDemand = [...new Set(globSync('src/**/*.ts').flatMap(importedOnDemand))];
    const queries = globSync('src/inventory/*.kql').map((path) => path.split('/').at(-1));
    expect(onDemand.length).toBeGreaterThan(5);
    expect(queries.length).toBeGreaterThan(2);
    expect([...files.keys()].sort()).toEqual(
      [
        'host.json',
        'package.json',
        'dist/main.cjs',
        ...[...onDemand, ...queries].map((name) => `dist/${name}`),
      ].sort(),
    );
    expect(JSON.parse(files.get('package.json')?.toString() ?? '')).toEqual({
      name: 'acr-audit',
      version: expect.any(String),
      private: true,
      main: 'dist/main.cjs',
      engines: { node: '>=22' },
    });
    expect(files.get('host.json')).toEqual(readFileSync('host.json'));
  });

  it('twice, in other zones and at other times, the bytes are the same', async () => {
    const other = join(place, 'two');
    await packed(other, { TZ: 'Pacific/Kiritimati' });
    for (const [path, bytes] of files) expect((await readFile(join(other, path))).equals(bytes)).toBe(true);
    const zips = await Promise.all([readFile(`${root}.zip`), readFile(`${other}.zip`)]);
    expect(zips[0].equals(zips[1])).toBe(true);
    const unzipped = unzipSync(zips[0]);
    expect(Object.keys(unzipped)).toEqual([...files.keys()].sort());
    for (const [path, bytes] of files) expect(bytes.equals(unzipped[path] ?? new Uint8Array())).toBe(true);
  });

  it('a policy that is not below the project is refused', async () => {
    await expect(packed(join(place, 'three'), { ACR_AUDIT_POLICY: '../policy.json' })).rejects.toThrow(
      /is not below the root of the project/,
    );
  });
});

/** Names of the bundles of what a module imports on demand. */
function importedOnDemand(path: string): readonly string[] {
  const imports = readFileSync(path, 'utf8').matchAll(/\bimport\('(\.[^']*)\.ts'\)/g);
  // Commands have bundles of their own, or none.
  return /^src\/(?:cli\/|rebuild|verify|preflight\.)/.test(path)
    ? []
    : [...imports].map(([, name = '']) => `${name.split('/').at(-1)}.cjs`);
}

describe('when its texts are searched', () => {
  it('nothing of a stand-in, a test or a measurement is in them', () => {
    const own = new Set(
      globSync('src/**/*.ts').flatMap((path) => readFileSync(path, 'utf8').match(/\w+/g) ?? []),
    );
    // Short names, and single words, are used by libraries as well.
    const others = globSync(['local/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'infra/**/*.ts'])
      .flatMap(functionsIn)
      .filter((name) => !own.has(name) && /^(?=.{11})[a-z]+[A-Z]/.test(name));
    expect(others.length).toBeGreaterThan(300);
    // Names are kept when code is shortened, which the first of these proves.
    expect(namesKept(['registryLocks', 'historyPages'])).toEqual(['registryLocks', 'historyPages']);
    expect(namesKept(others)).toEqual([]);
    for (const [, text] of textsOf(/cjs$/)) expect(text).not.toMatch(/_standin|@jest\/globals|fast-check/);
  });

  it('there is no source map, and no path of the machine it was made on', () => {
    for (const [, text] of textsOf(/./)) {
      expect(text).not.toContain('sourceMappingURL');
      expect(text).not.toContain('sourcesContent');
      for (const path of [resolve('.'), homedir(), tmpdir(), process.execPath])
        if (path.length > 1) expect(text.includes(`${path}/`)).toBe(false);
      expect(text).not.toMatch(/(?:\/home\/|\/Users\/|[A-Z]:\\Users\\)[a-z]/);
    }
  });

  it('there is no secret', () => {
    for (const [, text] of textsOf(/./)) {
      expect(text).not.toMatch(/-----BEGIN [A-Z ]*PRIVATE KEY-----\s*[A-Za-z0-9+/]/);
      expect(text).not.toMatch(/eyJ[A-Za-z0-9_-]{16,}\.eyJ/);
      expect(text).not.toMatch(/[?&]sig=[A-Za-z0-9%]{20,}/);
      const keys = [...text.matchAll(/(?:AccountKey=|SharedAccessKey=|["'`])([A-Za-z0-9+/]{86}==)/g)];
      // Microsoft's storage emulator has this one key, and says so: it opens nothing.
      // https://learn.microsoft.com/azure/storage/common/storage-use-azurite#well-known-storage-account-and-key
      expect(
        keys.filter(([, key = '']) => !key.startsWith('Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50')),
      ).toEqual([]);
    }
  });
});

function functionsIn(path: string): readonly string[] {
  const declared = readFileSync(path, 'utf8').matchAll(/^(?:export )?(?:async )?function\*? (\w+)/gm);
  return [...declared].map(([, name = '']) => name);
}

/** Those names that functions of the bundles have. */
function namesKept(names: readonly string[]): readonly string[] {
  const text = textsOf(/cjs$/)
    .map(([, text]) => text)
    .join('\n');
  const kept = new Set([...text.matchAll(/,"(\w+)"\)/g)].map(([, name]) => name));
  return names.filter((name) => kept.has(name));
}

const registry = '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers';
/** Settings as the templates make them: nothing is reached by loading. */
const settings = {
  REGISTRIES: `contoso.azurecr.io=${registry}/Microsoft.ContainerRegistry/registries/contoso`,
  AuditStorage__tableServiceUri: 'https://contoso.table.core.windows.net',
  AuditStorage__queueServiceUri: 'https://contoso.queue.core.windows.net',
  AuditStorage__blobServiceUri: 'https://contoso.blob.core.windows.net',
  ACR_AUDIT_LOGS: 'resource',
  ACR_AUDIT_LEDGER_SIGNING_KEY:
    'https://contoso.vault.azure.net/keys/ledger/0123456789abcdef0123456789abcdef',
};

/** What runs without being asked over HTTP. */
const background = {
  registryEvents: 'eventGrid',
  registryEventsQueue: 'queue registry-events',
  registryEventsPoison: 'queue registry-events-poison',
  replayDeadLetters: 'timer 0 12,42 * * * *',
  reconcileRegistries: 'timer 0 7 * * * *',
  reconcileRepository: 'queue reconcile-repository',
  reconcileRepositoryPoison: 'queue reconcile-repository-poison',
  attributeHistory: 'timer 0 37 * * * *',
  enforceLocks: 'timer 0 4,19,34,49 * * * *',
  enforceRepository: 'queue enforce-repository',
  enforceRepositoryPoison: 'queue enforce-repository-poison',
  refreshInventory: 'timer 30 */5 * * * *',
  escalateFindings: 'timer 15 */5 * * * *',
  assessClaimed: 'timer 0 11,26,41,56 * * * *',
  deliverAlerts: 'timer 45 * * * * *',
  assessRegistrySettings: 'timer 0 50 * * * *',
  refreshSource: 'queue refresh-source',
  refreshSourcePoison: 'queue refresh-source-poison',
  assessUses: 'queue assess-uses',
  assessUsesPoison: 'queue assess-uses-poison',
  planRetention: 'queue plan-retention',
  planRetentionPoison: 'queue plan-retention-poison',
  executeRetention: 'queue execute-retention',
  executeRetentionPoison: 'queue execute-retention-poison',
  sealLedger: 'timer 20 * * * * *',
  measureState: 'timer 50 */5 * * * *',
};

/** Routes by the names of their functions, as the code declares them. */
const routes: Readonly<Record<string, string>> = Object.fromEntries([
  ...['Acknowledge', 'Resolve', 'Reopen'].map((change) => [
    `postFinding${change}`,
    `POST api/v1/findings/{id}/${change.toLowerCase()}`,
  ]),
  ...globSync('src/api/*.ts').flatMap((path) =>
    [
      ...readFileSync(path, 'utf8').matchAll(
        /name: '(\w+)',\s+method: '(GET|POST|PUT|DELETE)',\s+path: '([^']+)'/g,
      ),
    ].map(([, name = '', method, route]) => [name, `${method} api/v1/${route}`]),
  ),
  ...addresses.map(({ name, method, path }) => [
    name,
    `${method} ${path === '' ? 'dashboard' : `dashboard/${path}`}`,
  ]),
]);

describe('when it is loaded as a worker loads it', () => {
  const functions = new Map<string, string>();
  let problems: readonly string[] = ['not loaded'];

  beforeAll(async () => {
    const script = resolve('test/component/package/registered-functions.ts');
    const { stdout } = await run(process.execPath, [script, root], {
      env: { PATH: process.env['PATH'], ...settings },
    });
    const read = loaded.parse(JSON.parse(stdout));
    problems = read.problems;
    for (const { name, bindings } of read.functions)
      functions.set(name, Object.values(bindings).map(told).join(''));
  });

  it('no function breaks a rule of the host, and there is none that is not named here', () => {
    expect(problems).toEqual([]);
    expect(Object.keys(routes).length).toBeGreaterThan(30);
    expect([...functions.keys()].sort()).toEqual([...Object.keys(background), ...Object.keys(routes)].sort());
  });

  it.each(Object.entries(background))('%s is bound to: %s', (name, expected) => {
    expect(functions.get(name)).toBe(expected);
  });

  it.each(Object.entries(routes))('%s is bound to: %s', (name, expected) => {
    expect(functions.get(name)).toBe(expected);
  });

  it('the embedded host runs all of them', async () => {
    const env = { ...settings, ACR_AUDIT_AUTH: 'development', AuditStorage: 'UseDevelopmentStorage=true' };
    const names = [...functions.keys()].filter((name) => !/^(?:get|post|put)[A-Z]/.test(name));
    const disabled = Object.fromEntries(names.map((name) => [`AzureWebJobs.${name}.Disabled`, 'true']));
    const app = { root, data: join(place, 'data'), remove: async () => undefined };
    const host = await startHostProcess(app, { env: { ...env, ...disabled } });
    try {
      expect([...host.ready.functions].sort()).toEqual([...functions.keys()].sort());
    } finally {
      await host.stop();
    }
  });
});

/** A binding in short; of one that is none of these, all of it. */
function told({ type, direction, ...rest }: z.output<typeof binding>): string {
  if (type === 'eventGridTrigger') return 'eventGrid';
  if (type === 'timerTrigger') return `timer ${rest['schedule']}`;
  if (type === 'queueTrigger' && rest['connection'] === 'AuditStorage') return `queue ${rest['queueName']}`;
  if (type === 'httpTrigger' && rest['authLevel'] === 'anonymous')
    return `${rest['methods']} ${rest['route']}`;
  if (type === 'http' && direction === 'out') return '';
  return JSON.stringify({ type, direction, ...rest });
}
