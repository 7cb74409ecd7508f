import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readArguments, usage } from './arguments.ts';
import { startRegistry } from './registry-server.ts';

function isPortTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

async function run(): Promise<void> {
  const read = readArguments(process.argv.slice(2));
  if ('problem' in read) {
    process.stderr.write(`${read.problem}\n\n${usage}`);
    process.exitCode = 2;
    return;
  }
  const { ephemeral, events, ...options } = read.arguments;
  const dataDirectory = ephemeral ? await mkdtemp(join(tmpdir(), 'registry-')) : options.dataDirectory;
  const log = (line: string): void => void process.stderr.write(`${line}\n`);
  const forgetData = (): Promise<void> =>
    ephemeral ? rm(dataDirectory, { recursive: true, force: true }) : Promise.resolve();

  try {
    const registry = await startRegistry({
      ...options,
      dataDirectory,
      log,
      ...(events === undefined ? {} : { events }),
    });
    const { url, loginServer, caFile: ca, username, password, resourceId } = registry;
    process.stdout.write(
      `${JSON.stringify({ component: 'registry', url, loginServer, ca, username, password, resourceId })}\n`,
    );
    log(`The registry answers at ${url}, data in ${dataDirectory}. Ctrl-C stops it.`);

    let stopping: Promise<void> | undefined;
    const stop = (): void => {
      stopping ??= registry.close().then(forgetData);
      stopping.catch((error: unknown) => {
        log(`Stopping failed: ${String(error)}`);
        process.exitCode = 1;
      });
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  } catch (error) {
    await forgetData();
    process.exitCode = 1;
    const reason = error instanceof Error ? error.message : String(error);
    log(isPortTaken(error) ? `Port ${options.port} is taken. Choose another with --port.` : reason);
  }
}

void run();
