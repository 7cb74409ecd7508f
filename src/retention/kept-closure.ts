import { subjectOfTag } from '../protection/referrer-kind.ts';
import type { Digest } from '../registry/digest.ts';
import type { KeepReason } from './keep-reason.ts';
import type { ManifestRelations } from './manifest-reasons.ts';
import type { RetentionManifest, RetentionTag } from './repository-content.ts';

/** Manifests that tags say are about another: cosign's scheme, and the referrers tag schema. */
export function tagsAbout(
  tags: readonly RetentionTag[],
  present: ReadonlyMap<Digest, RetentionManifest>,
): ReadonlyMap<Digest, readonly Digest[]> {
  const about = new Map<Digest, Digest[]>();
  for (const { tag, digest } of tags) {
    const subject = subjectOfTag(tag);
    if (subject === undefined || !present.has(subject)) continue;
    about.set(subject, [...(about.get(subject) ?? []), digest]);
  }
  return about;
}

/**
 * Adds what belongs to what is kept, at any depth: what an index lists, what is about a kept manifest, and what a kept one
 * is about, since registries delete referrers along with their subject.
 */
export function keepWhatBelongs(
  reasons: Map<Digest, KeepReason[]>,
  { present, referrers }: ManifestRelations,
  aboutByTag: ReadonlyMap<Digest, readonly Digest[]>,
): void {
  const open = [...reasons.keys()];
  const keep = (digest: Digest, reason: KeepReason) => {
    if (!present.has(digest)) return;
    const known = reasons.get(digest);
    if (known === undefined) {
      reasons.set(digest, [reason]);
      open.push(digest);
    } else known.push(reason);
  };
  for (let digest = open.pop(); digest !== undefined; digest = open.pop()) {
    const { children = [], subject } = present.get(digest) ?? {};
    for (const child of children) keep(child, { code: 'part-of-kept', of: digest });
    for (const about of [referrers, aboutByTag]) {
      for (const referrer of about.get(digest) ?? []) {
        keep(referrer, { code: 'referrer-of-kept', of: digest });
      }
    }
    if (subject !== undefined && isKeptWithout(subject, reasons.get(digest) ?? [])) {
      keep(subject, { code: 'subject-of-kept', of: digest });
    }
  }
}

/** Whether something is kept for more than what it is about: else each would be a reason for the other. */
function isKeptWithout(subject: Digest, reasons: readonly KeepReason[]): boolean {
  const own = reasons.filter(
    ({ code, of }) => of !== subject || code === 'in-use' || code === 'inferred-use',
  );
  return own.length > 0 || reasons.length === 0;
}
