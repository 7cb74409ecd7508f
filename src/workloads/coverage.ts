import type { InventoryCoverage } from '../protection/lock-situation.ts';
import type { ReadingProblem } from './claim.ts';
import type { Source } from './source.ts';

/** What is kept of the looks at a source. Times are epoch milliseconds by our clock. */
export interface SourceState {
  readonly source: string;
  /** When the last complete look began. */
  readonly completeAt?: number;
  /** When the last look began, complete or not. */
  readonly lookedAt?: number;
  /** What the last look could not read, some of it. */
  readonly problems: readonly ReadingProblem[];
  readonly problemCount: number;
  /** Claims that are open. */
  readonly claims: number;
  /** Milliseconds for which whoever submitted it says that it holds. */
  readonly ttl?: number;
  /** When somebody said that it is gone for good. */
  readonly retiredAt?: number;
}

/**
 * What may be concluded from a source. `fresh`: its last look was complete and is not too old. `stale`: too old.
 * `incomplete`: something could not be read at the last look. `never`: it has not reported. `removed`: it has reported and
 * is in no settings any more, so nobody asks it: until it is retired, what it used counts as used.
 */
export type SourceCondition = 'fresh' | 'stale' | 'incomplete' | 'never' | 'removed';

/** A source and what may be concluded from it. */
export interface SourceCoverage {
  readonly source: string;
  /** Absent once it is in no settings. */
  readonly settings?: Source;
  readonly condition: SourceCondition;
  /** Until when its last complete look is good. */
  readonly freshUntil?: number;
  readonly state?: SourceState;
}

/** Milliseconds by which a look may lie ahead of now: one further ahead was dated by a clock that was wrong. */
const mostAheadMs = 5 * 60_000;

/** What may be concluded from each source at a time: those of the settings first, then those that were removed from them. */
export function coverageOf(
  sources: readonly Source[],
  states: readonly SourceState[],
  now: number,
): readonly SourceCoverage[] {
  const known = new Map(states.map((state) => [state.source, state]));
  const configured = sources.map((source) => coverageOfSource(source, known.get(source.name), now));
  const names = new Set(sources.map(({ name }) => name));
  const removed = states
    .filter(({ source, retiredAt }) => !names.has(source) && retiredAt === undefined)
    .map(({ source }): SourceCoverage => {
      const state = known.get(source);
      return { source, condition: 'removed', ...(state === undefined ? {} : { state }) };
    });
  return [...configured, ...removed];
}

function coverageOfSource(source: Source, state: SourceState | undefined, now: number): SourceCoverage {
  const about = { source: source.name, settings: source };
  // What one of the same name used ended when that was retired: it has to report first.
  if (state?.lookedAt === undefined || state.retiredAt !== undefined) return { ...about, condition: 'never' };
  const { completeAt, lookedAt } = state;
  const good = Math.min(source.freshness, state.ttl ?? source.freshness);
  const freshUntil = completeAt === undefined ? undefined : completeAt + good;
  const isComplete = completeAt === lookedAt;
  const condition = !isComplete
    ? 'incomplete'
    : freshUntil !== undefined && now <= freshUntil && lookedAt <= now + mostAheadMs
      ? 'fresh'
      : 'stale';
  return { ...about, condition, state, ...(freshUntil === undefined ? {} : { freshUntil }) };
}

/** What may be concluded from all of them together: without any source, nothing. */
export function wholeCoverage(sources: readonly SourceCoverage[]): InventoryCoverage {
  const isComplete = ({ condition }: SourceCoverage) => condition === 'fresh' || condition === 'stale';
  return {
    complete: sources.length > 0 && sources.every(isComplete),
    fresh: sources.length > 0 && sources.every(({ condition }) => condition === 'fresh'),
  };
}
