import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readKubernetesObjects } from '../../../src/inventory/kubernetes-objects.ts';
import { reduced } from '../../../src/inventory/kubernetes-reduction.ts';
import { deployment, meta, pod, podSpec, replicaSet } from './kubernetes-samples.ts';

const now = Date.UTC(2026, 10, 1);

function read(...objects: readonly unknown[]) {
  return readKubernetesObjects(objects, { now });
}

function withoutType({ kind: _, apiVersion: __, ...object }: { kind: string; apiVersion: string }) {
  return object;
}

function listOf(kind: string, items: unknown, metadata: object = {}) {
  return { kind, apiVersion: 'v1', metadata: { resourceVersion: '1', ...metadata }, items };
}

describe('a list', () => {
  it('when its items say no kind, they have that of the list', () => {
    const { claims, problems } = read(
      listOf('PodList', [withoutType(pod('a', {})), withoutType(pod('b', {}))]),
    );
    expect(problems).toEqual([]);
    expect(claims.map(({ workload }) => `${workload.kind} ${workload.name}`)).toEqual(['Pod a', 'Pod b']);
  });

  it('when it mixes kinds and holds lists, all are read', () => {
    const inner = listOf('PodList', [withoutType(pod('a', {}))]);
    expect(read(listOf('List', [deployment('web', {}), inner])).claims).toHaveLength(2);
  });

  it('when there is more of it, it is half-read', () => {
    const { claims, problems } = read(listOf('PodList', [withoutType(pod('a', {}))], { continue: 'abc' }));
    expect(claims).toHaveLength(1);
    expect(problems).toEqual([{ where: 'PodList', problem: expect.stringContaining('half-read') }]);
  });

  it.each([[[]], [null]])('when its items are %j, there are none', (items) => {
    expect(read(listOf('PodList', items))).toEqual({ claims: [], problems: [] });
  });

  it('when its items are no array, it is a problem', () => {
    expect(read(listOf('PodList', { a: 1 })).problems).toHaveLength(1);
  });

  it('when lists are nested without end, it is a problem', () => {
    let nested: unknown = listOf('List', [pod('a', {})]);
    for (let depth = 0; depth < 50_000; depth += 1) nested = listOf('List', [nested]);
    expect(read(nested)).toEqual({
      claims: [],
      problems: [expect.objectContaining({ where: expect.any(String) })],
    });
  });
});

describe('what is no object', () => {
  it('when it separates YAML documents, it is passed over', () => {
    expect(read(null, undefined)).toEqual({ claims: [], problems: [] });
  });

  it.each([[42], ['text'], [[pod('a', {})]], [{}], [{ kind: 7 }]])(
    'when it is %j, it is a problem',
    (object) => {
      const { claims, problems } = read(object);
      expect(claims).toEqual([]);
      expect(problems).toHaveLength(1);
    },
  );

  it.each(['Status', 'Table', 'PartialObjectMetadataList'])(
    'when it is a %s, it is not taken for a cluster without images',
    (kind) => {
      const { problems } = read({ kind, apiVersion: 'v1', message: 'pods is forbidden' });
      expect(problems).toEqual([
        {
          where: 'the objects 0',
          problem: `is a ${kind} that says "pods is forbidden": expected whole objects`,
        },
      ]);
    },
  );
});

describe('a malformed object', () => {
  it.each([
    [{ containers: [{ name: 'app', image: 7 }] }, 'spec.containers.0.image is 7'],
    [{ containers: [{ name: 'app' }] }, 'spec.containers.0.image is missing'],
    [{ containers: [{ name: 'app', image: 'x'.repeat(1_025) }] }, 'spec.containers.0.image is "xxx'],
    [{ containers: 'app' }, 'spec.containers is "app": expected an array'],
    [{ containers: ['app'] }, 'spec.containers.0 is "app": expected an object'],
    [{ containers: [{ name: {}, image: 'a' }] }, 'spec.containers.0.name is an object'],
    [{ initContainers: 1, containers: [] }, 'spec.initContainers is 1'],
    [{}, 'spec.containers is missing'],
    [null, 'spec is missing'],
    [[], 'spec is an array'],
  ])('when a pod has the spec %j, the problem names it and the field', (spec, problem) => {
    const { problems } = read({ ...pod('bad', {}), spec });
    expect(problems).toEqual([{ where: 'Pod shop/bad', problem: expect.stringContaining(problem) }]);
  });

  it.each([
    [{ ...deployment('web', {}), spec: {} }, 'spec.template.spec is missing'],
    [{ ...deployment('web', {}), spec: { template: 'x' } }, 'spec.template is "x"'],
    [{ ...pod('x', {}), status: { containerStatuses: {} } }, 'status.containerStatuses is an object'],
    [
      { ...pod('x', {}), metadata: meta('x', { creationTimestamp: 'today' }) },
      'metadata.creationTimestamp is "today"',
    ],
    [{ ...pod('x', {}), metadata: meta('x', { ownerReferences: 'me' }) }, 'metadata.ownerReferences is "me"'],
    [{ ...pod('x', {}), metadata: meta('x', { labels: { owner: 7 } }) }, 'metadata.labels.owner is 7'],
    [{ kind: 'CronJob', metadata: meta('x'), spec: {} }, 'spec.jobTemplate.spec.template.spec is missing'],
    [{ kind: 'Pod', spec: podSpec() }, 'metadata is missing'],
    [{ kind: 'Pod', metadata: {}, spec: podSpec() }, 'metadata.name is missing'],
  ])('when it is %j, the problem names the field', (object, problem) => {
    expect(read(object).problems.map((found) => found.problem)).toContainEqual(
      expect.stringContaining(problem),
    );
  });

  it('when one container cannot be read, the others still claim their images', () => {
    const spec = {
      containers: [
        { name: 'a', image: {} },
        { name: 'b', image: 'contoso.azurecr.io/b' },
      ],
    };
    expect(read({ ...pod('x', {}), spec }).claims).toEqual([
      expect.objectContaining({ image: 'contoso.azurecr.io/b' }),
    ]);
  });

  it('when it has no name, it still claims its images', () => {
    expect(read({ kind: 'Pod', metadata: {}, spec: podSpec() }).claims).toHaveLength(1);
  });

  it('when its name is to be generated, goes by the beginning of it', () => {
    const metadata = { generateName: 'load-' };
    expect(read({ kind: 'Pod', metadata, spec: podSpec() })).toEqual({
      problems: [],
      claims: [expect.objectContaining({ workload: expect.objectContaining({ name: 'load-' }) })],
    });
  });

  it('when its texts are long or would forge lines, they are bounded and cleaned', () => {
    const [claim] = read({
      ...pod('x', {}),
      metadata: meta(`a\nb${'x'.repeat(1_000)}`),
    }).claims;
    expect(claim?.workload.name).toMatch(/^a\uFFFDbx{250}$/);
  });

  it('when there are very many, the problems are bounded and say how many there were', () => {
    const many = Array.from({ length: 2_000 }, (_, index) => ({ ...pod(`p${index}`, {}), spec: 1 }));
    const { problems } = read(...many);
    expect(problems).toHaveLength(501);
    expect(problems.at(-1)?.problem).toBe('have 1500 more problems');
  });
});

describe('any JSON', () => {
  const kind = fc.constantFrom(
    'Pod',
    'Deployment',
    'ReplicaSet',
    'StatefulSet',
    'DaemonSet',
    'ControllerRevision',
    'Job',
    'CronJob',
    'PodTemplate',
    'List',
    'PodList',
    'Rollout',
  );
  const name = fc.constantFrom('a', 'b');
  const reference = fc.record({ kind, name, controller: fc.constantFrom(true, false, 'yes') });
  const spec = fc.record(
    {
      containers: fc.oneof(fc.jsonValue(), fc.array(fc.record({ name, image: fc.jsonValue() }))),
      initContainers: fc.jsonValue(),
      volumes: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  const template = fc.oneof(fc.jsonValue(), fc.record({ metadata: fc.jsonValue(), spec }));
  const object: fc.Arbitrary<unknown> = fc.oneof(
    fc.jsonValue(),
    fc.record(
      {
        kind,
        metadata: fc.oneof(
          fc.jsonValue(),
          fc.record(
            {
              name,
              ownerReferences: fc.array(reference),
              labels: fc.jsonValue(),
              creationTimestamp: fc.jsonValue(),
            },
            { requiredKeys: ['name'] },
          ),
        ),
        spec: fc.oneof(
          spec,
          fc.record({ template, jobTemplate: fc.record({ spec: fc.record({ template }) }) }),
        ),
        status: fc.oneof(
          fc.jsonValue(),
          fc.record({ containerStatuses: fc.jsonValue(), conditions: fc.jsonValue() }),
        ),
        data: fc.oneof(fc.jsonValue(), fc.record({ spec: fc.record({ template }) })),
        items: fc.jsonValue(),
        revision: fc.jsonValue(),
      },
      { requiredKeys: ['kind'] },
    ),
  );

  it('when it is read, nothing is thrown and what is told is bounded', () => {
    fc.assert(
      fc.property(fc.array(object), (objects) => {
        const { claims, problems } = read(...objects);
        for (const { where, problem } of problems) {
          expect(where.length).toBeLessThan(700);
          expect(problem.length).toBeLessThan(500);
        }
        for (const { image, workload } of claims) {
          expect(image.length).toBeLessThanOrEqual(1_024);
          expect(workload.name.length).toBeLessThanOrEqual(253);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('when what no claim needs is left out of it, tells the same', () => {
    fc.assert(
      fc.property(fc.array(object), (objects) => {
        expect(read(...objects.map(reduced))).toEqual(read(...objects));
      }),
      { numRuns: 500 },
    );
  });

  const image = fc.stringMatching(/^[a-z]{1,9}\.azurecr\.io\/[a-z]{1,9}:[0-9]{1,3}$/);
  const containers = fc
    .array(image, { minLength: 1, maxLength: 3 })
    .map((images) => images.map((text, index) => ({ name: `c${index}`, image: text })));

  it('when running pods are among it, every image of theirs is claimed', () => {
    fc.assert(
      fc.property(fc.array(object), fc.array(fc.tuple(containers, containers)), (noise, specs) => {
        const pods = specs.map(([some, others], index) => ({
          ...pod(`p${index}`, { owner: replicaSet('a', {}) }),
          spec: { containers: some, initContainers: others },
        }));
        const claimed = read(...noise, ...pods).claims.filter(({ state }) => state === 'running');
        const images = new Set(claimed.map((claim) => claim.image));
        for (const container of specs.flat(2)) expect(images).toContain(container.image);
      }),
    );
  });
});
