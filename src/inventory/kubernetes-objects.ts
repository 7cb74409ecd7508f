import type { InventoryReading } from '../workloads/claim.ts';
import { type Claiming, claimingFor } from './kubernetes-claims.ts';
import { flattened } from './kubernetes-lists.ts';
import { groupOf, type KubernetesObject, readObject } from './kubernetes-object.ts';
import { ownersAmong } from './kubernetes-owners.ts';
import { imagesOf, pulledOf } from './kubernetes-pod-spec.ts';
import { gatheredReading } from './kubernetes-reading.ts';
import { claimDeployment, claimRevisions, type RevisionPorts } from './kubernetes-revisions.ts';
import { hasPodTemplate, imagesOfTemplate, isKnownKind } from './kubernetes-template.ts';

export interface KubernetesReadingOptions {
  /** The present time in epoch milliseconds. */
  readonly now: number;
  /** The label or annotation that names who answers for a workload, `owner` unless told. */
  readonly ownerLabel?: string;
}

/**
 * The images that workloads claim, read from Kubernetes objects and lists of them: those an API server answers, or those
 * of files. The workload of a pod is what controls it. Nothing is left out in silence: an object that cannot be read, or
 * a list of which there is more, is a problem. Never throws.
 */
export function readKubernetesObjects(
  sentObjects: Iterable<unknown>,
  { now, ownerLabel = 'owner' }: KubernetesReadingOptions,
): InventoryReading {
  const gathered = gatheredReading();
  const objects: KubernetesObject[] = [];
  for (const sent of flattened(sentObjects, gathered)) {
    // Objects of other kinds may look as they like, unless they hold a pod template.
    const isKnown = isKnownKind(sent.kind, groupOf(sent.apiVersion));
    if (isKnown || hasPodTemplate(sent)) objects.push(readObject(sent, gathered));
  }
  const owners = ownersAmong(objects);
  const claim = claimingFor({ gathered, owners, ownerLabel });
  for (const object of objects) claimImages(object, { owners, claim, now });
  return gathered.reading();
}

function claimImages(object: KubernetesObject, ports: RevisionPorts): void {
  const { owners, claim } = ports;
  const { createdAt: since } = object;
  if (!isKnownKind(object.kind, object.group)) {
    claim(object, imagesOfTemplate(object, false), { state: 'desired', since });
    return;
  }
  switch (object.kind) {
    case 'Pod':
      claimPod(object, claim);
      return;
    case 'Deployment':
      claimDeployment(object, ports);
      return;
    case 'StatefulSet':
    case 'DaemonSet':
      claimRevisions(object, ports);
      return;
    case 'ReplicaSet':
      if (isOneOf(owners.controllerOf(object), ['Deployment'])) return;
      break;
    case 'ControllerRevision':
      if (!isOneOf(owners.controllerOf(object), setKinds)) claimRevision(object, claim);
      return;
    case 'Job':
      if (isFinished(object)) return;
      break;
  }
  claim(object, imagesOfTemplate(object), { state: 'desired', since });
}

/** The kinds that tell of their ControllerRevisions themselves. */
const setKinds: readonly string[] = ['StatefulSet', 'DaemonSet'];

/** Whether an object is of one of these kinds, and not of one that only has its name. */
function isOneOf(object: KubernetesObject | undefined, kinds: readonly string[]): boolean {
  return object !== undefined && kinds.includes(object.kind) && isKnownKind(object.kind, object.group);
}

/** A revision whose owner isn't there: it may be the one that the owner would start. Others use the kind as they like. */
function claimRevision(revision: KubernetesObject, claim: Claiming): void {
  claim(revision, imagesOfTemplate(revision, false), {
    state: setKinds.includes(revision.controller?.kind ?? '') ? 'desired' : 'rollback',
    since: revision.createdAt,
  });
}

/**
 * What a pod's containers run. An init container that is done runs again when the pod is made anew.
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase
 */
function claimPod(pod: KubernetesObject, claim: Claiming): void {
  const status = pod.fields.optionalObject('status');
  const phase = status.sent('phase');
  if (phase === 'Succeeded' || phase === 'Failed') return;
  const images = imagesOf(pod.fields.object('spec'));
  claim(pod, images, { state: 'running', since: pod.createdAt }, pulledOf(status));
}

/** Source: https://kubernetes.io/docs/concepts/workloads/controllers/job/#terminal-job-conditions */
function isFinished({ fields }: KubernetesObject): boolean {
  return fields
    .optionalObject('status')
    .objects('conditions')
    .some(
      (condition) =>
        (condition.sent('type') === 'Complete' || condition.sent('type') === 'Failed') &&
        condition.sent('status') === 'True',
    );
}
