import type { Privacy } from '../ledger/pseudonym.ts';
import type { FieldProblem } from '../registry/field-problem.ts';
import { type Findings, noFindings } from '../registry/findings.ts';
import { type Form, textThat } from '../registry/form.ts';
import { readRetention, retentionFields } from '../retention/rule-reading.ts';
import { parseDuration } from './duration.ts';
import type { Approvers, Environment, Policy, PushRule, RepositoryRule } from './policy.ts';
import { durationBetween, type StrictFields, strictFieldsOf, truth, wholeNumber } from './strict-fields.ts';
import { readTagRule, tagRuleFields } from './tag-rule-reading.ts';

/** A policy, or every problem that keeps the document from being one. */
export type PolicyReading =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] };

/** For how long what was approved may be kept: long enough to be noticed, short enough to be counted in. */
export const retainForForm = durationBetween('PT1H', 'P3650D');
/** How many good releases may be kept. */
export const retainReleasesForm = wholeNumber(1, 100);
/** After how long silence may be taken for success. */
export const monitoringWindowForm = durationBetween('PT0S', 'P30D');
/** An environment's name. */
export const environmentForm = textThat(
  'an environment: 1 to 63 lower-case letters, digits and "-", such as "production"',
  (text) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text),
);

const defaults = {
  retainFor: parseDuration('P60D') ?? 0,
  retainReleases: 4,
  monitoringWindow: parseDuration('P1D') ?? 0,
};
const ruleCount = { min: 0, max: 200 };
const approverCount = { min: 1, max: 200, optional: true };
const environmentFields = [
  'name',
  'retainFor',
  'retainReleases',
  'lockTag',
  'monitoringWindow',
  'approvers',
] as const;

/**
 * Reads a policy document of `docs/policy.schema.json`, described in `docs/policy.md`. Fields that are not known are
 * problems too: a misspelt one would protect nothing. Never throws.
 */
export function readPolicy(json: unknown): PolicyReading {
  const findings = noFindings();
  const known = [
    '$schema',
    'version',
    'registries',
    'environments',
    'repositories',
    'immutableTags',
    'protectAtPush',
    'retention',
    'privacy',
  ];
  const fields = strictFieldsOf(json, '', findings, known);
  fields.optional('$schema', anyText);
  fields.required('version', versionForm);
  const environments = readEnvironments(fields);
  const names = namesOf(environments, findings);
  const retentionSection = fields.optionalObject('retention', retentionFields);
  const retention = retentionSection && readRetention(retentionSection);
  const privacy = readPrivacy(fields);
  const policy = {
    registries: fields.patterns('registries', { min: 1, max: 100 }),
    environments,
    repositories: readRepositories(fields, names),
    immutableTags: fields
      .objects('immutableTags', tagRuleFields, ruleCount)
      .flatMap((rule) => readTagRule(rule) ?? []),
    protectAtPush: readPushRules(fields, names),
    ...(retention === undefined ? {} : { retention }),
    ...(privacy === undefined ? {} : { privacy }),
  };
  return findings.problems.length > 0 ? { ok: false, problems: findings.problems } : { ok: true, policy };
}

const versionForm: Form<1> = { expected: '1', read: (value) => (value === 1 ? value : undefined) };
const anyText = textThat('text', () => true);

function readEnvironments(fields: StrictFields): readonly Environment[] {
  return fields.objects('environments', environmentFields, { min: 1, max: 50 }).map((environment) => ({
    // A name that could not be read keeps its place, so that problems elsewhere name the right index.
    name: environment.required('name', environmentForm) ?? '',
    retainFor: environment.optional('retainFor', retainForForm) ?? defaults.retainFor,
    retainReleases: environment.optional('retainReleases', retainReleasesForm) ?? defaults.retainReleases,
    lockTag: environment.optional('lockTag', truth) ?? false,
    monitoringWindow:
      environment.optional('monitoringWindow', monitoringWindowForm) ?? defaults.monitoringWindow,
    approvers: readApprovers(environment),
  }));
}

function readApprovers(environment: StrictFields): Approvers {
  const approvers = environment.optionalObject('approvers', ['principals', 'roles', 'distinctFromPusher']);
  return {
    principals: approvers?.patterns('principals', approverCount) ?? [],
    roles: approvers?.patterns('roles', approverCount) ?? [],
    distinctFromPusher: approvers?.optional('distinctFromPusher', truth) ?? false,
  };
}

function readPrivacy(fields: StrictFields): Privacy | undefined {
  const section = fields.optionalObject('privacy', ['hashAddresses', 'hashActors']);
  return (
    section && {
      hashAddresses: section.optional('hashAddresses', truth) ?? false,
      hashActors: section.optional('hashActors', truth) ?? false,
    }
  );
}

function readRepositories(fields: StrictFields, names: readonly string[]): readonly RepositoryRule[] {
  return fields
    .objects('repositories', ['repositories', 'environments'], { min: 1, max: ruleCount.max })
    .flatMap((rule): readonly RepositoryRule[] => {
      const repositories = rule.pattern('repositories');
      const environments = rule
        .list('environments', environmentForm, { min: 1, max: 50 })
        .filter((name) => knownEnvironment(rule, 'environments', name, names));
      return repositories === undefined ? [] : [{ repositories, environments }];
    });
}

function readPushRules(fields: StrictFields, names: readonly string[]): readonly PushRule[] {
  return fields
    .objects('protectAtPush', [...tagRuleFields, 'environment'], ruleCount)
    .flatMap((rule): readonly PushRule[] => {
      const tagRule = readTagRule(rule);
      const environment = rule.required('environment', environmentForm);
      if (environment === undefined || !knownEnvironment(rule, 'environment', environment, names)) return [];
      return tagRule === undefined ? [] : [{ ...tagRule, environment }];
    });
}

/** The names of environments; told twice, a name would have two windows. */
function namesOf(environments: readonly Environment[], findings: Findings): readonly string[] {
  const names = environments.map(({ name }) => name);
  names.forEach((name, index) => {
    if (name !== '' && names.indexOf(name) < index) {
      findings.problem(
        `environments.${index}.name`,
        `is "${name}" again: give each environment its own name`,
      );
    }
  });
  return names;
}

/** An environment elsewhere is one of those, where they could all be read. */
function knownEnvironment(
  rule: StrictFields,
  field: string,
  name: string,
  names: readonly string[],
): boolean {
  if (names.length === 0 || names.includes('') || names.includes(name)) return true;
  rule.problem(field, `names "${name}": expected an environment of this policy, one of ${names.join(', ')}`);
  return false;
}
