import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import * as z from 'zod/mini';
import { atMost, type Figure } from './figure.ts';

// Loads modules as the worker does, with a core that registers nothing; prints the CPU it took and the bundles it loaded.
const loading = `
  const Module = require('node:module');
  const load = Module._load;
  class Disposable { dispose() {} }
  const core = {
    version: '0', hostVersion: '4', Disposable,
    setProgrammingModel() {}, getProgrammingModel() {}, log() {},
    registerFunction: () => new Disposable(), registerHook: () => new Disposable(),
  };
  Module._load = (name, ...rest) => (name === '@azure/functions-core' ? core : load(name, ...rest));
  const before = process.cpuUsage();
  for (const path of process.argv.slice(1)) require(path);
  const { user, system } = process.cpuUsage(before);
  const bundles = Object.keys(require.cache).filter((path) => path.endsWith('.cjs') && path.includes('/dist/'));
  console.log(JSON.stringify({ cpu: (user + system) / 1000, bundles: process.argv[1].endsWith('.cjs') ? bundles.length : 0 }));
  process.exit();
`;
const loaded = z.object({ cpu: z.number(), bundles: z.number() });

/** What the app is built on and loads whole at its start. */
const sdks = [
  '@azure/functions',
  '@azure/data-tables',
  '@azure/storage-blob',
  '@azure/storage-queue',
  '@azure/identity',
  '@azure/container-registry',
];
/** What is needed seldom, and belongs into bundles of their own. */
const seldom = [
  '@kubernetes/client-node',
  '@azure/arm-',
  '@azure/eventgrid',
  '@azure/monitor-query-logs',
  'yaml',
];
const env = {
  REGISTRIES: 'contoso.azurecr.io',
  AuditStorage__tableServiceUri: 'https://contoso.table.core.windows.net',
  AuditStorage__queueServiceUri: 'https://contoso.queue.core.windows.net',
  AuditStorage__blobServiceUri: 'https://contoso.blob.core.windows.net',
};

/** CPU to load the app beside that of its SDKs, the size of what is deployed, and what is in the main bundle. */
export async function appLoad(): Promise<readonly Figure[]> {
  const bundle = `${process.cwd()}/dist/main.cjs`;
  const app: number[] = [];
  const bare: number[] = [];
  let bundles = 0;
  for (let run = 0; run < 9; run += 1) {
    const ours = await loadOf(bundle);
    app.push(ours.cpu);
    bundles = ours.bundles;
    bare.push((await loadOf(...sdks)).cpu);
  }
  const { size } = await stat(bundle);
  const { sources } = z
    .object({ sources: z.array(z.string()) })
    .parse(JSON.parse(await readFile(`${bundle}.map`, 'utf8')));
  const inMain = seldom.filter((name) => sources.some((source) => source.includes(`node_modules/${name}`)));
  const others = (await readdir('dist')).filter(
    (name) => name.endsWith('.cjs') && name !== 'main.cjs' && name !== 'cli.cjs',
  );
  return [
    atMost('app load: CPU beyond bare Node, least of 9', Math.min(...app), 'ms', 150),
    atMost(
      '  beside the SDKs that it is built on, as they are installed',
      Math.min(...app) / Math.min(...bare),
      '×',
      1,
    ),
    atMost('main bundle', size / 1024 / 1024, 'MiB', 2),
    atMost('  SDKs in it that are seldom needed', inMain.length, '', 0),
    atMost('bundles loaded at start', bundles, '', 1),
    { name: '  others, loaded on demand', value: others.length, unit: '' },
  ];
}

async function loadOf(...modules: readonly string[]): Promise<z.output<typeof loaded>> {
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', loading, ...modules], { env });
  return loaded.parse(JSON.parse(stdout));
}
