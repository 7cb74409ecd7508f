import type { ManifestHead, TagHead, Versioned } from '../../../src/history/head.ts';
import type { Digest } from '../../../src/registry/digest.ts';
import { instantAt } from './instants.ts';

/** A tag that was pushed once, at a minute, and read as the version `tag`. */
export function tagHead(digest: Digest, minute: number, what: Partial<TagHead> = {}): Versioned<TagHead> {
  const pushed = instantAt(minute);
  const holding = { digest, stretch: pushed, lastPush: pushed };
  const head = { tag: 'prod', holding, newestPush: pushed, oldestPush: pushed, recent: { pushes: [] } };
  return { value: { ...head, ...what }, version: 'tag' };
}

/** A manifest that was last told of at a minute, and read as the version `manifest`. */
export function manifestHead(
  digest: Digest,
  minute: number,
  what: Partial<ManifestHead> = {},
): Versioned<ManifestHead> {
  return { value: { digest, presence: 'present', newest: instantAt(minute), ...what }, version: 'manifest' };
}
