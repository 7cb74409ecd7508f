import type { ControllerReference, KubernetesObject } from './kubernetes-object.ts';

/** Who controls whom among the objects of a cluster. */
export interface Owners {
  /** The object that controls another, when it is among them. */
  controllerOf(object: KubernetesObject): KubernetesObject | undefined;
  /** What an object controls, of one kind. */
  controlledBy(object: KubernetesObject, kind: string): readonly KubernetesObject[];
  /** What people deploy and know by name, of which the object is a part; without `object` when it isn't among them. */
  workloadOf(object: KubernetesObject): {
    readonly kind: string;
    readonly name: string;
    readonly object?: KubernetesObject;
  };
}

/** Kinds that controllers make in their own name. */
const intermediates = new Set(['ReplicaSet', 'Job', 'ReplicationController']);

/** Pod, ReplicaSet, Deployment are two; a hostile chain may be a circle. */
const maxSteps = 4;

/** Looks owners up by the owner references with `controller: true`. */
export function ownersAmong(objects: readonly KubernetesObject[]): Owners {
  const known = new Map<string, KubernetesObject>();
  for (const object of objects) {
    // A file's objects and references have no uid.
    for (const uid of [object.uid, undefined]) {
      const key = keyOf(object, object.namespace, uid);
      if (!known.has(key)) known.set(key, object);
    }
  }

  function controllerOf({ controller, namespace }: KubernetesObject): KubernetesObject | undefined {
    if (controller === undefined) return undefined;
    const exact = known.get(keyOf(controller, namespace, controller.uid));
    const found = exact ?? known.get(keyOf(controller, namespace, undefined));
    return found !== undefined && isMeant(controller, found) ? found : undefined;
  }

  const controlled = new Map<KubernetesObject, KubernetesObject[]>();
  for (const object of objects) {
    const controller = controllerOf(object);
    if (controller === undefined) continue;
    const others = controlled.get(controller);
    if (others === undefined) controlled.set(controller, [object]);
    else others.push(object);
  }

  return {
    controllerOf,
    controlledBy: (object, kind) =>
      (controlled.get(object) ?? []).filter((candidate) => candidate.kind === kind),
    workloadOf(object) {
      let at = object;
      for (let step = 0; step < maxSteps; step += 1) {
        // The kubelet's mirror of a static pod is its node's: https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/
        if (at.controller === undefined || at.controller.kind === 'Node') break;
        const controller = controllerOf(at);
        if (controller === undefined) return { kind: at.controller.kind, name: at.controller.name };
        at = controller;
        if (!intermediates.has(at.kind)) break;
      }
      return { kind: at.kind, name: at.name, object: at };
    },
  };
}

/** One that was made anew under the same name has another uid, and is not the owner. */
function isMeant({ uid, group }: ControllerReference, object: KubernetesObject): boolean {
  const isSameUid = uid === undefined || object.uid === undefined || uid === object.uid;
  return isSameUid && (group === undefined || object.group === undefined || group === object.group);
}

/** No text of an object has a line feed. */
function keyOf(
  { kind, name }: { readonly kind: string; readonly name: string },
  namespace: string,
  uid: string | undefined,
): string {
  return [kind, namespace, name, uid ?? ''].join('\n');
}
