import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RegistryArguments, readArguments, usage } from './arguments.ts';
import { startRegistry } from './registry-server.ts';

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

function explain(error: unknown, port: number): string {
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return `Port ${port} is taken. Choose another with --port.`;
  }
  return error instanceof Error ? error.message : String(error);
}

async function serve({ ephemeral, ...options }: RegistryArguments): Promise<void> {
  const dataDirectory = ephemeral ? await mkdtemp(join(tmpdir(), 'registry-')) : options.dataDirectory;
  async function forgetData(): Promise<void> {
    if (ephemeral) {
      await rm(dataDirectory, { recursive: true, force: true });
    }
  }

  const starting = startRegistry({ ...options, dataDirectory, log });
  let stopping: Promise<void> | undefined;
  // Installed before the ready line is printed: whoever reads it may send a signal at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      stopping ??= starting.then((registry) => registry.close().then(forgetData)).catch(fail);
    });
  }
  async function fail(error: unknown): Promise<void> {
    process.exitCode = 1;
    log(explain(error, options.port));
    await forgetData();
  }

  try {
    const { url, loginServer, caFile: ca, username, password, resourceId } = await starting;
    const ready = { component: 'registry', url, loginServer, ca, username, password, resourceId };
    process.stdout.write(`${JSON.stringify(ready)}\n`);
    log(`The registry answers at ${url}, data in ${dataDirectory}. Ctrl-C stops it.`);
  } catch (error) {
    await (stopping ?? fail(error));
  }
}

async function run(): Promise<void> {
  if (process.argv.includes('--help')) {
    process.stderr.write(usage);
    return;
  }
  const read = readArguments(process.argv.slice(2));
  if ('problem' in read) {
    process.stderr.write(`${read.problem}\n\n${usage}`);
    process.exitCode = 2;
    return;
  }
  await serve(read.arguments);
}

void run();
