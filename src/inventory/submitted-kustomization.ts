import { literalTag } from './literal-tag.ts';
import { isRecord, nameOf, own, type SubmissionGathering } from './submitted-gathering.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Fields that bring in other files, whose images are not here. */
const otherFiles = [
  ...['resources', 'bases', 'components', 'helmCharts', 'helmChartInflationGenerator'],
  ...['patches', 'patchesStrategicMerge', 'patchesJson6902', 'patchesJSON6902'],
  ...['generators', 'transformers', 'replacements', 'configurations'],
];
/** The others of https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/. */
const otherFields = [
  ...['apiVersion', 'kind', 'metadata', 'namespace', 'namePrefix', 'nameSuffix', 'images', 'replicas'],
  ...['commonLabels', 'commonAnnotations', 'labels', 'configMapGenerator', 'secretGenerator'],
  ...['generatorOptions', 'vars', 'crds', 'openapi', 'validators', 'helmGlobals', 'buildMetadata'],
  ...['sortOptions', 'inventory'],
];
const knownFields = new Set([...otherFiles, ...otherFields]);
const imageFields = new Set(['name', 'newName', 'newTag', 'digest', 'tagSuffix']);

/** Whether a document is a kustomization by its kind, which may go without a version, or by its images, which name some. */
export function isKustomization(document: Fields): boolean {
  const kind = own(document, 'kind');
  const version = own(document, 'apiVersion');
  if (kind !== undefined || version !== undefined) {
    const isOurs = typeof version === 'string' && version.startsWith('kustomize.config.k8s.io/');
    return isOurs || (version === undefined && kind === 'Kustomization');
  }
  const images = own(document, 'images');
  return (
    Array.isArray(images) && images.some((image: unknown) => isRecord(image) && Object.hasOwn(image, 'name'))
  );
}

/**
 * Claims the images that a kustomization names as literals. It is a part of what is deployed: other files that it names are a
 * problem. Never throws.
 * Source: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/images/
 */
export function readKustomization(document: Fields, gathering: SubmissionGathering): void {
  const named = otherFiles.filter((field) => !isNothing(own(document, field)));
  if (named.length > 0) {
    gathering.problem(
      named.join(', '),
      'are not in this file: submit the built output ("kustomize build") as kubernetes',
    );
  }
  for (const field of Object.keys(document)) {
    if (!knownFields.has(field)) gathering.problem(field, 'is no field of a kustomization: it is not read');
  }
  const images = own(document, 'images');
  if (isNothing(images)) return;
  if (!Array.isArray(images)) {
    gathering.problem('images', 'is not a list');
    return;
  }
  const namespace = own(document, 'namespace');
  images.forEach((entry: unknown, index) => {
    readImage(
      entry,
      `images.${index}`,
      typeof namespace === 'string' ? nameOf(namespace) : undefined,
      gathering,
    );
  });
}

function readImage(
  entry: unknown,
  where: string,
  namespace: string | undefined,
  gathering: SubmissionGathering,
): void {
  if (!isRecord(entry)) {
    gathering.problem(where, 'is not a mapping: expected the name of an image and what replaces it');
    return;
  }
  for (const field of Object.keys(entry)) {
    if (!imageFields.has(field))
      gathering.problem(`${where}.${nameOf(field)}`, 'is no field of an image: it is not read');
  }
  const name = own(entry, 'name');
  const newName = own(entry, 'newName');
  if (typeof name !== 'string' || name === '') {
    gathering.problem(`${where}.name`, 'is no text: expected the name of an image');
    return;
  }
  if (!isNothing(newName) && typeof newName !== 'string') {
    gathering.problem(`${where}.newName`, 'is no text: expected the name of an image');
    return;
  }
  if (!isNothing(own(entry, 'tagSuffix'))) {
    gathering.problem(
      `${where}.tagSuffix`,
      'is appended to a tag that is in other files: the tag is not known',
    );
    return;
  }
  const tag = literalTag(own(entry, 'newTag'));
  const digest = own(entry, 'digest');
  if (!tag.ok) {
    gathering.problem(`${where}.newTag`, tag.problem);
    return;
  }
  if (!isNothing(digest) && typeof digest !== 'string') {
    gathering.problem(`${where}.digest`, 'is no text: expected a digest');
    return;
  }
  if (tag.text === '' && isNothing(digest)) {
    gathering.problem(where, 'has neither newTag nor digest: the tag is in other files');
    return;
  }
  const image = `${isNothing(newName) ? name : newName}${tag.text && `:${tag.text}`}${isNothing(digest) ? '' : `@${digest}`}`;
  gathering.claim(where, {
    workload: {
      kind: 'Kustomization',
      name: nameOf(name),
      ...(namespace === undefined ? {} : { namespace }),
    },
    state: 'desired',
    image,
  });
}

function isNothing(value: unknown): boolean {
  return (
    value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
  );
}
