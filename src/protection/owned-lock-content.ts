import type { JsonContent } from '../history/statement.ts';
import { type Fields, fieldsOf } from '../registry/fields.ts';
import { noFindings } from '../registry/findings.ts';
import { digestForm, flagForm, tagForm } from '../registry/form.ts';
import { present } from '../registry/present.ts';
import { type LockFlags, type LockTarget, manifestTarget, tagTarget, targetKey } from './lock-target.ts';
import type { OwnedLock } from './owned-lock.ts';
import { listOf, milliseconds, storedText } from './stored-form.ts';

/** The key of the state of a lock set here. */
export const lockStateKey = (target: LockTarget) => `k|${targetKey(target)}`;

/** A lock set here as statements keep it: its own properties; times are numbers of epoch milliseconds. */
export function ownedLockContent(lock: OwnedLock): JsonContent {
  const { target, before, ...others } = lock;
  return {
    ...others,
    target: { ...target },
    before: { canDelete: before.canDelete, canWrite: before.canWrite },
  };
}

/**
 * Reads a lock from what {@link ownedLockContent} made; `undefined` when it isn't one. Properties that are not known are
 * passed over. Never throws.
 */
export function readOwnedLock(content: JsonContent): OwnedLock | undefined {
  const findings = noFindings();
  const fields = fieldsOf(content, '', findings);
  const target = readTarget(fields.object('target'));
  const before = readFlags(fields.object('before'));
  const approvals = fields.required('approvals', listOf(storedText));
  const roots = fields.required('roots', listOf(digestForm));
  const needs = fields.required('needs', listOf(digestForm));
  const setAt = fields.required('setAt', milliseconds);
  const optional = present({ verifiedAt: fields.optional('verifiedAt', milliseconds) });
  if (target === undefined || before === undefined || findings.problems.length > 0) return undefined;
  if (approvals === undefined || roots === undefined || needs === undefined || setAt === undefined) {
    return undefined;
  }
  return { target, before, approvals, roots, needs, setAt, ...optional };
}

function readTarget(fields: Fields): LockTarget | undefined {
  switch (fields.sent('kind')) {
    case 'manifest': {
      const digest = fields.required('digest', digestForm);
      return digest && manifestTarget(digest);
    }
    case 'tag': {
      const tag = fields.required('tag', tagForm);
      return tag === undefined ? undefined : tagTarget(tag);
    }
    default:
      return undefined;
  }
}

function readFlags(fields: Fields): LockFlags | undefined {
  const canDelete = fields.required('canDelete', flagForm);
  const canWrite = fields.required('canWrite', flagForm);
  return canDelete === undefined || canWrite === undefined ? undefined : { canDelete, canWrite };
}
