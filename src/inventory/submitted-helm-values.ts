import { parseReference } from '../registry/reference.ts';
import { literalTag } from './literal-tag.ts';
import { isRecord, nameOf, own, type SubmissionGathering } from './submitted-gathering.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Keys whose text is an image. */
const imageKey = /^image$|Image$/;
/** Keys whose texts, by whatever name or in a list, are images. */
const imageListKey = /^images$|Images$/;
/** Keys whose text is a part of one that a template puts together. */
const imagePartKey =
  /^image(?:Registry|Repository|Name|Tag|Digest)$|Image(?:Registry|Repository|Name|Tag|Digest)$/;
/** What can be pulled from nowhere as an image: a chart's `repository` may be one of sources. */
const foreignAddress = /^(?:https?|ssh|git|git\+[a-z]+|file|s3|gs):\/\/|^git@/;
/** Parts of an image that need a repository to name one. */
const partFields = ['repository', 'name', 'registry', 'tag', 'digest'] as const;

/**
 * Claims the images of a chart's values as far as they are literals, by the conventions of charts: mappings with a
 * `repository`, and texts called `image` or `…Image`. A template, or a tag that the chart would choose, is a problem. Returns
 * whether there was anything of that kind. Never throws.
 * Source: https://helm.sh/docs/chart_best_practices/values/
 */
export function readHelmValues(document: Fields, gathering: SubmissionGathering): boolean {
  let found = false;

  function claim(path: string, image: string): void {
    gathering.claim(path, { workload: { kind: 'HelmValues', name: nameOf(path) }, state: 'desired', image });
  }

  function readTextImage(path: string, image: string): void {
    const problem = untold(image) ?? (image === '' ? 'is empty: the chart may choose an image' : undefined);
    if (problem !== undefined) {
      gathering.problem(path, problem);
      return;
    }
    const reading = parseReference(image);
    const { tag, digest } = reading.ok ? reading.reference : { tag: '', digest: undefined };
    if (tag === undefined && digest === undefined) gathering.problem(path, noTag);
    else claim(path, image);
  }

  function readParts(path: string, parts: Fields): void {
    const registry = literalTag(own(parts, 'registry'));
    const repository = literalTag(own(parts, 'repository'));
    const tag = literalTag(own(parts, 'tag'));
    const digest = literalTag(own(parts, 'digest'));
    const read = { registry, repository, tag, digest };
    for (const [name, part] of Object.entries(read)) {
      const problem = part.ok ? untold(part.text) : part.problem;
      if (problem !== undefined) {
        gathering.problem(`${path}.${name}`, problem);
        return;
      }
    }
    if (!registry.ok || !repository.ok || !tag.ok || !digest.ok) return;
    if (repository.text === '') {
      gathering.problem(path, 'has no repository: the chart chooses it');
      return;
    }
    const host = registry.text === '' ? '' : `${registry.text.replace(/\/$/, '')}/`;
    const named = `${host}${repository.text}${tag.text && `:${tag.text}`}${digest.text && `@${digest.text}`}`;
    if (tag.text === '' && digest.text === '') readTextImage(path, named);
    else claim(path, named);
  }

  function look(value: unknown, key: string, path: string): void {
    // What a mapping or a list of images holds are images, by whatever name.
    const keyOf = (name: string) => (imageListKey.test(key) && name !== 'pullPolicy' ? 'image' : name);
    if (Array.isArray(value)) {
      value.forEach((item: unknown, index) => {
        look(item, keyOf(''), inside(path, String(index)));
      });
    } else if (isRecord(value)) {
      lookAtParts(value, key, path);
      for (const [name, field] of Object.entries(value)) look(field, keyOf(name), inside(path, name));
    } else if (typeof value === 'string' || typeof value === 'number') {
      lookAtText(value, key, path);
    }
  }

  function lookAtText(value: string | number, key: string, at: string): void {
    if (imageKey.test(key)) {
      found = true;
      if (typeof value === 'string') readTextImage(at, value);
      else gathering.problem(at, 'is no text: expected an image reference');
    } else if (imagePartKey.test(key) && value !== '') {
      found = true;
      gathering.problem(at, 'is a part of an image that the chart puts together');
    }
  }

  function lookAtParts(parts: Fields, key: string, at: string): void {
    const repository = own(parts, 'repository');
    const isImage = imageKey.test(key)
      ? partFields.some((part) => !isEmpty(own(parts, part)))
      : typeof repository === 'string' && repository !== '' && !foreignAddress.test(repository);
    if (!isImage) return;
    found = true;
    readParts(at === '' ? 'the values' : at, parts);
  }

  look(document, '', '');
  return found;
}

/** Bounded at each step: a key of a million characters would be copied for everything inside it. */
function inside(path: string, key: string): string {
  return nameOf(path === '' ? key : `${path}.${key}`);
}

const noTag = 'has neither tag nor digest: the chart chooses the tag, as by its appVersion';

/** Why a text is not what is deployed. */
function untold(text: string): string | undefined {
  return text.includes('{{')
    ? 'is a template: submit the output of "helm template" as kubernetes'
    : undefined;
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}
