import type { RepositoryId } from '../history/fact.ts';
import type { Digest } from '../registry/digest.ts';
import { type FindingKind, findingKinds, type Severity } from './kind.ts';

/** The image a finding is about: a tag, a digest, or a whole repository. */
export interface FindingSubject extends RepositoryId {
  readonly tag?: string;
  readonly digest?: Digest;
}

/**
 * Where findings are kept that are about no image of an audited registry: a source that does not report, a foreign registry,
 * the settings of a registry. In place of a login server, which none can be.
 */
export const estate = '_estate';

/** Facts of a finding by name; numbers that {@link isTimeName} names are times in epoch milliseconds. */
export type FindingDetail = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** Whether a fact of this name is a time: `verifiedAt`, `notBefore`, `notAfter`. */
export function isTimeName(name: string): boolean {
  return /(?:At|Before|After)$/.test(name);
}

/** Something that is not as it should be. */
export interface Finding {
  /**
   * The same for the same fact, however often and by whomever it is found; different for any other. JSON of the kind, the
   * subject and the facts that tell two findings apart: not bounded and not fit for a key, so hash it for one.
   */
  readonly identity: string;
  readonly kind: FindingKind;
  readonly severity: Severity;
  readonly subject: FindingSubject;
  readonly detail: FindingDetail;
}

/** A finding of a kind about an image; as severe as its kind is, unless it says otherwise. */
export function findingOf(
  kind: FindingKind,
  subject: FindingSubject,
  detail: FindingDetail,
  severity: Severity = findingKinds[kind].severity,
): Finding {
  const { identity } = findingKinds[kind];
  const { registry, repository, tag, digest } = subject;
  const facts = identity.map((name) => detail[name] ?? null);
  return {
    identity: JSON.stringify([kind, registry, repository, tag ?? null, digest ?? null, ...facts]),
    kind,
    severity,
    subject,
    detail,
  };
}
