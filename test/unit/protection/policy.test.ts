import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as z from 'zod';
import { msPerDay } from '../../../src/protection/duration.ts';
import {
  environmentNamed,
  environmentsAtPush,
  environmentsOf,
  isApprovedRegistry,
  isImmutableTag,
  type Policy,
} from '../../../src/protection/policy.ts';
import { readPolicy } from '../../../src/protection/policy-reading.ts';
import { policyDocument } from '../../builders/policy-document.ts';

const hour = 3_600_000;

function read(document: unknown): Policy {
  const reading = readPolicy(document);
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.policy;
}

function fieldsRefused(document: unknown): readonly string[] {
  const reading = readPolicy(document);
  return reading.ok ? [] : reading.problems.map(({ field }) => field);
}

const [immutable] = policyDocument().immutableTags;
const [atPush] = policyDocument().protectAtPush;

/** Documents that even their shape forbids, with the fields to mend. */
const misshapen: readonly (readonly [string, unknown, readonly string[]])[] = [
  ['is null', null, ['$']],
  ['is an array', [], ['$']],
  ['is of another version', policyDocument({ version: 2 }), ['version']],
  ['has an unknown field', policyDocument({ holds: [] }), ['holds']],
  ['has a field that is null', policyDocument({ immutableTags: null }), ['immutableTags']],
  [
    'has a field of its prototype',
    JSON.parse(`{"__proto__": {},${JSON.stringify(policyDocument()).slice(1)}`),
    ['__proto__'],
  ],
  ['approves no registry', policyDocument({ registries: [] }), ['registries']],
  ['has a pattern that is a number', policyDocument({ registries: [7, 'ok'] }), ['registries.0']],
  ['has an empty pattern', policyDocument({ registries: [''] }), ['registries.0']],
  ['has a pattern that is too long', policyDocument({ registries: ['a'.repeat(257)] }), ['registries.0']],
  ['has environments by name', policyDocument({ environments: {} }), ['environments']],
  [
    'misspells a field',
    policyDocument({ environments: [{ name: 'production', locktag: true }, { name: 'staging' }] }),
    ['environments.0.locktag'],
  ],
  [
    'has a name in upper case',
    policyDocument({ environments: [{ name: 'Production' }] }),
    ['environments.0.name'],
  ],
  ['keeps no release', environmentWith({ retainReleases: 0 }), ['environments.0.retainReleases']],
  ['keeps half a release', environmentWith({ retainReleases: 1.5 }), ['environments.0.retainReleases']],
  ['keeps for a count of days', environmentWith({ retainFor: 60 }), ['environments.0.retainFor']],
  ['keeps for a year', environmentWith({ retainFor: 'P1Y' }), ['environments.0.retainFor']],
  ['has an empty duration', environmentWith({ retainFor: '' }), ['environments.0.retainFor']],
  ['has a lock as text', environmentWith({ lockTag: 'true' }), ['environments.0.lockTag']],
  [
    'has a list of no approvers',
    environmentWith({ approvers: { principals: [] } }),
    ['environments.0.approvers.principals'],
  ],
  [
    'has no example that matches',
    policyDocument({ immutableTags: [{ ...immutable, matches: [] }] }),
    ['immutableTags.0.matches'],
  ],
  [
    'has no example that must not',
    policyDocument({ immutableTags: [{ ...immutable, mustNotMatch: undefined }] }),
    ['immutableTags.0.mustNotMatch'],
  ],
  [
    'has an example that is no tag',
    policyDocument({ immutableTags: [{ ...immutable, mustNotMatch: ['a:b'] }] }),
    ['immutableTags.0.mustNotMatch.0'],
  ],
  [
    'has a rule without a pattern',
    policyDocument({ protectAtPush: [{ ...atPush, tags: null }] }),
    ['protectAtPush.0.tags'],
  ],
];

/** Documents of the right shape that still cannot be meant. */
const contradictory: readonly (readonly [string, unknown, readonly string[]])[] = [
  ['has a pattern that is none', policyDocument({ registries: ['a('] }), ['registries.0']],
  ['keeps for less than an hour', environmentWith({ retainFor: 'PT59M' }), ['environments.0.retainFor']],
  ['keeps for more than ten years', environmentWith({ retainFor: 'P3651D' }), ['environments.0.retainFor']],
  [
    'keeps for longer than can be counted (F18)',
    environmentWith({ retainFor: 'P999999999D' }),
    ['environments.0.retainFor'],
  ],
  [
    'watches for a quarter',
    environmentWith({ monitoringWindow: 'P90D' }),
    ['environments.0.monitoringWindow'],
  ],
  [
    'names an environment twice',
    policyDocument({ environments: [{ name: 'production' }, { name: 'staging' }, { name: 'staging' }] }),
    ['environments.2.name'],
  ],
  [
    'maps to an unknown environment',
    policyDocument({ repositories: [{ repositories: '.*', environments: ['production', 'live'] }] }),
    ['repositories.0.environments'],
  ],
  [
    'protects for an unknown environment',
    policyDocument({ protectAtPush: [{ ...atPush, environment: 'live' }] }),
    ['protectAtPush.0.environment'],
  ],
  [
    'has an example that does not match',
    policyDocument({ immutableTags: [{ ...immutable, matches: ['v1.2.3', 'v1.2'] }] }),
    ['immutableTags.0.matches'],
  ],
  [
    'has an example that must not match and does (F8)',
    policyDocument({
      immutableTags: [{ ...immutable, tags: '1\\.2-13.*', matches: ['1.2-13'], mustNotMatch: ['1.2-136'] }],
    }),
    ['immutableTags.0.mustNotMatch'],
  ],
];

function environmentWith(fields: Readonly<Record<string, unknown>>) {
  return policyDocument({ environments: [{ name: 'production', ...fields }, { name: 'staging' }] });
}

describe('readPolicy', () => {
  it('when every field is given, reads it', () => {
    const policy = read(policyDocument());
    expect(environmentNamed(policy, 'production')).toMatchObject({
      retainFor: 30 * msPerDay,
      retainReleases: 3,
      lockTag: true,
      monitoringWindow: 2 * hour,
      approvers: { distinctFromPusher: true },
    });
    expect(policy.immutableTags).toMatchObject([
      { matches: ['v1.2.3'], mustNotMatch: ['v1.2.3-rc1', 'latest'] },
    ]);
  });

  it('when an environment has only a name, keeps four releases and sixty days', () => {
    expect(environmentNamed(read(policyDocument()), 'staging')).toEqual({
      name: 'staging',
      retainFor: 60 * msPerDay,
      retainReleases: 4,
      lockTag: false,
      monitoringWindow: msPerDay,
      approvers: { principals: [], roles: [], distinctFromPusher: false },
    });
  });

  it.each([...misshapen, ...contradictory])(
    'when the document %s, names the field',
    (_, document, fields) => {
      expect(fieldsRefused(document)).toEqual(fields);
    },
  );

  it('when much is wrong, lists all of it, each with the form expected', () => {
    const reading = readPolicy({
      registries: ['('],
      environments: [{ name: 'X', retainFor: 'P1Y' }],
      extra: 1,
    });
    const problems = reading.ok ? [] : reading.problems;
    expect(problems.map(({ field }) => field).sort()).toEqual([
      'environments.0.name',
      'environments.0.retainFor',
      'extra',
      'registries.0',
      'repositories',
      'version',
    ]);
    for (const { problem } of problems) expect(problem).toContain('expected');
  });

  it('when anything at all is read, answers', () => {
    fc.assert(fc.property(fc.anything(), (value) => expect(readPolicy(value).ok).toBe(false)));
  });
});

describe('the published schema', () => {
  const schema = z.fromJSONSchema(JSON.parse(readFileSync('docs/policy.schema.json', 'utf8')));

  it.each(misshapen)('when a document %s, refuses it as the reader does', (_, document) => {
    // A field that is undefined here is one that is absent from the JSON text.
    expect(schema.safeParse(JSON.parse(JSON.stringify(document))).success).toBe(false);
  });

  it.each(contradictory)('when a document %s, leaves that to the reader', (_, document) => {
    expect(schema.safeParse(document).success).toBe(true);
  });

  it('when any part of a good document is replaced or removed, agrees with the reader unless more than shape is wrong', () => {
    const replacement = fc.oneof(
      fc.constantFrom(
        undefined,
        null,
        '',
        'x',
        'P1D',
        'PT1H',
        'production',
        0,
        1,
        4,
        101,
        -1,
        true,
        [],
        {},
        [''],
        ['v1'],
        [7],
      ),
      fc.jsonValue({ maxDepth: 2 }),
    );
    fc.assert(
      fc.property(fc.nat(), replacement, (choice, value) => {
        const document: unknown = JSON.parse(JSON.stringify(replaceOne(policyDocument(), choice, value)));
        const shaped = schema.safeParse(document).success;
        const reading = readPolicy(document);
        if (!shaped) expect(reading.ok).toBe(false);
        if (shaped && !reading.ok) {
          for (const { problem } of reading.problems) expect(problem).toMatch(beyondShape);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

const beyondShape = /of this policy|again|the whole of "tags"|which "tags" matches|RE2|ISO 8601 duration/;

/** The document with one of its values, at any depth, replaced. */
function replaceOne(document: unknown, choice: number, value: unknown): unknown {
  const paths = pathsOf(document);
  const path = paths[choice % paths.length] ?? [];
  return replaceAt(document, path, value);
}

function pathsOf(value: unknown): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [[]];
  const inside = Object.entries(value).flatMap(([key, item]) => pathsOf(item).map((path) => [key, ...path]));
  return [[], ...inside];
}

function replaceAt(document: unknown, path: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value ?? null;
  if (Array.isArray(document)) {
    return document.map((item, index) => (String(index) === key ? replaceAt(item, rest, value) : item));
  }
  const record = Object.entries(Object(document));
  return Object.fromEntries(
    record.flatMap(([name, item]) => {
      if (name !== key) return [[name, item]];
      return rest.length === 0 && value === undefined ? [] : [[name, replaceAt(item, rest, value)]];
    }),
  );
}

describe('the documentation', () => {
  it('when its example is read, it is a policy', () => {
    const example = /```json\n([\s\S]*?)\n```/.exec(readFileSync('docs/policy.md', 'utf8'))?.[1] ?? '';
    expect(readPolicy(JSON.parse(example))).toMatchObject({ ok: true });
  });
});

describe('what a policy says', () => {
  const policy = read(policyDocument());

  it('when a registry is asked for, its whole name decides', () => {
    expect(isApprovedRegistry(policy, 'contoso.azurecr.io')).toBe(true);
    expect(isApprovedRegistry(policy, 'contoso.azurecr.io.fabrikam.example')).toBe(false);
  });

  it('when several rules cover a repository, it has the environments of all', () => {
    expect(environmentsOf(policy, 'team/app')).toEqual(['production', 'staging']);
    expect(environmentsOf(policy, 'tools/lint')).toEqual(['staging']);
    expect(environmentsOf(policy, 'other')).toEqual([]);
  });

  it('when a tag is asked for, repository and tag decide', () => {
    expect(isImmutableTag(policy, 'team/app', 'v1.2.3')).toBe(true);
    expect(isImmutableTag(policy, 'team/app', 'v1.2.3-rc1')).toBe(false);
    expect(isImmutableTag(policy, 'tools/lint', 'v1.2.3')).toBe(false);
    expect(environmentsAtPush(policy, 'team/app', 'v10.0.0')).toEqual(['production']);
    expect(environmentsAtPush(policy, 'team/web', 'v10.0.0')).toEqual([]);
  });
});
