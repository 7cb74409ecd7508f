import type { ManifestSeen, TagSeen } from '../audit/registry-content.ts';
import type { Fields } from '../registry/fields.ts';
import { byteCount, digestForm, flagForm, freeText, tagForm, timestampForm } from '../registry/form.ts';
import type { LockState } from '../registry/lock-state.ts';
import { present } from '../registry/present.ts';

/** A tag as `/acr/v1` writes it; `undefined` with its problems reported when it cannot be read. */
export function readTagSeen(fields: Fields): TagSeen | undefined {
  const tag = fields.required('name', tagForm);
  const digest = fields.required('digest', digestForm);
  const createdAt = fields.required('createdTime', timestampForm);
  const updatedAt = fields.required('lastUpdateTime', timestampForm);
  const locks = readLocks(fields.object('changeableAttributes'));
  return tag === undefined ||
    digest === undefined ||
    createdAt === undefined ||
    updatedAt === undefined ||
    locks === undefined
    ? undefined
    : { tag, digest, createdAt, updatedAt, locks };
}

/**
 * A manifest as `/acr/v1` writes it, without its `references`: those of an index are empty in lists. Of its `tags` only
 * that there are some is read: lists have been seen to leave tags out (https://github.com/Azure/azure-cli/issues/7438).
 */
export function readManifestSeen(fields: Fields): ManifestSeen | undefined {
  const digest = fields.required('digest', digestForm);
  const createdAt = fields.required('createdTime', timestampForm);
  const updatedAt = fields.required('lastUpdateTime', timestampForm);
  const locks = readLocks(fields.object('changeableAttributes'));
  const optional = {
    mediaType: fields.optional('mediaType', freeText(255)),
    size: fields.optional('imageSize', byteCount),
    architecture: fields.optional('architecture', freeText(64)),
    os: fields.optional('os', freeText(64)),
  };
  const tags = fields.sent('tags');
  const isTagged = Array.isArray(tags) && tags.length > 0;
  return digest === undefined || createdAt === undefined || updatedAt === undefined || locks === undefined
    ? undefined
    : { digest, createdAt, updatedAt, isTagged, locks, ...present(optional) };
}

/** An attribute that is missing is a problem: guessed either way, it would tell of a lock or of none. */
function readLocks(fields: Fields): LockState | undefined {
  const canDelete = fields.required('deleteEnabled', flagForm);
  const canWrite = fields.required('writeEnabled', flagForm);
  const canRead = fields.required('readEnabled', flagForm);
  const canList = fields.required('listEnabled', flagForm);
  return canDelete === undefined || canWrite === undefined || canRead === undefined || canList === undefined
    ? undefined
    : { canDelete, canWrite, canRead, canList };
}
