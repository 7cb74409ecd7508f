import { type Failure, problemWith } from './campaign.ts';
import type { Target } from './target.ts';

/** What a kind of large input costs. */
export interface Growth {
  readonly shape: string;
  /** Characters of the longest that was tried. */
  readonly length: number;
  /** CPU of the longest, the least of three. */
  readonly milliseconds: number;
  /** By what the cost was multiplied at each doubling of the length, over the last two; absent where it is too little to tell. */
  readonly perDoubling?: number;
}

const [shortest, longest] = [32_768, 1_048_576];
/** Microseconds below which a cost says nothing of growth. */
const tooLittle = 2_000;
/** Microseconds above which no longer one is tried. */
const enough = 3_000_000;

/** Measures what the large inputs of a target cost as their length doubles, and tells those for which something does not hold. */
export async function growthOf(
  target: Target,
): Promise<{ readonly growth: readonly Growth[]; readonly failures: readonly Failure[] }> {
  const growth: Growth[] = [];
  const failures: Failure[] = [];
  for (const [shape, make] of Object.entries(target.large)) {
    const costs: number[] = [];
    let length = 0;
    for (let asked = shortest; asked <= longest; asked *= 2) {
      const input = make(asked);
      length = input.length;
      const problem = await problemWith(target, input);
      if (problem !== undefined) {
        failures.push({ input, problem: problem instanceof Error ? String(problem.stack) : String(problem) });
        break;
      }
      const cost = await leastCost(target, input);
      costs.push(cost);
      if (cost > enough) break;
    }
    const [last = 0] = costs.slice(-1);
    const [before] = costs.slice(-3);
    const isTold = before !== undefined && costs.length >= 3 && last > tooLittle && before > tooLittle / 10;
    growth.push({
      shape,
      length,
      milliseconds: last / 1_000,
      ...(isTold ? { perDoubling: Math.sqrt(last / before) } : {}),
    });
  }
  return { growth, failures };
}

async function leastCost(target: Target, input: string): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let times = 0; times < 3; times += 1) {
    const start = process.cpuUsage();
    await target.check(input);
    const { user, system } = process.cpuUsage(start);
    least = Math.min(least, user + system);
    if (least > enough) break;
  }
  return least;
}
