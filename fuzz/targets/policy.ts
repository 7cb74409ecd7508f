import fc from 'fast-check';
import { environmentsOf, isApprovedRegistry, isImmutableTag } from '../../src/protection/policy.ts';
import { readPolicy } from '../../src/protection/policy-reading.ts';
import { policyDocument } from '../../test/builders/policy-document.ts';
import { fieldsIn, isClean, jsonOf } from '../outside-json.ts';
import { accepted, hold, holdBounded, refused, type Target } from '../target.ts';
import { asJson, mostly } from '../values.ts';

const patterns = fc.constantFrom(
  'team/.*',
  '.*',
  'v[0-9]+',
  '(a|b)*c',
  '[a-z]{1,20}',
  'contoso\\.azurecr\\.io',
  '(?i)A',
);
const durations = fc.constantFrom('P30D', 'PT2H', 'P2W', 'PT0S', 'P3650D', 'P1Y', 'PT1M', 'P9999D');
const names = fc.constantFrom('production', 'staging', 'a');

const tagRules = fc.record({
  repositories: mostly(patterns),
  tags: mostly(fc.constantFrom('v.*', 'v[0-9]+\\.[0-9]+\\.[0-9]+')),
  matches: mostly(fc.constantFrom(['v1.2.3'], ['v1'], [])),
  mustNotMatch: mostly(fc.constantFrom(['latest'], [], ['v1.2.3-rc1'])),
});

const documents = fc
  .record(
    {
      version: mostly(fc.constant(1)),
      registries: mostly(fc.array(patterns, { minLength: 1, maxLength: 3 })),
      environments: mostly(
        fc.array(
          fc.record(
            {
              name: mostly(names),
              retainFor: mostly(durations),
              retainReleases: mostly(fc.integer({ min: 0, max: 120 })),
              lockTag: mostly(fc.boolean()),
              monitoringWindow: mostly(durations),
              approvers: mostly(
                fc.record({
                  principals: mostly(fc.array(patterns)),
                  distinctFromPusher: mostly(fc.boolean()),
                }),
              ),
            },
            { requiredKeys: ['name'] },
          ),
          { minLength: 1, maxLength: 3 },
        ),
      ),
      repositories: mostly(
        fc.array(
          fc.record({
            repositories: patterns,
            environments: fc.array(names, { minLength: 1, maxLength: 2 }),
          }),
          { minLength: 1, maxLength: 3 },
        ),
      ),
      immutableTags: mostly(fc.array(tagRules, { maxLength: 2 })),
      protectAtPush: mostly(
        fc.array(
          fc.tuple(tagRules, names).map(([rule, environment]) => ({ ...rule, environment })),
          { maxLength: 2 },
        ),
      ),
      privacy: mostly(fc.record({ hashAddresses: fc.boolean() })),
    },
    { requiredKeys: ['version', 'registries', 'environments', 'repositories'] },
  )
  .map(asJson);

/** The policy document. */
export const policy: Target = {
  name: 'policy',
  form: 'text',
  property:
    'a policy that is taken answers for every name; with one unknown field anywhere it is refused, and nothing is refused without a field and a reason that are clean',
  made: fc.oneof(
    { weight: 1, arbitrary: fc.constant(asJson(policyDocument())) },
    {
      weight: 1,
      arbitrary: fc
        .subarray(Object.entries(policyDocument()))
        .map((some) => asJson(Object.fromEntries(some))),
    },
    { weight: 3, arbitrary: documents },
  ),
  words: [
    ...Object.keys(policyDocument()),
    'P30D',
    'PT1H',
    '.*',
    '(',
    '[',
    '\\',
    '(?=a)',
    '(a*)*',
    'a{1000}',
    '\\p{L}',
    'production',
    'matches',
    'mustNotMatch',
    'keepNewest',
  ],
  large: {
    environments: (length) =>
      asJson({
        ...policyDocument(),
        environments: Array.from({ length: length / 16 }, () => ({ name: 'a' })),
      }),
    'unknown fields': (length) =>
      asJson({
        ...policyDocument(),
        ...Object.fromEntries(Array.from({ length: length / 16 }, (_, at) => [`field${at}`, 1])),
      }),
    'a name': (length) => asJson({ ...policyDocument(), environments: [{ name: 'a-'.repeat(length / 2) }] }),
  },
  check(text) {
    const json = jsonOf(text);
    if (json === undefined) return refused('no JSON');
    const reading = readPolicy(json.value);
    if (!reading.ok) {
      hold(reading.problems.length > 0, 'it is refused without a reason');
      hold(isClean(reading.problems), 'a reason has what should not be in it');
      // The names of environments are told where another is asked for.
      holdBounded(reading, text, 60_000, 100);
      return refused(fieldsIn(reading.problems));
    }
    const { policy: read } = reading;
    hold(read.environments.length > 0 && read.registries.length > 0, 'it protects nothing');
    for (const name of ['team/app', 'v1.2.3', text.slice(0, 300)]) {
      isApprovedRegistry(read, name);
      const known = new Set(read.environments.map((environment) => environment.name));
      hold(
        environmentsOf(read, name).every((environment) => known.has(environment)),
        'a repository has an environment that is none',
      );
      isImmutableTag(read, name, name);
    }
    for (const { retainFor, retainReleases } of read.environments) {
      hold(retainFor >= 3_600_000 && retainReleases >= 1, 'what is approved is kept for nothing');
    }
    const misspelt = readPolicy(withField(json.value, text.length));
    hold(!misspelt.ok, 'a field that nobody knows is taken');
    return accepted(fieldsIn(Object.keys(json.value ?? {}).map((field) => ({ field }))));
  },
};

/** The document with a field that nobody knows in one of its objects. */
function withField(document: unknown, choice: number): unknown {
  const copy: unknown = structuredClone(document);
  const objects: object[] = [];
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if (!Array.isArray(value)) objects.push(value);
    Object.values(value).forEach(look);
  };
  look(copy);
  const at = objects[choice % objects.length];
  if (at !== undefined) Object.assign(at, { retainForr: 'P1D' });
  return copy;
}
