import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  coverageOf,
  type SourceCondition,
  type SourceCoverage,
  type SourceState,
  wholeCoverage,
} from '../../../src/workloads/coverage.ts';
import type { Source } from '../../../src/workloads/source.ts';
import { epoch } from '../../builders/facts.ts';

const minute = 60_000;
const freshness = 30 * minute;

function sourceOf(name: string, more: Partial<Source> = {}): Source {
  return { name, access: { type: 'submitted' }, freshness, rules: [], ...more };
}

/** A source that was looked at completely at {@link epoch}, unless told. */
function stateOf(source: string, more: Partial<SourceState> = {}): SourceState {
  return { source, completeAt: epoch, lookedAt: epoch, problems: [], problemCount: 0, claims: 3, ...more };
}

/** What may be concluded from one source with that state, so many milliseconds after {@link epoch}. */
function coverageAfter(
  ms: number,
  state: SourceState | undefined,
  source = sourceOf('aks-prod'),
): SourceCoverage {
  const [coverage, ...others] = coverageOf([source], state === undefined ? [] : [state], epoch + ms);
  expect(others).toEqual([]);
  if (coverage === undefined) throw new Error('a source of the settings is not told of');
  return coverage;
}

describe('when a source has been looked at completely', () => {
  it('it is fresh for as long as its settings say, to the millisecond, and stale after', () => {
    const state = stateOf('aks-prod');
    expect(coverageAfter(0, state)).toMatchObject({ condition: 'fresh', freshUntil: epoch + freshness });
    expect(coverageAfter(freshness, state).condition).toBe('fresh');
    expect(coverageAfter(freshness + 1, state)).toMatchObject({
      condition: 'stale',
      freshUntil: epoch + freshness,
      state,
    });
  });

  it('and whoever submitted it says that it holds for less, that counts', () => {
    const state = stateOf('aks-prod', { ttl: 10 * minute });
    expect(coverageAfter(10 * minute, state).condition).toBe('fresh');
    expect(coverageAfter(10 * minute + 1, state).condition).toBe('stale');
  });

  it('and whoever submitted it says that it holds for longer than the settings, that does not count', () => {
    expect(coverageAfter(freshness + 1, stateOf('aks-prod', { ttl: 90 * minute })).condition).toBe('stale');
  });

  it('and the settings ask for more or less, they count at once', () => {
    const state = stateOf('aks-prod');
    const at = 20 * minute;
    expect(coverageAfter(at, state, sourceOf('aks-prod', { freshness: 19 * minute })).condition).toBe(
      'stale',
    );
    expect(coverageAfter(at, state, sourceOf('aks-prod', { freshness: 21 * minute })).condition).toBe(
      'fresh',
    );
  });
});

describe('when the clock that dated a look was ahead', () => {
  it('by five minutes, the look counts; by more, nothing is concluded from it until its time has come', () => {
    const ahead = (ms: number) => stateOf('aks-prod', { completeAt: epoch + ms, lookedAt: epoch + ms });
    expect(coverageAfter(0, ahead(5 * minute)).condition).toBe('fresh');
    expect(coverageAfter(0, ahead(5 * minute + 1)).condition).toBe('stale');
    expect(coverageAfter(1, ahead(5 * minute + 1)).condition).toBe('fresh');
  });
});

describe('when a source could not be read completely', () => {
  it('at the last look, it is incomplete, however lately it was read completely', () => {
    const state = stateOf('aks-prod', { lookedAt: epoch + minute, problemCount: 1 });
    expect(coverageAfter(2 * minute, state)).toMatchObject({
      condition: 'incomplete',
      freshUntil: epoch + freshness,
    });
    expect(coverageAfter(2 * freshness, state).condition).toBe('incomplete');
  });

  it('ever, it is incomplete, and good until no time', () => {
    const { completeAt: _, ...state } = stateOf('aks-prod');
    expect(coverageAfter(0, state).condition).toBe('incomplete');
    expect(coverageAfter(0, state)).not.toHaveProperty('freshUntil');
  });
});

describe('when a source has not reported', () => {
  it('it never has, also when one of its name was retired', () => {
    expect(coverageAfter(0, undefined)).toEqual({
      source: 'aks-prod',
      settings: sourceOf('aks-prod'),
      condition: 'never',
    });
    const { completeAt: _c, lookedAt: _l, ...unread } = stateOf('aks-prod');
    expect(coverageAfter(0, unread).condition).toBe('never');
    expect(coverageAfter(minute, stateOf('aks-prod', { retiredAt: epoch }))).toEqual({
      source: 'aks-prod',
      settings: sourceOf('aks-prod'),
      condition: 'never',
    });
  });
});

describe('when a source is taken out of the settings', () => {
  it('it is removed, after those that are in them, until it is retired', () => {
    const states = [stateOf('gone'), stateOf('aks-prod'), stateOf('retired', { retiredAt: epoch })];
    const coverage = coverageOf([sourceOf('aks-prod'), sourceOf('compose')], states, epoch);
    expect(coverage.map(({ source, condition }) => [source, condition])).toEqual([
      ['aks-prod', 'fresh'],
      ['compose', 'never'],
      ['gone', 'removed'],
    ]);
    expect(coverage[2]).toEqual({ source: 'gone', condition: 'removed', state: states[0] });
  });
});

describe('when all sources are taken together', () => {
  const whole = (...conditions: readonly SourceCondition[]) =>
    wholeCoverage(conditions.map((condition, index) => ({ source: `source-${index}`, condition })));

  it('they are complete and fresh when each is, and nothing when there are none', () => {
    expect(whole('fresh', 'fresh')).toEqual({ complete: true, fresh: true });
    expect(whole()).toEqual({ complete: false, fresh: false });
  });

  it('one that is stale leaves them complete, and not fresh', () => {
    expect(whole('fresh', 'stale')).toEqual({ complete: true, fresh: false });
  });

  it.each(['incomplete', 'never', 'removed'] as const)(
    'one that is %s leaves nothing to conclude',
    (condition) => {
      expect(whole('fresh', condition)).toEqual({ complete: false, fresh: false });
    },
  );

  it('nothing is ever concluded from a source more than from the worst, and time only takes away', () => {
    const anyState = fc
      .record({
        completeAt: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
        later: fc.integer({ min: 0, max: 5 }),
        ttl: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
        isRetired: fc.boolean(),
      })
      .map(({ completeAt, later, ttl, isRetired }): SourceState => {
        const { completeAt: _, ...state } = stateOf('aks-prod', { lookedAt: epoch + later * minute });
        const at = epoch + (completeAt ?? 0) * minute;
        return {
          ...state,
          ...(completeAt === undefined ? {} : { completeAt: at, lookedAt: at + later * minute }),
          ...(ttl === undefined ? {} : { ttl: ttl * minute }),
          ...(isRetired ? { retiredAt: at } : {}),
        };
      });
    fc.assert(
      fc.property(anyState, fc.nat(120), fc.nat(120), (state, early, more) => {
        const at = (minutes: number) => [coverageAfter(minutes * minute, state)];
        const [sooner, later] = [wholeCoverage(at(early)), wholeCoverage(at(early + more))];
        expect(sooner.fresh || !later.fresh).toBe(true);
        expect(sooner.complete).toBe(later.complete);
        expect(sooner.complete || !sooner.fresh).toBe(true);
        const withNever = wholeCoverage([...at(early), { source: 'compose', condition: 'never' }]);
        expect(withNever).toEqual({ complete: false, fresh: false });
      }),
    );
  });
});
