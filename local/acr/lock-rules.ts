import type { ChangeableAttributes, ManifestRecord, TagRecord } from './change.ts';
import { disallowedOperation } from './problem.ts';
import type { Repository } from './repository.ts';

// The rules of
// https://learn.microsoft.com/azure/container-registry/container-registry-image-lock
// Tag and manifest carry separate attributes, and neither protects the other.

interface Lockable {
  readonly changeableAttributes: ChangeableAttributes;
}

function refuse(locked: boolean): void {
  if (locked) {
    throw disallowedOperation();
  }
}

function undeletable({ changeableAttributes: { deleteEnabled, writeEnabled } }: Lockable): boolean {
  return !deleteEnabled || !writeEnabled;
}

function unwritable({ changeableAttributes: { writeEnabled } }: Lockable): boolean {
  return !writeEnabled;
}

function unreadable({ changeableAttributes: { readEnabled } }: Lockable): boolean {
  return !readEnabled;
}

/**
 * A push is refused by a write lock on the repository, on the digest that is pushed again, or on the tag that
 * would be written. A tag that can't be deleted can still be moved.
 */
export function requirePushable(
  repository: Repository | undefined,
  manifest: ManifestRecord | undefined,
  tag: TagRecord | undefined,
): void {
  for (const part of [repository, manifest, tag]) {
    refuse(part !== undefined && unwritable(part));
  }
}

/** A tag can't be deleted when it is locked either way (https://github.com/Azure/acr-cli/issues/70). */
export function requireTagDeletable(repository: Repository, tag: TagRecord): void {
  refuse(unwritable(repository) || undeletable(tag));
}

/** A locked manifest can't be deleted; the locks of the tags that point to it don't matter. */
export function requireManifestDeletable(repository: Repository, manifest: ManifestRecord): void {
  refuse(unwritable(repository) || undeletable(manifest));
}

/** Any lock in a repository, on itself, a manifest or a tag, refuses its deletion. */
export function requireRepositoryDeletable(repository: Repository): void {
  refuse(undeletable(repository));
  for (const entries of [repository.manifests, repository.tags]) {
    for (const entry of entries.values()) {
      refuse(undeletable(entry));
    }
  }
}

/** `readEnabled` set to false blocks pulls. */
export function requireReadable(...parts: readonly (Lockable | undefined)[]): void {
  refuse(parts.some((part) => part !== undefined && unreadable(part)));
}

/** Whether a manifest is locked against deletion. */
export function isLocked(manifest: ManifestRecord): boolean {
  return undeletable(manifest);
}
