import type { Command } from 'commander';
import type * as z from 'zod/mini';
import { checkpointSizes, ledgerKeys, ledgerProofs } from '../../api/documents/ledger.ts';
import { originOf } from '../../ledger/checkpoint.ts';
import { readEntry } from '../../ledger/entry-content.ts';
import { verifyFoundLog } from '../../ledger/found-log.ts';
import { LedgerProblem } from '../../ledger/ledger-problem.ts';
import { type Trust, trustedCheckpoint } from '../../ledger/log-trust.ts';
import { leafHash } from '../../ledger/merkle-tree.ts';
import { verifyInclusion } from '../../ledger/proof.ts';
import type { VerifierKey } from '../../ledger/signed-note.ts';
import { toldSummary } from '../../ledger/verification.ts';
import type { Acting, Line, Session } from '../command.ts';
import { CommandFault, exitCodes, usageFault } from '../exit-code.ts';
import { columnsOf, type Row } from '../table.ts';
import { visible } from '../terminal-text.ts';
import { keptNotes, keysOf } from '../trusted-keys.ts';

const unsigned =
  'NO KEY WAS GIVEN: whoever can write the log may have signed it with a key of their own. Give --key.';
const unwitnessed =
  'No checkpoint that was kept elsewhere was given: that the log was not cut off is not shown. Give --checkpoint.';

/** `ledger`: whether the history can have been changed. */
export function ledgerCommand(program: Command, acting: Acting): void {
  const ledger = program.command('ledger').description('Whether the history can have been changed');
  acting(verifying(ledger), verify);
  const checkpoint = ledger
    .command('checkpoint')
    .description('The newest signed checkpoint of a log, to be kept where nobody can change it')
    .option('--registry <name>', 'whose log; need not be told where one registry is audited')
    .option('--key <key...>', 'a key that is trusted, or a file with one on each line')
    .option('--note', 'the signed note as it is, and nothing else');
  acting(checkpoint, showCheckpoint);
  const proof = ledger
    .command('proof <record>')
    .description('That a record is in the log, verified here; ends with 1 when it is not')
    .option('--registry <name>', 'in one log alone')
    .option('--key <key...>', 'a key that is trusted, or a file with one on each line');
  acting(proof, prove);
}

function verifying(ledger: Command): Command {
  return ledger
    .command('verify')
    .description('Derives a log anew from the files that the service has; ends with 1 when anything differs')
    .option('--registry <name>', 'whose log; need not be told where a key or a single registry says')
    .option('--key <key...>', 'a key that is trusted, or a file with one on each line')
    .option('--no-key', 'let it pass though nobody says which key is trusted')
    .option('--checkpoint <file...>', 'checkpoints that were kept elsewhere');
}

/** A log that is asked about, and by what it is believed. */
async function trustOf(session: Session, line: Line): Promise<Trust> {
  const keys = await keysOf(line, session.terminal);
  const registry = await registryOf(session, line, keys);
  return { registry, ...(keys.length === 0 ? {} : { keys }) };
}

async function registryOf({ api }: Session, line: Line, keys: readonly VerifierKey[]): Promise<string> {
  const prefix = originOf('');
  const named = line.text('registry')?.toLowerCase();
  if (named !== undefined) return named;
  const names = new Set(keys.map(({ name }) => name));
  if (names.size > 1) throw usageFault('--registry is missing: the keys are of several logs');
  const [name = (await api.get('ledger/keys', {}, ledgerKeys)).origin] = names;
  if (name.startsWith(prefix)) return name.slice(prefix.length);
  throw usageFault(`the key is of ${name}, which is no log of this kind`);
}

async function verify(session: Session, line: Line) {
  const { api, output, progress, terminal } = session;
  const kept = await keptNotes(line, terminal);
  const trust = await trustOf(session, line);
  const { registry, keys } = trust;
  const prefix = `ledger/logs/${encodeURIComponent(registry)}`;
  const { verdict } = await verifyFoundLog(
    {
      read: (path) => api.file(`${prefix}/${path}`),
      sizes: () => api.get(`${prefix}/checkpoints`, {}, checkpointSizes),
      head: async () => textOf(await api.file(`${prefix}/checkpoint`)),
    },
    { ...trust, kept, progress: (size) => progress.at(`${size} entries`) },
  );
  progress.end();
  if (keys === undefined) progress.say(unsigned);
  if (kept.length === 0) progress.say(unwitnessed);
  const { ok } = verdict;
  const told = ok ? toldSummary(verdict.summary) : verdict.problem;
  output.record({
    value: { registry, ok, [ok ? 'summary' : 'problem']: told },
    fields: { registry, verified: ok ? 'yes' : 'no', ...rowOf(told) },
  });
  const isTrusted = keys !== undefined || line.isRefused('key');
  return ok && isTrusted ? exitCodes.pass : exitCodes.fail;
}

/** What of a summary or a problem fits a cell. */
function rowOf(told: object): Row {
  return Object.fromEntries(
    Object.entries(told).filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value)),
  );
}

async function showCheckpoint(session: Session, line: Line) {
  const { api, output, progress, terminal } = session;
  const trust = await trustOf(session, line);
  const { registry, keys } = trust;
  const note = textOf(await api.file(`ledger/logs/${encodeURIComponent(registry)}/checkpoint`));
  if (note === undefined) throw new CommandFault(exitCodes.fail, `nothing of ${registry} is sealed yet`);
  const { origin, size, root } = trusting(() => trustedCheckpoint(note, 'checkpoint', trust));
  if (line.flag('note')) {
    terminal.out.write(note.split('\n').map(visible).join('\n'));
    return exitCodes.pass;
  }
  if (keys === undefined) progress.say(unsigned);
  const facts = { origin, size, root: Buffer.from(root).toString('base64') };
  output.record({
    value: { ...facts, note },
    fields: { ...facts, signature: keys === undefined ? 'not looked at' : 'of a trusted key' },
  });
  return exitCodes.pass;
}

type Proof = z.output<typeof ledgerProofs>['items'][number];

async function prove(session: Session, line: Line) {
  const { api, output, progress, terminal } = session;
  const keys = await keysOf(line, terminal);
  const query = { recordId: line.operands[0], registry: line.text('registry') };
  const { items } = await api.get('ledger/proof', query, ledgerProofs);
  if (keys.length === 0) progress.say(unsigned);
  const proven = items.map((item) => ({ ...item, proven: holds(item, query.recordId, keys) }));
  await output.list({
    pages: once(proven),
    rowOf: ({ hashes, leaf, checkpoint, proven: isProven, ...row }): Row => ({
      ...row,
      proven: isProven ? 'yes' : 'no',
      leaf,
      hashes,
    }),
    columns: columnsOf(['proven', 'registry', 'repository', 'recordId', 'index', 'size'], ['leaf', 'hashes']),
    none: 'There is no such record.',
  });
  return proven.length > 0 && proven.every((one) => one.proven) ? exitCodes.pass : exitCodes.fail;
}

/** Whether a proof proves what it says: that the record's own text is an entry of the log that was signed. */
function holds(proof: Proof, asked: string | undefined, keys: readonly VerifierKey[]): boolean {
  const { registry, repository, recordId, index, leaf, hashes, checkpoint } = proof;
  const { size, root } = trusting(() =>
    trustedCheckpoint(checkpoint, 'checkpoint', { registry, ...(keys.length === 0 ? {} : { keys }) }),
  );
  const entry = trusting(() => readEntry(Buffer.from(leaf), index, 'leaf'));
  const isRecord =
    entry.kind === 'record' &&
    entry.registry === registry &&
    entry.repository === repository &&
    entry.recordId === asked &&
    recordId === asked;
  const bytes = hashes.map((hash) => Buffer.from(hash, 'base64'));
  return isRecord && verifyInclusion({ index, size, leaf: leafHash(Buffer.from(leaf)), proof: bytes, root });
}

/** What is not as it was signed is an answer: no. */
function trusting<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof LedgerProblem)) throw cause;
    throw new CommandFault(exitCodes.fail, `${cause.problem.code}: ${cause.message}`, { cause });
  }
}

function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString();
}

async function* once<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  yield items;
}
