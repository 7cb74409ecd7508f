import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readSources } from '../../../src/workloads/source-reading.ts';

const minute = 60_000;
const day = 86_400_000;
const subscription = '00000000-0000-0000-0000-00000000000a';
const cluster =
  `/subscriptions/${subscription}/resourceGroups/contoso` +
  '/providers/Microsoft.ContainerService/managedClusters/prod';

type Json = Readonly<Record<string, unknown>>;

const aks: Json = { name: 'aks-prod', type: 'kubernetes', cluster };
const azure: Json = { name: 'azure', type: 'azure', subscriptions: [subscription] };
const gitops: Json = { name: 'gitops', type: 'submitted' };

function read(...sources: readonly unknown[]) {
  const reading = readSources({ version: 1, sources });
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.sources;
}

function problemsOf(document: unknown): readonly string[] {
  const reading = readSources(document);
  return reading.ok ? [] : reading.problems.map(({ field, problem }) => `${field} ${problem}`);
}

/** The problems of a file with one source. */
const refused = (source: unknown) => problemsOf({ version: 1, sources: [source] });

describe('when an inventory file names sources', () => {
  it('each is read as its type is reached, and holds for as long as is usual for it', () => {
    expect(
      read(
        aks,
        { name: 'edge', type: 'kubernetes', kubeconfig: 'edge.yaml', context: 'admin' },
        { name: 'lab', type: 'kubernetes', kubeconfig: 'lab.yaml' },
        { ...azure, managementGroups: ['contoso'] },
        gitops,
      ),
    ).toEqual([
      { name: 'aks-prod', access: { type: 'aks', cluster }, freshness: 30 * minute, rules: [] },
      {
        name: 'edge',
        access: { type: 'kubeconfig', file: 'edge.yaml', context: 'admin' },
        freshness: 30 * minute,
        rules: [],
      },
      { name: 'lab', access: { type: 'kubeconfig', file: 'lab.yaml' }, freshness: 30 * minute, rules: [] },
      {
        name: 'azure',
        access: { type: 'azure', subscriptions: [subscription], managementGroups: ['contoso'] },
        freshness: 60 * minute,
        rules: [],
      },
      { name: 'gitops', access: { type: 'submitted' }, freshness: day, rules: [] },
    ]);
  });

  it('what they say of environments, owners and freshness is kept', () => {
    const [source] = read({
      ...aks,
      freshness: 'PT10M',
      environment: 'production',
      ownerLabel: 'team',
      environments: [
        { namespaces: 'test-.*', environment: 'staging', owner: 'testers' },
        { namespaces: 'kube-system' },
      ],
    });
    expect(source).toMatchObject({ freshness: 10 * minute, environment: 'production', ownerLabel: 'team' });
    const [tests, system] = source?.rules ?? [];
    expect(tests).toMatchObject({ environment: 'staging', owner: 'testers' });
    expect(tests?.namespaces.matches('test-shop')).toBe(true);
    expect(tests?.namespaces.matches('latest-shop')).toBe(false);
    expect(Object.keys(system ?? {})).toEqual(['namespaces']);
  });

  it('subscriptions may be written in upper case, and stand for the same', () => {
    const [source] = read({ ...azure, subscriptions: [subscription.toUpperCase()] });
    expect(source?.access).toMatchObject({ subscriptions: [subscription] });
  });

  it('an editor’s schema may be named, and there may be no source at all', () => {
    expect(readSources({ $schema: 'inventory.schema.json', version: 1, sources: [] })).toEqual({
      ok: true,
      sources: [],
    });
  });
});

describe('when a file is no inventory', () => {
  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a list of sources', [gitops]],
    ['text', 'version: 1'],
  ])('because it is %s, it is refused', (_, document) => {
    expect(problemsOf(document).length).toBeGreaterThan(0);
  });

  it('because its version is another, or missing, that is the problem', () => {
    expect(problemsOf({ version: 2, sources: [] })).toEqual([
      expect.stringMatching(/^version .*expected 1$/),
    ]);
    expect(problemsOf({ version: '1', sources: [] })).toEqual([
      expect.stringMatching(/^version .*expected 1$/),
    ]);
    expect(problemsOf({ sources: [] })).toEqual([expect.stringMatching(/^version is missing.*1$/)]);
  });

  it('because its sources are no list, or too many, that is the problem', () => {
    const many = Array.from({ length: 201 }, (_, index) => ({ ...gitops, name: `gitops-${index}` }));
    expect(problemsOf({ version: 1, sources: many })).toEqual([
      'sources is a list of 201: expected a list of 0 to 200',
    ]);
    expect(problemsOf({ version: 1, sources: many.slice(1) })).toEqual([]);
    expect(problemsOf({ version: 1, sources: { gitops } })).toEqual([
      'sources is no list: expected a list of 0 to 200',
    ]);
  });
});

/** Sources that cannot be read, with the fields to mend and how. */
const bad: readonly (readonly [string, unknown, string, RegExp])[] = [
  ['is no object', 'aks-prod', 'sources.0', /object/],
  ['has no name', { type: 'submitted' }, 'sources.0.name', /is missing: expected a name/],
  ['has a name in upper case', { ...gitops, name: 'GitOps' }, 'sources.0.name', /lower-case/],
  ['has a name with a slash', { ...gitops, name: 'git/ops' }, 'sources.0.name', /lower-case/],
  ['has a name that ends with a hyphen', { ...gitops, name: 'git-' }, 'sources.0.name', /lower-case/],
  ['has a name that is too long', { ...gitops, name: 'g'.repeat(64) }, 'sources.0.name', /1 to 63/],
  ['has an empty name', { ...gitops, name: '' }, 'sources.0.name', /is empty/],
  ['has no type', { name: 'gitops' }, 'sources.0.type', /one of kubernetes, azure, submitted/],
  ['has another type', { ...gitops, type: 'nomad' }, 'sources.0.type', /one of kubernetes, azure, submitted/],
  ['has a type of its prototype', { ...gitops, type: 'constructor' }, 'sources.0.type', /one of kubernetes/],
  [
    'misspells a field',
    { ...aks, freshnes: 'PT5M' },
    'sources.0.freshnes',
    /is not a known field.*freshness/,
  ],
  [
    'has a field that is null',
    { ...aks, environment: null },
    'sources.0.environment',
    /is empty: leave it out/,
  ],
  [
    'says no way to reach its cluster',
    { name: 'a', type: 'kubernetes' },
    'sources.0.cluster',
    /kubeconfig has to be/,
  ],
  ['says two ways to reach it', { ...aks, kubeconfig: 'prod.yaml' }, 'sources.0.cluster', /not both/],
  [
    'names a cluster that is something else',
    { ...aks, cluster: cluster.replace('ContainerService', 'Compute') },
    'sources.0.cluster',
    /resource id of an AKS cluster/,
  ],
  [
    'names a part of a cluster',
    { ...aks, cluster: `${cluster}/agentPools/one` },
    'sources.0.cluster',
    /resource id of an AKS cluster/,
  ],
  [
    'is of Azure and names nothing',
    { name: 'azure', type: 'azure' },
    'sources.0.subscriptions',
    /is missing: name the subscr/,
  ],
  [
    'names no subscription',
    { ...azure, subscriptions: [] },
    'sources.0.subscriptions',
    /expected a list of 1 to 1000/,
  ],
  [
    'names a subscription otherwise',
    { ...azure, subscriptions: [subscription, 'production'] },
    'sources.0.subscriptions.1',
    /id of a subscription/,
  ],
  [
    'names more management groups than can be asked at once',
    { ...azure, managementGroups: Array.from({ length: 11 }, (_, index) => `group-${index}`) },
    'sources.0.managementGroups',
    /expected a list of 1 to 10$/,
  ],
  [
    'names a management group with a query in it',
    { ...azure, managementGroups: ["contoso' | take 1"] },
    'sources.0.managementGroups.0',
    /name of a management group/,
  ],
  ['is fresh for too short', { ...aks, freshness: 'PT4M59S' }, 'sources.0.freshness', /from PT5M to P30D/],
  ['is fresh for too long', { ...aks, freshness: 'P30DT1S' }, 'sources.0.freshness', /from PT5M to P30D/],
  ['is fresh for a number', { ...aks, freshness: 1_800 }, 'sources.0.freshness', /ISO 8601 duration/],
  [
    'is of an environment with spaces',
    { ...aks, environment: 'our production' },
    'sources.0.environment',
    /./,
  ],
  ['has an owner label that is no text', { ...aks, ownerLabel: ['team'] }, 'sources.0.ownerLabel', /text/],
  [
    'has rules by namespace',
    { ...aks, environments: { shop: 'production' } },
    'sources.0.environments',
    /is no list/,
  ],
  [
    'has a rule without namespaces',
    { ...aks, environments: [{ environment: 'staging' }] },
    'sources.0.environments.0.namespaces',
    /is missing/,
  ],
  [
    'has a rule whose pattern cannot be matched',
    { ...aks, environments: [{ namespaces: 'test-(' }] },
    'sources.0.environments.0.namespaces',
    /regular expression of RE2/,
  ],
  [
    'has a rule with an unknown field',
    { ...aks, environments: [{ namespaces: 'a', env: 'staging' }] },
    'sources.0.environments.0.env',
    /is not a known field/,
  ],
  [
    'has too many rules',
    { ...aks, environments: Array.from({ length: 201 }, () => ({ namespaces: 'a' })) },
    'sources.0.environments',
    /a list of 201/,
  ],
];

describe('when a source is as long as may be', () => {
  it.each<[string, Json]>([
    ['a name of one letter', { ...gitops, name: 'g' }],
    ['a name of 63', { ...gitops, name: `g${'-'.repeat(61)}1` }],
    ['the shortest freshness', { ...aks, freshness: 'PT5M' }],
    ['the longest freshness', { ...aks, freshness: 'P30D' }],
    ['a cluster in other letters', { ...aks, cluster: cluster.toUpperCase() }],
    [
      'a thousand subscriptions',
      { ...azure, subscriptions: Array.from({ length: 1_000 }, () => subscription) },
    ],
    [
      'management groups alone',
      { name: 'azure', type: 'azure', managementGroups: ['g', `${'g'.repeat(84)}_-.(1)`, ...'12345678'] },
    ],
    ['two hundred rules', { ...aks, environments: Array.from({ length: 200 }, () => ({ namespaces: 'a' })) }],
  ])('as with %s, it is read', (_, source) => {
    expect(refused(source)).toEqual([]);
  });

  it.each<[string, Json, string, RegExp]>([
    ['a name that begins with a hyphen', { ...gitops, name: '-g' }, 'name', /1 to 63 .* such as "aks-prod"$/],
    ['a cluster inside a text', { ...aks, cluster: `see ${cluster}` }, 'cluster', /managedClusters\/…$/],
    [
      'a cluster of no subscription',
      { ...aks, cluster: cluster.replace(subscription, '') },
      'cluster',
      /^is ".*: expected the resource id of an AKS cluster: \/subscriptions\/…/,
    ],
    [
      'a subscription inside a text',
      { ...azure, subscriptions: [`x${subscription}`] },
      'subscriptions.0',
      /32 hexadecimal digits with hyphens$/,
    ],
    [
      'a subscription with more after it',
      { ...azure, subscriptions: [`${subscription}0`] },
      'subscriptions.0',
      /the id of a subscription/,
    ],
    [
      'a thousand and one subscriptions',
      { ...azure, subscriptions: Array.from({ length: 1_001 }, () => subscription) },
      'subscriptions',
      /a list of 1 to 1000$/,
    ],
    [
      'a management group of 91',
      { ...azure, managementGroups: ['g'.repeat(91)] },
      'managementGroups.0',
      /expected the name of a management group$/,
    ],
    [
      'a management group after a space',
      { ...azure, managementGroups: [' g'] },
      'managementGroups.0',
      /name of/,
    ],
    ['no management group', { ...azure, managementGroups: [] }, 'managementGroups', /a list of 1 to 10$/],
  ])('and has %s, it is refused with what is expected', (_, source, field, problem) => {
    const told = refused(source).filter((one) => one.startsWith(`sources.0.${field} `));
    expect(told.map((one) => one.slice(`sources.0.${field} `.length))).toContainEqual(
      expect.stringMatching(problem),
    );
  });

  it('its texts are cut where they are too long', () => {
    const long = 'x'.repeat(2_000);
    const [lab, owned] = read(
      { name: 'lab', type: 'kubernetes', kubeconfig: long, context: long },
      { ...gitops, ownerLabel: long, environments: [{ namespaces: 'a', owner: long }] },
    );
    expect(lab?.access).toEqual({ type: 'kubeconfig', file: 'x'.repeat(1_024), context: 'x'.repeat(1_024) });
    expect(owned?.ownerLabel).toHaveLength(1_024);
    expect(owned?.rules[0]?.owner).toHaveLength(253);
  });
});

describe('when a source cannot be read', () => {
  it.each(bad)('because it %s, its field is named, and what is expected', (_, source, field, problem) => {
    const reading = readSources({ version: 1, sources: [source] });
    const problems = reading.ok ? [] : reading.problems;
    expect(problems).toContainEqual({ field, problem: expect.stringMatching(problem) });
  });

  it.each([
    [{ ...aks, subscriptions: [subscription] }, 'subscriptions', 'azure', 'kubernetes'],
    [{ ...azure, cluster }, 'cluster', 'kubernetes', 'azure'],
    [{ ...gitops, kubeconfig: 'prod.yaml' }, 'kubeconfig', 'kubernetes', 'submitted'],
    [{ ...gitops, managementGroups: ['contoso'] }, 'managementGroups', 'azure', 'submitted'],
  ])('because it has the field of another type, both types are named', (source, field, other, own) => {
    expect(refused(source)).toEqual([
      `sources.0.${field} is of a source of type ${other}, and this one is of type ${own}`,
    ]);
  });

  it('because its only subscription is misspelt, it is not said to be missing too', () => {
    expect(refused({ ...azure, subscriptions: ['production'] })).toEqual([
      expect.stringMatching(/^sources\.0\.subscriptions\.0 /),
    ]);
  });

  it('because its cluster is misspelt, it is not said to be missing too', () => {
    const misspelt = cluster.replace('ContainerService', 'Compute');
    expect(refused({ ...aks, cluster: misspelt })).toEqual([
      expect.stringMatching(/^sources\.0\.cluster .*resource id of an AKS cluster/),
    ]);
  });

  it('because it names a context and no kubeconfig, that would not be used, and is refused', () => {
    expect(refused({ ...aks, context: 'admin' })).toEqual([
      'sources.0.context is of a kubeconfig, and this one names a cluster',
    ]);
  });

  it('all problems of all sources are told at once, each with its place', () => {
    const problems = problemsOf({
      sources: [{ ...gitops, name: 'A' }, azure, { ...aks, freshness: 'soon' }],
    });
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
      'version',
      'sources.0.name',
      'sources.2.freshness',
    ]);
  });

  it('because another has its name, that is told once, however many do', () => {
    expect(
      problemsOf({ version: 1, sources: [gitops, gitops, gitops, { ...aks, name: 'gitops' }, azure] }),
    ).toEqual(['sources has two of the name gitops: give each its own']);
  });

  it('because a field’s name is long or unprintable, it is quoted safely', () => {
    const [problem] = refused({ ...gitops, [`\u202e\n${'x'.repeat(500)}`]: 1 });
    expect(problem).not.toMatch(/[\n\u202e]/);
    expect(problem?.length).toBeLessThan(400);
  });
});

describe('when anything is given for an inventory file', () => {
  const field = fc.constantFrom(
    'name',
    'type',
    'cluster',
    'kubeconfig',
    'subscriptions',
    'environments',
    'freshness',
  );
  const anySource = fc.oneof(
    fc.jsonValue(),
    fc.tuple(fc.constantFrom(aks, azure, gitops), field, fc.jsonValue()).map(([source, name, value]) => ({
      ...source,
      [name]: value,
    })),
  );

  it('it is read, or refused with every problem told in one line, and never throws', () => {
    fc.assert(
      fc.property(fc.array(anySource, { maxLength: 4 }), (sources) => {
        const reading = readSources({ version: 1, sources });
        const names = reading.ok ? reading.sources.map(({ name }) => name) : [];
        if (reading.ok) {
          expect(names).toHaveLength(sources.length);
          expect(new Set(names).size).toBe(names.length);
          for (const { freshness } of reading.sources) {
            expect(freshness).toBeGreaterThanOrEqual(5 * minute);
            expect(freshness).toBeLessThanOrEqual(30 * day);
          }
        } else {
          expect(reading.problems.length).toBeGreaterThan(0);
          for (const { field: name, problem } of reading.problems)
            expect(`${name} ${problem}`).not.toMatch(/\n/);
        }
      }),
    );
  });
});
