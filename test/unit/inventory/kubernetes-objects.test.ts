import { describe, expect, it } from '@jest/globals';
import { readKubernetesObjects } from '../../../src/inventory/kubernetes-objects.ts';
import type { ReportedClaim } from '../../../src/workloads/claim.ts';
import {
  controlledBy,
  createdAt,
  cronJob,
  daemonSet,
  deployment,
  job,
  meta,
  pod,
  podSpec,
  replicaSet,
  revision,
  statefulSet,
} from './kubernetes-samples.ts';

const now = Date.UTC(2026, 10, 1);

function read(...objects: readonly unknown[]) {
  return readKubernetesObjects(objects, { now });
}

/** The claims, when all could be read. */
function claimsOf(...objects: readonly unknown[]): readonly ReportedClaim[] {
  const { claims, problems } = read(...objects);
  expect(problems).toEqual([]);
  return claims;
}

/** `state kind/name/container image`, as one line. */
function told(...objects: readonly unknown[]): readonly string[] {
  return claimsOf(...objects).map(
    ({ state, workload: { kind, name, container }, image }) =>
      `${state} ${kind}/${name}/${container} ${image}`,
  );
}

const digestA = `sha256:${'a'.repeat(64)}`;
const digestB = `sha256:${'b'.repeat(64)}`;

describe('the workload of a pod', () => {
  it('when a ReplicaSet of a Deployment controls it, is the Deployment', () => {
    const web = deployment('web', { revision: '1' });
    const one = replicaSet('web-1', { revision: '1', owner: web });
    expect(told(web, one, pod('web-1-x', { owner: one }))).toEqual([
      'desired Deployment/web/app contoso.azurecr.io/app:1',
      'running Deployment/web/app contoso.azurecr.io/app:1',
    ]);
  });

  it('when a Job of a CronJob controls it, is the CronJob', () => {
    const nightly = cronJob('nightly');
    const run = job('nightly-1', { owner: nightly });
    expect(told(pod('nightly-1-x', { owner: run }), run, nightly)).toEqual([
      'running CronJob/nightly/app contoso.azurecr.io/app:1',
      'desired CronJob/nightly/app contoso.azurecr.io/app:1',
    ]);
  });

  it.each([
    ['StatefulSet', statefulSet('db')],
    ['DaemonSet', daemonSet('db')],
  ])('when a %s controls it, is that', (kind, owner) => {
    expect(told(pod('db-0', { owner }), owner)).toEqual([
      `running ${kind}/db/app contoso.azurecr.io/app:1`,
      `desired ${kind}/db/app contoso.azurecr.io/app:1`,
    ]);
  });

  it('when its controller is not among the objects, is what its owner reference names', () => {
    const gone = replicaSet('web-1', {});
    expect(told(pod('web-1-x', { owner: gone }))).toEqual([
      'running ReplicaSet/web-1/app contoso.azurecr.io/app:1',
    ]);
  });

  it('when its controller was made anew under the same name, is not of what controls the new one', () => {
    const one = replicaSet('web-1', {});
    const anew = replicaSet('web-1', { owner: deployment('web', {}), metadata: { uid: 'another' } });
    expect(told(anew, pod('web-1-x', { owner: one }))).toContain(
      'running ReplicaSet/web-1/app contoso.azurecr.io/app:1',
    );
  });

  it('when an owner is no controller, is the pod', () => {
    const { ownerReferences } = controlledBy(replicaSet('web', {}));
    const metadata = meta('bare', {
      ownerReferences: ownerReferences.map((reference) => ({ ...reference, controller: false })),
    });
    expect(told({ ...pod('bare', {}), metadata })).toEqual(['running Pod/bare/app contoso.azurecr.io/app:1']);
  });

  it('when its owner is a node, as of a static pod, is the pod', () => {
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1', uid: 'node-1' } };
    expect(told(pod('proxy-node-1', { owner: node }))).toEqual([
      'running Pod/proxy-node-1/app contoso.azurecr.io/app:1',
    ]);
  });

  it('when objects own each other in a circle, is one of them', () => {
    const [a, b] = [replicaSet('a', {}), replicaSet('b', {})];
    const circle = [
      { ...a, metadata: { ...a.metadata, ...controlledBy(b) } },
      { ...b, metadata: { ...b.metadata, ...controlledBy(a) } },
    ];
    expect(told(...circle, pod('x', { owner: a }))).toContainEqual(
      expect.stringMatching(/^running ReplicaSet\/[ab]\/app contoso/),
    );
  });

  it('when a custom controller owns its ReplicaSet, is what that controls by', () => {
    const rollout = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata: meta('shop') };
    const one = replicaSet('shop-1', { owner: rollout });
    expect(told(rollout, one, pod('shop-1-x', { owner: one }))).toEqual([
      'desired Rollout/shop/app contoso.azurecr.io/app:1',
      'running Rollout/shop/app contoso.azurecr.io/app:1',
    ]);
  });
});

describe('a pod', () => {
  it('when it runs, claims what each kind of container and image volume needs', () => {
    const modelImage = `contoso.azurecr.io/model@${digestB}`;
    const spec = {
      initContainers: [{ name: 'migrate', image: 'contoso.azurecr.io/migrate:1' }],
      containers: [{ name: 'app', image: 'contoso.azurecr.io/app:1' }],
      ephemeralContainers: [{ name: 'debug', image: 'busybox' }],
      volumes: [
        { name: 'model', image: { reference: 'contoso.azurecr.io/model:1', pullPolicy: 'IfNotPresent' } },
        { name: 'scratch', emptyDir: {} },
      ],
    };
    const status = {
      phase: 'Running',
      initContainerStatuses: [
        { name: 'migrate', imageID: `contoso.azurecr.io/migrate@${digestA}`, state: { terminated: {} } },
      ],
      containerStatuses: [
        {
          name: 'app',
          imageID: `docker-pullable://contoso.azurecr.io/app@${digestA}`,
          volumeMounts: [
            { name: 'scratch', mountPath: '/tmp' },
            { name: 'model', mountPath: '/model', volumeStatus: { image: { imageRef: modelImage } } },
          ],
        },
      ],
      ephemeralContainerStatuses: [{ name: 'debug', imageID: digestB }],
    };
    const { claims } = read({ ...pod('app', {}), spec, status });
    expect(claims.map(({ workload, image, pulled }) => [workload.container, image, pulled])).toEqual([
      ['migrate', 'contoso.azurecr.io/migrate:1', `contoso.azurecr.io/migrate@${digestA}`],
      ['app', 'contoso.azurecr.io/app:1', `docker-pullable://contoso.azurecr.io/app@${digestA}`],
      ['debug', 'busybox', digestB],
      ['volume:model', 'contoso.azurecr.io/model:1', modelImage],
    ]);
  });

  it('when it runs, has run since it was created', () => {
    expect(claimsOf(pod('app', {}))).toEqual([
      {
        workload: { kind: 'Pod', name: 'app', namespace: 'shop', container: 'app' },
        state: 'running',
        image: 'contoso.azurecr.io/app:1',
        since: createdAt,
      },
    ]);
  });

  it.each(['Succeeded', 'Failed'])('when it has %s, claims nothing', (phase) => {
    expect(claimsOf({ ...pod('app', {}), status: { phase } })).toEqual([]);
  });

  it.each(['Pending', 'Running', 'Unknown', undefined])(
    'when its phase is %s, claims its images',
    (phase) => {
      expect(claimsOf({ ...pod('app', {}), status: { phase } })).toHaveLength(1);
    },
  );

  it('when nothing was pulled yet, claims no digest', () => {
    const status = { phase: 'Pending', containerStatuses: [{ name: 'app', imageID: '' }] };
    expect(claimsOf({ ...pod('app', {}), status })[0]).not.toHaveProperty('pulled');
  });

  it('when others of the workload run the same, they are one claim since the first', () => {
    const owner = replicaSet('web', {});
    const later = pod('b', { owner, pulled: digestA, created: '2026-06-01T00:00:00Z' });
    const claims = claimsOf(later, pod('a', { owner, pulled: digestA })).filter(
      ({ state }) => state === 'running',
    );
    expect(claims).toEqual([expect.objectContaining({ since: createdAt })]);
  });

  it('when others of the workload run another digest of the tag, each is a claim', () => {
    const owner = replicaSet('web', {});
    const claims = claimsOf(
      pod('a', { owner, pulled: digestA }),
      pod('b', { owner, pulled: digestB }),
      pod('c', { owner }),
    );
    expect(claims.map(({ pulled }) => pulled)).toEqual([
      `contoso.azurecr.io/app@${digestA}`,
      `contoso.azurecr.io/app@${digestB}`,
      undefined,
    ]);
  });
});

describe('a Deployment', () => {
  it('when its ReplicaSets are there, wants the current one and keeps the others to go back to', () => {
    const web = deployment('web', { revision: '12', image: 'contoso.azurecr.io/app:12', replicas: 0 });
    const old = replicaSet('web-a', { revision: '9', owner: web, image: 'contoso.azurecr.io/app:9' });
    const current = replicaSet('web-b', {
      revision: '12',
      owner: web,
      image: 'contoso.azurecr.io/app:12',
      created: '2026-05-05T00:00:00Z',
    });
    const workload = { kind: 'Deployment', name: 'web', namespace: 'shop', container: 'app' };
    expect(claimsOf(old, web, current)).toEqual([
      {
        workload,
        state: 'desired',
        image: 'contoso.azurecr.io/app:12',
        revision: '12',
        since: Date.UTC(2026, 4, 5),
      },
      { workload, state: 'rollback', image: 'contoso.azurecr.io/app:9', revision: '9', since: createdAt },
    ]);
  });

  it('when its template was changed and is not rolled out, wants it as of now and keeps what its pods have', () => {
    const web = deployment('web', { revision: '1', image: 'contoso.azurecr.io/app:2' });
    const one = replicaSet('web-a', { revision: '1', owner: web, image: 'contoso.azurecr.io/app:1' });
    expect(claimsOf(web, one)).toEqual([
      expect.objectContaining({ state: 'desired', image: 'contoso.azurecr.io/app:2', since: now }),
      expect.objectContaining({ state: 'rollback', image: 'contoso.azurecr.io/app:1' }),
    ]);
  });

  it('when none of its ReplicaSets is there, may want its template since it was created', () => {
    expect(claimsOf(deployment('web', { revision: '3' }))).toEqual([
      expect.objectContaining({ state: 'desired', revision: '3', since: createdAt }),
    ]);
  });

  it('when it is a file, wants its template since nobody knows when, in the default namespace', () => {
    const { spec } = deployment('web', {});
    expect(claimsOf({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec })).toEqual([
      {
        workload: { kind: 'Deployment', name: 'web', namespace: 'default', container: 'app' },
        state: 'desired',
        image: 'contoso.azurecr.io/app:1',
      },
    ]);
  });
});

describe('a ReplicaSet or ReplicationController', () => {
  it.each(['ReplicaSet', 'ReplicationController'])(
    'when a %s has no controller, wants its template',
    (kind) => {
      const alone = { ...replicaSet('web', { replicas: 0 }), kind, apiVersion: undefined };
      expect(told(alone)).toEqual([`desired ${kind}/web/app contoso.azurecr.io/app:1`]);
    },
  );

  it('when its Deployment is of another group, is told of by itself', () => {
    const odd = { ...deployment('web', {}), apiVersion: 'example.com/v1' };
    const one = replicaSet('web-a', { owner: odd, image: 'contoso.azurecr.io/app:2' });
    expect(told(odd, one)).toContain('desired Deployment/web/app contoso.azurecr.io/app:2');
  });

  it('when its Deployment is not among the objects, may be the one that it wants', () => {
    const gone = deployment('web', { revision: '2' });
    expect(told(replicaSet('web-a', { revision: '1', owner: gone }))).toEqual([
      'desired Deployment/web/app contoso.azurecr.io/app:1',
    ]);
  });
});

describe('a StatefulSet', () => {
  const image = (tag: number) => `contoso.azurecr.io/app:${tag}`;

  it('when an update is under way, wants both revisions and keeps the others to go back to', () => {
    const db = statefulSet('db', {
      image: image(3),
      status: { currentRevision: 'db-2', updateRevision: 'db-3' },
    });
    const revisions = [1, 2, 3].map((number) =>
      revision(`db-${number}`, {
        owner: db,
        number,
        image: image(number),
        created: `2026-05-0${number}T00:00:00Z`,
      }),
    );
    expect(
      claimsOf(db, ...revisions).map(({ state, image, revision, since }) => [state, image, revision, since]),
    ).toEqual([
      ['desired', image(3), '3', Date.UTC(2026, 4, 3)],
      ['rollback', image(1), '1', Date.UTC(2026, 4, 1)],
      ['desired', image(2), '2', Date.UTC(2026, 4, 2)],
    ]);
  });

  it('when its template was changed and has no revision yet, wants it since the set was created', () => {
    const db = statefulSet('db', {
      image: image(2),
      status: { currentRevision: 'db-1', updateRevision: 'db-1' },
    });
    expect(claimsOf(db, revision('db-1', { owner: db, number: 1, image: image(1) }))).toEqual([
      expect.objectContaining({ state: 'desired', image: image(2), since: createdAt }),
      expect.objectContaining({ state: 'desired', image: image(1), revision: '1' }),
    ]);
  });
});

describe('a DaemonSet', () => {
  it('when it has revisions, wants the highest and keeps the others to go back to', () => {
    const agent = daemonSet('agent', { image: 'contoso.azurecr.io/app:10' });
    const newest = revision('agent-b', {
      owner: agent,
      number: 10,
      image: 'contoso.azurecr.io/app:10',
      created: '2026-05-05T00:00:00Z',
    });
    const old = revision('agent-a', { owner: agent, number: 9, image: 'contoso.azurecr.io/app:9' });
    expect(
      claimsOf(old, newest, agent).map(({ state, image, revision, since }) => [
        state,
        image,
        revision,
        since,
      ]),
    ).toEqual([
      ['desired', 'contoso.azurecr.io/app:10', '10', Date.UTC(2026, 4, 5)],
      ['rollback', 'contoso.azurecr.io/app:9', '9', createdAt],
    ]);
  });
});

describe('a ControllerRevision', () => {
  it('when its owner is not among the objects, may be what that wants', () => {
    const gone = statefulSet('db');
    expect(told(revision('db-1', { owner: gone, number: 1 }))).toEqual([
      'desired StatefulSet/db/app contoso.azurecr.io/app:1',
    ]);
  });

  it('when somebody else keeps something other than a template in it, is of no interest', () => {
    const machine = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata: meta('vm') };
    const kept = { ...revision('vm-1', { owner: machine, number: 1 }), data: { spec: { instancetype: 1 } } };
    expect(claimsOf(kept)).toEqual([]);
  });
});

describe('a Job', () => {
  it.each([
    ['has not begun', {}],
    ['is suspended', { conditions: [{ type: 'Suspended', status: 'True' }] }],
    ['is about to fail', { conditions: [{ type: 'FailureTarget', status: 'True' }] }],
    ['was not completed', { conditions: [{ type: 'Complete', status: 'False' }] }],
  ])('when it %s, wants its template', (_, status) => {
    expect(told({ ...job('load', {}), status })).toEqual(['desired Job/load/app contoso.azurecr.io/app:1']);
  });

  it.each(['Complete', 'Failed'])('when it is %s, claims nothing', (type) => {
    expect(claimsOf({ ...job('load', {}), status: { conditions: [{ type, status: 'True' }] } })).toEqual([]);
  });
});

describe('what has no controller of its own', () => {
  it('when a CronJob is suspended, wants its template since it was created', () => {
    const nightly = cronJob('nightly');
    expect(claimsOf({ ...nightly, spec: { ...nightly.spec, suspend: true } })).toEqual([
      expect.objectContaining({ state: 'desired', since: createdAt }),
    ]);
  });

  it('when a PodTemplate is there, is wanted', () => {
    const template = {
      apiVersion: 'v1',
      kind: 'PodTemplate',
      metadata: meta('base'),
      template: { spec: podSpec() },
    };
    expect(told(template)).toEqual(['desired PodTemplate/base/app contoso.azurecr.io/app:1']);
  });

  it('when a custom resource holds a pod template, is wanted', () => {
    const rollout = {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      metadata: meta('shop'),
      spec: {
        template: { spec: { containers: [{ image: 'contoso.azurecr.io/app:1' }, { name: 'added-later' }] } },
      },
    };
    expect(told(rollout)).toEqual(['desired Rollout/shop/undefined contoso.azurecr.io/app:1']);
  });

  it('when a kind of another group has a known name, is read as the custom resource that it is', () => {
    const queued = {
      ...job('load', {}),
      apiVersion: 'batch.volcano.sh/v1alpha1',
      status: { conditions: 'none' },
    };
    expect(told(queued)).toEqual(['desired Job/load/app contoso.azurecr.io/app:1']);
    expect(claimsOf({ ...queued, spec: { tasks: [] } })).toEqual([]);
  });

  it.each([
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: meta('settings'), data: { image: 'x' } },
    { apiVersion: 'v1', kind: 'Service', metadata: 'odd', spec: { template: 3 } },
    { apiVersion: 'example.com/v1', kind: 'AllowList', metadata: meta('a'), spec: {} },
  ])('when a $kind has no images, it is of no interest', (object) => {
    expect(claimsOf(object)).toEqual([]);
  });
});

describe('who answers for a workload', () => {
  const labelled = (labels: object, annotations: object = {}) => ({ labels, annotations });

  it('when the controller says it, is not asked of its pods', () => {
    const web = replicaSet('web', { metadata: labelled({ owner: 'team-a' }) });
    const claims = claimsOf(web, pod('x', { owner: web, metadata: labelled({ owner: 'team-b' }) }));
    expect(claims.map(({ workload }) => workload.owner)).toEqual(['team-a', 'team-a']);
  });

  it('when only the template says it, is read there', () => {
    const web = deployment('web', {});
    const spec = {
      template: { metadata: labelled({}, { owner: 'team-c' }), spec: web.spec.template.spec },
    };
    expect(claimsOf({ ...web, spec })[0]?.workload.owner).toBe('team-c');
  });

  it('when another label is to name it, is read from that', () => {
    const object = pod('x', { metadata: labelled({ owner: 'a', 'contoso.com/team': 'b' }) });
    const { claims } = readKubernetesObjects([object], { now, ownerLabel: 'contoso.com/team' });
    expect(claims[0]?.workload.owner).toBe('b');
  });
});
