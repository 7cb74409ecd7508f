import type { Fields } from '../registry/fields.ts';
import { freeText } from '../registry/form.ts';
import { present } from '../registry/present.ts';
import type { ClaimState } from '../workloads/claim.ts';
import type { KubernetesObject } from './kubernetes-object.ts';
import type { Owners } from './kubernetes-owners.ts';
import type { PodImage } from './kubernetes-pod-spec.ts';
import type { GatheredReading } from './kubernetes-reading.ts';
import { podTemplateOf } from './kubernetes-template.ts';

/** What a claim says beside the workload and the image. */
export interface ClaimParts {
  readonly state: ClaimState;
  readonly revision?: string | undefined;
  /** Epoch milliseconds. */
  readonly since?: number | undefined;
}

/** Claims images of an object for the workload that the object is part of. */
export type Claiming = (
  object: KubernetesObject,
  images: readonly PodImage[],
  parts: ClaimParts,
  pulledOf?: (image: PodImage) => string | undefined,
) => void;

export interface ClaimingPorts {
  readonly gathered: GatheredReading;
  readonly owners: Owners;
  readonly ownerLabel: string;
}

/** Adds claims to a reading; `ownerLabel` names the label or annotation that says who answers for a workload. */
export function claimingFor({ gathered, owners, ownerLabel }: ClaimingPorts): Claiming {
  function labelled(holder: Fields): string | undefined {
    const metadata = holder.optionalObject('metadata');
    return (
      metadata.optionalObject('labels').optional(ownerLabel, freeText(253)) ??
      metadata.optionalObject('annotations').optional(ownerLabel, freeText(253))
    );
  }

  function ownerOf(object: KubernetesObject | undefined): string | undefined {
    return object === undefined ? undefined : (labelled(object.fields) ?? labelled(podTemplateOf(object)));
  }

  return (object, images, { state, revision, since }, pulledOf = () => undefined) => {
    if (images.length === 0) return;
    const workload = owners.workloadOf(object);
    const { namespace } = object;
    const owner = ownerOf(workload.object) ?? ownerOf(object);
    for (const { container, image, ...named } of images) {
      const pulled = pulledOf({ ...named, image, ...(container === undefined ? {} : { container }) });
      gathered.claim(
        present({
          workload: present({ kind: workload.kind, name: workload.name, namespace, container, owner }),
          state,
          image,
          pulled,
          revision,
          since,
        }),
      );
    }
  };
}
