import { batchChain, type ChainSummary } from './batch-chain.ts';
import type { ComparedBundle } from './bundle-comparison.ts';
import type { Checkpoint } from './checkpoint.ts';
import { comparedTree } from './compared-tree.ts';
import { type EntryContent, readEntry } from './entry-content.ts';
import { LedgerProblem, type Problem } from './ledger-problem.ts';
import { type LogTrust, logTrust, type RefusedHandover, type Trust } from './log-trust.ts';
import { emptyFrontier, type Hash, leafHash, rootOf, sameHash } from './merkle-tree.ts';
import type { FileReader } from './proof.ts';
import { type RecordIndex, recordIndex } from './record-index.ts';

/** A checkpoint that was kept elsewhere. */
export interface KeptNote {
  /** Where it was kept, to be named by. */
  readonly path: string;
  readonly note: string;
}

/** A log, and by what it is believed. */
export interface LogToVerify extends Trust {
  readonly read: FileReader;
  /** The sizes of its checkpoints, each kept as `checkpoints/<size>`. */
  readonly sizes: readonly number[];
  /** Checkpoints of it that were kept elsewhere: the log has to have grown from each. */
  readonly kept?: readonly KeptNote[];
  /** Told of how far it has come, checkpoint by checkpoint. */
  readonly progress?: (size: number) => void;
}

/** What a log that is as it was signed has. */
export interface LedgerSummary extends ChainSummary {
  readonly registry: string;
  /** Entries, of which all but the statements of batches are {@link LedgerSummary.records}. */
  readonly size: number;
  /** The root of that size, in base64. */
  readonly root: string;
  readonly records: number;
  readonly checkpoints: number;
  /** Checkpoints kept elsewhere that the log has grown from. */
  readonly kept: number;
  readonly areSignaturesVerified: boolean;
  /** Handovers in it that no key of the log made: they changed nothing, and somebody tried. */
  readonly refusedHandovers: readonly RefusedHandover[];
}

/** A summary as programs and people are told it: its times in RFC 3339, in UTC. */
export function toldSummary({ sealedAt, horizons, ...summary }: LedgerSummary) {
  const iso = (time: number) => new Date(time).toISOString();
  return {
    ...summary,
    ...(sealedAt === undefined ? {} : { sealedAt: iso(sealedAt) }),
    horizons: horizons.map(({ repository, comparedAt }) => ({ repository, comparedAt: iso(comparedAt) })),
  };
}

/** What came of it: all is as it was signed, or the first thing that is not. */
export type LedgerVerdict =
  | { readonly ok: true; readonly summary: LedgerSummary; readonly records: RecordIndex }
  | { readonly ok: false; readonly problem: Problem };

/**
 * Derives a log anew from its files alone, in their order: each checkpoint's signature, entry, tile and root, and that each
 * checkpoint is of a log which the one before begins. Memory is bounded but for some 40 bytes for each record, by which a
 * second one of its name is found. What the reader throws is thrown.
 */
export async function verifyLedger(log: LogToVerify): Promise<LedgerVerdict> {
  try {
    return await verified(log);
  } catch (error) {
    if (error instanceof LedgerProblem) return { ok: false, problem: error.problem };
    throw error;
  }
}

async function verified(log: LogToVerify): Promise<LedgerVerdict> {
  const { read, registry } = log;
  const sizes = [...new Set(log.sizes)].sort((one, other) => one - other);
  const last = sizes.at(-1) ?? 0;
  const trust = logTrust(log);
  const kept = keptCheckpoints(log, trust, last);
  if (last === 0) {
    throw new LedgerProblem({ code: 'no-checkpoint', message: `the log of ${registry} has no checkpoint` });
  }

  const tree = comparedTree(read);
  const chain = batchChain();
  const records = recordIndex();
  let root: Hash = rootOf(emptyFrontier);
  let keptBehind = 0;
  for (const size of sizes) {
    const checkpoint = await checkpointOf(log, trust, size);
    const from = tree.size();
    const ownRoots: Hash[] = [];
    while (tree.size() < size) {
      const bundle = await tree.read(size, checkpoint.root);
      const before = tree.size();
      const after = before + bundle.added.length;
      takeEntries(registry, before, bundle, { chain, records, trust });
      for (const one of kept.slice(keptBehind + ownRoots.length)) {
        if (one.size > after) break;
        ownRoots.push(tree.rootAt(one.size, bundle));
      }
      root = tree.rootAt(after, bundle);
      await tree.take(bundle);
    }
    if (!sameHash(root, checkpoint.root)) throw wrongRoot(from, size);
    for (const own of ownRoots) {
      compareKept(kept[keptBehind], own);
      keptBehind += 1;
    }
    await tree.compareEdge();
    chain.checkpoint(size);
    log.progress?.(size);
  }
  trust.settle();
  const summary: LedgerSummary = {
    registry,
    size: tree.size(),
    root: Buffer.from(root).toString('base64'),
    records: records.count(),
    checkpoints: sizes.length,
    kept: kept.length,
    areSignaturesVerified: log.keys !== undefined,
    refusedHandovers: trust.refused(),
    ...chain.summary(),
  };
  return { ok: true, summary, records };
}

async function checkpointOf(log: LogToVerify, trust: LogTrust, size: number): Promise<Checkpoint> {
  const path = `checkpoints/${size}`;
  const bytes = await log.read(path);
  if (bytes === undefined) {
    throw new LedgerProblem({ code: 'missing-file', message: `${path} is missing`, path, index: size });
  }
  const checkpoint = trust.checkpoint(Buffer.from(bytes).toString(), path);
  if (checkpoint.size === size) return checkpoint;
  const message = `${path} is the checkpoint of ${checkpoint.size} entries`;
  throw new LedgerProblem({ code: 'replayed-checkpoint', message, path, index: size });
}

interface KeptCheckpoint extends Checkpoint {
  readonly path: string;
}

/** Checkpoints that were kept elsewhere, the smallest first; none may be of a longer log. */
function keptCheckpoints(log: LogToVerify, trust: LogTrust, last: number): readonly KeptCheckpoint[] {
  const all = (log.kept ?? [])
    .map(({ path, note }) => ({ path, ...trust.checkpoint(note, path) }))
    .filter(({ size }) => size > 0)
    .sort((one, other) => one.size - other.size);
  const newest = all.at(-1);
  if (newest === undefined || newest.size <= last) return all;
  const { path, size } = newest;
  const message = `the log ends at ${last} entries, and had ${size} when ${path} was signed: its tail was cut off`;
  throw new LedgerProblem({ code: 'older-than-witnessed', message, path, index: last, lastIndex: size - 1 });
}

function compareKept(kept: KeptCheckpoint | undefined, own: Hash): void {
  if (kept === undefined || sameHash(own, kept.root)) return;
  const { path, size } = kept;
  const message = `the first ${size} entries are others than when ${path} was signed`;
  throw new LedgerProblem({ code: 'split-view', message, path, index: 0, lastIndex: size - 1 });
}

function wrongRoot(from: number, size: number): LedgerProblem {
  const lastIndex = size - 1;
  const path = `checkpoints/${size}`;
  const message = `some of the entries ${from} to ${lastIndex} are not those that were signed by ${path}`;
  return new LedgerProblem({ code: 'wrong-root', message, path, index: from, lastIndex });
}

/** Reads the entries that a bundle adds: what they are, whose they are, and that none is there twice. */
function takeEntries(
  registry: string,
  from: number,
  { added, hashes, path }: ComparedBundle,
  {
    chain,
    records,
    trust,
  }: {
    readonly chain: ReturnType<typeof batchChain>;
    readonly records: RecordIndex;
    readonly trust: LogTrust;
  },
): void {
  for (const [place, bytes] of added.entries()) {
    const index = from + place;
    const entry = readEntry(bytes, index, path);
    if (entry.registry !== registry) {
      const message = `entry ${index} is of the registry ${JSON.stringify(entry.registry)}`;
      throw new LedgerProblem({ code: 'wrong-registry', message, path, index, ...nameOf(entry) });
    }
    if (entry.kind === 'batch') {
      chain.statement(index, entry.batch);
      continue;
    }
    chain.record(index);
    if (entry.handover !== undefined) trust.handover(index, entry.handover);
    const other = records.add(entry, index, hashes[hashes.length - added.length + place] ?? leafHash(bytes));
    if (other === undefined) continue;
    const message = `entry ${index} is the record of entry ${other} again`;
    throw new LedgerProblem({ code: 'duplicate-record', message, path, index, ...nameOf(entry) });
  }
}

function nameOf(entry: EntryContent) {
  return entry.kind === 'record' ? { repository: entry.repository, recordId: entry.recordId } : {};
}
