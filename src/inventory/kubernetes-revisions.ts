import type { Form } from '../registry/form.ts';
import { freeText } from '../registry/form.ts';
import type { Claiming } from './kubernetes-claims.ts';
import { annotationOf, type KubernetesObject } from './kubernetes-object.ts';
import type { Owners } from './kubernetes-owners.ts';
import { areSameImages } from './kubernetes-pod-spec.ts';
import { imagesOfTemplate } from './kubernetes-template.ts';

export interface RevisionPorts {
  readonly owners: Owners;
  readonly claim: Claiming;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Source: https://kubernetes.io/docs/reference/labels-annotations-taints/#deployment-kubernetes-io-revision */
const revisionAnnotation = 'deployment.kubernetes.io/revision';

/** What a Deployment would start, and the ReplicaSets that it keeps to go back to, whatever their scale. */
export function claimDeployment(deployment: KubernetesObject, { owners, claim, now }: RevisionPorts): void {
  const revision = annotationOf(deployment, revisionAnnotation);
  const images = imagesOfTemplate(deployment);
  const replicaSets = owners.controlledBy(deployment, 'ReplicaSet');
  // Between a change of the template and its rollout, the annotation is still that of the old one.
  const current = replicaSets.find(
    (replicaSet) =>
      revision !== undefined &&
      annotationOf(replicaSet, revisionAnnotation) === revision &&
      areSameImages(images, imagesOfTemplate(replicaSet)),
  );
  claim(deployment, images, {
    state: 'desired',
    revision,
    since: sinceOf(deployment, current, replicaSets, now),
  });
  for (const replicaSet of replicaSets) {
    if (replicaSet === current) continue;
    claim(replicaSet, imagesOfTemplate(replicaSet), {
      state: 'rollback',
      revision: annotationOf(replicaSet, revisionAnnotation),
      since: replicaSet.createdAt,
    });
  }
}

/**
 * When a Deployment's template came to be. One that none of its ReplicaSets has is newer than they are. With none of them
 * at hand it may be as old as the Deployment; in a file that was never applied, nobody knows.
 */
function sinceOf(
  deployment: KubernetesObject,
  current: KubernetesObject | undefined,
  replicaSets: readonly KubernetesObject[],
  now: number,
): number | undefined {
  if (deployment.createdAt === undefined) return undefined;
  if (current !== undefined) return current.createdAt;
  return replicaSets.length > 0 ? now : deployment.createdAt;
}

/** What a StatefulSet or DaemonSet would start, and the ControllerRevisions that it keeps to go back to. */
export function claimRevisions(set: KubernetesObject, { owners, claim }: RevisionPorts): void {
  const images = imagesOfTemplate(set);
  const revisions = owners.controlledBy(set, 'ControllerRevision');
  const status = set.fields.optionalObject('status');
  const newest =
    set.kind === 'StatefulSet'
      ? named(revisions, status.optional('updateRevision', freeText(253)))
      : latest(revisions);
  const current =
    newest !== undefined && areSameImages(images, imagesOfTemplate(newest)) ? newest : undefined;
  claim(set, images, {
    state: 'desired',
    revision: current && numberOf(current)?.toString(),
    since: (current ?? set).createdAt,
  });
  // The pods that an update hasn't reached yet start anew from this one.
  const updated =
    set.kind === 'StatefulSet'
      ? named(revisions, status.optional('currentRevision', freeText(253)))
      : undefined;
  for (const revision of revisions) {
    if (revision === current) continue;
    claim(revision, imagesOfTemplate(revision), {
      state: revision === updated ? 'desired' : 'rollback',
      revision: numberOf(revision)?.toString(),
      since: revision.createdAt,
    });
  }
}

function named(
  revisions: readonly KubernetesObject[],
  name: string | undefined,
): KubernetesObject | undefined {
  return revisions.find((revision) => revision.name === name);
}

function latest(revisions: readonly KubernetesObject[]): KubernetesObject | undefined {
  return revisions.toSorted((a, b) => (numberOf(b) ?? 0) - (numberOf(a) ?? 0)).at(0);
}

const revisionNumber: Form<number> = {
  expected: 'a whole number, 0 or more',
  read: (value) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined,
};

function numberOf({ fields }: KubernetesObject): number | undefined {
  return fields.optional('revision', revisionNumber);
}
