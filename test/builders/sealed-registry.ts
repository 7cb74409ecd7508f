import { sealLedger } from '../../src/audit/seal-ledger.ts';
import type { Statement } from '../../src/history/statement.ts';
import { compareRows, type RowVerdict } from '../../src/ledger/row-comparison.ts';
import type { VerifierKey } from '../../src/ledger/signed-note.ts';
import { type LedgerVerdict, verifyLedger } from '../../src/ledger/verification.ts';
import {
  readAnnouncedStatementKey,
  readRepositoryKey,
  repositoryKey,
  statementKey,
} from '../../src/storage/keys.ts';
import { ledgerLog } from '../../src/storage/ledger-log.ts';
import { ledgerRows } from '../../src/storage/ledger-rows.ts';
import { outbox } from '../../src/storage/outbox.ts';
import { registry, sizesIn } from './built-log.ts';
import { epoch, fact, recordOf } from './facts.ts';
import { recorderOver } from './history-stores.ts';
import { memoryLedgerBlobs } from './memory-log.ts';
import { type MemoryTable, memoryTable } from './memory-table.ts';
import { noteSigner } from './note-signer.ts';
import { digestOf } from './registry-event.ts';

/** A registry whose records were recorded and sealed as the service does it. */
export interface SealedRegistry {
  readonly log: MemoryTable;
  readonly repositories: MemoryTable;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly keys: readonly VerifierKey[];
  readonly verdict: LedgerVerdict;
  /** Compares the rows with the log; `size` pretends that it has grown since. */
  compare(sizeNow?: number): Promise<RowVerdict>;
  /** Records a fact that is not sealed. */
  record(number: number): Promise<void>;
}

const statement = (number: number): Statement => ({
  registry,
  repository: 'team/app-0',
  at: { time: epoch + number, id: `statement-${number}` },
  recordedAt: epoch,
  kind: 'manifest-described',
  content: { number },
});

/** Facts, and sixty statements, sealed into a log in memory. */
export async function sealedRegistry(records: number): Promise<SealedRegistry> {
  const [log, repositories, digests] = [memoryTable(), memoryTable(), memoryTable()];
  const blobs = memoryLedgerBlobs();
  const signer = noteSigner();
  const recorder = recorderOver({ log, repositories, digests });
  const record = async (number: number) => {
    const digest = digestOf('one');
    await recorder(
      recordOf(
        fact(`event-${number}`, number, {
          digest,
          tag: `1.0.${number}`,
          ...(number % 3 === 0 ? { notes: ['repaired'] } : {}),
          client: { userAgent: 'docker/29', ...(number % 2 === 0 ? { actor: 'ci' } : {}) },
          ...(number % 5 === 0 ? { size: 1_234, mediaType: 'application/vnd.oci.image.index.v1+json' } : {}),
        }),
        `team/app-${number % 3}`,
      ),
    );
  };
  for (let number = 0; number < records; number += 1) await record(number);
  await outbox(log).announceStatements(Array.from({ length: 60 }, (_, number) => statement(number)));
  for (const { rowKey, columns } of log.rows()) {
    const announced = readAnnouncedStatementKey(rowKey);
    if (announced === undefined) continue;
    await repositories.insert({
      partitionKey: repositoryKey({ registry, repository: announced.repository }),
      rowKey: statementKey(announced.at),
      columns: { leaf: String(columns['leaf']) },
    });
  }
  const seal = sealLedger({
    ledger: ledgerLog(log, repositories),
    blobs,
    signer,
    witnesses: [],
    clock: { now: () => epoch + 60_000 },
    log: { info() {}, warn() {}, error() {} },
  });
  await seal(registry);

  const files = new Map([...blobs.files].map(([path, bytes]) => [path.slice(registry.length + 1), bytes]));
  const read = async (path: string) => files.get(path);
  const keys = await signer.keys(`acr-audit/${registry}`);
  const verdict = await verifyLedger({ registry, read, sizes: sizesIn(files), keys });
  const rows = ledgerRows(
    {
      log,
      repositories,
      async *repositoriesOf() {
        const names = repositories.rows().map((row) => readRepositoryKey(row.partitionKey)?.repository ?? '');
        yield* new Set(names);
      },
    },
    registry,
  );
  return {
    log,
    repositories,
    files,
    keys,
    verdict,
    record,
    async compare(sizeNow) {
      if (!verdict.ok) throw new Error(verdict.problem.message);
      const { size } = verdict.summary;
      return compareRows(
        {
          size,
          records: verdict.records,
          read,
          ...(sizeNow === undefined ? {} : { sizeNow: async () => sizeNow }),
        },
        rows,
      );
    },
  };
}
