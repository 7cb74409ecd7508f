import { created, type ObjectMeta, type Resource, type StoredObject } from './object.ts';

/** An object to keep; what an API server adds to its metadata may be left out. */
export interface SentObject {
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** The objects of a cluster. Those that were read stay as they were. */
export interface ClusterState {
  /** Grows with every change. */
  readonly version: number;
  put(resource: Resource, object: SentObject): StoredObject;
  get(resource: Resource, namespace: string, name: string): StoredObject | undefined;
  remove(resource: Resource, namespace: string, name: string): void;
  /** All of a resource, by namespace and name. */
  list(resource: Resource): readonly StoredObject[];
}

export function clusterState(now: () => number): ClusterState {
  const objects = new Map<string, StoredObject>();
  let version = 1_000;
  const keyOf = (resource: Resource, namespace: string, name: string) => `${resource}/${namespace}/${name}`;

  return {
    get version() {
      return version;
    },
    put(resource, { kind: _, apiVersion: __, ...object }) {
      version += 1;
      const { metadata } = object;
      const stored = {
        ...object,
        metadata: { ...created(metadata, now()), resourceVersion: String(version) },
      };
      objects.set(keyOf(resource, metadata.namespace, metadata.name), stored);
      return stored;
    },
    get: (resource, namespace, name) => objects.get(keyOf(resource, namespace, name)),
    remove(resource, namespace, name) {
      version += 1;
      objects.delete(keyOf(resource, namespace, name));
    },
    list: (resource) =>
      [...objects]
        .filter(([key]) => key.startsWith(`${resource}/`))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, object]) => object),
  };
}
