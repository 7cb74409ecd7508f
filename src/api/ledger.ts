import * as z from 'zod/mini';
import type { LedgerBlobs, Signer } from '../audit/ledger-ports.ts';
import type { ConsistencyAnswer, ProofAnswer, RecordProof, SignedCheckpoint } from '../audit/prove-record.ts';
import { estate } from '../findings/finding.ts';
import { originOf } from '../ledger/checkpoint.ts';
import type { Hash } from '../ledger/merkle-tree.ts';
import { verifierKeyText } from '../ledger/signed-note.ts';
import { readTilePath } from '../ledger/tile.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { badParameters, RequestProblem } from './problem.ts';
import { route } from './route.ts';

/** What the ledger's routes ask. */
export interface LedgerRoutesPorts {
  readonly newest: (registry: string) => Promise<SignedCheckpoint | undefined>;
  readonly prove: (registries: readonly string[], recordId: string) => Promise<ProofAnswer>;
  readonly consistency: (
    registry: string,
    from: number,
    to: number | undefined,
  ) => Promise<ConsistencyAnswer | undefined>;
  readonly blobs: Pick<LedgerBlobs, 'get' | 'checkpoints'>;
  /** Absent where logs are not signed here. */
  readonly signer?: Pick<Signer, 'keys'>;
}

const registryParameter = z.optional(z.string().check(z.maxLength(256)));
const recordIdParameter = z
  .string({ error: 'is missing: give the `recordId` of an entry of the history or of the records' })
  .check(
    z.regex(/^[\x21-\x7e]{1,128}$/, { error: 'must be the `recordId` of an entry, of 1 to 128 characters' }),
  );
const sizeParameter = z.pipe(
  z.string().check(z.regex(/^[1-9]\d{0,14}$/, { error: 'must be the size of a checkpoint, such as 1000' })),
  z.transform(Number),
);

/** Whatever has been written once may be kept for ever. */
const immutable = { 'cache-control': 'private, max-age=31536000, immutable' };
const fresh = { 'cache-control': 'no-store' };

/** Routes of the ledger: checkpoints, files as they were written, and proofs. */
export function ledgerRoutes(registries: readonly AcceptedRegistry[], ports: LedgerRoutesPorts) {
  const logs = [...registries.map(({ loginServer }) => loginServer), estate];

  /** The log that is asked about; with one registry it need not be named. */
  function logOf(asked: string | undefined): string {
    const [only, ...others] = registries;
    if (asked === undefined && only !== undefined && others.length === 0) return only.loginServer;
    const found = logs.find((log) => log === asked?.toLowerCase());
    if (found !== undefined) return found;
    throw badParameters([{ name: 'registry', reason: `must be one of ${logs.join(', ')}` }]);
  }

  async function checkpointOf(registry: string): Promise<SignedCheckpoint> {
    const checkpoint = await ports.newest(registry);
    if (checkpoint !== undefined) return checkpoint;
    throw notFound(
      `Nothing of ${registry} has been sealed yet: that happens within a minute of its first record.`,
    );
  }

  async function fileOf(registry: string, path: string) {
    const isCheckpoint = /^checkpoints\/[1-9]\d{0,14}$/.test(path);
    if (!isCheckpoint && readTilePath(path) === undefined) {
      throw notFound(
        `There are checkpoint, checkpoints/<size>, tile/<level>/<index>[.p/<width>] and tile/entries/<index>[.p/<width>], as https://c2sp.org/tlog-tiles has them.`,
      );
    }
    const bytes = await ports.blobs.get(registry, path);
    if (bytes === undefined) throw notFound(`The log of ${registry} has no ${path}.`);
    const contentType = isCheckpoint ? 'text/plain; charset=utf-8' : 'application/octet-stream';
    return { headers: { ...immutable, 'content-type': contentType }, body: bytes };
  }

  const noteHeaders = { ...fresh, 'content-type': 'text/plain; charset=utf-8' };

  return [
    route({
      name: 'getLedgerCheckpoint',
      method: 'GET',
      path: 'ledger/checkpoint',
      summary:
        "The newest signed checkpoint of a registry's log, as a note (https://c2sp.org/tlog-checkpoint).",
      role: 'Audit.Read',
      query: z.strictObject({ registry: registryParameter }),
      async answer({ query: { registry } }) {
        return { headers: noteHeaders, body: (await checkpointOf(logOf(registry))).note };
      },
    }),
    route({
      name: 'getLedgerTile',
      method: 'GET',
      path: 'ledger/tile/{*path}',
      summary:
        'A tile of a log, or a bundle of its entries, as it was written (https://c2sp.org/tlog-tiles).',
      role: 'Audit.Read',
      query: z.strictObject({ registry: registryParameter }),
      answer: ({ query: { registry }, params }) => fileOf(logOf(registry), `tile/${params['path']}`),
    }),
    route({
      name: 'getLedgerFile',
      method: 'GET',
      path: 'ledger/logs/{registry}/{*path}',
      summary: 'The files of a log under one prefix, for tools that read logs of tiles.',
      role: 'Audit.Read',
      query: z.strictObject({}),
      async answer({ params }) {
        const registry = logOf(params['registry']);
        const path = params['path'] ?? '';
        if (path === 'checkpoint') return { headers: noteHeaders, body: (await checkpointOf(registry)).note };
        if (path !== 'checkpoints') return fileOf(registry, path);
        // In this order: what is listed is never newer than the checkpoint that is asked for afterwards.
        const sizes = await ports.blobs.checkpoints(registry);
        const { size } = await checkpointOf(registry);
        return { headers: fresh, jsonBody: sizes.filter((one) => one <= size).sort((a, b) => a - b) };
      },
    }),
    route({
      name: 'getLedgerKeys',
      method: 'GET',
      path: 'ledger/keys',
      summary:
        'The public keys that sign a log now. Whoever verifies it has to have them from elsewhere too.',
      role: 'Audit.Read',
      query: z.strictObject({ registry: registryParameter }),
      async answer({ query: { registry } }) {
        const origin = originOf(logOf(registry));
        const keys = (await ports.signer?.keys(origin)) ?? [];
        return { headers: fresh, jsonBody: { origin, keys: keys.map(verifierKeyText) } };
      },
    }),
    route({
      name: 'getLedgerProof',
      method: 'GET',
      path: 'ledger/proof',
      summary:
        'That a record is in the log: its place, its text, the proof, and the checkpoint that it is proven against.',
      role: 'Audit.Read',
      query: z.strictObject({ recordId: recordIdParameter, registry: registryParameter }),
      async answer({ query: { recordId, registry } }) {
        const answer = await ports.prove(registry === undefined ? logs : [logOf(registry)], recordId);
        if (answer.state === 'sealed') {
          return { headers: fresh, jsonBody: { items: answer.proofs.map(proofItem) } };
        }
        throw notFound(
          answer.state === 'waiting'
            ? `Record ${recordId} waits to be sealed: ask again in a minute.`
            : `No record has the id ${recordId}.`,
        );
      },
    }),
    route({
      name: 'getLedgerConsistency',
      method: 'GET',
      path: 'ledger/consistency',
      summary:
        'That the log as it was at a checkpoint begins the log as it is at another: nothing was changed or cut off.',
      role: 'Audit.Read',
      query: z.strictObject({
        registry: registryParameter,
        from: sizeParameter,
        to: z.optional(sizeParameter),
      }),
      async answer({ query: { registry, from, to } }) {
        const log = logOf(registry);
        const proof = await ports.consistency(log, from, to);
        if (proof === undefined) {
          throw notFound(`The log of ${log} has no checkpoints of ${from} and ${to ?? 'a larger size'}.`);
        }
        const { fromRoot, toRoot, hashes } = proof;
        return {
          headers: fresh,
          jsonBody: {
            origin: originOf(log),
            from: proof.from,
            to: proof.to,
            fromRoot: base64(fromRoot),
            toRoot: base64(toRoot),
            hashes: hashes.map(base64),
          },
        };
      },
    }),
  ];
}

/** A proof as the API tells it; hashes in base64. */
function proofItem({ registry, repository, recordId, index, leaf, hashes, checkpoint }: RecordProof) {
  return {
    registry,
    repository,
    recordId,
    index,
    size: checkpoint.size,
    leaf,
    hashes: hashes.map(base64),
    checkpoint: checkpoint.note,
  };
}

function base64(hash: Hash): string {
  return Buffer.from(hash).toString('base64');
}

function notFound(detail: string): RequestProblem {
  return new RequestProblem({ status: 404, type: 'not-found', title: 'Not found', detail });
}
