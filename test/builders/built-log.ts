import { sign } from 'node:crypto';
import { batchClosing, type StatedHorizon } from '../../src/ledger/batch-closing.ts';
import { canonicalRecord } from '../../src/ledger/canonical-record.ts';
import { checkpointText, originOf } from '../../src/ledger/checkpoint.ts';
import { emptyEdge, frontierOf, grownLog, type LogEdge } from '../../src/ledger/log-growth.ts';
import { rootOf } from '../../src/ledger/merkle-tree.ts';
import { formatNote } from '../../src/ledger/signed-note.ts';
import { epoch, fact, recordOf } from './facts.ts';
import { noteSigner } from './note-signer.ts';
import { digestOf } from './registry-event.ts';

export const registry = 'contoso.azurecr.io';
const origin = originOf(registry);

type Key = ReturnType<typeof noteSigner>;

/** What is signed of a log at a size. */
export function checkpointNote(key: Key, edge: LogEdge, name = origin): string {
  const text = checkpointText({
    origin: name,
    size: edge.size,
    root: rootOf(frontierOf(edge)),
    extensions: [],
  });
  const { keyId } = key.keyOf(name);
  const isEd25519 = key.privateKey.asymmetricKeyType === 'ed25519';
  const signature = sign(isEd25519 ? null : 'sha256', Buffer.from(text), key.privateKey);
  return formatNote(text, [{ name, keyId, signature }]);
}

/** The files of a log whose batches have these entries, and a note for each. */
export function filesOf(
  batches: readonly (readonly Uint8Array[])[],
  noteOf: (edge: LogEdge) => string | undefined,
): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  let edge: LogEdge = emptyEdge;
  for (const entries of batches) {
    const grown = grownLog(edge, entries);
    edge = grown.edge;
    for (const { path, bytes } of grown.files) files.set(path, bytes);
    const note = noteOf(edge);
    if (note !== undefined) files.set(`checkpoints/${edge.size}`, Buffer.from(note));
  }
  return files;
}

/** The canonical text of a record that differs from others by a number. */
export function leafOf(number: number): string {
  const tag = `1.0.${number}`;
  const repository = `team/app-${number % 7}`;
  return canonicalRecord(
    recordOf(fact(`event-${number}`, number, { tag, digest: digestOf('one') }), repository),
  );
}

/** The entries of a batch: records, and what it says of itself. */
export function batchOf(
  leaves: readonly string[],
  from: number,
  horizons: readonly StatedHorizon[] = [],
): readonly Uint8Array[] {
  const closing = batchClosing({
    registry,
    from,
    records: leaves.length,
    sealedAt: epoch + from,
    horizons,
  });
  return [...leaves, ...closing].map((text) => Buffer.from(text));
}

/** A log of so many records, sealed in batches of a size, with a key of its own. */
export function sealedLog(records: number, batchSize: number, type: 'ed25519' | 'ecdsa-p256' = 'ecdsa-p256') {
  const key = noteSigner(type);
  const batches: (readonly Uint8Array[])[] = [];
  let from = 0;
  for (let at = 0; at < records; at += batchSize) {
    const count = Math.min(batchSize, records - at);
    const leaves = Array.from({ length: count }, (_, place) => leafOf(at + place));
    const horizons = [{ repository: 'team/app-0', comparedAt: epoch + at }];
    const batch = batchOf(leaves, from, horizons);
    batches.push(batch);
    from += batch.length;
  }
  return { key, batches, size: from, files: filesOf(batches, (edge) => checkpointNote(key, edge)) };
}

/** The sizes of the checkpoints among files. */
export function sizesIn(files: ReadonlyMap<string, Uint8Array>): readonly number[] {
  return [...files.keys()].flatMap((path) => {
    const [, size] = /^checkpoints\/(\d+)$/.exec(path) ?? [];
    return size === undefined ? [] : [Number(size)];
  });
}
