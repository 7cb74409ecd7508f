/** When samples were created, unless told. */
export const createdAt: number = Date.UTC(2026, 4, 1, 8, 30);

interface Sample {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly uid: string };
}

interface SampleOptions {
  readonly owner?: Sample;
  readonly image?: string;
  readonly created?: string;
  readonly revision?: string;
  readonly replicas?: number;
  readonly metadata?: object;
  readonly status?: object;
}

/** Metadata of an object in the namespace `shop`, as an API server gives it. */
export function meta(name: string, more: object = {}) {
  return {
    name,
    namespace: 'shop',
    uid: `uid-of-${name}`,
    creationTimestamp: '2026-05-01T08:30:00Z',
    ...more,
  };
}

/** The owner references of what an object controls. */
export function controlledBy({ apiVersion, kind, metadata: { name, uid } }: Sample) {
  return { ownerReferences: [{ apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true }] };
}

export function podSpec(image = 'contoso.azurecr.io/app:1') {
  return { containers: [{ name: 'app', image }] };
}

function metaOf(name: string, { owner, created, revision, metadata }: SampleOptions) {
  return meta(name, {
    ...(created === undefined ? {} : { creationTimestamp: created }),
    ...(owner === undefined ? {} : controlledBy(owner)),
    ...(revision === undefined ? {} : { annotations: { 'deployment.kubernetes.io/revision': revision } }),
    ...metadata,
  });
}

function templated({ image, replicas }: SampleOptions) {
  return {
    ...(replicas === undefined ? {} : { replicas }),
    template: { metadata: { labels: { app: 'app' } }, spec: podSpec(image) },
  };
}

export function deployment(name: string, options: SampleOptions) {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metaOf(name, options),
    spec: templated(options),
  };
}

export function replicaSet(name: string, options: SampleOptions) {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: metaOf(name, options),
    spec: templated(options),
  };
}

export function statefulSet(name: string, options: SampleOptions = {}) {
  const { status = {} } = options;
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: metaOf(name, options),
    spec: templated(options),
    status,
  };
}

export function daemonSet(name: string, options: SampleOptions = {}) {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: metaOf(name, options),
    spec: templated(options),
  };
}

export function revision(name: string, { number, ...options }: SampleOptions & { readonly number: number }) {
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: metaOf(name, options),
    data: { spec: { template: { $patch: 'replace', spec: podSpec(options.image) } } },
    revision: number,
  };
}

export function job(name: string, options: SampleOptions) {
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: metaOf(name, options), spec: templated(options) };
}

export function cronJob(name: string) {
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: meta(name),
    spec: { schedule: '0 3 * * *', suspend: false, jobTemplate: { spec: templated({}) } },
  };
}

/** A running pod; `pulled` is the digest that its container runs. */
export function pod(name: string, options: SampleOptions & { readonly pulled?: string }) {
  const { pulled } = options;
  const containerStatuses =
    pulled === undefined ? [] : [{ name: 'app', imageID: `contoso.azurecr.io/app@${pulled}` }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: metaOf(name, options),
    spec: podSpec(options.image),
    status: { phase: 'Running', containerStatuses },
  };
}
