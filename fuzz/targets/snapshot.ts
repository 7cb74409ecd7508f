import fc from 'fast-check';
import { stringify } from 'yaml';
import { readSnapshot, type SnapshotReading } from '../../src/inventory/snapshot.ts';
import { readCompose } from '../../src/inventory/submitted-compose.ts';
import { submissionFormats } from '../../src/inventory/submitted-format.ts';
import { parseReference } from '../../src/registry/reference.ts';
import { fieldsIn, isClean, jsonOf } from '../outside-json.ts';
import { accepted, hold, holdBounded, refused, type Target } from '../target.ts';
import { asJson, maybe, mostly, outsideTexts, references, times } from '../values.ts';

const now = Date.UTC(2026, 4, 3);

/** Variables of Compose, which look like those of templates here. */
function withDollars(text: string): string {
  return text.replaceAll('@', '$');
}

const lists = fc.record({
  complete: mostly(fc.boolean()),
  ttl: maybe(fc.constantFrom('PT1H', 'P1D', 'P1Y')),
  references: fc.array(
    fc.record({
      image: mostly(references),
      workload: mostly(fc.constantFrom('api', 'web')),
      state: maybe(fc.constantFrom('running', 'desired', 'rollback')),
      since: maybe(times),
      owner: maybe(outsideTexts),
    }),
    { maxLength: 3 },
  ),
});
const services = fc.record({
  image: maybe(
    fc.oneof(
      references,
      fc.constantFrom(...['@{IMAGE:-team/app:1}', '@{A-@{B:-c}}', '@@', '@{X}', '@{'].map(withDollars)),
    ),
  ),
  build: maybe(fc.constant('.')),
  extends: maybe(fc.constantFrom('web', { service: 'web' }, { file: 'x.yaml', service: 'web' })),
  labels: maybe(
    fc.oneof(fc.dictionary(fc.constantFrom('owner', 'a'), fc.string()), fc.constant(['owner=team'])),
  ),
  volumes: maybe(fc.constantFrom(['a:b'], [{ type: 'image', source: 'team/data:1', target: '/x' }])),
});
const compose = fc.record({
  name: maybe(outsideTexts),
  services: mostly(
    fc.dictionary(fc.constantFrom('web', 'api', '__proto__', 'a b'), mostly(services), { maxKeys: 3 }),
  ),
  include: maybe(fc.constant(['other.yaml'])),
  'x-a': maybe(fc.constant(1)),
});
const containers = fc.array(
  fc.record({ name: maybe(fc.constantFrom('main', 'side')), image: maybe(references) }),
  { maxLength: 2 },
);
const podSpecs = fc.record({
  containers: mostly(containers),
  initContainers: maybe(containers),
  volumes: maybe(fc.constant([{ name: 'v', image: { reference: 'team/data:1' } }])),
});
const metadata = fc.record({
  name: mostly(fc.constantFrom('web', 'api')),
  namespace: maybe(fc.constantFrom('default', 'team')),
  uid: maybe(fc.constantFrom('u1', 'u2')),
  creationTimestamp: maybe(times),
  ownerReferences: maybe(
    fc.constantFrom(
      [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u1', controller: true }],
      [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'u2', controller: true }],
    ),
  ),
  annotations: maybe(fc.constantFrom({ 'deployment.kubernetes.io/revision': '3' }, { owner: 'team' })),
});
const kinds = fc.constantFrom(
  ...([
    'Pod',
    'Deployment',
    'ReplicaSet',
    'StatefulSet',
    'DaemonSet',
    'Job',
    'CronJob',
    'ControllerRevision',
    'PodTemplate',
    'Rollout',
    'ConfigMap',
  ] as const),
);
const objects = fc
  .record({
    kind: kinds,
    metadata: mostly(metadata),
    spec: podSpecs,
    status: maybe(
      fc.constantFrom(
        {
          phase: 'Running',
          containerStatuses: [
            { name: 'main', imageID: `contoso.azurecr.io/team/app@sha256:${'a'.repeat(64)}` },
          ],
        },
        { phase: 'Succeeded' },
        { conditions: [{ type: 'Complete', status: 'True' }] },
      ),
    ),
  })
  .map(({ kind, metadata: meta, spec, status }) => {
    const template = { spec };
    const inner =
      kind === 'Pod'
        ? { spec }
        : kind === 'CronJob'
          ? { spec: { jobTemplate: { spec: { template } } } }
          : kind === 'ControllerRevision'
            ? { data: { spec: { template } } }
            : kind === 'PodTemplate'
              ? { template }
              : { spec: { template } };
    const group =
      kind === 'Pod' || kind === 'ConfigMap' || kind === 'PodTemplate'
        ? 'v1'
        : kind.endsWith('Job')
          ? 'batch/v1'
          : 'apps/v1';
    return { apiVersion: group, kind, metadata: meta, ...inner, status };
  });
const kubernetes = fc.oneof(
  objects,
  fc.array(objects, { maxLength: 3 }).map((items) => ({ apiVersion: 'v1', kind: 'List', items })),
);
const kustomizations = fc.record({
  apiVersion: fc.constant('kustomize.config.k8s.io/v1beta1'),
  kind: fc.constant('Kustomization'),
  images: mostly(
    fc.array(
      fc.record({
        name: mostly(references),
        newName: maybe(references),
        newTag: maybe(fc.constantFrom('1.4.2', 7)),
        digest: maybe(fc.constant(`sha256:${'b'.repeat(64)}`)),
      }),
      { maxLength: 3 },
    ),
  ),
  resources: maybe(fc.constant(['a.yaml'])),
});
const values = fc.record({
  image: mostly(
    fc.oneof(
      references,
      fc.record({
        registry: maybe(fc.constant('contoso.azurecr.io')),
        repository: maybe(fc.constant('team/app')),
        tag: maybe(fc.constantFrom('1', 1.5)),
      }),
    ),
  ),
  sidecar: maybe(fc.record({ image: references })),
});
const documents = fc.oneof(lists, compose, kubernetes, kustomizations, values);

/** Snapshots and files of GitOps: Kubernetes, Compose, kustomize, Helm values and lists, as JSON, YAML or lines. */
export const snapshot: Target = {
  name: 'snapshot',
  form: 'text',
  property:
    'every claim has a reference for an image and clean names, what is complete has no problem, and what is not understood is told; a document says the same as JSON and as YAML',
  made: fc.oneof(
    { weight: 4, arbitrary: documents.map(asJson) },
    { weight: 3, arbitrary: documents.map((document) => stringify(JSON.parse(asJson(document)))) },
    {
      weight: 1,
      arbitrary: fc
        .array(documents, { maxLength: 3 })
        .map((some) => some.map((one) => stringify(JSON.parse(asJson(one)))).join('---\n')),
    },
    { weight: 1, arbitrary: fc.array(references, { maxLength: 4 }).map((some) => some.join('\n')) },
  ),
  words: [
    'services:',
    '  image: ',
    'kind: Pod',
    'apiVersion: v1',
    '<<: *a',
    '&a ',
    '*a',
    '!!binary ',
    '!!set',
    '!<tag:yaml.org,2002:str> ',
    '? ',
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    '%TAG ! a\n',
    '- ',
    '|\n',
    '>-\n',
    '{',
    '[',
    '\t',
    '# ',
    '"\\x00"',
    withDollars('@{IMAGE:-team/app}'),
    '${',
    'items',
    'references',
    'complete',
    'true',
    'images',
    'newTag',
    'image',
  ],
  large: {
    brackets: (length) => '['.repeat(length),
    'a mapping in a mapping': (length) =>
      Array.from({ length: Math.floor(Math.sqrt(length)) }, (_, at) => `${' '.repeat(at)}a:`).join('\n'),
    'aliases of aliases': (length) =>
      `a0: &a0 [x]\n${Array.from({ length: length / 40 }, (_, at) => `a${at + 1}: &a${at + 1} [*a${at},*a${at},*a${at}]`).join('\n')}`,
    'merge keys': (length) =>
      `a: &a {${Array.from({ length: length / 32 }, (_, at) => `k${at}: 1`).join(', ')}}\n${'b: {<<: *a}\n'.repeat(1)}`,
    keys: (length) => Array.from({ length: length / 16 }, (_, at) => `key${at}: ${at}`).join('\n'),
    'errors in YAML': (length) => 'a: b: c\n'.repeat(length / 8),
    services: (length) =>
      asJson({
        services: Object.fromEntries(
          Array.from({ length: length / 40 }, (_, at) => [`s${at}`, { image: 'team/app:1' }]),
        ),
      }),
    'pods with an error each': (length) =>
      asJson({
        apiVersion: 'v1',
        kind: 'List',
        items: Array.from({ length: length / 64 }, () => ({ apiVersion: 'v1', kind: 'Pod', spec: {} })),
      }),
    'lines that are no references': (length) => '!\n'.repeat(length / 2),
    defaults: (length) => `services:\n  a:\n    image: ${withDollars('@{A:-').repeat(length / 5)}`,
  },
  check(text) {
    const types =
      text.startsWith('{') || text.startsWith('[')
        ? ['application/json', 'application/yaml']
        : ['application/yaml', 'text/plain'];
    const format = submissionFormats[text.length % (submissionFormats.length + 4)];
    const sent = { text, now, ownerLabel: 'owner', ...(format === undefined ? {} : { format }) };
    const readings = types.map((contentType) => readSnapshot({ ...sent, contentType }));
    const kind = readings.map((reading) => kindOf(reading, text)).join(' ');
    for (const { image } of readCompose(text).images)
      hold(parseReference(image).ok, 'an image of Compose is no reference');
    holdSameAsYaml(text);
    return readings.some(({ outcome }) => outcome === 'read') ? accepted(kind) : refused(kind);
  },
};

function kindOf(reading: SnapshotReading, text: string): string {
  // A problem is told with its place, which may be long.
  holdBounded(reading, text, 1_200_000, 60);
  if (reading.outcome === 'unsupported') return 'unsupported';
  if (reading.outcome === 'unreadable') {
    hold(reading.problems.length > 0, 'it is refused without a reason');
    hold(isClean(reading.problems), 'a problem has what should not be in it');
    return fieldsIn(reading.problems);
  }
  const { claims, problems } = reading.reading;
  hold(!reading.complete || problems.length === 0, 'it is complete, and has problems');
  hold(isClean(problems), 'a problem has what should not be in it');
  for (const claim of claims) {
    hold(isClean(claim.workload), 'a workload has what should not be in its name');
  }
  const told = problems
    .slice(0, 2)
    .map(({ where, problem }) => `${where.replace(/[^ .]*$/, '')} ${problem.slice(0, 20)}`);
  return `${Math.min(claims.length, 3)} ${reading.complete} ${[...new Set(claims.map(({ workload }) => workload.kind))].slice(0, 3).join()} ${told.join()}`;
}

/** A JSON document, written as YAML by the library, is read as the same claims. */
function holdSameAsYaml(text: string): void {
  if (text.length > 2_048 || !isClean(text) || text.includes('__proto__') || text.includes('<<')) return;
  const json = jsonOf(text);
  if (typeof json?.value !== 'object' || json.value === null || depthOf(json.value) > 50) return;
  // What JSON can write again: a number beyond all numbers is read as infinite, and written as null.
  const written = JSON.stringify(json.value);
  const value: unknown = JSON.parse(written);
  const [one, other] = [written, stringify(value, { aliasDuplicateObjects: false })].map((body) =>
    readSnapshot({ text: body, contentType: 'application/yaml', now }),
  );
  if (one?.outcome !== 'read' || other?.outcome !== 'read') {
    hold(one?.outcome === other?.outcome, 'JSON and YAML of one document are not both read');
    return;
  }
  hold(
    JSON.stringify(one.reading.claims) === JSON.stringify(other.reading.claims),
    'JSON and YAML of one document claim different images',
  );
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}
