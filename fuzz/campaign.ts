import fc from 'fast-check';
import { keptInputs } from './corpus.ts';
import { changed } from './mutation.ts';
import { randomBy } from './random.ts';
import { shrunk } from './shrink.ts';
import type { Target } from './target.ts';

/** An input for which something does not hold. */
export interface Failure {
  readonly input: string;
  readonly problem: string;
}

/** What came of trying a target. Times are microseconds of CPU. */
export interface CampaignResult {
  readonly cases: number;
  readonly accepted: number;
  readonly kinds: number;
  readonly mostMicroseconds: number;
  /** Characters of the input that took the longest. */
  readonly slowestLength: number;
  readonly microseconds: number;
  readonly failures: readonly Failure[];
}

export interface CampaignOptions {
  readonly runs: number;
  readonly seed: number;
  /** Milliseconds of CPU after which no case is begun. */
  readonly budgetMs?: number;
  /** Told of each input before it is tried. */
  readonly before?: (input: string) => void;
}

/** Inputs that are kept to be changed. */
const mostKept = 2_000;
/** Inputs made by fast-check at once; as many again are made of each by changing them. */
const batch = 100;
const changesOfEach = 12;
/** Different failures, and failures at all, after which a target is given up. */
const mostFailures = 3;
const mostFailing = 100;

/**
 * Tries a target with what is in its corpus, with inputs made by its generator, and with changed ones. Which are changed is
 * guided by the answers: an input that was answered in a way not seen before is kept. The same seed tries the same.
 */
export async function campaign(target: Target, options: CampaignOptions): Promise<CampaignResult> {
  const { runs, seed, budgetMs = Number.POSITIVE_INFINITY, before = () => undefined } = options;
  const random = randomBy(seed);
  const pool = keptInputs(target).map(({ input }) => input);
  const kinds = new Set<string>();
  const failures: Failure[] = [];
  const known = new Set<string>();
  let failing = 0;
  const tally = { cases: 0, accepted: 0, mostMicroseconds: 0, slowestLength: 0 };
  const begun = process.cpuUsage();
  const isOver = () =>
    tally.cases >= runs ||
    failures.length >= mostFailures ||
    failing >= mostFailing ||
    microsecondsSince(begun) > budgetMs * 1_000;

  async function costOf(input: string): Promise<number> {
    const start = process.cpuUsage();
    await target.check(input);
    return microsecondsSince(start);
  }

  async function tried(input: string): Promise<void> {
    before(input);
    tally.cases += 1;
    const start = process.cpuUsage();
    try {
      const answered = target.check(input);
      const { accepted, kind } = answered instanceof Promise ? await answered : answered;
      const cost = microsecondsSince(start);
      if (accepted) tally.accepted += 1;
      const name = kind.replaceAll(/\d+/g, '0').slice(0, 160);
      if (!kinds.has(name) && kinds.size < 100_000) {
        kinds.add(name);
        if (pool.length < mostKept) pool.push(input);
        else pool[random.below(mostKept)] = input;
      }
      if (cost > tally.mostMicroseconds) {
        // Whatever else the process did meanwhile was counted as well.
        const again = Math.min(cost, await costOf(input), await costOf(input));
        if (again > tally.mostMicroseconds) {
          tally.mostMicroseconds = again;
          tally.slowestLength = input.length;
        }
      }
    } catch (error) {
      failing += 1;
      if (!known.has(nameOf(error))) failures.push(await failureOf(target, input, error));
      known.add(nameOf(error));
    }
    if (Object.keys(Object.prototype).length > 0) {
      failures.push({ input, problem: 'Object.prototype was changed' });
    }
  }

  for (const input of [...pool]) if (!isOver()) await tried(input);
  for (let round = 0; !isOver(); round += 1) {
    const made = fc.sample(target.made, { seed: seed + round, numRuns: batch });
    for (const input of made) {
      if (isOver()) break;
      await tried(input);
      for (let times = 0; times < changesOfEach && !isOver(); times += 1) {
        const from = pool.length > 0 && random.once(2) ? random.pick(pool) : input;
        await tried(changed(from, { random, words: target.words, others: pool }));
      }
    }
  }
  return { ...tally, kinds: kinds.size, microseconds: microsecondsSince(begun), failures };
}

async function failureOf(target: Target, input: string, error: unknown): Promise<Failure> {
  const name = nameOf(error);
  const shortest = await shrunk(input, async (text) => {
    const problem = await problemWith(target, text);
    return problem !== undefined && nameOf(problem) === name;
  });
  const problem = (await problemWith(target, shortest)) ?? error;
  return {
    input: shortest,
    problem: problem instanceof Error ? (problem.stack ?? String(problem)) : String(problem),
  };
}

/** What an input throws; `undefined` when everything holds. */
export async function problemWith(target: Target, input: string): Promise<unknown> {
  try {
    await target.check(input);
    return undefined;
  } catch (error) {
    return error ?? new Error('nothing was thrown');
  }
}

/** Errors are taken for the same by their kind and the beginning of what they say. */
function nameOf(error: unknown): string {
  return error instanceof Error
    ? `${error.name} ${error.message.replaceAll(/\d+/g, '0').slice(0, 24)}`
    : String(error);
}

function microsecondsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return user + system;
}
