import { describe, expect, it } from '@jest/globals';
import { campaign, problemWith } from '../../fuzz/campaign.ts';
import { keptInputs } from '../../fuzz/corpus.ts';
import { targets } from '../../fuzz/targets.ts';

const runs = Number(process.env['FUZZ_RUNS'] ?? 1_000);
const seed = Number(process.env['PROPERTY_SEED'] ?? 20260502);

describe.each(targets.map((target) => [target.name, target] as const))('fuzzing %s', (_, target) => {
  it('when each kept input is tried again, what should hold does', async () => {
    const kept = keptInputs(target);
    expect(kept.length).toBeGreaterThan(0);
    for (const { file, input } of kept) {
      expect({ file, problem: await problemWith(target, input) }).toEqual({ file, problem: undefined });
    }
  });

  it('when inputs are made and changed at random, what should hold does', async () => {
    const { cases, accepted, failures } = await campaign(target, { runs, seed });
    expect(failures).toEqual([]);
    // Both ways are tried at all.
    expect(accepted).toBeGreaterThan(0);
    expect(accepted).toBeLessThan(cases);
  });
});
