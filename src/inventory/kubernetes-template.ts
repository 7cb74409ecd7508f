import { type Fields, fieldsOf } from '../registry/fields.ts';
import { noFindings } from '../registry/findings.ts';
import type { SentObject } from './kubernetes-lists.ts';
import type { KubernetesObject } from './kubernetes-object.ts';
import { imagesOf, type PodImage } from './kubernetes-pod-spec.ts';

/**
 * The kinds whose shape is known, with the API groups that serve or served them. A `Job` of another group is somebody
 * else's.
 */
const groupsOfKinds: ReadonlyMap<string, readonly string[]> = new Map([
  ['Pod', ['']],
  ['PodTemplate', ['']],
  ['ReplicationController', ['']],
  ['Deployment', ['apps', 'extensions']],
  ['ReplicaSet', ['apps', 'extensions']],
  ['DaemonSet', ['apps', 'extensions']],
  ['StatefulSet', ['apps']],
  ['ControllerRevision', ['apps']],
  ['Job', ['batch']],
  ['CronJob', ['batch']],
]);

/** Whether the object is of a kind whose shape is known. Snippets without a version are taken at their word. */
export function isKnownKind(kind: string, group: string | undefined): boolean {
  const groups = groupsOfKinds.get(kind);
  return groups !== undefined && (group === undefined || groups.includes(group));
}

/** Where kinds have their pod templates that don't have it where most do. */
const templatePaths: ReadonlyMap<string, readonly string[]> = new Map([
  ['PodTemplate', ['template']],
  ['ControllerRevision', ['data', 'spec', 'template']],
  ['CronJob', ['spec', 'jobTemplate', 'spec', 'template']],
]);

const usualPath: readonly string[] = ['spec', 'template'];

/** An object's pod template; its fields are absent where there is none. */
export function podTemplateOf({ kind, fields }: KubernetesObject): Fields {
  const path = templatePaths.get(kind) ?? usualPath;
  return path.reduce((at, name) => at.optionalObject(name), fields);
}

/**
 * The images of an object's pod template. `isWhole`: whether it must have one, and every container an image; somebody
 * else's objects may leave out what their controller adds.
 */
export function imagesOfTemplate(object: KubernetesObject, isWhole = true): readonly PodImage[] {
  const template = podTemplateOf(object);
  if (template.sent('spec') !== undefined) return imagesOf(template.optionalObject('spec'), isWhole);
  if (isWhole) {
    const path = templatePaths.get(object.kind) ?? usualPath;
    object.fields.problem([...path, 'spec'].join('.'), 'is missing: expected a pod template');
  }
  return [];
}

/** Whether an object of a kind that isn't known holds a pod template where workloads have it. */
export function hasPodTemplate({ object }: SentObject): boolean {
  const template = usualPath.reduce(
    (at, name) => at.optionalObject(name),
    fieldsOf(object, '', noFindings()),
  );
  return Array.isArray(template.optionalObject('spec').sent('containers'));
}
