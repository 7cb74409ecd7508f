import { describe, expect, it } from '@jest/globals';
import { msPerDay } from '../../../src/protection/duration.ts';
import { readPolicy } from '../../../src/protection/policy-reading.ts';
import { policyDocument } from '../../builders/policy-document.ts';

function readRule(rule: Readonly<Record<string, unknown>>) {
  return readPolicy(policyDocument({ retention: { rules: [rule] } }));
}

const ofTags = { repositories: '.*', tags: 'dev-.*', matches: ['dev-7'], mustNotMatch: ['v1'] };

describe('when a rule says what it keeps in one way alone', () => {
  const tags = expect.objectContaining({ matches: ['dev-7'] });

  it.each<[Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>]>([
    [{ repositories: '.*', keepNewest: 3 }, { keepNewest: 3 }],
    [{ repositories: '.*', keepYounger: 'P30D' }, { keepYounger: 30 * msPerDay }],
    [{ repositories: '.*', untaggedOlderThan: 'P7D' }, { untaggedOlderThan: 7 * msPerDay }],
    [
      { ...ofTags, keepNewest: 3 },
      { tags, keepNewest: 3 },
    ],
    [
      { ...ofTags, keepYounger: 'P30D' },
      { tags, keepYounger: 30 * msPerDay },
    ],
  ])('%j is read, and says nothing else', (rule, said) => {
    const reading = readRule(rule);
    expect(reading.ok && reading.policy.retention?.rules).toStrictEqual([
      { repositories: expect.objectContaining({ text: '.*' }), ...said },
    ]);
  });
});

describe('when a rule does not say what it keeps, or of which tags', () => {
  it.each<[Readonly<Record<string, unknown>>, string, RegExp]>([
    [ofTags, 'tags', /add keepNewest or keepYounger$/],
    [{ ...ofTags, untaggedOlderThan: 'P7D' }, 'tags', /add keepNewest or keepYounger$/],
    [{ repositories: '.*' }, 'keepNewest', /give keepNewest, keepYounger or untaggedOlderThan$/],
    [
      { repositories: '.*', keepNewest: 3, matches: ['dev-7'] },
      'matches',
      /"tags", which is missing: add the pattern, or leave them out$/,
    ],
  ])('%j is refused with what to add', (rule, name, problem) => {
    expect(readRule(rule)).toEqual({
      ok: false,
      problems: [{ field: `retention.rules.0.${name}`, problem: expect.stringMatching(problem) }],
    });
  });
});
