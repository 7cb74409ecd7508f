import type { TokenCredential } from '@azure/core-auth';
import { type BlobServiceClient, ContainerClient } from '@azure/storage-blob';
import { witnessWebhook } from './alerts/witness-webhook.ts';
import { evidenceRoute, toldUses } from './api/evidence.ts';
import { ledgerRoutes } from './api/ledger.ts';
import { packEvidence } from './audit/evidence-pack.ts';
import { handOverKeys } from './audit/hand-over-keys.ts';
import type { HistoryPages } from './audit/history-pages.ts';
import type { Signer, Witness } from './audit/ledger-ports.ts';
import { measuredSealing } from './audit/measured.ts';
import type { Metrics } from './audit/metrics.ts';
import type { Clock, HistoryReader, Leases, Log, Outbox } from './audit/ports.ts';
import { newestCheckpoint, proveConsistency, proveRecord } from './audit/prove-record.ts';
import { sealLedger } from './audit/seal-ledger.ts';
import { sealAfterHandover, sealLedgers } from './audit/seal-ledgers.ts';
import type { UsesOverTime } from './audit/uses-over-time.ts';
import type { ManifestLinks } from './audit/workload-ports.ts';
import { estate } from './findings/finding.ts';
import type { RepositoryId } from './history/fact.ts';
import { readLeaf, readStatement } from './ledger/recorded-leaf.ts';
import type { Digest } from './registry/digest.ts';
import type { Settings } from './settings.ts';
import { connectedLogs } from './storage/connected-logs.ts';
import { historyWriter } from './storage/history-store.ts';
import { jointSigner } from './storage/joint-signer.ts';
import { keyVaultSigner } from './storage/key-vault-signer.ts';
import { ledgerBlobs } from './storage/ledger-blobs.ts';
import { ledgerLog } from './storage/ledger-log.ts';
import { localSigner } from './storage/local-signer.ts';
import { outbox } from './storage/outbox.ts';
import { statementPages } from './storage/statement-pages.ts';
import type { Tables } from './storage/tables.ts';
import { witnessContainer } from './storage/witness-container.ts';
import { witnessFile } from './storage/witness-file.ts';

/** What the composition root has made already. */
export interface LedgerParts {
  readonly settings: Settings;
  readonly tables: Tables;
  readonly blobs: BlobServiceClient;
  readonly identity: TokenCredential;
  readonly leases: Leases;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
  /** What evidence is gathered from. */
  readonly reader: HistoryReader;
  readonly outbox: Outbox;
  readonly pages: HistoryPages;
  readonly links: ManifestLinks;
  readonly usesOverTime: (repository: RepositoryId, digest: Digest) => Promise<UsesOverTime>;
}

/** The ledger: what seals it, where it is signed here, and what is asked of it. */
export function ledgerOf(parts: LedgerParts) {
  const { settings, tables, blobs: service, identity, leases, metrics, clock, log } = parts;
  const ledger = ledgerLog(tables.log, tables.repositories);
  const blobs = ledgerBlobs(service);
  const { vaultKey, keyFile, formerVaultKey, formerKeyFile } = settings.ledger;
  const fileSigner = keyFile === undefined ? undefined : localSigner(keyFile);
  const formerFileSigner =
    formerKeyFile === undefined ? undefined : localSigner(formerKeyFile, { mayMake: false });
  const signer = signerOf(vaultKey, fileSigner, identity);
  const former = signerOf(formerVaultKey, formerFileSigner, identity);
  const { formerKeys } = settings.ledger;
  const registries = [...settings.registries.map(({ loginServer }) => loginServer), estate];
  const connected = connectedLogs(tables.log, registries);
  const witnesses = witnessesOf(settings, identity, clock);
  const proving = { ledger, blobs };
  const recording = {
    outbox: outbox(tables.log),
    writer: historyWriter(tables.repositories, tables.digests),
    clock,
  };

  function sealing(signer: Signer) {
    const seal = sealLedger({ ledger, blobs, signer, formerKeys, witnesses, clock, log });
    const before = former === undefined ? {} : { before: former };
    const handOver = handOverKeys({ ...recording, ledger, ...before, after: signer });
    return sealAfterHandover({ handOver, seal, log });
  }

  return {
    ...(signer === undefined
      ? {}
      : {
          seal: sealLedgers({
            registries: async () => [...registries, ...(await connected.all())],
            seal: measuredSealing(sealing(signer), metrics),
            leases,
            log,
          }),
        }),
    routes: ledgerRoutes(settings.registries, {
      newest: (registry) => newestCheckpoint(proving, registry),
      prove: proveRecord(proving),
      consistency: proveConsistency(proving),
      blobs,
      ...(signer === undefined ? {} : { signer }),
    }),
    evidence: evidenceRoute(
      settings.registries,
      packEvidence({
        ...proving,
        reader: parts.reader,
        outbox: parts.outbox,
        pages: parts.pages,
        links: parts.links,
        statements: statementPages(tables.repositories),
        told: toldUses(parts.usesOverTime),
        clock,
        ...(signer === undefined ? {} : { signer }),
      }),
      clock,
    ),
    head: ledger.head,
    sealed: ledger.sealed,
    /** What the lag of sealing is told from. */
    measured: {
      ledger,
      sealed: signer === undefined ? [] : registries,
      recordedAt: (leaf: string) => (readLeaf(leaf)?.fact ?? readStatement(leaf))?.recordedAt,
    },
    isSigned: signer !== undefined,
  };
}

function signerOf(
  vaultKey: string | undefined,
  fileSigner: Signer | undefined,
  credential: TokenCredential,
): Signer | undefined {
  const signers = [
    ...(vaultKey === undefined ? [] : [keyVaultSigner({ keyId: vaultKey, credential })]),
    ...(fileSigner === undefined ? [] : [fileSigner]),
  ];
  return signers.length === 0 ? undefined : jointSigner(signers);
}

function witnessesOf(
  { ledger, alerts, storage }: Settings,
  credential: TokenCredential,
  clock: Clock,
): readonly Witness[] {
  const { container, folder, webhooks } = ledger.witnesses;
  const hooks = alerts.webhooks.filter(({ name }) => webhooks.includes(name));
  return [
    ...(container === undefined
      ? []
      : [witnessContainer('container', containerOf(container, storage, credential))]),
    ...(folder === undefined ? [] : [witnessFile('folder', folder)]),
    ...hooks.map((hook) => witnessWebhook({ ...hook, now: clock.now })),
  ];
}

/** A container by its address; on one machine, by the key of the account that it is in. */
function containerOf(
  address: string,
  storage: Settings['storage'],
  credential: TokenCredential,
): ContainerClient {
  if (address.startsWith('https:') || !('connectionString' in storage)) {
    return new ContainerClient(address, credential);
  }
  return new ContainerClient(storage.connectionString, address.split('/').at(-1) ?? '');
}
