import type { JsonContent } from '../history/statement.ts';
import type { Digest } from '../registry/digest.ts';
import { type Fields, fieldsOf } from '../registry/fields.ts';
import { noFindings } from '../registry/findings.ts';
import { byteCount, digestForm, flagForm, tagForm, textThat } from '../registry/form.ts';
import { present } from '../registry/present.ts';
import { type LockFlags, type LockTarget, manifestTarget, tagTarget, targetKey } from './lock-target.ts';
import type { OwnedLock } from './owned-lock.ts';

/** The key of the state of a lock that was set here. */
export const lockKey = (target: LockTarget) => `k|${targetKey(target)}`;

/** A lock that was set here as JSON; times are epoch milliseconds. */
export function ownedLockContent(lock: OwnedLock): JsonContent {
  const { target, approvals, roots, needs, before, setAt, verifiedAt } = lock;
  return present({
    tag: target.kind === 'tag' ? String(target.tag) : undefined,
    digest: target.kind === 'manifest' ? target.digest : undefined,
    approvals: approvals.map((id) => ({ id })),
    roots: roots.map((digest) => ({ digest })),
    needs: needs.map((digest) => ({ digest })),
    before: { canDelete: before.canDelete, canWrite: before.canWrite },
    setAt,
    verifiedAt,
  });
}

/** Reads a lock back from its JSON; `undefined` when it isn't one. Fields of later versions are ignored. */
export function readOwnedLock(content: JsonContent): OwnedLock | undefined {
  const findings = noFindings();
  const fields = fieldsOf(content, '', findings);
  const target = targetOf(fields);
  const approvals = fields.objects('approvals').flatMap((item) => item.required('id', anyText) ?? []);
  const roots = digestsIn(fields, 'roots');
  const needs = digestsIn(fields, 'needs');
  const before = flagsOf(fields.object('before'));
  const setAt = fields.required('setAt', byteCount);
  const verifiedAt = fields.optional('verifiedAt', byteCount);
  if (target === undefined || before === undefined || setAt === undefined) return undefined;
  if (findings.problems.length > 0) return undefined;
  return { target, approvals, roots, needs, before, setAt, ...present({ verifiedAt }) };
}

const anyText = textThat('text', () => true);

function targetOf(fields: Fields): LockTarget | undefined {
  const tag = fields.optional('tag', tagForm);
  const digest = fields.optional('digest', digestForm);
  if (tag !== undefined) return digest === undefined ? tagTarget(tag) : undefined;
  return digest && manifestTarget(digest);
}

function digestsIn(fields: Fields, name: string): readonly Digest[] {
  return fields.objects(name).flatMap((item) => item.required('digest', digestForm) ?? []);
}

function flagsOf(fields: Fields): LockFlags | undefined {
  const canDelete = fields.required('canDelete', flagForm);
  const canWrite = fields.required('canWrite', flagForm);
  return canDelete === undefined || canWrite === undefined ? undefined : { canDelete, canWrite };
}
