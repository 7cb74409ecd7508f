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
const toStaging = { repositories: '.*', environments: ['staging'] };

/** Documents that even their shape forbids, with the fields to mend. */
const misshapen: readonly (readonly [string, unknown, readonly string[]])[] = [
  ['is null', null, ['$']],
  ['is an array', [], ['$']],
  ['is of another version', policyDocument({ version: 2 }), ['version']],
  ['is of a schema by number', policyDocument({ $schema: 7 }), ['$schema']],
  ['has an unknown field', policyDocument({ holds: [] }), ['holds']],
  ['has a field that is null', policyDocument({ immutableTags: null }), ['immutableTags']],
  [
    'has a field of its prototype',
    JSON.parse(`{"__proto__": {},${JSON.stringify(policyDocument()).slice(1)}`),
    ['__proto__'],
  ],
  ['misspells what is private', policyDocument({ privacy: { hashAddress: true } }), ['privacy.hashAddress']],
  ['is private in words', policyDocument({ privacy: { hashActors: 'yes' } }), ['privacy.hashActors']],
  ['is all private', policyDocument({ privacy: true }), ['privacy']],
  ['approves no registry', policyDocument({ registries: [] }), ['registries']],
  ['has a pattern that is a number', policyDocument({ registries: [7, 'ok'] }), ['registries.0']],
  ['has an empty pattern', policyDocument({ registries: [''] }), ['registries.0']],
  ['has a pattern that is too long', policyDocument({ registries: ['a'.repeat(257)] }), ['registries.0']],
  ['has environments by name', policyDocument({ environments: {} }), ['environments']],
  ['has no environment', policyDocument({ environments: [] }), ['environments']],
  ['has too many environments', policyDocument({ environments: environmentsNamed(51) }), ['environments']],
  ['is about no repository', policyDocument({ repositories: [] }), ['repositories']],
  ['has too many repositories', policyDocument({ repositories: times(201, toStaging) }), ['repositories']],
  [
    'approves for no environment',
    policyDocument({ repositories: [{ ...toStaging, environments: [] }] }),
    ['repositories.0.environments'],
  ],
  [
    'approves for too many environments',
    policyDocument({ repositories: [{ ...toStaging, environments: times(51, 'staging') }] }),
    ['repositories.0.environments'],
  ],
  [
    'does not say which repositories are approved for an environment',
    policyDocument({ repositories: [{ environments: ['staging'] }] }),
    ['repositories.0.repositories'],
  ],
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
  [
    'has a name that ends in "-"',
    policyDocument({ environments: [{ name: 'production-' }] }),
    ['environments.0.name'],
  ],
  [
    'has a name that is too long',
    policyDocument({ environments: [{ name: 'p'.repeat(64) }] }),
    ['environments.0.name'],
  ],
  [
    // Neither is the other again: nobody knows what they are.
    'has two names that are none',
    policyDocument({ environments: [{ name: 'X' }, { name: 'Y' }] }),
    ['environments.0.name', 'environments.1.name'],
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
  [
    'protects for no environment',
    policyDocument({ protectAtPush: [{ ...atPush, environment: undefined }] }),
    ['protectAtPush.0.environment'],
  ],
  [
    'protects what cannot be told for an unknown environment',
    policyDocument({ protectAtPush: [{ ...atPush, tags: 7, environment: 'live' }] }),
    ['protectAtPush.0.tags', 'protectAtPush.0.environment'],
  ],
  ['has retention that is a list', policyDocument({ retention: [] }), ['retention']],
  ['has retention without rules', retentionWith({ rules: undefined }), ['retention.rules']],
  ['has retention of no rules', retentionWith({ rules: [] }), ['retention.rules']],
  ['misspells a field of retention', retentionWith({ surprises: 1 }), ['retention.surprises']],
  ['misspells a field of a rule', ruleWith({ keepnewest: 1 }), ['retention.rules.0.keepnewest']],
  [
    'has a rule about no repository',
    ruleWith({ repositories: undefined }),
    ['retention.rules.0.repositories'],
  ],
  ['has a rule about a pattern of tags that is null', ruleWith({ tags: null }), ['retention.rules.0.tags']],
  [
    'has a rule about tags without examples (F8)',
    ruleWith({ matches: undefined, mustNotMatch: undefined }),
    ['retention.rules.0.matches', 'retention.rules.0.mustNotMatch'],
  ],
  [
    'has examples of no pattern',
    ruleWith({ tags: undefined }),
    ['retention.rules.0.matches', 'retention.rules.0.mustNotMatch'],
  ],
  ['keeps the newest none', ruleWith({ keepNewest: 0 }), ['retention.rules.0.keepNewest']],
  ['keeps too many of the newest', ruleWith({ keepNewest: 1_001 }), ['retention.rules.0.keepNewest']],
  ['keeps images for a count of days', ruleWith({ keepYounger: 30 }), ['retention.rules.0.keepYounger']],
  [
    'lets images without tags go after a year',
    ruleWith({ untaggedOlderThan: 'P1Y' }),
    ['retention.rules.0.untaggedOlderThan'],
  ],
  [
    'keeps tags without examples',
    retentionWith({ keepTags: [{ repositories: '.*', tags: 'v.*' }] }),
    ['retention.keepTags.0.matches', 'retention.keepTags.0.mustNotMatch'],
  ],
  ['caps at no percent', retentionWith({ caps: { percent: 0 } }), ['retention.caps.percent']],
  ['caps above all', retentionWith({ caps: { percent: 101 } }), ['retention.caps.percent']],
  [
    'caps at half an image',
    retentionWith({ caps: { perRepository: 0.5 } }),
    ['retention.caps.perRepository'],
  ],
  ['caps at nothing', retentionWith({ caps: { whole: 0 } }), ['retention.caps.whole']],
  ['caps by another name', retentionWith({ caps: { total: 7 } }), ['retention.caps.total']],
  ['bears too many surprises', retentionWith({ mostSurprises: 1_001 }), ['retention.mostSurprises']],
  ['runs by policy where it is no list', retentionWith({ byPolicy: '.*' }), ['retention.byPolicy']],
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
  ['runs by policy for no pattern', retentionWith({ byPolicy: ['('] }), ['retention.byPolicy.0']],
  ['keeps images for minutes', ruleWith({ keepYounger: 'PT59M' }), ['retention.rules.0.keepYounger']],
  [
    'lets images go at an age that cannot be counted (F18)',
    ruleWith({ keepYounger: 'P999999999D', untaggedOlderThan: 'P999999999D' }),
    ['retention.rules.0.keepYounger', 'retention.rules.0.untaggedOlderThan'],
  ],
  ['gives a grace of less than a day', retentionWith({ grace: 'PT23H' }), ['retention.grace']],
  [
    'gives a grace that cannot be counted (F18)',
    retentionWith({ grace: 'P999999999D' }),
    ['retention.grace'],
  ],
  ['runs plans of last week', retentionWith({ planAge: 'P8D' }), ['retention.planAge']],
  ['runs plans of minutes', retentionWith({ planAge: 'PT10M' }), ['retention.planAge']],
  [
    'has a rule that says nothing',
    retentionWith({ rules: [{ repositories: '.*' }] }),
    ['retention.rules.0.keepNewest'],
  ],
  [
    'lets tags go and says not which stay',
    ruleWith({ keepNewest: undefined, keepYounger: undefined }),
    ['retention.rules.0.tags'],
  ],
  [
    'has a rule that matches what it must not (F8)',
    ruleWith({ tags: '1\\.2-13.*', matches: ['1.2-13'], mustNotMatch: ['1.2-136'] }),
    ['retention.rules.0.mustNotMatch'],
  ],
  [
    'keeps tags by a pattern that misses its example',
    retentionWith({ keepTags: [{ repositories: '.*', tags: 'v', matches: ['v1'], mustNotMatch: ['w'] }] }),
    ['retention.keepTags.0.matches'],
  ],
];

function times<T>(count: number, one: T): readonly T[] {
  return Array.from({ length: count }, () => one);
}

function environmentsNamed(count: number) {
  return Array.from({ length: count }, (_, index) => ({ name: `e${index}` }));
}

/** A field that is undefined is left out. */
function retentionWith(fields: Readonly<Record<string, unknown>>) {
  const retention: unknown = JSON.parse(JSON.stringify({ ...policyDocument().retention, ...fields }));
  return policyDocument({ retention });
}

function ruleWith(fields: Readonly<Record<string, unknown>>) {
  return retentionWith({ rules: [{ ...policyDocument().retention.rules[0], ...fields }] });
}

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

  it('when retention is given whole, reads it', () => {
    const { retention } = read(policyDocument());
    expect(retention).toMatchObject({
      rules: [
        {
          tags: { matches: ['dev-7'], mustNotMatch: ['v1.2.3'] },
          keepNewest: 10,
          keepYounger: 30 * msPerDay,
          untaggedOlderThan: 14 * msPerDay,
        },
        { untaggedOlderThan: 7 * msPerDay },
      ],
      keepTags: [{ matches: ['v1'] }],
      grace: 7 * msPerDay,
      planAge: 12 * hour,
      caps: { percent: 10, perRepository: 50, whole: 200 },
      mostSurprises: 2,
    });
    const [rule, other] = retention?.rules ?? [];
    expect(rule?.repositories.matches('team/app')).toBe(true);
    expect(rule?.tags?.tags.matches('dev-7')).toBe(true);
    expect(rule?.tags?.tags.matches('a-dev-7')).toBe(false);
    expect(other).not.toHaveProperty('tags');
    expect(other).not.toHaveProperty('keepNewest');
    expect(retention?.byPolicy.map(({ text }) => text)).toEqual(['scratch/.*']);
  });

  it('when retention has only a rule, the rest is cautious', () => {
    const rules = [{ repositories: '.*', keepNewest: 3 }];
    const { rules: _, ...others } = read(policyDocument({ retention: { rules } })).retention ?? {};
    expect(others).toEqual({
      keepTags: [],
      grace: 14 * msPerDay,
      planAge: 24 * hour,
      caps: { percent: 20, perRepository: 500, whole: 5_000 },
      mostSurprises: 5,
      byPolicy: [],
    });
  });

  it('when there is no retention, says nothing of it', () => {
    const { retention: _, ...document } = policyDocument();
    expect(read(document)).not.toHaveProperty('retention');
  });

  it('when nothing is private, says nothing of it', () => {
    const { privacy: _, ...document } = policyDocument();
    expect(read(document)).not.toHaveProperty('privacy');
  });

  it('when lists and names are as long or as short as may be, reads them', () => {
    const environments = [...environmentsNamed(48), { name: 'p' }, { name: 'p'.repeat(63) }];
    const names = environments.map(({ name }) => name);
    const repositories = times(200, { repositories: '.*', environments: names });
    const policy = read(policyDocument({ environments, repositories, protectAtPush: [] }));
    expect(environmentsOf(policy, 'base')).toEqual(names);
    expect(policy.repositories).toHaveLength(200);
  });

  it.each<[string, unknown]>([
    ['is 2: expected 1', policyDocument({ version: 2 })],
    ['is 7: expected text', policyDocument({ $schema: 7 })],
    [
      'is "Live": expected an environment: 1 to 63 lower-case letters, digits and "-", such as "production"',
      policyDocument({ environments: [{ name: 'Live' }] }),
    ],
    [
      'is "staging" again: give each environment its own name',
      policyDocument({ environments: [{ name: 'production' }, { name: 'staging' }, { name: 'staging' }] }),
    ],
    [
      'names "live": expected an environment of this policy, one of production, staging',
      policyDocument({ protectAtPush: [{ ...atPush, environment: 'live' }] }),
    ],
    [
      'is "P31D": expected an ISO 8601 duration in weeks, or in days, hours, minutes and seconds, from PT0S to P30D',
      environmentWith({ monitoringWindow: 'P31D' }),
    ],
    [
      'lists "v1.2", which the whole of "tags" does not match: mend the pattern or the example',
      policyDocument({ immutableTags: [{ ...immutable, matches: ['v1.2'] }] }),
    ],
    [
      'lists "v1.2.4", which "tags" matches: mend the pattern or the example',
      policyDocument({ immutableTags: [{ ...immutable, mustNotMatch: ['v1.2.4'] }] }),
    ],
  ])('says how to mend it: %s', (problem, document) => {
    const reading = readPolicy(document);
    expect(reading.ok ? [] : reading.problems.map((one) => one.problem)).toEqual([problem]);
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

describe('what a policy says of privacy', () => {
  it.each([
    [
      { hashAddresses: true, hashActors: true },
      { hashAddresses: true, hashActors: true },
    ],
    [{ hashActors: true }, { hashAddresses: false, hashActors: true }],
    [{}, { hashAddresses: false, hashActors: false }],
    [undefined, undefined],
  ])('when it is %j, wants %j', (privacy, wanted) => {
    expect(read(JSON.parse(JSON.stringify(policyDocument({ privacy })))).privacy).toEqual(wanted);
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

const beyondShape =
  /of this policy|again|the whole of "tags"|which "tags" matches|RE2|ISO 8601 duration|keepNewest or keepYounger|keepNewest, keepYounger or/;

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

  it('when several registries may be approved from, each may', () => {
    const both = read(policyDocument({ registries: ['contoso\\.azurecr\\.io', 'fabrikam\\.azurecr\\.io'] }));
    for (const registry of ['contoso', 'fabrikam']) {
      expect(isApprovedRegistry(both, `${registry}.azurecr.io`)).toBe(true);
    }
    expect(isApprovedRegistry(both, 'docker.io')).toBe(false);
  });

  it('when one of several rules says that a tag may not move, it may not, and without a rule it may', () => {
    const others = { ...immutable, repositories: 'tools/.*' };
    const several = read(policyDocument({ immutableTags: [immutable, others] }));
    expect(isImmutableTag(several, 'team/app', 'v1.2.3')).toBe(true);
    expect(isImmutableTag(several, 'tools/lint', 'v1.2.3')).toBe(true);
    expect(isImmutableTag(read(policyDocument({ immutableTags: [] })), 'team/app', 'v1.2.3')).toBe(false);
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
