import type { Fields } from '../registry/fields.ts';
import { freeText, textThat } from '../registry/form.ts';
import { present } from '../registry/present.ts';
import { maxReferenceLength } from '../registry/reference.ts';

/** An image of a pod, and what in the pod names it. */
export interface PodImage {
  /** The container's name, or `volume:` and that of an image volume. Absent when it has none. */
  readonly container?: string;
  readonly image: string;
  /** The list of the pod spec that has it. */
  readonly list: (typeof containerLists)[number] | 'volumes';
}

const containerLists = ['initContainers', 'containers', 'ephemeralContainers'] as const;

const imageForm = textThat(
  `an image reference of at most ${maxReferenceLength} characters`,
  (text) => text.length <= maxReferenceLength,
);

/**
 * The images that a pod spec names.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#PodSpec
 * `isWhole`: whether every container must name one. In a custom resource its controller may add what is left out.
 */
export function imagesOf(spec: Fields, isWhole = true): readonly PodImage[] {
  if (isWhole && spec.sent('containers') === undefined) {
    spec.problem('containers', 'is missing: expected an array of objects');
  }
  return [
    ...containerLists.flatMap((list) =>
      spec.objects(list).flatMap((container) => {
        const image = isWhole
          ? container.required('image', imageForm)
          : container.optional('image', imageForm);
        const name = container.optional('name', freeText(253));
        return image === undefined ? [] : [present({ container: name, image, list })];
      }),
    ),
    ...spec.objects('volumes').flatMap((volume) => {
      const image = volume.optionalObject('image').optional('reference', imageForm);
      const name = volume.optional('name', freeText(253));
      return image === undefined
        ? []
        : [
            present({
              container: name === undefined ? undefined : `volume:${name}`,
              image,
              list: 'volumes' as const,
            }),
          ];
    }),
  ];
}

/** Whether the same containers name the same images. */
export function areSameImages(some: readonly PodImage[], others: readonly PodImage[]): boolean {
  const [left, right] = [some, others].map((images) =>
    JSON.stringify(images.map(({ list, container, image }) => [list, container, image]).sort()),
  );
  return left === right;
}

const statusLists = {
  initContainers: 'initContainerStatuses',
  containers: 'containerStatuses',
  ephemeralContainers: 'ephemeralContainerStatuses',
} as const;

/**
 * What the runtime pulled for each container, as `imageID` says it, and for each image volume, as `imageRef` of its mounts
 * does: https://github.com/kubernetes/enhancements/issues/5365.
 */
export function pulledOf(status: Fields): (image: PodImage) => string | undefined {
  const ids = new Map<string, string>();
  for (const list of containerLists) {
    for (const container of status.objects(statusLists[list])) {
      const name = container.optional('name', freeText(253));
      const id = container.optional('imageID', imageForm);
      if (name !== undefined && id !== undefined) ids.set(`${list}\n${name}`, id);
      for (const mount of container.objects('volumeMounts')) {
        const volume = mount.optional('name', freeText(253));
        const pulled = mount
          .optionalObject('volumeStatus')
          .optionalObject('image')
          .optional('imageRef', imageForm);
        if (volume !== undefined && pulled !== undefined) ids.set(`volumes\nvolume:${volume}`, pulled);
      }
    }
  }
  return ({ list, container }) => (container === undefined ? undefined : ids.get(`${list}\n${container}`));
}
