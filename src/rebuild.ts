import { parseArgs } from 'node:util';
import type { Log } from './audit/ports.ts';
import { type RegistryRebuildRequest, rebuildRegistry } from './audit/rebuild-registry.ts';
import { rebuildRepository } from './audit/rebuild-repository.ts';
import { isRepositoryName } from './registry/name.ts';
import { readSettings, type Settings, SettingsError } from './settings.ts';
import { azureCredential } from './storage/azure-credential.ts';
import { recordedRepositories } from './storage/recorded-repositories.ts';
import { retellings } from './storage/retelling.ts';
import { clientsByConnectionString, clientsByIdentity, tablesOf } from './storage/tables.ts';
import { unfinishedRecords } from './storage/unfinished-records.ts';

// The composition root of a command: it reads the app's own settings, and is no part of the app's bundle.
const usage = `Usage: npm run rebuild -- --registry REGISTRY [options]
Tells a registry's history again from its audit records and puts right the rows that say otherwise.
  --registry REGISTRY      login server of an audited registry
  --repository REPOSITORY  only this repository
  --dry-run                only find what differs
  --help                   this text
Exit code: 0 all rows are right or were put right, 1 a dry run found differences, 2 wrong usage or settings,
3 something could not be rebuilt.
`;

const exitCode = { right: 0, different: 1, usage: 2, failed: 3 } as const;

function readCommandLine(
  args: readonly string[],
): RegistryRebuildRequest | { readonly problem: string } | 'help' {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
  const { registry, repository, 'dry-run': dryRun, help } = values;
  if (help) return 'help';
  if (registry === undefined) return { problem: '--registry is missing' };
  if (repository !== undefined && !isRepositoryName(repository)) {
    return { problem: `--repository ${JSON.stringify(repository)} is not the name of a repository` };
  }
  const all = { registry: registry.toLowerCase(), dryRun };
  return repository === undefined ? all : { ...all, repository };
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      registry: { type: 'string' },
      repository: { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }).values;
}

/** Whether it is an audited registry, or connected to one. */
function isAudited(registry: string, { registries }: Settings): boolean {
  return registries.some(
    ({ loginServer }) => registry === loginServer || registry.endsWith(`.${loginServer}`),
  );
}

/** One line of JSON a message on stderr: stdout has the summary. */
function stderrLog(): Log {
  const write = (level: string, message: string, values: Readonly<Record<string, unknown>> = {}) =>
    process.stderr.write(`${JSON.stringify({ level, message, ...values })}\n`);
  return {
    info: (message, values) => void write('info', message, values),
    warn: (message, values) => void write('warn', message, values),
    error: (message, values) => void write('error', message, values),
  };
}

async function rebuild(request: RegistryRebuildRequest, { storage, clientId }: Settings): Promise<number> {
  const clientOf =
    'connectionString' in storage
      ? clientsByConnectionString(storage.connectionString)
      : clientsByIdentity(storage.tableServiceUri, azureCredential(clientId));
  const tables = tablesOf(clientOf);
  const log = stderrLog();
  const rebuildAll = rebuildRegistry({
    lists: {
      repositories: (registry) => recordedRepositories(clientOf('repositories'), registry),
      unfinished: (registry, repository) =>
        unfinishedRecords(tables.repositories, tables.log, registry, repository),
    },
    rebuild: rebuildRepository({ begin: retellings(tables), log }),
    log,
  });
  const summary = await rebuildAll(request);
  process.stdout.write(`${JSON.stringify({ ...request, ...summary })}\n`);
  if (summary.failed > 0) return exitCode.failed;
  const found = summary.missing + summary.different + summary.unfounded;
  return request.dryRun && found > 0 ? exitCode.different : exitCode.right;
}

function misused(problem: string): number {
  process.stderr.write(`${problem}\n${usage}`);
  return exitCode.usage;
}

async function main(): Promise<number> {
  const request = readCommandLine(process.argv.slice(2));
  if (request === 'help') {
    process.stderr.write(usage);
    return exitCode.right;
  }
  if ('problem' in request) return misused(request.problem);
  const settings = readSettings(process.env);
  if (!isAudited(request.registry, settings)) {
    return misused(`--registry ${JSON.stringify(request.registry)} is not among the audited REGISTRIES`);
  }
  return rebuild(request, settings);
}

async function run(): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof SettingsError ? exitCode.usage : exitCode.failed;
  }
}

void run();
