import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Instant } from '../../../src/history/instant.ts';
import { compareInstants } from '../../../src/history/instant.ts';
import { recordIdOf } from '../../../src/history/record-id.ts';
import {
  announcedKey,
  announcedPartition,
  announcedStatementKey,
  childKey,
  closedFindings,
  comparedPartition,
  descriptionKey,
  digestEntryKey,
  digestPlaceKey,
  edgeKey,
  findingKey,
  findingListKey,
  instantOf,
  intentKey,
  inverted,
  keysUnder,
  locksKey,
  logPartition,
  manifestHeadKey,
  openFindings,
  openFindingsAbout,
  openFindingsOfSeverity,
  parentKey,
  readRepositoryKey,
  recordKey,
  referrerKey,
  repositoryKey,
  sealedKey,
  statementKey,
  tagEntryKey,
  tagHeadKey,
  timeOf,
  waitingKey,
} from '../../../src/storage/keys.ts';

const lastTime = 9_999_999_999_999;
const times = fc.oneof(
  fc.integer({ min: 0, max: lastTime }),
  // Close to one another, so that ids decide the order.
  fc.integer({ min: 1_777_730_400_000, max: 1_777_730_400_003 }),
);
const eventIds = fc.oneof(
  fc.uuid(),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).filter((id) => id.isWellFormed()),
  fc.string({ unit: fc.constantFrom(...'|/\\#?:=~%+ aA9é🐳'), minLength: 1, maxLength: 100 }),
);
const instants: fc.Arbitrary<Instant> = fc
  .record({ time: times, eventId: eventIds })
  .map(({ time, eventId }) => ({ time, id: recordIdOf(eventId) }));
const character = (characters: string) => fc.constantFrom(...characters);
const tags = fc
  .tuple(character('aZ0_'), fc.string({ unit: character('abzABZ019._-'), maxLength: 127 }))
  .map((parts) => parts.join(''));
const hex = (length: number) =>
  fc.string({ unit: character('0123456789abcdef'), minLength: length, maxLength: length });
const digests = fc.oneof(
  hex(64).map((digits) => `sha256:${digits}`),
  hex(128).map((digits) => `sha512:${digits}`),
);
const repositories = fc
  .array(fc.string({ unit: character('az09'), minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 4 })
  .map((parts) => ({ registry: 'contoso.azurecr.io', repository: parts.join('/') }));

describe('when keys are compared as text', () => {
  it.each([
    ['of records', recordKey],
    ['of one tag', (at: Instant) => tagEntryKey('prod', at)],
    ['of open findings', (at: Instant) => findingListKey(openFindings, at)],
    ['of one digest', (at: Instant) => digestEntryKey(`sha256:${'0'.repeat(64)}`, at)],
  ])('those %s sort as their instants, newest first', (_name, keyOf) => {
    fc.assert(
      fc.property(instants, instants, (a, b) => {
        const byKey = keyOf(a) === keyOf(b) ? 0 : keyOf(a) < keyOf(b) ? -1 : 1;
        expect(byKey).toBe(Math.sign(compareInstants(b, a)) + 0);
      }),
    );
  });

  it('a prefix holds the keys of one tag and of no other', () => {
    fc.assert(
      fc.property(tags, tags, instants, (tag, other, at) => {
        const { from, before } = keysUnder(`T|${tag}|`);
        const key = tagEntryKey(other, at);
        expect(key >= from && key < before).toBe(tag === other);
      }),
    );
  });

  it('a list holds the open findings about one repository and about no other', () => {
    const about = fc.oneof(
      repositories,
      fc.constantFrom('team', 'team/app', 'team/app-1').map((repository) => ({ repository })),
    );
    fc.assert(
      fc.property(about, about, instants, (one, other, at) => {
        const { from, before } = keysUnder(openFindingsAbout(one.repository));
        const key = findingListKey(openFindingsAbout(other.repository), at);
        expect(key >= from && key < before).toBe(one.repository === other.repository);
      }),
    );
  });

  it('a span holds the keys from its first millisecond to its last', () => {
    fc.assert(
      fc.property(instants, times, times, (at, notBefore, notAfter) => {
        const { from, before } = keysUnder('E|', { notBefore, notAfter });
        const key = recordKey(at);
        expect(key >= from && key < before).toBe(at.time >= notBefore && at.time <= notAfter);
      }),
    );
  });

  it('a page after a key begins with the next one', () => {
    fc.assert(
      fc.property(instants, instants, (read, at) => {
        const { from } = keysUnder('E|', { after: recordKey(read) });
        expect(recordKey(at) >= from).toBe(compareInstants(at, read) < 0);
      }),
    );
  });

  it("a manifest's head comes right before its edges, and no other manifest's in between", () => {
    fc.assert(
      fc.property(digests, digests, tags, (digest, other, tag) => {
        const [from, before] = [manifestHeadKey(digest), `${manifestHeadKey(digest)}|~`];
        const key = edgeKey(other, tag);
        expect(key >= from && key < before).toBe(digest === other);
      }),
    );
  });
});

describe('when keys are read back', () => {
  it('gives the instant they were made of', () => {
    fc.assert(
      fc.property(instants, tags, digests, (at, tag, digest) => {
        for (const key of [recordKey(at), tagEntryKey(tag, at), digestEntryKey(digest, at)]) {
          expect(instantOf(key)).toEqual(at);
        }
      }),
    );
  });

  it('gives the repository they were made of', () => {
    fc.assert(
      fc.property(repositories, (repository) => {
        expect(readRepositoryKey(repositoryKey(repository))).toEqual(repository);
      }),
    );
  });

  it.each(['', 'contoso.azurecr.io', 'contoso.azurecr.io|', '|app', 'a|b|c'])(
    'takes %j for no repository',
    (key) => {
      expect(readRepositoryKey(key)).toBeUndefined();
    },
  );

  it.each(['', 'E|', 'E|123|id', 'E|7777222269999|', `t|prod`, `E|abcdefghijklm|id`])(
    'takes %j for no instant',
    (key) => {
      expect(instantOf(key)).toBeUndefined();
    },
  );

  it('gives the time back from the first to the last that has a key, and refuses all others', () => {
    for (const time of [0, 1, 1_777_730_400_000, lastTime]) expect(timeOf(inverted(time))).toBe(time);
    for (const time of [-1, lastTime + 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => inverted(time)).toThrow(RangeError);
    }
  });
});

describe('when two events have different ids', () => {
  it('gives them different record ids', () => {
    fc.assert(
      fc.property(eventIds, eventIds, (a, b) => {
        expect(recordIdOf(a) === recordIdOf(b)).toBe(a === b);
      }),
    );
  });

  it.each([
    ['31c51664-e5bd-416a-a5df-e5206bc47ed0', '31c51664-e5bd-416a-a5df-e5206bc47ed0'],
    ['a|b/c', 'a=7Cb=2Fc'],
    ['50%', '50=25'],
    ['a=7Cb', 'a=3D7Cb'],
    ["!~*'()", '=21=7E=2A=27=28=29'],
    ['é', '=C3=A9'],
    ['🐳', '=F0=9F=90=B3'],
    ['\u0001', '=01'],
    ['?'.repeat(40), '=3F'.repeat(40)],
    ['?'.repeat(41), `==${'Pz8_'.repeat(13)}Pz8`],
    ['x'.repeat(100), 'x'.repeat(100)],
    ['?>'.repeat(25), `==${'Pz4_Pj8-'.repeat(8)}Pz4`],
  ])('writes %s as %s', (eventId, recordId) => {
    expect(recordIdOf(eventId)).toBe(recordId);
  });
});

describe('when names are as long as they may be', () => {
  const repository = { registry: `${'r'.repeat(50)}.azurecr.io`, repository: `${'a/'.repeat(127)}a` };
  const digest = `sha512:${'f'.repeat(128)}`;
  const tag = 't'.repeat(128);
  const keysOf = (eventId: string) => {
    const at = { time: 0, id: recordIdOf(eventId) };
    return [
      repositoryKey(repository),
      announcedPartition(repository.registry),
      recordKey(at),
      tagEntryKey(tag, at),
      digestEntryKey(digest, at),
      tagHeadKey(tag),
      edgeKey(digest, tag),
      digestPlaceKey(digest, repository),
      statementKey(at),
      descriptionKey(digest),
      locksKey(digest),
      locksKey(tag),
      childKey(digest, digest),
      parentKey(digest, digest),
      referrerKey(digest, digest),
      comparedPartition(repository.registry),
      logPartition(repository.registry),
      intentKey(Number.MAX_SAFE_INTEGER),
      sealedKey(at, repository.repository),
      waitingKey(0, announcedStatementKey(at, repository.repository)),
      announcedKey(at, repository.repository),
      findingKey('f'.repeat(32)),
      ...[openFindings, closedFindings].map((list) => findingListKey(list, at)),
      findingListKey(openFindingsOfSeverity('critical'), at),
      findingListKey(openFindingsAbout(repository.repository), { ...at, id: 'f'.repeat(32) }),
    ];
  };

  it.each(['a', '|', '%', '~', '=', '/'])(
    'every key has at most 512 characters with an id of 100 %j',
    (character) => {
      for (const key of keysOf(character.repeat(100))) expect(key.length).toBeLessThanOrEqual(512);
    },
  );

  it('no key has a character that Table Storage forbids, or sorts after the end of its range', () => {
    fc.assert(
      fc.property(eventIds, (eventId) => {
        for (const key of keysOf(eventId))
          expect(key).toMatch(/^(?:~[iq]\|(?:\d+\|~s\|)?)?[A-Za-z0-9._:=|-]+$/);
      }),
    );
  });
});
