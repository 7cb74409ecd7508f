import { evidenceRoute, toldUses } from '../../src/api/evidence.ts';
import { deliverAlerts } from '../../src/audit/deliver-alerts.ts';
import { packEvidence } from '../../src/audit/evidence-pack.ts';
import { handOverKeys } from '../../src/audit/hand-over-keys.ts';
import type { LedgerBlobs } from '../../src/audit/ledger-ports.ts';
import { reconcileRepository } from '../../src/audit/reconcile-repository.ts';
import { sealLedger } from '../../src/audit/seal-ledger.ts';
import { usesOverTime } from '../../src/audit/uses-over-time.ts';
import { findingOf } from '../../src/findings/finding.ts';
import type { EvidencePack } from '../../src/ledger/evidence-pack.ts';
import type { VerifierKey } from '../../src/ledger/signed-note.ts';
import type { Digest } from '../../src/registry/digest.ts';
import { parseReference } from '../../src/registry/reference.ts';
import { alertOutbox } from '../../src/storage/alert-outbox.ts';
import { claimsStore } from '../../src/storage/claims.ts';
import { comparisons } from '../../src/storage/comparisons.ts';
import { findingsStore } from '../../src/storage/findings.ts';
import { historyPages } from '../../src/storage/history-pages.ts';
import { knownContent } from '../../src/storage/known-content.ts';
import { ledgerLog } from '../../src/storage/ledger-log.ts';
import { manifestLinks } from '../../src/storage/manifest-links.ts';
import type { Table } from '../../src/storage/row.ts';
import { sourceStates } from '../../src/storage/source-states.ts';
import { statementPages } from '../../src/storage/statement-pages.ts';
import type { Claim } from '../../src/workloads/claim.ts';
import { recorderOver, storesOver } from './history-stores.ts';
import { images, imageToProtect } from './image-to-protect.ts';
import { memoryLedgerBlobs } from './memory-log.ts';
import { memoryTable } from './memory-table.ts';
import { noteSigner } from './note-signer.ts';
import { protectedId } from './protection-app.ts';
import { routeCaller } from './route-caller.ts';

const { registry, repository } = protectedId;

/** What evidence is packed from. */
export interface Packed {
  readonly repositories: Table;
  readonly digests: Table;
  readonly log: Table;
  readonly inventory: Table;
  readonly workloads: Table;
  readonly blobs: Pick<LedgerBlobs, 'get'>;
}

/** A registry that is protected, over tables in memory, its log sealed when told, and the route that packs evidence of it. */
export function evidenceApp() {
  const protect = imageToProtect();
  const { app } = protect;
  const { tables, clock } = app;
  const workloads = memoryTable();
  const stores = storesOver(tables);
  const silent = { info() {}, warn() {}, error() {} };
  const ledger = ledgerLog(tables.log, tables.repositories);
  const files = memoryLedgerBlobs();
  const reads: string[] = [];
  const blobs: LedgerBlobs = {
    ...files,
    get(of, path) {
      reads.push(path);
      return files.get(of, path);
    },
  };
  const origin = `acr-audit/${registry}`;
  const signers = [noteSigner()];
  const current = () => signers.at(-1) ?? noteSigner();
  const seal = () => {
    const formerKeys = signers.map(({ keyOf }) => keyOf(origin));
    const ports = { ledger, blobs: files, signer: current(), formerKeys, witnesses: [], clock, log: silent };
    return sealLedger(ports)(registry);
  };
  const claims = claimsStore(workloads, tables.inventory);

  /** Packs evidence of what these hold. */
  function packer(over: Packed) {
    const links = manifestLinks(over.repositories, over.digests);
    const { reader, outbox } = storesOver(over);
    const uses = usesOverTime({
      ...{ sources: [], states: sourceStates(over.inventory), links, tags: reader, clock },
      claims: claimsStore(over.workloads, over.inventory),
    });
    return packEvidence({
      pages: historyPages(over.repositories, over.log),
      reader,
      statements: statementPages(over.repositories),
      links,
      ledger: ledgerLog(over.log, over.repositories),
      blobs: over.blobs,
      signer: { keys: (of) => current().keys(of) },
      outbox,
      told: toldUses(uses),
      clock,
    });
  }

  const held: Packed = { ...tables, workloads, blobs };
  const pack = packer(held);
  const call = routeCaller([evidenceRoute([{ loginServer: registry }], pack, clock)]);

  return {
    ...protect,
    tables,
    held,
    packer,
    clock,
    claims,
    findings: findingsStore(tables.findings),
    /** Paths of the log's files that were read for evidence. */
    reads,
    files: files.files,
    key: current().keyOf(origin),
    record: recorderOver(tables),
    /** Compares the repository with the registry, whole. */
    async compare(): Promise<void> {
      const startedAt = clock.now();
      await reconcileRepository({
        ...stores,
        content: protect.registry.content,
        known: knownContent(tables.repositories),
        record: recorderOver(tables),
        clock,
        log: silent,
      })({ ...protectedId, source: 'reconcile' });
      await comparisons(tables.repositories, tables.log).note(protectedId, startedAt);
    },
    /** Records what became of findings. */
    async tell(): Promise<void> {
      clock.time += 60_000;
      const alerts = alertOutbox(tables.findings, silent);
      await deliverAlerts({ ...stores, alerts, sinks: [], registries: [registry], clock, log: silent })();
    },
    seal,
    /** Hands the log over to another key, which signs from now on; answers that. */
    async handOver(): Promise<VerifierKey> {
      const after = noteSigner();
      await handOverKeys({ ...stores, ledger, clock, before: current(), after })(registry);
      signers.push(after);
      return after.keyOf(origin);
    },
    ask: (query: string) => call('GET', `digests/evidence?${query}`),
    /** The pack of an image, such as `team/app:prod`. */
    async pack(image: string): Promise<EvidencePack> {
      const reading = parseReference(image);
      if (!reading.ok) throw new Error(reading.problem);
      const { tag = '', digest } = reading.reference;
      const of = digest === undefined ? { tag, at: clock.time } : { digest };
      const outcome = await pack({ registry, repository, ...of });
      if (outcome.outcome !== 'packed') throw new Error(JSON.stringify(outcome));
      return outcome.pack;
    },
  };
}

/** An app in which `prod` was compared, approved, locked, held, used and found something about, all of it sealed. */
export async function releasedApp() {
  const app = evidenceApp();
  await app.compare();
  const approval = await app.release('team/app:prod', {
    environment: 'production',
    reason: 'release 7 <script>alert(1)</script>',
    scan: { tool: 'trivy', status: 'passed', counts: { critical: 0 } },
  });
  await app.app.routes.holds.place(
    registry,
    { scope: { kind: 'approval', approval }, reason: 'litigation' },
    { id: 'legal-1', name: 'Legal', roles: [] },
  );
  const { index } = images;
  const subject = { ...protectedId, digest: index };
  await app.findings.raise(registry, [findingOf('LockRemoved', subject, { verifiedAt: 1 })], app.clock.now());
  await app.tell();
  await app.claims.see('aks-prod', [claimOn(index, 'web'), claimOn(index, 'api')], true, app.clock.now());
  await app.claims.see('aks-prod', [claimOn(index, 'api')], true, app.clock.now());
  await app.seal();
  return { ...app, approval };
}

function claimOn(digest: Digest, name: string): Claim {
  return {
    source: 'aks-prod',
    workload: { kind: 'Deployment', name, namespace: 'shop' },
    state: 'running',
    image: `${registry}/${repository}@${digest}`,
    registry,
    repository,
    digest,
    isPinned: true,
  };
}
