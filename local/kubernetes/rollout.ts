import {
  type DeploymentOrder,
  deploymentOf,
  podOf,
  podStatus,
  replicaSetOf,
  revisionAnnotation,
} from './deployment.ts';
import { controllerReference, type Resource, type StoredObject } from './object.ts';
import type { ClusterState } from './state.ts';

/** Does at once what the controllers of a cluster do in time. */
export interface Rollouts {
  /** Deploys, or rolls out anew: another image makes another revision, and the earlier ones are kept at scale 0. */
  deploy(order: DeploymentOrder): void;
  /** @throws Error when there is no such Deployment. */
  scale(namespace: string, name: string, replicas: number): void;
  /** Makes the pods of a Deployment have pulled a digest. */
  pull(namespace: string, name: string, digest: string): void;
  /** Deletes a Deployment with all that it controls. */
  undeploy(namespace: string, name: string): void;
}

export function rollouts(state: ClusterState, now: () => number): Rollouts {
  const orders = new Map<string, DeploymentOrder>();
  let pods = 0;

  function controlledBy(resource: Resource, { metadata }: StoredObject): readonly StoredObject[] {
    return state
      .list(resource)
      .filter(({ metadata: { ownerReferences = [] } }) =>
        ownerReferences.some(({ uid }) => uid === metadata.uid),
      );
  }

  function removeAll(resource: Resource, objects: readonly StoredObject[]): void {
    for (const { metadata } of objects) state.remove(resource, metadata.namespace, metadata.name);
  }

  function startPods(order: DeploymentOrder, replicaSet: StoredObject): void {
    const owner = controllerReference('replicasets', replicaSet);
    for (let started = 0; started < (order.replicas ?? 1); started += 1) {
      pods += 1;
      state.put('pods', podOf(order, owner, { suffix: pods.toString(36).padStart(5, '0'), at: now() }));
    }
  }

  function orderOf(namespace: string, name: string): DeploymentOrder {
    const order = orders.get(`${namespace}/${name}`);
    if (order === undefined) throw new Error(`There is no Deployment ${namespace}/${name}.`);
    return order;
  }

  function deploy(order: DeploymentOrder): void {
    const { namespace, name } = order;
    orders.set(`${namespace}/${name}`, order);
    const earlier = state.get('deployments', namespace, name);
    const kept = earlier === undefined ? [] : controlledBy('replicasets', earlier);
    const at = now();
    const revision = Math.max(0, ...kept.map(revisionOf)) + 1;
    const deployment = state.put(
      'deployments',
      deploymentOf(order, { revision, at, ...(earlier === undefined ? {} : { earlier }) }),
    );
    const wanted = replicaSetOf(order, deployment, { revision, at });
    for (const replicaSet of kept) {
      removeAll('pods', controlledBy('pods', replicaSet));
      if (replicaSet.metadata.name !== wanted.metadata.name) {
        state.put('replicasets', { ...replicaSet, spec: { ...asObject(replicaSet['spec']), replicas: 0 } });
      }
    }
    // Going back to a template takes its ReplicaSet up again, as the newest revision.
    const again = kept.find(({ metadata }) => metadata.name === wanted.metadata.name);
    const { uid, creationTimestamp } = again?.metadata ?? {};
    const metadata = {
      ...wanted.metadata,
      ...(uid === undefined ? {} : { uid }),
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    };
    startPods(order, state.put('replicasets', { ...wanted, metadata }));
  }

  return {
    deploy,
    scale(namespace, name, replicas) {
      const order = { ...orderOf(namespace, name), replicas };
      orders.set(`${namespace}/${name}`, order);
      const deployment = state.get('deployments', namespace, name);
      if (deployment === undefined) return;
      const scaled = (object: StoredObject) => ({
        ...object,
        spec: { ...asObject(object['spec']), replicas },
      });
      state.put('deployments', scaled(deployment));
      const newest = controlledBy('replicasets', deployment).toSorted(
        (a, b) => revisionOf(b) - revisionOf(a),
      )[0];
      if (newest === undefined) return;
      removeAll('pods', controlledBy('pods', newest));
      startPods(order, state.put('replicasets', scaled(newest)));
    },
    pull(namespace, name, digest) {
      const order = { ...orderOf(namespace, name), digest };
      orders.set(`${namespace}/${name}`, order);
      const deployment = state.get('deployments', namespace, name);
      const replicaSets = deployment === undefined ? [] : controlledBy('replicasets', deployment);
      for (const pod of replicaSets.flatMap((replicaSet) => controlledBy('pods', replicaSet))) {
        state.put('pods', { ...pod, status: podStatus(order.image, digest, now()) });
      }
    },
    undeploy(namespace, name) {
      const deployment = state.get('deployments', namespace, name);
      orders.delete(`${namespace}/${name}`);
      if (deployment === undefined) return;
      const replicaSets = controlledBy('replicasets', deployment);
      for (const replicaSet of replicaSets) removeAll('pods', controlledBy('pods', replicaSet));
      removeAll('replicasets', replicaSets);
      removeAll('deployments', [deployment]);
    },
  };
}

function revisionOf({ metadata }: StoredObject): number {
  return Number(metadata.annotations?.[revisionAnnotation] ?? 0);
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}
