import { describe, expect, it } from '@jest/globals';
import type { Fact } from '../../../src/history/fact.ts';
import type { JsonContent, Statement } from '../../../src/history/statement.ts';
import { canonicalStatement } from '../../../src/ledger/canonical-record.ts';
import { concerning, evidenceScope, registryScope } from '../../../src/ledger/evidence-concern.ts';
import type { Hold, HoldScope } from '../../../src/protection/hold.ts';
import { holdContent } from '../../../src/protection/hold-content.ts';
import { type Digest, parseDigest } from '../../../src/registry/digest.ts';
import { factLeaf, statementLeaf, statementOf } from '../../builders/evidence-leaf.ts';
import { epoch, fact, recordOf } from '../../builders/facts.ts';
import { digestOf } from '../../builders/registry-event.ts';

const registry = 'contoso.azurecr.io';
const [digest, part, other] = [digestOf('index'), digestOf('arm'), digestOf('other')];
const subject = { registry, repository: 'team/app', digest, parts: [part] };

/** Something that happened so many minutes after the epoch. */
type Happened = readonly [minute: number, what: Partial<Fact> & { readonly digest: Digest }];

const factsOf = (happened: readonly Happened[]) =>
  happened.map(([minute, what], place) => recordOf(fact(`fact-${place}`, minute, what)));

const prod = { digest, tag: 'prod' };
const moved = { digest: other, tag: 'prod' };

describe('which facts concern an image', () => {
  const scope = evidenceScope(subject, factsOf([[1, prod]]));
  const push = (what: Happened[1]) => recordOf(fact('push', 2, what));

  it.each<[string, Happened[1], boolean]>([
    ['its own, by any tag', { digest, tag: 'other' }, true],
    ['its own deletion', { digest, action: 'delete' }, true],
    ['those of its parts', { digest: part }, true],
    ['what a tag of it went on to', moved, true],
    ['those of other digests', { digest: other }, false],
    ['those of other tags', { digest: other, tag: 'latest' }, false],
  ])('%s: %j is %s', (_, what, concerns) => {
    expect(scope.fact(push(what))).toBe(concerns);
  });

  it('none of another repository, or of another registry, does', () => {
    expect(scope.fact(recordOf(fact('push', 2, prod), 'team/web'))).toBe(false);
    expect(scope.fact({ ...push(prod), registry: 'fabrikam.azurecr.io' })).toBe(false);
  });

  it('what a tag held that the image never had does not, even when the tag was removed', () => {
    const facts = factsOf([
      [1, { digest: other, tag: 'prod' }],
      [2, { digest: other, tag: 'prod', action: 'untag' }],
      [3, { digest, action: 'delete' }],
    ]);
    expect(evidenceScope(subject, facts).fact(push(moved))).toBe(false);
  });
});

/** Whether a statement of the repository concerns the image, whose history these facts are. */
function isConcerned(statement: Statement, happened: readonly Happened[] = [[0, prod]]): boolean {
  return evidenceScope(subject, factsOf(happened)).statement(statement, canonicalStatement(statement));
}

const said = (content: JsonContent, more: Partial<Statement> = {}) =>
  statementOf('said', 5, 'k', { content, ...more });

describe('which statements concern an image', () => {
  const long = parseDigest(`sha512:${'0a'.repeat(64)}`);

  it.each<[string, Statement, boolean]>([
    ['names its digest', said({ digest }), true],
    ['names a part, deep inside', said({ items: [{ of: { digest: part } }] }), true],
    ['names it in a text, among others', said({ reason: `${other} was ${digest}.` }), true],
    ['names it in a state', said({}, { states: [{ key: 'a|1', content: { digest } }] }), true],
    ['names another digest', said({ digest: other }), false],
    ['names the beginning of its digest', said({ digest: digest.slice(0, -1) }), false],
    ['names a record of it', said({ recordId: 'fact-0' }), true],
    ['names a record of something else', said({ recordId: 'fact-1' }), false],
    ['names no record by its id', said({ recordId: ['fact-0'] }), false],
    ['names its tag', said({ tag: 'prod' }), true],
    ['names another tag', said({ tag: 'latest' }), false],
    ['names its tag with another digest', said({ tag: 'prod', digest: other }), false],
    ['names several tags', said({ tag: ['prod'] }), false],
    ['names nothing', said({}), false],
    ['is of another repository', said({ digest }, { repository: 'team/web' }), false],
    ['is of another registry', said({ digest }, { registry: 'fabrikam.azurecr.io' }), false],
  ])('one that %s', (_, statement, concerns) => {
    expect(
      isConcerned(statement, [
        [0, prod],
        [0, { digest: other, tag: 'else' }],
      ]),
    ).toBe(concerns);
  });

  it('one that names a digest of SHA-512 does, where that is the image’s', () => {
    if (long === undefined) throw new Error('a SHA-512 in hexadecimal was refused as a digest');
    const statement = said({ digest: long });
    const scope = evidenceScope({ ...subject, digest: long }, []);
    expect(scope.statement(statement, canonicalStatement(statement))).toBe(true);
    expect(isConcerned(statement)).toBe(false);
  });

  const hour = 3_600_000;
  /** At a time, in milliseconds after the epoch, something is said of the tag alone. */
  const ofTag = (after: number) => said({ tag: 'prod' }, { at: { time: epoch + after, id: 'said' } });

  it.each<[string, readonly Happened[], readonly number[], readonly number[]]>([
    [
      'had it from its push until another push, and an hour after',
      [
        [10, prod],
        [20, moved],
      ],
      [600_000, 900_000, 1_200_000 + hour],
      [599_999, 1_200_001 + hour],
    ],
    [
      'had it until it was removed',
      [
        [10, prod],
        [20, { ...prod, action: 'untag' }],
      ],
      [600_000, 1_200_000 + hour],
      [1_200_001 + hour],
    ],
    [
      'had it until the image was deleted',
      [
        [10, prod],
        [20, { digest, action: 'delete' }],
      ],
      [600_000, 1_200_000 + hour],
      [1_200_001 + hour],
    ],
    [
      'still has it, though something else was deleted and pushed without a tag',
      [
        [10, prod],
        [20, { digest: other, action: 'delete' }],
        [30, { digest: other }],
      ],
      [600_000, 100 * hour],
      [0],
    ],
    [
      'was pushed again: it has had it since the first time',
      [
        [10, prod],
        [20, prod],
        [30, moved],
      ],
      [600_000, 1_800_000 + hour],
      [599_999, 1_800_001 + hour],
    ],
    [
      'may have had it before it was found',
      [[10, { ...prod, source: 'reconcile', notBefore: epoch + 300_000 }]],
      [300_000],
      [299_999],
    ],
    [
      'had it twice, with another between',
      [
        [10, prod],
        [20, moved],
        [200, prod],
        [210, moved],
      ],
      [600_000, 1_200_000 + hour, 12_000_000, 12_600_000 + hour],
      [1_200_001 + hour, 11_999_999, 12_600_001 + hour],
    ],
    [
      'had it, told in another order than it happened',
      [
        [20, moved],
        [10, prod],
      ],
      [600_000, 1_200_000 + hour],
      [599_999, 1_200_001 + hour],
    ],
  ])('one that names a tag which %s', (_, happened, during, outside) => {
    for (const time of during) expect([time, isConcerned(ofTag(time), happened)]).toEqual([time, true]);
    for (const time of outside) expect([time, isConcerned(ofTag(time), happened)]).toEqual([time, false]);
  });
});

function holdOn(scope: HoldScope): Hold {
  return { id: 'h1', scope, reason: 'litigation', placedBy: 'legal-1', placedAt: epoch, state: 'held' };
}

function ofRegistry(kind: string, more: Partial<Statement> = {}): Statement {
  return statementOf('said', 9, kind, { repository: '_registry', ...more });
}

const held = (scope: HoldScope, key = 'h|h1') =>
  ofRegistry('hold-placed', { states: [{ key, content: holdContent(holdOn(scope)) }] });
const heldBy = (pattern: string, of = registry) => held({ kind: 'repositories', registry: of, pattern });

describe('which statements about a registry concern an image', () => {
  const concerns = registryScope(subject, [
    statementOf('approved', 1, 'approval-requested', { content: { approval: 'a1' } }),
    statementOf('planned', 2, 'retention-done', { content: { plan: 'p1', approval: 7 } }),
  ]);

  it.each<[string, Statement, boolean]>([
    ['a handover of the log’s keys', ofRegistry('key-handover'), true],
    [
      'a plan that did something with it',
      ofRegistry('retention-approved', { content: { plan: 'p1' } }),
      true,
    ],
    ['another plan', ofRegistry('retention-approved', { content: { plan: 'p2' } }), false],
    ['a hold on an approval of it', held({ kind: 'approval', approval: 'a1' }), true],
    ['a hold on another approval', held({ kind: 'approval', approval: 'a2' }), false],
    ['a hold on repositories as its own', heldBy('team/.*'), true],
    ['a hold on other repositories', heldBy('web/.*'), false],
    ['a hold on what its name only begins with', heldBy('team'), false],
    ['a hold on repositories that nobody can tell', heldBy('team/('), true],
    ['a hold of another registry', heldBy('team/.*', 'fabrikam.azurecr.io'), false],
    ['a hold of another registry that nobody can tell', heldBy('(', 'fabrikam.azurecr.io'), false],
    ['a state of something else', held({ kind: 'approval', approval: 'a1' }, 'a|h1'), false],
    ['a hold of which nothing is left', ofRegistry('hold-lifted', { states: [{ key: 'h|h1' }] }), false],
    [
      'a hold that cannot be read',
      ofRegistry('hold-placed', { states: [{ key: 'h|h1', content: { scope: { kind: 'approval' } } }] }),
      false,
    ],
    ['anything else', ofRegistry('settings-read'), false],
    ['a handover of another log', ofRegistry('key-handover', { registry: 'fabrikam.azurecr.io' }), false],
    ['a statement of a repository', ofRegistry('key-handover', { repository: 'team/app' }), false],
  ])('%s', (_, statement, isOf) => {
    expect(concerns(statement)).toBe(isOf);
  });

  it('a hold among several that one statement states does', () => {
    const [other, own] = [heldBy('web/.*'), heldBy('team/app')];
    const states = [...(other.states ?? []), ...(own.states ?? [])];
    expect(concerns(ofRegistry('hold-placed', { states }))).toBe(true);
  });
});

describe('the records that concern an image', () => {
  it('when there are others among them, are those of it alone, and what the registry says of its approvals', () => {
    const own = [
      factLeaf(0, 0, prod),
      statementLeaf(1, 1, 'approval-requested', { content: { approval: 'a1', digest } }),
    ];
    const placed = held({ kind: 'approval', approval: 'a1' });
    const hold = statementLeaf(5, 9, placed.kind, placed);
    const others = [
      factLeaf(2, 0, { digest: other }),
      statementLeaf(3, 1, 'approval-requested', { content: { approval: 'a2', digest: other } }),
      statementLeaf(4, 9, 'hold-placed', held({ kind: 'approval', approval: 'a2' })),
    ];
    expect(concerning(subject, [...others, ...own, hold])).toEqual([...own, hold]);
  });
});
