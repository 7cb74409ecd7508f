import { parseArgs } from 'node:util';
import { originOf } from './ledger/checkpoint.ts';
import { claims } from './ledger/claimed-files.ts';
import { verifyFoundLog } from './ledger/found-log.ts';
import type { Problem } from './ledger/ledger-problem.ts';
import { compareRows, type RowVerdict } from './ledger/row-comparison.ts';
import type { VerifierKey } from './ledger/signed-note.ts';
import { type LedgerVerdict, toldSummary } from './ledger/verification.ts';
import { readSettings, SettingsError } from './settings.ts';
import { azureCredential } from './storage/azure-credential.ts';
import { ledgerRows } from './storage/ledger-rows.ts';
import { recordedRepositories } from './storage/recorded-repositories.ts';
import { clientsByConnectionString, clientsByIdentity, tablesOf } from './storage/tables.ts';
import { verifyEvidenceFile } from './verify-evidence.ts';
import {
  checkpointIn,
  keptNotes,
  keysOf,
  type LogLocation,
  type LogSource,
  registryOf,
  sourceOf,
  UsageError,
} from './verify-inputs.ts';

// The composition root of a command: offline unless it is given a URL or --rows, and no part of the app's bundle.
const usage = `Usage: npm run verify -- --from DIR|URL [options]
       npm run verify -- --evidence FILE --key VKEY|FILE
Derives a registry's log anew from its files and holds it to what was signed.
  --from DIR|URL         folder with the log's files, or https://…/api/v1/ledger/logs/REGISTRY/
  --registry REGISTRY    login server; else that of the key, or of the newest checkpoint
  --key VKEY|FILE        a key that is trusted, or a file with one on each line; may be given more than once
  --no-key               let it pass though nobody says which key is to be trusted
  --checkpoint FILE|DIR  checkpoints that were kept elsewhere; may be given more than once
  --evidence FILE        evidence of an image instead of a log: a zip or JSON that the service gave
  --rows                 compare the rows of Table Storage too, by the app's settings
  --help                 this text
A token for the URL is read from ACR_AUDIT_TOKEN.
Exit code: 0 all is as it was signed, 1 something is not, 2 wrong usage or settings, 3 something could not be read.
`;

const exitCode = { verified: 0, failed: 1, usage: 2, unread: 3 } as const;

interface Request extends LogLocation {
  readonly keys: readonly string[];
  readonly isKeyWaived: boolean;
  readonly kept: readonly string[];
  readonly withRows: boolean;
}

/** Evidence of an image, which proves itself. */
interface EvidenceRequest {
  readonly evidence: string;
  readonly keys: readonly string[];
}

function readCommandLine(args: readonly string[]): Request | EvidenceRequest | 'help' {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const { from, registry, key = [], checkpoint = [], rows, 'no-key': isKeyWaived, help } = values;
  if (help) return 'help';
  if (values.evidence !== undefined) {
    if (key.length === 0)
      throw new UsageError('--evidence needs a --key that is trusted: anybody can sign a file');
    if (from !== undefined || checkpoint.length > 0 || rows) {
      throw new UsageError('--evidence goes with --key alone');
    }
    return { evidence: values.evidence, keys: key };
  }
  if (from === undefined) throw new UsageError('--from is missing');
  if (isKeyWaived && key.length > 0) throw new UsageError('--key and --no-key exclude each other');
  return {
    from,
    keys: key,
    isKeyWaived,
    kept: checkpoint,
    withRows: rows,
    ...(registry === undefined ? {} : { registry: registry.toLowerCase() }),
  };
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      from: { type: 'string' },
      registry: { type: 'string' },
      key: { type: 'string', multiple: true },
      'no-key': { type: 'boolean', default: false },
      checkpoint: { type: 'string', multiple: true },
      evidence: { type: 'string' },
      rows: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }).values;
}

/** What is found, as it is printed. */
interface Outcome {
  readonly registry: string;
  readonly verdict: LedgerVerdict;
  readonly rows?: RowVerdict;
  readonly warnings: readonly string[];
}

const unsignedWarning =
  'NO KEY WAS GIVEN: whoever can write the files may have signed them with a key of their own. Give --key.';
const unwitnessedWarning =
  'no checkpoint that was kept elsewhere was given: that the log was not cut off is not shown. Give --checkpoint.';

async function verify(request: Request): Promise<Outcome> {
  const keys = (await Promise.all(request.keys.map(keysOf))).flat();
  const kept = (await Promise.all(request.kept.map(keptNotes))).flat();
  const source = await sourceOf(await located(request, keys));
  const { log } = source;
  const registry = await registryOf(request, keys, log);
  const ofLog = kept.filter(
    ({ note, isNamed }) => isNamed || checkpointIn(note)?.origin === originOf(registry),
  );
  const { verdict, sizes } = await verifyFoundLog(
    { ...log, head: source.head },
    {
      registry,
      kept: ofLog,
      ...(keys.length === 0 ? {} : { keys }),
      ...(process.stderr.isTTY ? { progress } : {}),
    },
  );
  const warnings = [
    ...(keys.length === 0 ? [unsignedWarning] : []),
    ...(ofLog.length === 0 ? [unwitnessedWarning] : []),
    ...(await unclaimedWarnings(source, sizes)),
    ...(verdict.ok ? verdict.summary.refusedHandovers : []).map(
      ({ index, reason }) => `entry ${index} would hand over keys and is not believed: ${reason}`,
    ),
  ];
  if (!request.withRows || !verdict.ok) return { registry, verdict, warnings };
  return { registry, verdict, rows: await comparedRows(registry, source, verdict), warnings };
}

/** Where the log is, with the registry where the keys alone name it. */
async function located(request: Request, keys: readonly VerifierKey[]): Promise<LogLocation> {
  if (keys.length === 0) return request;
  const nothing = { read: async () => undefined, sizes: async () => [] };
  return { ...request, registry: await registryOf(request, keys, nothing) };
}

function progress(size: number): void {
  process.stderr.write(`\r${size} entries\r`);
}

/** What lies about in a folder and belongs to no checkpoint: a sign that checkpoints were taken away, or of a crash. */
async function unclaimedWarnings(
  { folder }: LogSource,
  sizes: readonly number[],
): Promise<readonly string[]> {
  if (folder === undefined) return [];
  const claim = claims(sizes);
  const counts = { claimed: 0, beyond: 0, stray: 0 };
  for await (const file of folder.tileFiles()) counts[claim(file)] += 1;
  const { beyond, stray } = counts;
  return [
    ...(beyond === 0
      ? []
      : [
          `${beyond} files reach beyond the newest checkpoint: a batch was being sealed, or checkpoints were removed`,
        ]),
    ...(stray === 0 ? [] : [`${stray} tiles are of no checkpoint`]),
  ];
}

async function comparedRows(
  registry: string,
  { log, head }: LogSource,
  { summary, records }: LedgerVerdict & { readonly ok: true },
): Promise<RowVerdict> {
  const { registries, storage, clientId } = readSettings(process.env);
  const isAudited = registries.some(
    ({ loginServer }) => registry === loginServer || registry.endsWith(`.${loginServer}`),
  );
  if (!isAudited) throw new UsageError(`${JSON.stringify(registry)} is not among the audited REGISTRIES`);
  const clientOf =
    'connectionString' in storage
      ? clientsByConnectionString(storage.connectionString)
      : clientsByIdentity(storage.tableServiceUri, azureCredential(clientId));
  const tables = tablesOf(clientOf);
  const rows = ledgerRows(
    { ...tables, repositoriesOf: (name) => recordedRepositories(clientOf('repositories'), name) },
    registry,
  );
  const sizeNow = async () => Math.max(summary.size, ...(await log.sizes()));
  return compareRows(
    { size: summary.size, records, read: log.read, ...(head === undefined ? {} : { sizeNow }) },
    rows,
  );
}

/** JSON for programs on stdout, and sentences on stderr; texts of the log are never printed raw. */
function print({ registry, verdict, rows, warnings }: Outcome): void {
  const { ok } = verdict;
  const found = ok ? { summary: toldSummary(verdict.summary) } : { problem: verdict.problem };
  process.stdout.write(
    `${JSON.stringify({ registry, ok: ok && rows?.ok !== false, ...found, rows, warnings })}\n`,
  );
  for (const warning of warnings) process.stderr.write(`WARNING: ${warning}\n`);
  if (!ok) {
    printProblem(verdict.problem);
    return;
  }
  const { size, records, checkpoints, root, kept } = verdict.summary;
  process.stderr.write(
    `${registry}: ${size} entries, ${records} records, ${checkpoints} checkpoints, root ${root}` +
      `${kept === 0 ? '' : `, grown from ${kept} checkpoints that were kept`}\n`,
  );
  if (rows === undefined) return;
  const { same, waiting, later, wrong, problems } = rows;
  process.stderr.write(
    `rows: ${same} as sealed, ${waiting} wait, ${later} of later entries, ${wrong} wrong\n`,
  );
  for (const problem of problems) printProblem(problem);
}

function printProblem({ code, message, path, index, lastIndex, repository, recordId }: Problem): void {
  const where = JSON.stringify({ path, index, lastIndex, repository, recordId });
  process.stderr.write(`FAILED ${code}: ${printable(message)} ${printable(where)}\n`);
}

/** Whatever could move the cursor, or turn the direction of writing, by its code. */
function printable(text: string): string {
  return text.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

async function main(): Promise<number> {
  const request = readCommandLine(process.argv.slice(2));
  if (request === 'help') {
    process.stderr.write(usage);
    return exitCode.verified;
  }
  if ('evidence' in request) return verifiedEvidence(request);
  const outcome = await verify(request);
  print(outcome);
  const isTrusted = request.keys.length > 0 || request.isKeyWaived;
  return outcome.verdict.ok && outcome.rows?.ok !== false && isTrusted ? exitCode.verified : exitCode.failed;
}

async function verifiedEvidence({ evidence, keys }: EvidenceRequest): Promise<number> {
  const verdict = await verifyEvidenceFile(evidence, (await Promise.all(keys.map(keysOf))).flat());
  process.stdout.write(`${JSON.stringify(verdict)}\n`);
  if (!verdict.ok) {
    process.stderr.write(`FAILED ${printable(verdict.where)}: ${printable(verdict.problem)}\n`);
    return exitCode.failed;
  }
  const { image, proven, waiting, completeUntil = 'no time' } = verdict;
  process.stderr.write(
    `${printable(image)}: ${proven} records proven, ${waiting} not sealed yet, history complete until ${completeUntil}\n`,
  );
  return exitCode.verified;
}

async function run(): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    const isUsage = error instanceof UsageError || error instanceof SettingsError;
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    if (error instanceof UsageError) process.stderr.write(usage);
    process.exitCode = isUsage ? exitCode.usage : exitCode.unread;
  }
}

void run();
