/** A resource of the Kubernetes API that is listed across all namespaces. */
export interface ListedResource {
  /** Empty for the core group. */
  readonly group: '' | 'apps' | 'batch';
  /** The plural name in paths and in roles. */
  readonly resource: string;
  readonly kind: string;
}

/**
 * All that is asked of a cluster, and all that its reader role has to allow. Pods come first: what a later list lacks was
 * deleted meanwhile, and its pods with it.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/
 */
export const listedResources: readonly ListedResource[] = [
  { group: '', resource: 'pods', kind: 'Pod' },
  { group: 'apps', resource: 'replicasets', kind: 'ReplicaSet' },
  { group: 'apps', resource: 'deployments', kind: 'Deployment' },
  { group: 'apps', resource: 'controllerrevisions', kind: 'ControllerRevision' },
  { group: 'apps', resource: 'statefulsets', kind: 'StatefulSet' },
  { group: 'apps', resource: 'daemonsets', kind: 'DaemonSet' },
  { group: '', resource: 'replicationcontrollers', kind: 'ReplicationController' },
  { group: 'batch', resource: 'jobs', kind: 'Job' },
  { group: 'batch', resource: 'cronjobs', kind: 'CronJob' },
];

/** `/apis/apps/v1/deployments`: the list of all namespaces. */
export function pathOf({ group, resource }: ListedResource): string {
  return group === '' ? `/api/v1/${resource}` : `/apis/${group}/v1/${resource}`;
}

/** `deployments.apps`, as the API server names it when it refuses it. */
export function nameOf({ group, resource }: ListedResource): string {
  return group === '' ? resource : `${resource}.${group}`;
}
