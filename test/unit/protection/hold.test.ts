import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  advanceHold,
  coversApproval,
  coversRepository,
  type Hold,
  type HoldEvent,
  readHoldRequest,
} from '../../../src/protection/hold.ts';
import { repository, repositoryHold } from '../../builders/protected-repository.ts';

function told(hold: Hold, ...events: readonly HoldEvent[]): Hold {
  return events.reduce((held, event) => {
    const result = advanceHold(held, event);
    return result.outcome === 'advanced' ? result.hold : held;
  }, hold);
}

const asked = { event: 'lift-asked', by: 'legal-1' } as const;

describe('advanceHold', () => {
  it('when one principal asks and another agrees, it is lifted', () => {
    expect(told(repositoryHold(), asked, { event: 'lift-agreed', by: 'legal-2', at: 5 })).toMatchObject({
      state: 'lifted',
      liftAskedBy: 'legal-1',
      liftedBy: 'legal-2',
      liftedAt: 5,
    });
  });

  it.each(['legal-1', 'LEGAL-1', ' legal-1', ''])(
    'when %j agrees to what legal-1 asked for, it holds',
    (by) => {
      expect(told(repositoryHold(), asked, { event: 'lift-agreed', by, at: 5 }).state).toBe('lifting');
    },
  );

  it.each([' legal-1', 'Legal-1 '])('when %j asked, legal-1 cannot agree', (by) => {
    const { state } = told(
      repositoryHold(),
      { ...asked, by },
      { event: 'lift-agreed', by: 'legal-1', at: 5 },
    );
    expect(state).toBe('lifting');
  });

  it('when it is not known who asked, nobody can agree', () => {
    const stored = repositoryHold({ state: 'lifting' });
    expect(advanceHold(stored, { event: 'lift-agreed', by: 'legal-2', at: 5 })).toEqual({
      outcome: 'refused',
      problem: 'hold h1 is lifting: nobody has asked for it to be lifted',
    });
  });

  it('when the question is withdrawn, another principal has to ask again', () => {
    const withdrawn = told(repositoryHold(), asked, { event: 'lift-withdrawn' });
    expect(withdrawn).toEqual(repositoryHold());
    expect(advanceHold(withdrawn, { event: 'lift-agreed', by: 'legal-2', at: 5 }).outcome).toBe('refused');
  });

  const [agreed, withdrawn] = [
    { event: 'lift-agreed', by: 'legal-2', at: 5 } as const,
    { event: 'lift-withdrawn' } as const,
  ];
  const held = repositoryHold();
  const lifting = told(held, asked);
  const lifted = told(lifting, agreed);

  it.each<[Hold['state'], Hold, readonly HoldEvent[], string]>([
    ['held', held, [agreed, withdrawn], 'nobody has asked for it to be lifted'],
    ['lifting', lifting, [{ ...asked, by: 'legal-2' }], 'lifting cannot be asked for'],
    [
      'lifting',
      lifting,
      [{ ...agreed, by: 'legal-1' }],
      'who asked for it to be lifted cannot agree to it as well',
    ],
    ['lifted', lifted, [asked], 'lifting cannot be asked for'],
    ['lifted', lifted, [{ ...agreed, by: 'legal-3' }, withdrawn], 'nobody has asked for it to be lifted'],
  ])(
    'when it is %s, what does not follow from that is refused, and it says why',
    (state, hold, events, why) => {
      for (const event of events) {
        expect(advanceHold(hold, event)).toEqual({
          outcome: 'refused',
          problem: `hold h1 is ${state}: ${why}`,
        });
      }
    },
  );

  it('when nobody is named, nobody has asked, and nobody agreed', () => {
    expect(advanceHold(held, { ...asked, by: '' }).outcome).toBe('refused');
    expect(advanceHold(lifting, { ...agreed, by: '' }).outcome).toBe('refused');
  });

  it('when any events come in any order, it takes two different principals to lift it', () => {
    const by = fc.constantFrom('legal-1', 'legal-2', 'Legal-1');
    const event: fc.Arbitrary<HoldEvent> = fc.oneof(
      fc.record({ event: fc.constant('lift-asked' as const), by }),
      fc.record({ event: fc.constant('lift-agreed' as const), by, at: fc.nat() }),
      fc.record({ event: fc.constant('lift-withdrawn' as const) }),
    );
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const { state, liftAskedBy, liftedBy } = told(repositoryHold(), ...events);
        if (state === 'lifted') expect(liftedBy?.toLowerCase()).not.toBe(liftAskedBy?.toLowerCase());
      }),
    );
  });
});

describe('what a hold covers', () => {
  it.each([
    ['team/.*', repository.registry, true],
    ['team', repository.registry, false],
    ['team/.*', 'fabrikam.azurecr.io', false],
    // It cannot be read, so nobody knows what it was to keep.
    ['(', repository.registry, true],
  ])('when the pattern is %s in %s: %s', (pattern, registry, expected) => {
    const hold = repositoryHold({ scope: { kind: 'repositories', registry, pattern } });
    expect(coversRepository(hold, repository)).toBe(expected);
    expect(coversApproval(hold, 'a1')).toBe(false);
    expect(coversRepository({ ...hold, state: 'lifted' }, repository)).toBe(false);
  });

  it('when it is of an approval, it covers that alone', () => {
    const hold = repositoryHold({ scope: { kind: 'approval', approval: 'a1' } });
    expect([coversApproval(hold, 'a1'), coversApproval(hold, 'a2')]).toEqual([true, false]);
    expect(coversApproval({ ...hold, state: 'lifted' }, 'a1')).toBe(false);
    expect(coversRepository(hold, repository)).toBe(false);
    expect(coversApproval({ ...hold, state: 'lifting' }, 'a1')).toBe(true);
  });
});

describe('readHoldRequest', () => {
  it.each([
    [
      { approval: 'a1', reason: 'litigation' },
      { kind: 'approval', approval: 'a1' },
    ],
    [
      { registry: 'Contoso.azurecr.io', repositories: 'team/.*', reason: 'litigation' },
      { kind: 'repositories', registry: 'contoso.azurecr.io', pattern: 'team/.*' },
    ],
  ])('when one thing is named, reads it: %j', (body, scope) => {
    expect(readHoldRequest(body)).toEqual({ ok: true, request: { scope, reason: 'litigation' } });
  });

  it.each([
    [{ reason: 'x' }, ['$']],
    [{ approval: 'a1', registry: 'c', repositories: '.*', reason: 'x' }, ['$']],
    [{ registry: 'contoso.azurecr.io', reason: 'x' }, ['repositories']],
    [{ registry: 'contoso.azurecr.io', repositories: '(', reason: 'x' }, ['repositories']],
    [{ repositories: '.*', reason: 'x' }, ['$']],
    [{ approval: 'a1' }, ['reason']],
    [{ approval: 'a1', reason: '  ' }, ['reason']],
    [{ approval: 'a1', reason: 'x'.repeat(2_001) }, ['reason']],
    [{ approval: 'a1', reason: 'a\nb', until: 'P1D' }, ['until', 'reason']],
    [null, ['$']],
  ])('when it is %j, refuses it by the fields %j', (body, fields) => {
    const reading = readHoldRequest(body);
    expect(reading.ok ? [] : reading.problems.map(({ field }) => field)).toEqual(fields);
  });

  it.each([
    [{ reason: 'x' }, 'names not one thing: expected either "approval", or "registry" and "repositories"'],
    [{ approval: 'a1', reason: ' ' }, 'is " ": expected 1 to 2000 printable characters'],
  ])('when it is %j, says what is expected', (body, problem) => {
    const reading = readHoldRequest(body);
    expect(reading.ok ? [] : reading.problems.map((one) => one.problem)).toEqual([problem]);
  });
});
