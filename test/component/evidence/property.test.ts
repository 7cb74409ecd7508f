import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { verifyEvidence } from '../../../src/ledger/evidence-verification.ts';
import { evidenceApp } from '../../builders/evidence-app.ts';
import { arbitraryDeliveries, recordOf } from '../../builders/facts.ts';

describe('evidence of any history', () => {
  it('when it is packed for each digest, and for each tag that there is, it verifies', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryDeliveries, fc.nat(1_000), async ({ facts, deliveries }, sealedAfter) => {
        const app = evidenceApp();
        const half = sealedAfter % (deliveries.length + 1);
        for (const one of deliveries.slice(0, half)) await app.record(recordOf(one));
        await app.seal();
        for (const one of deliveries.slice(half)) await app.record(recordOf(one));
        const before = app.clock.time;
        await app.seal();
        app.clock.time = Math.max(before, ...facts.map(({ at }) => at.time)) + 1;
        const digests = [...new Set(facts.map(({ digest }) => digest))];
        for (const digest of digests) {
          const pack = await app.pack(`team/app@${digest}`);
          const verdict = verifyEvidence(JSON.parse(JSON.stringify(pack)), [app.key]);
          expect(verdict).toMatchObject({ ok: true, waiting: 0 });
          // Every fact of the digest is told, once.
          const told = pack.sections.timeline.filter((row) => row['digest'] === digest);
          expect(told).toHaveLength(
            new Set(facts.filter((one) => one.digest === digest).map(({ at }) => `${at.time} ${at.id}`)).size,
          );
        }
        for (const tag of new Set(facts.flatMap((one) => one.tag ?? []))) {
          const response = await app.ask(`image=team/app:${tag}&format=json`);
          if (response.status === 404) continue;
          expect(verifyEvidence(await response.json(), [app.key])).toMatchObject({ ok: true });
        }
      }),
      { numRuns: 40 },
    );
  });
});
