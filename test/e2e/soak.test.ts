import { describe, expect, it } from '@jest/globals';
import { usualPlan } from '../../bench/soak/plan.ts';
import { endFigures, steadyFigures } from '../../bench/soak/report.ts';
import { soak } from '../../bench/soak/run.ts';

/** Milliseconds on a machine that is busy with other things; a minute is enough otherwise. */
const timeout = 300_000;

/** Another can be had: `SOAK_SEED=1234 npx jest test/e2e/soak.test.ts`. */
const seed = process.env['SOAK_SEED'] ?? String(Date.now());

describe('when the service lives through a little of everything', () => {
  it(
    `ends in what happened, with a ledger that verifies (SOAK_SEED=${seed})`,
    async () => {
      const plan = {
        ...usualPlan,
        ...{ minutes: 0.3, rate: 8, repositories: 6, seed },
        ...{ sampleEvery: 4, roundEvery: 5, latestDelivery: 3, manifestsKept: 12 },
      };
      const outcome = await soak(plan, new AbortController().signal, () => {});
      expect(endFigures(outcome).filter(({ met }) => met !== true)).toEqual([]);
      expect([...outcome.differences.values()].flat()).toEqual([]);
      // Else this would prove little. Untags are too few to be sure of one in so short a time.
      expect(outcome.journal.told.length).toBeGreaterThan(50);
      expect(outcome.deliveries.duplicates).toBeGreaterThan(0);
      expect(outcome.samples.length).toBeGreaterThan(1);
      expect(steadyFigures(outcome).map(({ value }) => Number.isFinite(value))).not.toContain(false);
    },
    timeout,
  );
});
