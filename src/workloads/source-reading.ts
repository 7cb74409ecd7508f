import { parseDuration } from '../protection/duration.ts';
import { environmentForm } from '../protection/policy-reading.ts';
import { durationBetween, oneOf, type StrictFields, strictFieldsOf } from '../protection/strict-fields.ts';
import type { FieldProblem } from '../registry/field-problem.ts';
import { noFindings } from '../registry/findings.ts';
import { type Form, freeText, textThat } from '../registry/form.ts';
import { present } from '../registry/present.ts';
import type { NamespaceRule, Source, SourceAccess } from './source.ts';

/** The sources of an inventory file, or every problem that keeps the document from being one. */
export type SourcesReading =
  | { readonly ok: true; readonly sources: readonly Source[] }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] };

const types = ['kubernetes', 'azure', 'submitted'] as const;

/** For how long what a source said holds, where its settings say nothing: a submitted one is told by people's pipelines. */
const defaultFreshness = { kubernetes: 'PT30M', azure: 'PT1H', submitted: 'P1D' } as const;

const sourceFields = ['name', 'type', 'freshness', 'environment', 'environments', 'ownerLabel'];
const fieldsOfType = {
  kubernetes: ['cluster', 'kubeconfig', 'context'],
  azure: ['subscriptions', 'managementGroups'],
  submitted: [],
} as const;

/** A source's name: part of paths and keys. */
const sourceNameForm = textThat(
  'a name: 1 to 63 lower-case letters, digits and "-", such as "aks-prod"',
  (text) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text),
);
const freshnessForm = durationBetween('PT5M', 'P30D');
const textForm = freeText(1_024);
const clusterForm = textThat(
  'the resource id of an AKS cluster: /subscriptions/…/providers/Microsoft.ContainerService/managedClusters/…',
  (text) =>
    /^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+\/providers\/microsoft\.containerservice\/managedclusters\/[^/]+$/i.test(
      text,
    ),
);
const subscriptionForm = textThat('the id of a subscription: 32 hexadecimal digits with hyphens', (text) =>
  /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text),
);
const groupForm = textThat('the name of a management group', (text) => /^[\w().-]{1,90}$/.test(text));
const versionForm: Form<1> = { expected: '1', read: (value) => (value === 1 ? value : undefined) };

/**
 * Reads an inventory file: `{version: 1, sources: […]}` as docs/inventory.md describes it. Fields that are not known are
 * problems: a misspelt one would leave a cluster unread. Never throws.
 */
export function readSources(json: unknown): SourcesReading {
  const findings = noFindings();
  const fields = strictFieldsOf(json, '', findings, ['$schema', 'version', 'sources']);
  fields.required('version', versionForm);
  const all = [...sourceFields, ...Object.values(fieldsOfType).flat()];
  const sources = fields
    .objects('sources', all, { min: 0, max: 200 })
    .flatMap((source) => readSource(source) ?? []);
  const names = sources.map(({ name }) => name);
  for (const name of new Set(names.filter((one, index) => names.indexOf(one) !== index))) {
    findings.problem('sources', `has two of the name ${name}: give each its own`);
  }
  return findings.problems.length > 0 ? { ok: false, problems: findings.problems } : { ok: true, sources };
}

function readSource(fields: StrictFields): Source | undefined {
  const name = fields.required('name', sourceNameForm);
  const type = fields.required('type', oneOf(types));
  if (type === undefined) return undefined;
  for (const [other, names] of Object.entries(fieldsOfType)) {
    for (const field of names) {
      if (other !== type && fields.optional(field, anything) !== undefined) {
        fields.problem(field, `is of a source of type ${other}, and this one is of type ${type}`);
      }
    }
  }
  const access = readAccess(type, fields);
  const freshness = fields.optional('freshness', freshnessForm) ?? parseDuration(defaultFreshness[type]);
  const rules = fields
    .objects('environments', ['namespaces', 'environment', 'owner'], { min: 0, max: 200 })
    .flatMap((rule) => readRule(rule) ?? []);
  const environment = fields.optional('environment', environmentForm);
  const ownerLabel = fields.optional('ownerLabel', textForm);
  return name === undefined || access === undefined || freshness === undefined
    ? undefined
    : { name, access, freshness, rules, ...present({ environment, ownerLabel }) };
}

const anything: Form<true> = { expected: 'anything', read: () => true };

/** Whether a field is there: one that cannot be read is told already, and is not missing. */
const isSent =
  (fields: StrictFields) =>
  (field: string): boolean =>
    fields.optional(field, anything) !== undefined;

function readAccess(type: (typeof types)[number], fields: StrictFields): SourceAccess | undefined {
  switch (type) {
    case 'submitted':
      return { type };
    case 'azure': {
      const subscriptions = fields.list('subscriptions', subscriptionForm, {
        min: 1,
        max: 1_000,
        optional: true,
      });
      const managementGroups = fields.list('managementGroups', groupForm, {
        min: 1,
        max: 10,
        optional: true,
      });
      if (!fieldsOfType.azure.some(isSent(fields))) {
        fields.problem('subscriptions', 'is missing: name the subscriptions whose workloads are read');
      }
      return { type, subscriptions: subscriptions.map((id) => id.toLowerCase()), managementGroups };
    }
    case 'kubernetes': {
      const cluster = fields.optional('cluster', clusterForm);
      const file = fields.optional('kubeconfig', textForm);
      const context = fields.optional('context', textForm);
      const sent = ['cluster', 'kubeconfig'].filter(isSent(fields));
      if (sent.length !== 1) {
        fields.problem(
          'cluster',
          'or kubeconfig has to be there, and not both: one way to reach the cluster',
        );
        return undefined;
      }
      if (cluster !== undefined) {
        if (context !== undefined)
          fields.problem('context', 'is of a kubeconfig, and this one names a cluster');
        return { type: 'aks', cluster };
      }
      return file === undefined ? undefined : { type: 'kubeconfig', file, ...present({ context }) };
    }
  }
}

function readRule(fields: StrictFields): NamespaceRule | undefined {
  const namespaces = fields.pattern('namespaces');
  const environment = fields.optional('environment', environmentForm);
  const owner = fields.optional('owner', freeText(253));
  return namespaces && { namespaces, ...present({ environment, owner }) };
}
