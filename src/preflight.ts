import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { registryContent } from './acr/registry-content.ts';
import { tokenCredential } from './acr/token-credential.ts';
import type { IdentityName } from './audit/preflight.ts';
import { preflightOf } from './main-preflight.ts';
import { readSettings, SettingsError } from './settings.ts';
import { azureCredential } from './storage/azure-credential.ts';

// The composition root of a command: it reads the app's own settings, and is no part of the app's bundle.
const usage = `Usage: npm run preflight -- [options]
Tries what the app's identities may do, changing nothing, and names each grant that is missing or too much.
  --only IDENTITY  auditor, locker, deleter or host
  --json           the report as JSON
  --help           this text
Exit code: 0 all grants are right, 1 some are missing or too much, 2 wrong usage or settings, 3 some could not be checked.
`;

const exitCode = { right: 0, wrong: 1, usage: 2, unknown: 3 } as const;
const identities: readonly IdentityName[] = ['auditor', 'locker', 'deleter', 'host'];

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }).values;
}

async function main(args: readonly string[]): Promise<number> {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return exitCode.usage;
  }
  if (values.help) {
    process.stderr.write(usage);
    return exitCode.right;
  }
  const only = identities.find((name) => name === values.only);
  if (values.only !== undefined && only === undefined) {
    process.stderr.write(`--only ${JSON.stringify(values.only)} is no identity\n${usage}`);
    return exitCode.usage;
  }
  const settings = readSettings(process.env, (path) =>
    existsSync(path) ? readFileSync(path, 'utf8') : undefined,
  );
  const { registryToken } = settings;
  const credentialOf = (clientId: string | undefined) =>
    registryToken === undefined ? azureCredential(clientId) : tokenCredential(registryToken);
  const credential = credentialOf(settings.clientId);
  const contents = new Map(
    settings.registries.map(({ loginServer }) => [
      loginServer,
      registryContent({ endpoint: `https://${loginServer}`, credential }),
    ]),
  );
  const quiet = () => undefined;
  const report = await preflightOf({
    ...{ settings, environment: process.env, contents, credentialOf },
    clock: { now: () => Date.now() },
    // All that is logged is in the report.
    log: { info: quiet, warn: quiet, error: quiet },
    ...(only === undefined ? {} : { only }),
  })();
  const { at, missing, tooMuch, unknown, right } = report;
  if (values.json) process.stdout.write(`${JSON.stringify({ ...report, at: new Date(at).toISOString() })}\n`);
  else {
    for (const message of missing) process.stdout.write(`MISSING   ${message}\n`);
    for (const message of tooMuch) process.stdout.write(`TOO MUCH  ${message}\n`);
    for (const message of unknown) process.stdout.write(`UNKNOWN   ${message}\n`);
    process.stdout.write(
      `${right} right, ${missing.length} missing, ${tooMuch.length} too much, ${unknown.length} unknown\n`,
    );
  }
  if (missing.length + tooMuch.length > 0) return exitCode.wrong;
  return unknown.length > 0 ? exitCode.unknown : exitCode.right;
}

async function run(): Promise<void> {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof SettingsError ? exitCode.usage : exitCode.unknown;
  }
}

void run();
