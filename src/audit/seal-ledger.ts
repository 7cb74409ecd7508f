import { batchClosing } from '../ledger/batch-closing.ts';
import { type Checkpoint, checkpointText, originOf, readCheckpoint } from '../ledger/checkpoint.ts';
import { frontierOf, grownLog } from '../ledger/log-growth.ts';
import { emptyFrontier, rootOf } from '../ledger/merkle-tree.ts';
import { formatNote, type VerifierKey, verifyNote } from '../ledger/signed-note.ts';
import { AuditFault } from './fault.ts';
import { brokenLedger, checkpointPath, readEdge, writeFiles } from './ledger-files.ts';
import type {
  Horizon,
  LedgerBlobs,
  LedgerHead,
  LedgerLog,
  PendingRecord,
  SealIntent,
  Signer,
  Witness,
} from './ledger-ports.ts';
import type { Clock, Log } from './ports.ts';

export interface SealLedgerPorts {
  readonly ledger: LedgerLog;
  readonly blobs: LedgerBlobs;
  readonly signer: Signer;
  /** Keys that signed before the present ones: what they signed is built upon. */
  readonly formerKeys?: readonly VerifierKey[];
  readonly witnesses: readonly Witness[];
  readonly clock: Clock;
  readonly log: Log;
}

/** What came of sealing a registry's log. */
export interface Sealed {
  /** Records sealed, without what batches say of themselves. */
  readonly records: number;
  readonly size: number;
}

/** Records of a batch: what one query answers, and what one row can hold the order of. */
const mostRecords = 1_000;
const mostKeyCharacters = 400_000;

/** Batches of one run: what is left waits for the next. */
const mostBatches = 100;

/** How often a batch is begun anew because another sealer was faster. */
const mostAttempts = 8;

/** Milliseconds after which horizons are stated though no record waits. */
const horizonsEvery = 3_600_000;

/** Horizons that one batch states. */
const mostHorizonsStated = 1_000;

/**
 * Seals a registry's log: what waits becomes entries, tiles and a signed checkpoint. Each batch decides its order durably
 * first, derives everything else from that, and moves the head by compare-and-swap, so that a crash anywhere loses nothing
 * and doubles nothing, and two at once do each other's work. Throws AuditFault: retryable ones of storage and keys, and
 * `ledger-broken` where what is stored is not what was signed.
 */
export function sealLedger(ports: SealLedgerPorts) {
  const { ledger, log } = ports;
  // Batches known to be marked: saves a read each minute, and is found out anew when forgotten.
  const finished = new Map<string, number>();

  /** Seals a batch, of no records where none wait. */
  async function batch(registry: string, signal?: AbortSignal): Promise<Batch> {
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      signal?.throwIfAborted();
      const head = (await ledger.head(registry)) ?? emptyHead;
      if (finished.get(registry) !== head.size) {
        await finishLast(ports, registry, head);
        finished.set(registry, head.size);
      }
      const outcome = await sealNext(ports, registry, head);
      if (outcome !== 'overtaken') return outcome;
    }
    const message = `other sealers of ${registry} were faster ${mostAttempts} times`;
    throw new AuditFault('seal-overtaken', message, { retryable: true });
  }

  return async (registry: string, signal?: AbortSignal): Promise<Sealed> => {
    let records = 0;
    let last: Batch | undefined;
    for (let count = 0; count < mostBatches && last?.isLast !== true; count += 1) {
      last = await batch(registry, signal);
      records += last.records;
    }
    // As it is stored, with its version: only where there is something to tell of it.
    const isStale = last?.head === undefined && ports.witnesses.length > 0;
    const head = isStale ? await ledger.head(registry) : last?.head;
    if (head !== undefined) await tellWitnesses(ports, registry, head);
    const size = last?.size ?? 0;
    if (records > 0) log.info('sealed', { registry, records, size });
    return { records, size };
  };
}

/** What came of one batch. */
interface Batch {
  readonly records: number;
  /** Entries of the log after it. */
  readonly size: number;
  /** Whether nothing more waited. */
  readonly isLast: boolean;
  /** The head as it is stored, where nothing was sealed. */
  readonly head?: LedgerHead;
}

const emptyHead: LedgerHead = { size: 0, previousSize: 0, sealedAt: 0, witnessed: {} };

/** Marks the records of the batch that made a head, where the sealer that made it did not come to it. */
async function finishLast(
  { ledger }: SealLedgerPorts,
  registry: string,
  { size, previousSize }: LedgerHead,
): Promise<void> {
  if (size === 0) return;
  const intent = await ledger.intent(registry, previousSize);
  if (intent === undefined) throw brokenLedger(registry, `nothing tells what was sealed at ${previousSize}`);
  if (!intent.done) await finish(ledger, registry, intent);
}

async function finish(ledger: LedgerLog, registry: string, intent: SealIntent): Promise<void> {
  const { from, keys } = intent;
  await ledger.mark(
    registry,
    keys.map((key, place) => ({ key, index: from + place })),
  );
  await ledger.finish(registry, from);
}

/** Seals one batch on top of a head; `overtaken`: another sealer did. */
async function sealNext(
  ports: SealLedgerPorts,
  registry: string,
  head: LedgerHead,
): Promise<Batch | 'overtaken'> {
  const { ledger, blobs, clock } = ports;
  const waiting = await waitingRecords(ports, registry);
  const isDue = clock.now() - head.sealedAt >= horizonsEvery;
  const horizons = waiting.length > 0 || isDue ? await ledger.horizons(registry, mostHorizonsStated) : [];
  if (waiting.length === 0 && horizons.length === 0) {
    return { records: 0, size: head.size, isLast: true, head };
  }

  const decision = await decided(ports, registry, head.size, waiting, horizons);
  if (decision === 'overtaken') return decision;
  const { intent, isOwn } = decision;
  const leaves = await leavesOf(ledger, registry, intent, waiting);
  if (leaves === undefined) return 'overtaken';

  const signed = await signedState(ports, registry, head);
  const edge = await readEdge(blobs, registry, signed);
  const entries = [...leaves, ...intent.closing].map((leaf) => Buffer.from(leaf));
  const { files, edge: grown } = grownLog(edge, entries);
  await writeFiles(blobs, registry, files);
  const checkpoint = await sign(ports, registry, {
    origin: originOf(registry),
    size: grown.size,
    root: rootOf(frontierOf(grown)),
    extensions: [],
  });
  const outcome = await ledger.setHead(registry, {
    ...head,
    size: grown.size,
    previousSize: head.size,
    checkpoint,
    sealedAt: clock.now(),
  });
  // What is derived of a batch is the same whoever derives it: the other has, or will have, finished this one.
  if (outcome === 'conflict') return 'overtaken';
  await finish(ledger, registry, intent);
  // What another decided stated other horizons; these are stated again by the next batch.
  if (isOwn) await ledger.stated(registry, horizons);
  const isLast = isOwn && waiting.length < mostRecords;
  return { records: intent.keys.length, size: grown.size, isLast };
}

/** The records that wait and are to be sealed now: as many as one batch holds. */
async function waitingRecords(
  { ledger, clock }: SealLedgerPorts,
  registry: string,
): Promise<readonly PendingRecord[]> {
  const { ready, refused } = await ledger.pending(registry, mostRecords, clock.now());
  if (refused.length > 0) await ledger.discard(registry, refused);
  let room = mostKeyCharacters;
  return ready.filter(({ key }) => {
    room -= key.length + 3;
    return room >= 0;
  });
}

/** What the batch on top of a size seals: as decided first, by this sealer or by another. */
async function decided(
  { ledger, clock }: SealLedgerPorts,
  registry: string,
  from: number,
  waiting: readonly PendingRecord[],
  horizons: readonly Horizon[],
): Promise<{ readonly intent: SealIntent; readonly isOwn: boolean } | 'overtaken'> {
  const closing = batchClosing({
    registry,
    from,
    records: waiting.length,
    sealedAt: clock.now(),
    horizons,
  });
  const intent = { from, keys: waiting.map(({ key }) => key), closing, done: false };
  if ((await ledger.intend(registry, intent)) === 'intended') return { intent, isOwn: true };
  const first = await ledger.intent(registry, from);
  return first === undefined || first.done ? 'overtaken' : { intent: first, isOwn: false };
}

/** The canonical texts of a batch's records, in its order; `undefined` when another sealer has marked some already. */
async function leavesOf(
  ledger: LedgerLog,
  registry: string,
  { keys }: SealIntent,
  waiting: readonly PendingRecord[],
): Promise<readonly string[] | undefined> {
  const known = new Map(waiting.map(({ key, leaf }) => [key, leaf]));
  const missing = keys.filter((key) => !known.has(key));
  if (missing.length > 0) {
    for (const { key, leaf } of await ledger.pendingOf(registry, missing)) known.set(key, leaf);
  }
  const leaves = keys.map((key) => known.get(key)).filter((leaf) => leaf !== undefined);
  return leaves.length === keys.length ? leaves : undefined;
}

/** What was signed of a log so far. A head that no key of this log signed is not built upon. */
async function signedState(
  { signer, formerKeys = [] }: SealLedgerPorts,
  registry: string,
  { size, checkpoint: note }: LedgerHead,
): Promise<Checkpoint> {
  const origin = originOf(registry);
  if (size === 0) return { origin, size, root: rootOf(emptyFrontier), extensions: [] };
  const verdict = verifyNote(note ?? '', [...(await signer.keys(origin)), ...formerKeys]);
  if (!verdict.ok) throw brokenLedger(registry, `its head is not signed by a key of it (${verdict.reason})`);
  const checkpoint = readCheckpoint(verdict.text);
  if (checkpoint?.origin !== origin || checkpoint.size !== size) {
    throw brokenLedger(registry, `its head states another size than ${size}`);
  }
  return checkpoint;
}

/** The signed note of a checkpoint, which is kept under its size: the one kept first, since signatures may differ. */
async function sign(
  { signer, blobs }: SealLedgerPorts,
  registry: string,
  checkpoint: Checkpoint,
): Promise<string> {
  const text = checkpointText(checkpoint);
  const note = formatNote(text, await signer.sign(checkpoint.origin, text));
  const path = checkpointPath(checkpoint.size);
  if ((await blobs.put(registry, path, Buffer.from(note))) === 'written') return note;
  const kept = Buffer.from((await blobs.get(registry, path)) ?? []).toString();
  if (kept.startsWith(`${text}\n`)) return kept;
  throw brokenLedger(registry, `${path} states another root`);
}

/** Gives witnesses the newest checkpoint. One that does not take it gets it again with the next. */
async function tellWitnesses(
  { ledger, witnesses, log }: SealLedgerPorts,
  registry: string,
  head: LedgerHead,
): Promise<void> {
  const { size, checkpoint, witnessed } = head;
  if (checkpoint === undefined) return;
  const behind = witnesses.filter(({ name }) => witnessed[name] !== size);
  const told = await Promise.all(
    behind.map(async (witness) => {
      try {
        await witness.publish(registry, size, checkpoint);
        return [[witness.name, size] as const];
      } catch (error) {
        log.error('a witness did not take a checkpoint', {
          registry,
          witness: witness.name,
          size,
          error: String(error),
        });
        return [];
      }
    }),
  );
  if (told.flat().length === 0) return;
  // Lost to another sealer, it is told again.
  await ledger.setHead(registry, {
    ...head,
    witnessed: { ...witnessed, ...Object.fromEntries(told.flat()) },
  });
}
