import { randomUUID } from 'node:crypto';

/** The lists that the stand-in has, by the plural name of their resource. */
export const resources = {
  pods: { apiVersion: 'v1', kind: 'Pod' },
  replicationcontrollers: { apiVersion: 'v1', kind: 'ReplicationController' },
  deployments: { apiVersion: 'apps/v1', kind: 'Deployment' },
  replicasets: { apiVersion: 'apps/v1', kind: 'ReplicaSet' },
  statefulsets: { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  daemonsets: { apiVersion: 'apps/v1', kind: 'DaemonSet' },
  controllerrevisions: { apiVersion: 'apps/v1', kind: 'ControllerRevision' },
  jobs: { apiVersion: 'batch/v1', kind: 'Job' },
  cronjobs: { apiVersion: 'batch/v1', kind: 'CronJob' },
} as const;

export type Resource = keyof typeof resources;

/** An object without its kind and version, as lists hold it. */
export interface StoredObject {
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/ */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly [field: string]: unknown;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** The reference that the controller of another object is named by. */
export function controllerReference(resource: Resource, { metadata }: StoredObject): OwnerReference {
  const { name, uid = '' } = metadata;
  return { ...resources[resource], name, uid, controller: true, blockOwnerDeletion: true };
}

/** What an API server adds to the metadata of what is created. */
export function created(metadata: ObjectMeta, at: number): ObjectMeta {
  return {
    uid: randomUUID(),
    creationTimestamp: timestamp(at),
    managedFields: [
      {
        manager: 'kube-controller-manager',
        operation: 'Update',
        apiVersion: 'v1',
        time: timestamp(at),
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:metadata': { 'f:labels': {} } },
      },
    ],
    ...metadata,
  };
}

/** Whole seconds, as API servers write them. */
export function timestamp(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}
