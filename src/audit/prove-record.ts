import { type Checkpoint, originOf, readCheckpoint } from '../ledger/checkpoint.ts';
import type { Hash } from '../ledger/merkle-tree.ts';
import { consistencyProof, inclusionProof, rootFromTiles } from '../ledger/proof.ts';
import { readNote } from '../ledger/signed-note.ts';
import { brokenLedger, checkpointPath, entryOf, unlessBroken } from './ledger-files.ts';
import type { LedgerBlobs, LedgerLog, SealedRecord } from './ledger-ports.ts';

export interface ProveRecordPorts {
  readonly ledger: Pick<LedgerLog, 'head' | 'sealed' | 'waits'>;
  readonly blobs: Pick<LedgerBlobs, 'get'>;
}

/** A checkpoint as it was signed. */
export interface SignedCheckpoint extends Checkpoint {
  /** https://c2sp.org/signed-note */
  readonly note: string;
}

/** That a record is in a log, to be verified by whoever holds its checkpoint. */
export interface RecordProof extends SealedRecord {
  readonly registry: string;
  /** Canonical text of the record: the entry of the log. */
  readonly leaf: string;
  /** Inclusion proof of RFC 6962 in the log of the checkpoint. */
  readonly hashes: readonly Hash[];
  readonly checkpoint: SignedCheckpoint;
}

/** What is known of a record's place in the logs. */
export type ProofAnswer =
  | { readonly state: 'sealed'; readonly proofs: readonly RecordProof[] }
  | { readonly state: 'waiting' | 'unknown' };

/** The newest checkpoint of a registry's log, as its head has it; `undefined` while nothing is sealed. */
export async function newestCheckpoint(
  { ledger }: { readonly ledger: Pick<LedgerLog, 'head'> },
  registry: string,
): Promise<SignedCheckpoint | undefined> {
  const note = (await ledger.head(registry))?.checkpoint;
  if (note === undefined) return undefined;
  const checkpoint = readCheckpoint(readNote(note)?.text ?? '');
  if (checkpoint?.origin !== originOf(registry))
    throw brokenLedger(registry, 'its head has no checkpoint of it');
  return { ...checkpoint, note };
}

/** Proves that a record is in the log of one of some registries, as of the log's newest checkpoint. */
export function proveRecord(ports: ProveRecordPorts) {
  const { ledger, blobs } = ports;

  async function proofsIn(registry: string, recordId: string): Promise<readonly RecordProof[]> {
    const places = await ledger.sealed(registry, recordId);
    if (places.length === 0) return [];
    const checkpoint = await newestCheckpoint(ports, registry);
    const read = (path: string) => blobs.get(registry, path);
    return Promise.all(
      places.map(async (place): Promise<RecordProof> => {
        if (checkpoint === undefined || place.index >= checkpoint.size) {
          throw brokenLedger(registry, `it ends before ${place.index}, where record ${recordId} was sealed`);
        }
        const { size } = checkpoint;
        const [leaf, hashes] = await Promise.all([
          entryOf(blobs, registry, place.index, size),
          unlessBroken(registry, inclusionProof(place.index, size, read)),
        ]);
        return { ...place, registry, leaf, hashes, checkpoint };
      }),
    );
  }

  return async (registries: readonly string[], recordId: string): Promise<ProofAnswer> => {
    const found = await Promise.all(registries.map((registry) => proofsIn(registry, recordId)));
    const proofs = found.flat();
    if (proofs.length > 0) return { state: 'sealed', proofs };
    const waiting = await Promise.all(registries.map((registry) => ledger.waits(registry, recordId)));
    return { state: waiting.includes(true) ? 'waiting' : 'unknown' };
  };
}

/** That the log of one size begins that of another. */
export interface ConsistencyAnswer {
  readonly from: number;
  readonly to: number;
  readonly fromRoot: Hash;
  readonly toRoot: Hash;
  readonly hashes: readonly Hash[];
}

/**
 * Proves that a log's checkpoint of one size begins that of another, the newest unless told; `undefined` where the log
 * has no checkpoint of one of them.
 */
export function proveConsistency(ports: ProveRecordPorts) {
  return async (registry: string, from: number, to?: number): Promise<ConsistencyAnswer | undefined> => {
    const { blobs } = ports;
    const end = to ?? (await newestCheckpoint(ports, registry))?.size;
    if (end === undefined || from < 1 || from > end) return undefined;
    const kept = await Promise.all([from, end].map((size) => blobs.get(registry, checkpointPath(size))));
    if (kept.includes(undefined)) return undefined;
    const read = (path: string) => blobs.get(registry, path);
    const [fromRoot, toRoot, hashes] = await unlessBroken(
      registry,
      Promise.all([rootFromTiles(from, read), rootFromTiles(end, read), consistencyProof(from, end, read)]),
    );
    return { from, to: end, fromRoot, toRoot, hashes };
  };
}
