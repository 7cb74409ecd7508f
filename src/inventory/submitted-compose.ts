import { present } from '../registry/present.ts';
import type { ReportedClaim } from '../workloads/claim.ts';
import { interpolate } from './compose-interpolation.ts';
import {
  isRecord,
  nameOf,
  own,
  type SubmissionGathering,
  submissionGathering,
} from './submitted-gathering.ts';
import { readText } from './submitted-text.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Top-level elements whose images are read here, or which name none. */
const knownElements = new Set([
  'version',
  'name',
  'services',
  'networks',
  'volumes',
  'configs',
  'secrets',
  'models',
  'include',
]);
/** How many services may extend one another in a row. */
const maxExtensions = 50;

/** Whether a document looks like a Compose file. */
export function isCompose(document: Fields): boolean {
  return isRecord(own(document, 'services'));
}

/**
 * Claims the images of a Compose file: of every service whatever its profile and replicas, of models, and of volumes that are
 * images. What other files would add, and variables without a default, are problems. Never throws.
 * Source: https://github.com/compose-spec/compose-spec/blob/main/spec.md
 */
export function readComposeFile(
  document: Fields,
  { ownerLabel }: { readonly ownerLabel?: string },
  gathering: SubmissionGathering,
): void {
  const name = own(document, 'name');
  const project = typeof name === 'string' ? interpolate(name) : undefined;
  const namespace = project?.ok === true && project.text !== '' ? nameOf(project.text) : undefined;
  for (const element of Object.keys(document)) {
    if (!knownElements.has(element) && !element.startsWith('x-')) {
      gathering.problem(element, 'is no top-level element of a Compose file: it is not read');
    }
  }
  const include = own(document, 'include');
  if (isThere(include) && !(Array.isArray(include) && include.length === 0)) {
    gathering.problem(
      'include',
      'names other files, which are not read: submit what "docker compose config" says',
    );
  }

  function claim(
    where: string,
    image: unknown,
    workload: Omit<ReportedClaim['workload'], 'kind' | 'namespace'>,
  ): void {
    const filled = typeof image === 'string' ? interpolate(image) : notText;
    if (!filled.ok) {
      gathering.problem(where, filled.problem);
      return;
    }
    gathering.claim(where, {
      workload: present({ kind: 'Compose', namespace, ...workload }),
      state: 'desired',
      image: filled.text,
    });
  }

  const services = own(document, 'services');
  if (!isRecord(services)) {
    gathering.problem('services', 'is not a mapping: expected the services by name');
    return;
  }
  for (const [key, service] of Object.entries(services)) {
    const where = `services.${nameOf(key)}`;
    if (!isRecord(service)) {
      gathering.problem(where, 'is not a mapping: expected a service');
      continue;
    }
    const workload = present({ name: nameOf(key), owner: ownerOf(service, ownerLabel) });
    const image = imageOf(service, services, where, gathering);
    if (image !== undefined) claim(`${where}.image`, image, workload);
    imagesOfVolumes(service, where, gathering).forEach(([at, source, target]) => {
      claim(at, source, { ...workload, container: target });
    });
  }
  for (const [key, model] of entriesOf(document, 'models', gathering)) {
    const image = isRecord(model) ? own(model, 'model') : undefined;
    claim(`models.${nameOf(key)}.model`, image, { name: nameOf(key), container: 'model' });
  }
}

const notText = { ok: false, problem: 'is no text: expected an image reference' } as const;

/** The image of a service, its own or that of the one it extends; `undefined` where it has none, which may be a problem. */
function imageOf(service: Fields, services: Fields, where: string, gathering: SubmissionGathering): unknown {
  let current = service;
  let mayHaveNone = false;
  for (let extensions = 0; extensions <= maxExtensions; extensions += 1) {
    const image = own(current, 'image');
    mayHaveNone ||= isThere(own(current, 'build')) || isThere(own(current, 'provider'));
    const extended = own(current, 'extends');
    if (isRecord(extended) && isThere(own(extended, 'file'))) {
      gathering.problem(
        `${where}.extends`,
        'names another file, which is not read: submit what "docker compose config" says',
      );
      return image ?? undefined;
    }
    if (isThere(image)) return image;
    if (!isThere(extended)) {
      if (!mayHaveNone) gathering.problem(where, 'has neither an image nor a build');
      return undefined;
    }
    const name = isRecord(extended) ? own(extended, 'service') : extended;
    const next = typeof name === 'string' ? own(services, name) : undefined;
    if (!isRecord(next)) {
      gathering.problem(`${where}.extends`, 'names no service of this file');
      return undefined;
    }
    current = next;
  }
  gathering.problem(`${where}.extends`, 'extends itself, or too many in a row');
  return undefined;
}

/** Source: https://github.com/compose-spec/compose-spec/blob/main/05-services.md#volumes, `type: image`. */
function imagesOfVolumes(
  service: Fields,
  where: string,
  gathering: SubmissionGathering,
): readonly (readonly [where: string, source: unknown, target: string])[] {
  const volumes = own(service, 'volumes');
  if (!isThere(volumes)) return [];
  if (!Array.isArray(volumes)) {
    gathering.problem(`${where}.volumes`, 'is not a list');
    return [];
  }
  return volumes.flatMap((volume: unknown, index) => {
    if (!isRecord(volume)) return [];
    const type = own(volume, 'type');
    const filled = typeof type === 'string' ? interpolate(type) : undefined;
    if (filled?.ok === false) gathering.problem(`${where}.volumes.${index}.type`, filled.problem);
    if (filled?.ok !== true || filled.text !== 'image') return [];
    const target = own(volume, 'target');
    const container = typeof target === 'string' ? nameOf(target) : 'volume';
    return [[`${where}.volumes.${index}.source`, own(volume, 'source'), container] as const];
  });
}

/** Labels are a mapping, or a list of `name=value`. */
function ownerOf(service: Fields, ownerLabel: string | undefined): string | undefined {
  const labels = own(service, 'labels');
  if (ownerLabel === undefined) return undefined;
  if (isRecord(labels)) {
    const owner = own(labels, ownerLabel);
    return typeof owner === 'string' && owner !== '' ? nameOf(owner) : undefined;
  }
  if (!Array.isArray(labels)) return undefined;
  const prefix = `${ownerLabel}=`;
  const label: unknown = labels.find((text: unknown) => typeof text === 'string' && text.startsWith(prefix));
  return typeof label === 'string' && label !== prefix ? nameOf(label.slice(prefix.length)) : undefined;
}

function entriesOf(
  document: Fields,
  name: string,
  gathering: SubmissionGathering,
): readonly (readonly [string, unknown])[] {
  const value = own(document, name);
  if (!isThere(value)) return [];
  if (isRecord(value)) return Object.entries(value);
  gathering.problem(name, 'is not a mapping');
  return [];
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** The images of a Compose file's text, each of which is a reference, and everything in it that is not understood. */
export function readCompose(text: string): {
  readonly images: readonly { readonly service: string; readonly image: string }[];
  readonly problems: readonly string[];
} {
  const { documents, problems, isStream } = readText(text);
  const gathering = submissionGathering();
  for (const { number, value } of documents) {
    const at = isStream ? gathering.inside(`document ${number}`) : gathering;
    if (isRecord(value)) readComposeFile(value, {}, at);
    else at.problem('the file', 'is not a mapping: expected a Compose file');
  }
  if (documents.length === 0 && problems.length === 0) gathering.problem('the file', 'is empty');
  const reading = gathering.reading();
  return {
    images: reading.claims.map(({ workload, image }) => ({ service: workload.name, image })),
    problems: [...problems, ...reading.problems].map(({ where, problem }) => `${where}: ${problem}`),
  };
}
