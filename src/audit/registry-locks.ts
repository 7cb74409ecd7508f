import type { LockFlags, LockTarget } from '../protection/lock-target.ts';

/** Changes what a registry allows to be done to its tags and manifests. */
export interface RegistryLocks {
  /**
   * Sets `deleteEnabled` and `writeEnabled` of one manifest or one tag, and nothing else. `missing` only when the registry
   * says that it isn't there. What it answers otherwise isn't told, since it may be stale
   * (https://github.com/Azure/acr/issues/212): a lock holds once `RegistryContent` has read it back. Throws an AuditFault,
   * retryable when the registry was busy (429, 5xx) or silent, after which the flags may have been set all the same, and
   * permanent when it refused (401 and 403: no right to; 405: a disallowed operation). Rejects with `TypeError`, before
   * anything is sent, for a target that names neither a tag nor a digest: without one the whole repository would be
   * locked (https://github.com/Azure/azure-cli/issues/31878).
   */
  set(repository: string, target: LockTarget, flags: LockFlags): Promise<'set' | 'missing'>;
}
