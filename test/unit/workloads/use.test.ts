import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { beginsStretch, type Entry } from '../../../src/history/entry.ts';
import { type ClaimState, claimStates } from '../../../src/workloads/claim.ts';
import {
  clockSkewMs,
  digestsHeld,
  inferringTag,
  mostPressing,
  pullableSince,
} from '../../../src/workloads/use.ts';
import { arbitraryDeliveries, arbitraryFindings, epoch, fact } from '../../builders/facts.ts';
import { historyOf } from '../../builders/history-oracle.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { claimOf } from './claims.ts';

const [one, two, three] = ['one', 'two', 'three'].map(digestOf) as [
  ReturnType<typeof digestOf>,
  ReturnType<typeof digestOf>,
  ReturnType<typeof digestOf>,
];
const minute = (count: number) => epoch + count * 60_000;

async function* newestFirst(entries: readonly Entry[]) {
  yield* entries.toReversed();
}

/** What a tag's entries, oldest first, say it held since so many minutes in. */
async function heldSince(count: number, entries: readonly Entry[]) {
  const { digests, isCut } = await digestsHeld(newestFirst(entries), minute(count));
  expect(isCut).toBe(false);
  return [...digests].sort();
}

function pushed(at: number, digest: typeof one, kind: Entry['kind'], until?: number): Entry {
  const end = until === undefined ? {} : { until: { time: minute(until), id: `end-${until}` } };
  return { fact: fact(`push-${at}`, at, { digest, tag: 'prod' }), kind, locations: [], ...end };
}

function ended(
  at: number,
  digest: typeof one,
  kind: 'deleted' | 'untagged',
  more: Partial<Entry> = {},
): Entry {
  const action = kind === 'deleted' ? 'delete' : 'untag';
  return { fact: fact(`${action}-${at}`, at, { digest, action }), kind, locations: [], ...more };
}

describe('when only a tag is known, the digests it may have been pulled by', () => {
  it('are the one it held when the revision began, and each since', async () => {
    const moves = [pushed(0, one, 'created', 10), pushed(10, two, 'moved', 20), pushed(20, three, 'moved')];
    expect(await heldSince(15, moves)).toEqual([two, three].sort());
    expect(await heldSince(25, moves)).toEqual([three]);
    expect(await heldSince(-5, moves)).toEqual([one, two, three].sort());
  });

  it('include what the tag left at that very millisecond', async () => {
    const moves = [pushed(0, one, 'created', 10), pushed(10, two, 'moved')];
    expect(await heldSince(10, moves)).toEqual([one, two].sort());
  });

  it('are none when the tag was gone before, and never came back', async () => {
    const gone = [pushed(0, one, 'created', 10), ended(10, one, 'deleted')];
    expect(await heldSince(15, gone)).toEqual([]);
    expect(await heldSince(5, gone)).toEqual([one]);
    expect(await heldSince(15, [pushed(0, one, 'created', 10), ended(10, one, 'untagged')])).toEqual([]);
  });

  it('do not include what it held before it was gone for a while', async () => {
    const back = [pushed(0, one, 'created', 10), ended(10, one, 'untagged'), pushed(30, two, 'created')];
    expect(await heldSince(20, back)).toEqual([two]);
    expect(await heldSince(10, back)).toEqual([one, two].sort());
  });

  it('do not end at a push of what it held already', async () => {
    const again = [pushed(0, one, 'created'), pushed(5, one, 'unchanged')];
    expect(await heldSince(60, again)).toEqual([one]);
  });

  it('include what a comparison finds removed since, though nothing tells that it was pushed', async () => {
    expect(await heldSince(5, [ended(10, one, 'untagged')])).toEqual([one]);
  });

  it('include what it held before an untag that only tells again how that ended', async () => {
    const told = [
      pushed(0, one, 'created', 5),
      pushed(5, two, 'moved'),
      ended(10, one, 'untagged', { replicaOf: 'push-5' }),
    ];
    expect(await heldSince(60, told)).toEqual([two]);
  });

  it('are not all known when the history is too long to be read back', async () => {
    const many = Array.from({ length: 5_001 }, (_, index) => pushed(index, one, 'unchanged'));
    const cut = await digestsHeld(newestFirst(many), 0);
    expect(cut.isCut).toBe(true);
    const short = await digestsHeld(newestFirst(many.slice(1)), 0);
    expect(short.isCut).toBe(false);
  });

  it('are read no further back than needed', async () => {
    const moves = [pushed(0, one, 'created', 10), pushed(10, two, 'moved')];
    let read = 0;
    async function* counted() {
      for await (const entry of newestFirst(moves)) {
        read += 1;
        yield entry;
      }
    }
    await digestsHeld(counted(), minute(15));
    expect(read).toBe(1);
  });

  it('include what only now was copied to another region, where it may be pulled still', async () => {
    const copied: Entry = { ...pushed(12, one, 'unchanged'), replicaOf: 'push-0' };
    const moves = [pushed(0, one, 'created', 10), pushed(10, two, 'moved'), copied];
    expect(await heldSince(15, moves)).toEqual([one, two].sort());
  });

  it('are, of any history, those it held since, and no others but what was told or copied since', async () => {
    const facts = fc.oneof(
      arbitraryDeliveries.map(({ facts: some }) => some),
      arbitraryFindings,
    );
    await fc.assert(
      fc.asyncProperty(facts, fc.integer({ min: -10, max: 400 }), async (some, count) => {
        const since = minute(count);
        for (const { entries } of Object.values(historyOf(some).tags)) {
          const { digests } = await digestsHeld(newestFirst(entries), since);
          const held = entries
            .filter((entry) => beginsStretch(entry) && entry.fact.action === 'push')
            .filter(({ until }) => until === undefined || until.time >= since);
          const last = entries.findLastIndex((entry) => beginsStretch(entry) && entry.fact.at.time < since);
          const told = entries.filter(
            ({ fact: { at, action }, replicaOf }, index) =>
              at.time >= since || (action === 'push' && replicaOf !== undefined && index > last),
          );
          const digestsOf = (of: readonly Entry[]) => of.map(({ fact: { digest } }) => digest);
          expect([...digests]).toEqual(expect.arrayContaining(digestsOf(held)));
          expect(digestsOf([...held, ...told])).toEqual(expect.arrayContaining([...digests]));
        }
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 300) },
    );
  });
});

describe('when a claim is looked at', () => {
  it('its tag tells what it needs only while no digest does', () => {
    expect(inferringTag(claimOf({ tag: 'prod' }))).toBe('prod');
    expect(inferringTag(claimOf({ tag: 'prod', digest: one }))).toBeUndefined();
    expect(inferringTag(claimOf({ digest: one, isPinned: true }))).toBeUndefined();
  });

  it('it may have pulled since its revision began, less what two clocks may differ by, or ever when nobody knows', () => {
    expect(pullableSince(claimOf({ since: epoch }))).toBe(epoch - clockSkewMs);
    expect(pullableSince(claimOf({ since: 5 }))).toBe(0);
    expect(pullableSince(claimOf({}))).toBe(0);
  });
});

describe('when several states need the same', () => {
  it('what runs presses most, then what would start, then what is kept to go back to', () => {
    expect(mostPressing(['rollback', 'running', 'desired'])).toBe('running');
    expect(mostPressing(['rollback', 'desired', 'rollback'])).toBe('desired');
    expect(mostPressing(['rollback'])).toBe('rollback');
    expect(mostPressing([])).toBeUndefined();
  });

  it('the order they come in does not matter, and nothing more presses less', () => {
    const state = fc.constantFrom<ClaimState>(...claimStates);
    fc.assert(
      fc.property(fc.array(state, { minLength: 1 }), state, (states, more) => {
        const pressing = mostPressing(states);
        expect(mostPressing(states.toReversed())).toBe(pressing);
        expect([pressing, more]).toContain(mostPressing([...states, more]));
        expect(mostPressing([...states, 'running'])).toBe('running');
      }),
    );
  });
});
