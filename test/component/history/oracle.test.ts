import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  arbitraryDeliveries,
  arbitraryFindings,
  arbitraryManyTags,
  deliveriesOf,
  withUntagsAfterPushes,
} from '../../builders/facts.ts';
import { expectHistory } from '../../builders/history-expectation.ts';

/** More runs can be asked for: `HISTORY_RUNS=30000 npx jest test/component/history/oracle.test.ts`. */
const numRuns = Number(process.env['HISTORY_RUNS'] ?? 400);

const oneSender = fc.record({ senders: fc.constant(1), seed: fc.integer() });
const manySenders = fc.record({ senders: fc.integer({ min: 2, max: 8 }), seed: fc.integer() });

describe('when facts are delivered in any order, any number of times', () => {
  it('tells the history that the facts amount to', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryDeliveries, oneSender, async (deliveries, circumstances) => {
        const outcomes = await expectHistory(deliveries, circumstances);
        const recorded = outcomes.filter(({ outcome }) => outcome === 'recorded');
        expect(recorded).toHaveLength(deliveries.facts.length);
      }),
      { numRuns },
    );
  });

  it('tells the same when several senders deliver at once', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryDeliveries, manySenders, async (deliveries, circumstances) => {
        const outcomes = await expectHistory(deliveries, circumstances);
        // A telling of several transactions that another cuts off has recorded its fact, and finds it known.
        const told = outcomes.flatMap((one) => (one.outcome === 'recorded' ? [one.entry.fact.at] : []));
        const names = told.map(({ time, id }) => `${time} ${id}`);
        expect(new Set(names).size).toBe(names.length);
        expect(outcomes.filter(({ outcome }) => outcome === 'contradicted')).toEqual([]);
      }),
      { numRuns },
    );
  });

  it('tells what was found in the registry as one with the event that tells it, whichever came first', async () => {
    const found = deliveriesOf(arbitraryFindings).map(withUntagsAfterPushes);
    await fc.assert(
      fc.asyncProperty(found, oneSender, async (deliveries, circumstances) => {
        await expectHistory(deliveries, circumstances);
      }),
      { numRuns },
    );
  });

  it('tells so too when several senders deliver at once', async () => {
    // What is found removed was known, which only one sender can see to.
    const found = arbitraryFindings.map((facts) => facts.filter(({ action }) => action !== 'untag'));
    await fc.assert(
      fc.asyncProperty(deliveriesOf(found), manySenders, async (deliveries, circumstances) => {
        await expectHistory(deliveries, circumstances);
      }),
      { numRuns },
    );
  });

  it('tells the same when a deletion changes more than one transaction can hold', async () => {
    await fc.assert(
      fc.asyncProperty(deliveriesOf(arbitraryManyTags), manySenders, async (deliveries, circumstances) => {
        await expectHistory(deliveries, circumstances);
      }),
      {
        numRuns: Math.ceil(numRuns / 20),
      },
    );
  });
});
