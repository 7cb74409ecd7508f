import type { RepositoryId } from '../history/fact.ts';
import type { JsonContent } from '../history/statement.ts';
import type { Approver } from '../protection/approval.ts';
import type { Digest } from '../registry/digest.ts';
import { AuditFault } from './fault.ts';
import { type ProtectionRecordsPorts, recordStatement } from './protection-records.ts';
import type { RegistryContent } from './registry-content.ts';
import type { DeletedImages, RecordedReferrers } from './restore-ports.ts';
import { type HeldTag, type Presence, type RestoreStepsPorts, restoreSteps } from './restore-steps.ts';

export interface RestoreImagePorts
  extends Omit<ProtectionRecordsPorts, 'states'>,
    RecordedReferrers,
    Pick<RestoreStepsPorts, 'pause'> {
  readonly contents: ReadonlyMap<string, Pick<RegistryContent, 'manifest' | 'tag' | 'document'>>;
  /** What restores in each registry, by login server; of none, nothing is restored. */
  readonly deleted: ReadonlyMap<string, DeletedImages>;
  /** Tags that pointed to a digest at a time, in epoch milliseconds, as history knows it. */
  readonly tagsAt: (repository: RepositoryId, digest: Digest, at: number) => Promise<readonly string[]>;
}

/** What is to come back, on whose behalf, and why. */
export interface RestoreRequest {
  readonly digest: Digest;
  /** Tags that it is to have again. */
  readonly tags?: readonly string[];
  /** As well as those that it had at this time, in epoch milliseconds. */
  readonly tagsAt?: number;
  readonly by: Approver;
  readonly reason: string;
}

/** A manifest, or a tag of it. */
export interface RestoredItem {
  readonly tag?: string;
  readonly digest: Digest;
}

/** Something that is not there as it should be, and why. */
export interface UnrestoredItem extends RestoredItem {
  readonly because: string;
}

/** What became of everything that an image is not whole without. */
export interface RestoreResult {
  readonly restored: readonly RestoredItem[];
  readonly alreadyThere: readonly RestoredItem[];
  /** Also what is there, where nobody can tell what it lists. */
  readonly notRestorable: readonly UnrestoredItem[];
}

/** Manifests that one image is made of at most: more than any has, and few enough to wait for. */
const mostManifests = 2_000;

/** Tags that the record of a request names; a record has an end. */
const mostTagsNamed = 100;

/**
 * Restores an image that was deleted, whole: the manifest, what it lists, at every depth, what is about any of it, and its
 * tags last, so that no tag names what is not whole yet. A registry restores only what it is told to, and shows what a
 * manifest lists only once it is back:
 * https://learn.microsoft.com/azure/container-registry/container-registry-soft-delete-policy. A tag that points to something
 * else by now is left there. Cut off, it may be repeated: what is back already is told as such.
 * @throws AuditFault `restore-off` where nothing restores, a retryable one when the registry or storage does not answer, and
 * the signal's reason, between two items, once it is aborted.
 */
export function restoreImage(ports: RestoreImagePorts) {
  const record = recordStatement(ports);
  return async (
    repository: RepositoryId,
    request: RestoreRequest,
    signal?: AbortSignal,
  ): Promise<RestoreResult> => {
    const content = ports.contents.get(repository.registry);
    const deleted = ports.deleted.get(repository.registry);
    if (content === undefined || deleted === undefined) {
      throw new AuditFault('restore-off', `no identity may restore in ${repository.registry}`, {
        retryable: false,
      });
    }
    const { digest: root, by, reason } = request;
    const told: JsonContent = { image: root, by: by.id, byName: by.name, reason };
    const steps = restoreSteps({ content, deleted, pause: ports.pause }, repository.repository);
    const restored: RestoredItem[] = [];
    const alreadyThere: RestoredItem[] = [];
    const notRestorable: UnrestoredItem[] = [];

    /** Notes what became of an item, and records what is back, each by itself: a crash leaves at most one unrecorded. */
    async function note(item: RestoredItem, presence: Presence): Promise<void> {
      if (presence === 'there') alreadyThere.push(item);
      else if (presence !== 'restored') notRestorable.push({ ...item, ...presence });
      else {
        restored.push(item);
        await record(repository, 'retention-restored', { ...told, ...item }, []);
      }
    }

    const tags = await tagsOf(repository, request);
    const named = { tags: tags.slice(0, mostTagsNamed), tagCount: tags.length };
    await record(repository, 'restore-intended', { ...told, ...named }, []);
    const aboutTags = await steps.tagsAbout();
    const found = new Set([root]);
    const there = new Set<Digest>();
    const wanted: HeldTag[] = [];
    // What is found on the way is gone through as well.
    for (const digest of found) {
      signal?.throwIfAborted();
      const presence = await steps.manifest(digest);
      await note({ digest }, presence);
      if (typeof presence === 'object') continue;
      there.add(digest);
      const children = await steps.children(digest);
      if ('because' in children) notRestorable.push({ digest, ...children });
      const about = aboutTags.get(digest) ?? [];
      wanted.push(...about.map(({ tag, digest: held }) => ({ tag, digest: held })));
      const more = [
        ...('because' in children ? [] : children),
        ...(await ports.referrers(repository, digest)),
        ...about.map((tag) => tag.digest),
      ].filter((one) => !found.has(one));
      for (const one of new Set(more)) {
        if (found.size < mostManifests) found.add(one);
        else await note({ digest: one }, { because: `it is one of more than ${mostManifests} manifests` });
      }
    }
    for (const item of [...wanted, ...tags.map((tag) => ({ tag, digest: root }))]) {
      signal?.throwIfAborted();
      const isWhole = there.has(item.digest);
      await note(item, isWhole ? await steps.tag(item) : { because: 'its manifest is not there' });
    }
    return { restored, alreadyThere, notRestorable };
  };

  async function tagsOf(
    repository: RepositoryId,
    { digest, tags = [], tagsAt }: RestoreRequest,
  ): Promise<readonly string[]> {
    const then = tagsAt === undefined ? [] : await ports.tagsAt(repository, digest, tagsAt);
    return [...new Set([...tags, ...then])];
  }
}
