import type { Digest } from '../registry/digest.ts';
import { type Fields, fieldsOf } from '../registry/fields.ts';
import { noFindings } from '../registry/findings.ts';
import { byteCount, digestForm, flagForm, freeText, tagForm } from '../registry/form.ts';
import type { LockState } from '../registry/lock-state.ts';
import type { ManifestChild } from '../registry/manifest.ts';
import { present } from '../registry/present.ts';
import type { FactSource, RepositoryId } from './fact.ts';
import { recordIdOf } from './record-id.ts';
import type { JsonValue, Statement } from './statement.ts';

/** What a manifest is: a digest names its bytes, so this never changes. */
export interface ManifestDescription {
  readonly digest: Digest;
  readonly mediaType?: string;
  /** Bytes of the image. */
  readonly size?: number;
  readonly architecture?: string;
  readonly os?: string;
  readonly artifactType?: string;
  /** The manifest that this one signs, describes or attests. */
  readonly subject?: Digest;
  /** How many manifests an index lists; absent on images, and on what could not be read. */
  readonly children?: number;
  /** Code of the reason why its document says nothing: an index may have children that nobody knows of. */
  readonly unreadable?: string;
}

/** What was learned of a manifest: a description, and what an index lists. */
export interface DescribedManifest {
  readonly description: ManifestDescription;
  readonly children: readonly ManifestChild[];
}

/** A tag, or a manifest by its digest, whose locks were seen. */
export type LockSubject = { readonly tag: string } | { readonly digest: Digest };

/** That a tag or manifest allows something else than it did. */
export interface LocksSeen {
  readonly of: LockSubject;
  readonly locks: LockState;
  readonly before: LockState;
}

/** When and by what something was observed. Epoch milliseconds. */
export interface Sighting {
  readonly source: Exclude<FactSource, 'event'>;
  readonly at: number;
  readonly notBefore?: number;
  readonly recordedAt: number;
}

/** Children told by one statement: with the longest texts it still fits in one leaf, and its rows in one transaction. */
const childrenAtOnce = 25;

const descriptionKind = 'manifest-described';
const locksKind = 'locks-seen';

/**
 * States what a manifest is, at its creation. Stating it again gives the same records: a description has no other time
 * than its manifest's. An index of many children takes several statements, of which the last holds the description.
 */
export function statedDescription(
  repository: RepositoryId,
  { description, children }: DescribedManifest,
  { source, at, recordedAt }: Sighting,
): readonly Statement[] {
  const { digest } = description;
  // An index may list a manifest more than once, for several platforms.
  const distinct = [
    ...new Map(children.toReversed().map((child) => [child.digest, child])).values(),
  ].reverse();
  const count = Math.max(1, Math.ceil(distinct.length / childrenAtOnce));
  return Array.from({ length: count }, (_, part) => {
    const some = distinct.slice(part * childrenAtOnce, (part + 1) * childrenAtOnce).map(childContent);
    const isLast = part === count - 1;
    return {
      ...repository,
      at: { time: at, id: recordIdOf(`described.${digest.slice(7, 39)}${part === 0 ? '' : `.${part}`}`) },
      recordedAt,
      kind: descriptionKind,
      content: {
        digest,
        source,
        ...(isLast ? { description: present({ ...description }) } : {}),
        ...(some.length === 0 ? {} : { manifests: some }),
      },
    };
  });
}

/** States that locks are not what they were. */
export function statedLocks(repository: RepositoryId, seen: LocksSeen, sighting: Sighting): Statement {
  const { of, locks, before } = seen;
  const { source, at, notBefore, recordedAt } = sighting;
  const subject = 'tag' in of ? of.tag : of.digest.slice(7, 39);
  return {
    ...repository,
    at: { time: at, id: recordIdOf(`locks.${subject}`) },
    ...(notBefore === undefined ? {} : { notBefore }),
    recordedAt,
    kind: locksKind,
    content: { ...of, source, locks: { ...locks }, before: { ...before } },
  };
}

/** What a statement says that was observed; nothing when it is of another kind, or cannot be read. */
export interface Observed {
  readonly description?: ManifestDescription;
  readonly index?: Digest;
  readonly children?: readonly ManifestChild[];
  readonly locks?: Omit<LocksSeen, 'before'>;
}

/** Reads what a statement says that was observed. */
export function observedBy({ kind, content }: Statement): Observed {
  const findings = noFindings();
  const fields = fieldsOf(content, '', findings);
  if (kind === descriptionKind) {
    const digest = fields.required('digest', digestForm);
    const description = digest && descriptionOf(digest, fields);
    const children = fields.objects('manifests').flatMap((child) => childOf(child) ?? []);
    return present({ description, index: digest, children });
  }
  if (kind !== locksKind) return {};
  const locks = locksOf(fields.object('locks'));
  const tag = fields.optional('tag', tagForm);
  const digest = fields.optional('digest', digestForm);
  const of = tag === undefined ? digest && { digest } : { tag };
  return locks === undefined || of === undefined ? {} : { locks: { of, locks } };
}

function descriptionOf(digest: Digest, fields: Fields): ManifestDescription | undefined {
  if (fields.sent('description') === undefined) return undefined;
  const told = fields.object('description');
  return present({
    digest,
    mediaType: told.optional('mediaType', freeText(255)),
    size: told.optional('size', byteCount),
    architecture: told.optional('architecture', freeText(64)),
    os: told.optional('os', freeText(64)),
    artifactType: told.optional('artifactType', freeText(255)),
    subject: told.optional('subject', digestForm),
    children: told.optional('children', byteCount),
    unreadable: told.optional('unreadable', freeText(64)),
  });
}

function childContent({ digest, mediaType, size, platform }: ManifestChild): JsonValue {
  return present({ digest, mediaType, size, ...platform });
}

function childOf(fields: Fields): ManifestChild | undefined {
  const digest = fields.required('digest', digestForm);
  const platform = present({
    os: fields.optional('os', freeText(64)),
    architecture: fields.optional('architecture', freeText(64)),
    variant: fields.optional('variant', freeText(64)),
  });
  return digest === undefined
    ? undefined
    : {
        ...present({
          digest,
          mediaType: fields.optional('mediaType', freeText(255)),
          size: fields.optional('size', byteCount),
        }),
        ...(Object.keys(platform).length === 0 ? {} : { platform }),
      };
}

function locksOf(fields: Fields): LockState | undefined {
  const [canDelete, canWrite] = [
    fields.required('canDelete', flagForm),
    fields.required('canWrite', flagForm),
  ];
  const [canRead, canList] = [fields.required('canRead', flagForm), fields.required('canList', flagForm)];
  return canDelete === undefined || canWrite === undefined || canRead === undefined || canList === undefined
    ? undefined
    : { canDelete, canWrite, canRead, canList };
}
