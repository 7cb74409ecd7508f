import { batchClosing } from '../../src/ledger/batch-closing.ts';
import { canonicalRecord, canonicalStatement } from '../../src/ledger/canonical-record.ts';
import { checkpointText, originOf } from '../../src/ledger/checkpoint.ts';
import { readEvidenceLeaf } from '../../src/ledger/evidence-leaf.ts';
import { type EvidencePack, evidenceFormat, type PackSubject } from '../../src/ledger/evidence-pack.ts';
import { sectionsOf } from '../../src/ledger/evidence-sections.ts';
import { emptyEdge, frontierOf, grownLog } from '../../src/ledger/log-growth.ts';
import { rootOf } from '../../src/ledger/merkle-tree.ts';
import { inclusionProof } from '../../src/ledger/proof.ts';
import { formatNote, verifierKeyText } from '../../src/ledger/signed-note.ts';
import { statementOf } from './evidence-leaf.ts';
import { epoch, fact, recordOf } from './facts.ts';
import { memoryFiles } from './memory-log.ts';
import { noteSigner } from './note-signer.ts';
import { digestOf } from './registry-event.ts';

const place = { registry: 'contoso.azurecr.io', repository: 'team/app' };

/** The index that is released, and what it lists. */
export const released = {
  index: digestOf('index'),
  arm: digestOf('arm'),
  amd: digestOf('amd'),
  next: digestOf('next'),
};

const { index, arm, amd, next } = released;

/** What the pack is about: what `prod` was five minutes after it was pushed. */
const subject: PackSubject = {
  ...place,
  digest: index,
  parts: [amd, arm].sort(),
  tag: 'prod',
  at: new Date(epoch + 5 * 60_000).toISOString(),
};

function stated(...of: Parameters<typeof statementOf>): string {
  return canonicalStatement(statementOf(...of));
}

function told(name: string, minute: number, what: Parameters<typeof fact>[2]): string {
  return canonicalRecord(recordOf(fact(name, minute, what)));
}

function approval(state: string) {
  return {
    id: 'a1',
    digest: index,
    environment: 'production',
    requestedAt: epoch + 60_000,
    retainFor: 86_400_000,
    approver: { id: 'release-1', name: 'Release manager' },
    scan: { tool: 'trivy', status: 'passed' },
    state,
  };
}

/** Entries of a log; those that do not concern the release are among them. */
const entries = [
  told('push-arm', 0, { digest: arm }),
  told('push-prod', 0, { digest: index, tag: 'prod' }),
  told('push-else', 0, { digest: digestOf('else'), tag: 'else' }),
  stated('described', 0, 'manifest-described', {
    content: { digest: index, manifests: [{ digest: arm }, { digest: amd }] },
  }),
  stated('requested', 1, 'approval-requested', {
    content: { approval: 'a1', by: 'release-1' },
    states: [{ key: 'a|a1', content: approval('requested') }],
  }),
  stated('locked', 2, 'lock-set', { content: { tag: 'prod', after: { canDelete: false } } }),
  stated('protected', 3, 'approval-protected', {
    content: { approval: 'a1', by: 'enforcement' },
    states: [{ key: 'a|a1', content: approval('protected') }],
  }),
  stated('opened', 4, 'finding-opened', {
    content: { finding: 'f1', kind: 'LockRemoved', severity: 'high', status: 'open', digest: index },
  }),
  told('push-next', 10, { digest: next, tag: 'prod' }),
  stated('settled', 20, 'finding-resolved', {
    content: { finding: 'f1', kind: 'LockRemoved', severity: 'high', status: 'resolved', digest: index },
  }),
  ...batchClosing({
    registry: place.registry,
    from: 0,
    records: 10,
    sealedAt: epoch + 3_600_000,
    horizons: [{ repository: place.repository, comparedAt: epoch + 1_800_000 }],
  }),
];

/** A record that is not in the log yet. */
export const waitingLeaf = stated('late', 30, 'locks-seen', {
  content: { digest: index, locks: { canDelete: true } },
});

/** Makes packs of one log, with its key; its log may go on after what is known of the release. */
export async function evidencePacks(signer = noteSigner(), more: readonly string[] = []) {
  const origin = originOf(place.registry);
  const log = [...entries, ...more];
  const { files, edge } = grownLog(
    emptyEdge,
    log.map((entry) => Buffer.from(entry)),
  );
  const { read } = memoryFiles(files);
  const text = checkpointText({
    origin,
    size: log.length,
    root: rootOf(frontierOf(edge)),
    extensions: [],
  });
  const checkpoint = formatNote(text, await signer.sign(origin, text));
  const key = signer.keyOf(origin);

  /** The record at a place of the log, with its proof. */
  async function recordAt(index: number) {
    const proof = await inclusionProof(index, log.length, read);
    return {
      registry: place.registry,
      index,
      leaf: log[index] ?? '',
      proof: proof.map((hash) => Buffer.from(hash).toString('base64')),
    };
  }

  /** A pack of records at some places of the log, all that concern the release unless told. */
  async function pack({
    indexes = [0, 1, 3, 4, 5, 6, 7, 8, 9, 10],
    waiting = [] as readonly string[],
    of = subject,
  } = {}): Promise<EvidencePack> {
    const records = await Promise.all(indexes.map(recordAt));
    const leaves = [
      ...records.map(({ leaf, index }) => readEvidenceLeaf(leaf, index)),
      ...waiting.map((leaf) => readEvidenceLeaf(leaf, String(JSON.parse(leaf).recordId))),
    ].filter((leaf) => leaf !== undefined);
    return {
      format: evidenceFormat,
      madeAt: new Date(epoch + 7_200_000).toISOString(),
      subject: of,
      logs: [{ registry: place.registry, keys: [verifierKeyText(key)], checkpoint }],
      records,
      waiting: waiting.map((leaf) => ({ leaf, reason: 'waiting' as const })),
      horizon: { record: entries.length - 1, comparedAt: new Date(epoch + 1_800_000).toISOString() },
      sections: sectionsOf(of, leaves),
      told: { uses: [] },
    };
  }

  return { key, signer, origin, text, pack, recordAt, subject, entries };
}
