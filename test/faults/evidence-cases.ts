import { expect } from '@jest/globals';
import type { EvidenceOutcome } from '../../src/audit/evidence-pack.ts';
import { verifyEvidence } from '../../src/ledger/evidence-verification.ts';
import type { CallSites } from '../builders/call-sites.ts';
import { releasedApp } from '../builders/evidence-app.ts';
import { protectedId } from '../builders/protection-app.ts';
import type { UseCase } from './disturbed-runs.ts';

/** A release that was approved, held, used and found something about, most of it sealed, and one push that waits. */
async function packing(sites: CallSites) {
  const app = await releasedApp();
  await app.tell();
  const { held, key, clock } = app;
  const pack = app.packer({
    repositories: sites.table(held.repositories, 'repositories'),
    digests: sites.table(held.digests, 'digests'),
    log: sites.table(held.log, 'log'),
    inventory: sites.table(held.inventory, 'inventory'),
    workloads: sites.table(held.workloads, 'workloads'),
    blobs: sites.port({ get: held.blobs.get }, { dependency: 'blobs', name: 'ledger' }),
  });
  const answers: EvidenceOutcome[] = [];
  return {
    async pack() {
      answers.push(await pack({ ...protectedId, tag: 'prod', at: clock.time }));
    },
    /** What was answered last, and whether it verifies. */
    state() {
      const answer = answers.at(-1);
      if (answer?.outcome !== 'packed') return answer;
      const { records, waiting, sections, told } = answer.pack;
      const verdict = verifyEvidence(JSON.parse(JSON.stringify(answer.pack)), [key]);
      // Each run signs by a key of its own.
      const { ok, ...found } = verdict;
      const proven = ok ? verdict.proven : found;
      return { records: records.map(({ index }) => index), waiting: waiting.length, sections, told, proven };
    },
    answers,
  };
}

type Packing = Awaited<ReturnType<typeof packing>>;

export const evidenceCases: readonly UseCase<Packing>[] = [
  {
    name: 'evidence packed',
    prepare: packing,
    work: ({ pack }) => pack(),
    state: ({ state }) => state(),
    // Half of the evidence is none: what could not be read whole was not answered.
    meanwhile({ answers }, thrown) {
      expect(answers).toHaveLength(thrown === undefined ? 1 : 0);
    },
  },
];
