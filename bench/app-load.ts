import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { atMost, type Figure } from './figure.ts';

// Loads the bundle as the worker does, with a core that registers nothing, and prints the CPU it took.
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
  require(process.argv[1]);
  const { user, system } = process.cpuUsage(before);
  console.log((user + system) / 1000);
  process.exit();
`;

/** CPU to load the app, and the size of what is deployed. */
export async function appLoad(): Promise<readonly Figure[]> {
  const bundle = `${process.cwd()}/dist/main.cjs`;
  const env = {
    REGISTRIES: 'contoso.azurecr.io',
    AuditStorage__tableServiceUri: 'https://contoso.table.core.windows.net',
    AuditStorage__queueServiceUri: 'https://contoso.queue.core.windows.net',
    AuditStorage__blobServiceUri: 'https://contoso.blob.core.windows.net',
  };
  const runs: number[] = [];
  for (let run = 0; run < 9; run += 1) {
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', loading, bundle], { env });
    runs.push(Number(stdout));
  }
  const { size } = await stat(bundle);
  return [
    atMost('app load: CPU beyond bare Node, least of 9', Math.min(...runs), 'ms', 150),
    atMost('main bundle', size / 1024 / 1024, 'MiB', 2),
  ];
}
