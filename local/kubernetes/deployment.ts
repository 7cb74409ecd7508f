import { createHash } from 'node:crypto';
import { controllerReference, created, type OwnerReference, type StoredObject, timestamp } from './object.ts';

/** What people deploy: one container named `app`. */
export interface DeploymentOrder {
  readonly namespace: string;
  readonly name: string;
  readonly image: string;
  /** The digest that its nodes pull; with none, nothing was pulled yet. */
  readonly digest?: string;
  /** 1 unless told. */
  readonly replicas?: number;
  /** Of the Deployment and its pods, such as `owner`. */
  readonly labels?: Readonly<Record<string, string>>;
}

export const revisionAnnotation = 'deployment.kubernetes.io/revision';

/** The Deployment, of its newest revision. */
export function deploymentOf(
  { namespace, name, image, replicas = 1, labels = {} }: DeploymentOrder,
  {
    revision,
    earlier,
    at,
  }: { readonly revision: number; readonly earlier?: StoredObject; readonly at: number },
): StoredObject {
  const metadata = earlier?.metadata ?? created({ namespace, name }, at);
  return {
    metadata: {
      ...metadata,
      generation: revision,
      labels,
      annotations: { [revisionAnnotation]: String(revision) },
    },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: template(name, image, labels),
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
      revisionHistoryLimit: 10,
    },
    status: { observedGeneration: revision, replicas, updatedReplicas: replicas, readyReplicas: replicas },
  };
}

/** A ReplicaSet of a Deployment, named by the hash of its template. */
export function replicaSetOf(
  { namespace, name, image, replicas = 1, labels = {} }: DeploymentOrder,
  deployment: StoredObject,
  { revision, at }: { readonly revision: number; readonly at: number },
): StoredObject {
  const hash = createHash('sha256').update(image).digest('hex').slice(0, 10);
  const withHash = { ...labels, 'pod-template-hash': hash };
  return {
    metadata: created(
      {
        namespace,
        name: `${name}-${hash}`,
        labels: { ...withHash, app: name },
        annotations: { [revisionAnnotation]: String(revision) },
        ownerReferences: [controllerReference('deployments', deployment)],
      },
      at,
    ),
    spec: {
      replicas,
      selector: { matchLabels: { app: name, 'pod-template-hash': hash } },
      template: template(name, image, withHash),
    },
    status: { replicas },
  };
}

/** A running pod of a controller. */
export function podOf(
  { namespace, name, image, digest, labels = {} }: DeploymentOrder,
  owner: OwnerReference,
  { suffix, at }: { readonly suffix: string; readonly at: number },
): StoredObject {
  const { spec } = template(name, image, labels);
  return {
    metadata: created(
      {
        namespace,
        name: `${owner.name}-${suffix}`,
        generateName: `${owner.name}-`,
        labels: { ...labels, app: name },
        ownerReferences: [owner],
      },
      at,
    ),
    spec: { ...spec, nodeName: 'node-1', serviceAccountName: 'default', tolerations: [], volumes: [] },
    status: { ...podStatus(image, digest, at), hostIP: '10.0.0.4', podIP: '10.244.0.7' },
  };
}

/**
 * How a pod with one container is.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#PodStatus
 */
export function podStatus(image: string, digest: string | undefined, at: number): object {
  const isPulled = digest !== undefined;
  return {
    phase: isPulled ? 'Running' : 'Pending',
    conditions: [{ type: 'Ready', status: isPulled ? 'True' : 'False', lastTransitionTime: timestamp(at) }],
    startTime: timestamp(at),
    containerStatuses: [
      {
        name: 'app',
        image,
        imageID: isPulled ? `${repositoryOf(image)}@${digest}` : '',
        ready: isPulled,
        started: isPulled,
        restartCount: 0,
        state: isPulled
          ? { running: { startedAt: timestamp(at) } }
          : { waiting: { reason: 'ContainerCreating' } },
      },
    ],
  };
}

/** `contoso.azurecr.io/team/app` of `contoso.azurecr.io/team/app:1.0@sha256:…`. */
function repositoryOf(image: string): string {
  return image.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
}

function template(name: string, image: string, labels: Readonly<Record<string, string>>) {
  return {
    metadata: { creationTimestamp: null, labels: { ...labels, app: name } },
    spec: {
      containers: [
        {
          name: 'app',
          image,
          imagePullPolicy: 'IfNotPresent',
          resources: {},
          terminationMessagePath: '/dev/termination-log',
        },
      ],
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      schedulerName: 'default-scheduler',
    },
  };
}
