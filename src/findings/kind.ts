/** How much a finding matters, the most first: `critical` and `high` are for somebody now, the others for the next working day. */
export const severities = ['critical', 'high', 'medium', 'low'] as const;
export type Severity = (typeof severities)[number];

/** What every finding of a kind has in common. */
interface KindOfFinding {
  /** How much one matters; the most that it may, where that depends on what is found. */
  readonly severity: Severity;
  /** How much it may matter instead. */
  readonly lesser?: readonly Severity[];
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
  /** A digest was deleted that workloads run, would pull at their next start, or keep to go back to. */
  DeletedDigestInUse: {
    severity: 'critical',
    lesser: ['high'],
    remedy:
      'Bring the digest back before anything that needs it restarts (wayBack says how), and do not restart or scale those workloads until then. Find out who deleted it, and approve what production runs so that it is locked.',
    identity: [],
  },
  /** A digest was deleted while it could not be known whether something uses it. */
  DeletedDigestUseUnknown: {
    severity: 'high',
    remedy:
      'Make the sources named report again: it is judged by itself once they have. Until then take it for used, and bring it back if in doubt.',
    identity: [],
  },
  /** Workloads refer to a tag or digest that the registry does not have. */
  MissingImage: {
    severity: 'critical',
    lesser: ['high'],
    remedy:
      'Push the image again, or point the workloads to one that exists, before they restart: what runs lives on cached layers.',
    identity: [],
  },
  /** An index that is in use lists manifests that the registry does not have. */
  MissingIndexChild: {
    severity: 'critical',
    lesser: ['high'],
    remedy:
      'Push the missing manifests again with the same digests: nodes of those platforms cannot start the image.',
    identity: [],
  },
  /** What runs is not what its tag points to now: the next restart changes what runs. */
  TagDrift: {
    severity: 'high',
    lesser: ['medium'],
    remedy:
      'Pin the workload to the digest it should run, or roll it out again on purpose; if nobody meant to move the tag, move it back.',
    identity: [],
  },
  /** A workload of a protected environment, or one that names `latest`, is not pinned to a digest. */
  MutableReference: {
    severity: 'medium',
    remedy: 'Refer to the image by its digest, or make the tag immutable or approve it with its tag locked.',
    identity: [],
  },
  /** A digest runs in an environment that it was not approved for. */
  UnapprovedDigestRunning: {
    severity: 'high',
    remedy: 'Approve the digest for the environment if it should run there, or roll back to one that is.',
    identity: ['environment'],
  },
  /** Workloads use images of a registry that the policy does not approve. */
  UnapprovedRegistry: {
    severity: 'medium',
    remedy:
      'Have the image in an approved registry and refer to it there, or approve the registry in the policy.',
    identity: ['foreignRegistry'],
  },
  /** The replicas of one workload run different digests of one image. */
  ReplicaSkew: {
    severity: 'medium',
    remedy: 'Roll the workload out again, pinned to one digest.',
    identity: ['workload'],
  },
  /** A source of the inventory has not told completely what it uses for too long: nothing counts as unused until it has. */
  SourceStale: {
    severity: 'high',
    lesser: ['medium'],
    remedy:
      'Make the source readable again, or have its snapshot submitted; retire it if it is gone for good. Until then nothing is released or deleted by what it does not say.',
    identity: ['source'],
  },
  /** A comparison found changes of the registry that no event had told. */
  UnannouncedChange: {
    severity: 'medium',
    remedy:
      'Look at the event subscription (its filters, its dead letters, its delivery failures): changes are seen only once an hour without it.',
    identity: [],
  },
  /** A scanner found vulnerabilities in a digest that runs. */
  VulnerableDigestRunning: {
    severity: 'critical',
    lesser: ['high', 'medium', 'low'],
    remedy:
      'Rebuild the image on a patched base and roll it out, or waive the finding with a reason and an end.',
    identity: [],
  },
  /** A setting of a registry, or a task of it, endangers what is in it. */
  DangerousSetting: {
    severity: 'high',
    lesser: ['medium', 'low'],
    remedy:
      'Change the setting as advice says, or waive the finding with a reason and an end. It is over with the first look after the change.',
    identity: ['setting', 'task'],
  },
  /** The settings of a registry, or some of them, could not be read: what endangers its images is not known. */
  RegistrySettingsUnknown: {
    severity: 'low',
    remedy:
      'Name the registry with its resource id in REGISTRIES, and give the identity of the app Microsoft.ContainerRegistry/registries/read and Microsoft.ContainerRegistry/registries/tasks/read there, which Reader has.',
    identity: [],
  },
} as const satisfies Readonly<Record<string, KindOfFinding>>;

/** What a finding is about. */
export type FindingKind = keyof typeof findingKinds;

/** What to do about a finding of a kind, which may be one that only a later version of this audit knows. */
export function remedyOf(kind: string): string {
  return isFindingKind(kind)
    ? findingKinds[kind].remedy
    : 'Told by a later version of this audit: its docs/findings.md says what to do. This one keeps it as it is.';
}

function isFindingKind(text: string): text is FindingKind {
  return Object.hasOwn(findingKinds, text);
}
