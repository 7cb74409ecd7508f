/** How much a finding matters, the most first: `critical` and `high` are for somebody now, the others for the next working day. */
export const severities = ['critical', 'high', 'medium', 'low'] as const;
export type Severity = (typeof severities)[number];

/** What every finding of a kind has in common. */
interface KindOfFinding {
  readonly severity: Severity;
  /** What to do about it. */
  readonly remedy: string;
  /** Facts beside the image that make two findings of the kind two and not one. */
  readonly identity: readonly string[];
}

/** Everything a finding may be about. */
export const findingKinds = {
  /** A lock set for an approval was undone by somebody else; it is set again. */
  LockRemoved: {
    severity: 'high',
    remedy:
      'Find out who unlocked it (the registry logs say so) and why. It has been locked again; to end protection, release the approval instead.',
    identity: ['verifiedAt'],
  },
  /** Parts of an approved image could not be read or are not there, so that not all of it is locked. */
  LockIncomplete: {
    severity: 'high',
    remedy:
      'Push the missing parts again, or make the manifests readable for the audit. What is known is locked; the rest follows by itself.',
    identity: [],
  },
  /** The tag an approval named points to another digest, or to none. */
  ProtectedTagMoved: {
    severity: 'high',
    remedy: 'Point the tag to the approved digest again, or approve the digest it points to now.',
    identity: ['approvedDigest', 'foundDigest'],
  },
  /** A digest that was locked for an approval is gone from the registry. */
  ProtectedDigestDeleted: {
    severity: 'critical',
    remedy:
      'Restore the digest (soft delete, a replica, a rebuild with the same digest) before anything that runs it restarts, and find out who deleted it.',
    identity: [],
  },
  /** A digest was approved that the registry does not have. */
  ApprovedDigestMissing: {
    severity: 'high',
    remedy: 'Push the digest again, or release the approval.',
    identity: [],
  },
  /** A lock that no approval asks for and that was not set by this audit. */
  OrphanLock: {
    severity: 'low',
    remedy:
      'Approve what is worth keeping, and unlock the rest by hand: this audit undoes only locks it has set.',
    identity: [],
  },
  /** The registry refused to set or undo a lock. */
  LockFailed: {
    severity: 'high',
    remedy:
      'Give the identity that locks metadata/read and metadata/write on the repository, and look for a lock of the whole repository. It is tried again with every enforcement.',
    identity: ['change', 'code'],
  },
} as const satisfies Readonly<Record<string, KindOfFinding>>;

/** What a finding is about. */
export type FindingKind = keyof typeof findingKinds;
