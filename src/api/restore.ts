import * as z from 'zod/mini';
import { AuditFault } from '../audit/fault.ts';
import type { RestorableImages } from '../audit/restorable-images.ts';
import type { RestoredItem, RestoreRequest, RestoreResult } from '../audit/restore-image.ts';
import type { RepositoryId } from '../history/fact.ts';
import { strictFieldsOf } from '../protection/strict-fields.ts';
import { type AcceptedRegistry, acceptedNamed } from '../registry/accepted-registry.ts';
import type { Digest } from '../registry/digest.ts';
import type { FieldProblem } from '../registry/field-problem.ts';
import { noFindings } from '../registry/findings.ts';
import { tagForm, textThat, timestampForm } from '../registry/form.ts';
import { maxReferenceLength, parseReference } from '../registry/reference.ts';
import { applicantOf } from './approvals.ts';
import { described } from './document.ts';
import { getRestorableDocument, postRestoreDocument } from './documents/retention.ts';
import { isoTime } from './history-entry.ts';
import { readImage } from './image-parameter.ts';
import { limitParameter } from './limit-parameter.ts';
import { RequestProblem } from './problem.ts';
import { reasonForm } from './reason-body.ts';
import { type BodyReading, route } from './route.ts';

/** What the routes of restoration call. */
export interface RestoreUseCases {
  readonly restorable: (repository: RepositoryId, limit: number) => Promise<RestorableImages>;
  readonly restore: (repository: RepositoryId, request: RestoreRequest) => Promise<RestoreResult>;
}

const noStore = { 'cache-control': 'no-store' };

/** `GET retention/restorable`: what soft delete keeps of a repository. */
export function getRestorableRoute(
  registries: readonly AcceptedRegistry[],
  { restorable }: Pick<RestoreUseCases, 'restorable'>,
) {
  return route({
    name: 'getRestorable',
    method: 'GET',
    path: 'retention/restorable',
    summary: 'What was deleted of a repository and can be restored, the last deleted first.',
    document: getRestorableDocument,
    role: 'Audit.Read',
    query: z.strictObject({
      image: described(z.string(), 'A repository.'),
      limit: z.optional(limitParameter),
    }),
    async answer({ query: { image, limit = 100 } }) {
      const { registry, repository } = readImage(image, registries);
      const found = await whereItIsOn(() => restorable({ registry, repository }, limit));
      return {
        headers: noStore,
        jsonBody: {
          manifests: found.manifests.map(({ deletedAt, ...manifest }) => ({
            ...manifest,
            ...timeOf(deletedAt),
          })),
          tags: found.tags.map(({ deletedAt, ...tag }) => ({ ...tag, ...timeOf(deletedAt) })),
          isCut: found.isCut,
        },
      };
    },
  });
}

/** `POST retention/restore`: brings an image back whole, with its tags. */
export function postRestoreRoute(
  registries: readonly AcceptedRegistry[],
  { restore }: Pick<RestoreUseCases, 'restore'>,
) {
  return route({
    name: 'postRestore',
    method: 'POST',
    path: 'retention/restore',
    summary: 'Restores a deleted image: its manifest, all that it lists, what is about it, and its tags.',
    document: postRestoreDocument,
    role: 'Retention.Execute',
    query: z.strictObject({}),
    body: (json) => readRestore(json, registries),
    async answer({ body: { registry, repository, ...asked }, principal }) {
      const request = { ...asked, by: applicantOf(principal) };
      const result = await whereItIsOn(() => restore({ registry, repository }, request));
      const named = (items: readonly RestoredItem[]) =>
        items.map((item) => ({ registry, repository, ...item }));
      return {
        headers: noStore,
        jsonBody: {
          restored: named(result.restored),
          alreadyThere: named(result.alreadyThere),
          notRestorable: named(result.notRestorable),
        },
      };
    },
  });
}

async function whereItIsOn<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AuditFault) || error.code !== 'restore-off') throw error;
    throw new RequestProblem({
      status: 409,
      type: 'restore-off',
      title: 'Nothing can be restored here',
      detail: 'No identity may restore: set ACR_AUDIT_DELETER_CLIENT_ID, and switch soft delete on.',
    });
  }
}

type Asked = RepositoryId & Omit<RestoreRequest, 'by'>;

const imageForm = textThat(
  `an image reference of at most ${maxReferenceLength} characters`,
  (text) => text.length <= maxReferenceLength,
);
const tagCount = { min: 0, max: 100 };

/** Reads `{image, tags, at, reason}`. */
function readRestore(json: unknown, registries: readonly AcceptedRegistry[]): BodyReading<Asked> {
  const findings = noFindings();
  const fields = strictFieldsOf(json, '', findings, ['image', 'tags', 'at', 'reason']);
  const text = fields.required('image', imageForm);
  const image =
    text === undefined ? undefined : imageIn(text, registries, (problem) => fields.problem('image', problem));
  const tags = fields.has('tags') ? fields.list('tags', tagForm, tagCount) : [];
  const at = fields.optional('at', timestampForm);
  const reason = fields.required('reason', reasonForm);
  const problems: readonly FieldProblem[] = findings.problems;
  if (image === undefined || reason === undefined || problems.length > 0) return { ok: false, problems };
  const { tag, ...named } = image;
  const all = [...new Set([...(tag === undefined ? [] : [tag]), ...tags])];
  return { ok: true, value: { ...named, tags: all, reason, ...(at === undefined ? {} : { tagsAt: at }) } };
}

/** A reference with a digest: a tag does not say which of the images it pointed to is meant. */
function imageIn(
  text: string,
  registries: readonly AcceptedRegistry[],
  problem: (text: string) => void,
): (RepositoryId & { readonly digest: Digest; readonly tag?: string }) | undefined {
  const reading = parseReference(text);
  if (!reading.ok) {
    problem(reading.problem);
    return undefined;
  }
  const { registry: address, repository, tag, digest } = reading.reference;
  const registry = acceptedNamed(address, registries);
  if (registry === undefined) {
    problem('is of no audited registry: begin with its login server');
    return undefined;
  }
  if (digest === undefined) {
    problem('names no digest: add the one that is to be restored, as retention/restorable lists it');
    return undefined;
  }
  return { registry, repository, digest, ...(tag === undefined ? {} : { tag }) };
}

function timeOf(deletedAt: number | undefined): { readonly deletedAt?: string } {
  return deletedAt === undefined ? {} : { deletedAt: isoTime(deletedAt) };
}
