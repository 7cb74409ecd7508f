import { createHash, randomBytes } from 'node:crypto';
import { judgeDeletion } from '../src/audit/judge-deletion.ts';
import type { OnRecorded } from '../src/audit/protection-ports.ts';
import { heldDigest } from '../src/history/tag-timeline.ts';
import type { Digest } from '../src/registry/digest.ts';
import { claimsStore } from '../src/storage/claims.ts';
import { findingsStore } from '../src/storage/findings.ts';
import { historyPages } from '../src/storage/history-pages.ts';
import { historyReader, historyWriter } from '../src/storage/history-store.ts';
import { manifestLinks } from '../src/storage/manifest-links.ts';
import { outbox } from '../src/storage/outbox.ts';
import { sourceStates } from '../src/storage/source-states.ts';
import { stateReader } from '../src/storage/state-reader.ts';
import type { Tables } from '../src/storage/tables.ts';
import type { Claim } from '../src/workloads/claim.ts';
import { sourcesOf } from '../test/builders/in-use-app.ts';
import { silent } from './setting.ts';

/** What follows the recording of an event where the inventory has one source, as the app is composed. */
export interface Judging {
  readonly onRecorded: OnRecorded;
  /** Has the source say that these digests of {@link judgedRepository} run, and nothing else. */
  look(digests: readonly Digest[]): Promise<void>;
}

/** The repository whose images are claimed. */
export const judgedRepository = { registry: 'contoso.azurecr.io', repository: 'team/app' };

const source = 'cluster';

/** Judges deletions over the given tables. What is put into queues is dropped, and nobody is told of findings. */
export function judgingOver(tables: Tables, now: () => number): Judging {
  const states = sourceStates(tables.inventory);
  const claims = claimsStore(tables.workloads, tables.inventory);
  const pages = historyPages(tables.repositories, tables.log);
  const judge = judgeDeletion({
    sources: sourcesOf({ name: source, type: 'kubernetes', kubeconfig: 'prod', environment: 'production' }),
    states,
    claims,
    tags: historyReader(tables.repositories),
    links: manifestLinks(tables.repositories, tables.digests),
    outbox: outbox(tables.log),
    writer: historyWriter(tables.repositories, tables.digests),
    verdicts: stateReader(tables.repositories),
    findings: findingsStore(tables.findings),
    deleted: { isRestorable: async () => false },
    heldBy: async (repository, tag) => {
      const head = await pages.tagHead(repository, tag);
      return head && heldDigest(head);
    },
    queue: { refresh: async () => undefined, assess: async () => undefined },
    ids: {
      random: () => randomBytes(6).toString('hex'),
      of: (text) => createHash('sha256').update(text).digest('hex').slice(0, 12),
    },
    clock: { now },
    log: silent,
  });
  return {
    async onRecorded(record) {
      if (record.fact.action !== 'push') await judge(record);
      else await claims.isClaimed(record);
    },
    async look(digests) {
      const at = now();
      const seen = digests.map(
        (digest, index): Claim => ({
          source,
          workload: { kind: 'Deployment', name: `web-${index}`, namespace: 'shop', container: 'app' },
          state: 'running',
          image: `${judgedRepository.registry}/${judgedRepository.repository}@${digest}`,
          ...judgedRepository,
          digest,
          isPinned: true,
        }),
      );
      await claims.see(source, seen, true, at);
      const found = { problems: [], problemCount: 0, claims: seen.length };
      await states.put({ source, ...found, completeAt: at, lookedAt: at });
    },
  };
}
