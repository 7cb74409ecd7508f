import { subjectOfTag } from '../protection/referrer-kind.ts';
import type { Digest } from '../registry/digest.ts';
import { AuditFault } from './fault.ts';
import type { RegistryContent } from './registry-content.ts';
import type { DeletedImages, DeletedTag } from './restore-ports.ts';

export interface RestoreStepsPorts {
  readonly content: Pick<RegistryContent, 'manifest' | 'tag' | 'document'>;
  readonly deleted: DeletedImages;
  /** Waits some milliseconds. */
  readonly pause: (ms: number) => Promise<unknown>;
}

/** What became of one manifest or tag; `because`: it is not back. */
export type Presence = 'restored' | 'there' | { readonly because: string };

/** A tag and what it pointed to. */
export interface HeldTag {
  readonly tag: string;
  readonly digest: Digest;
}

/** Waits, in milliseconds, before what was restored is looked for again: a change has been seen to show late. */
const readBackWaits = [0, 500, 2_000];

/** The steps in which an image of one repository is restored: each looks first, and reads back what it did. */
export function restoreSteps({ content, deleted, pause }: RestoreStepsPorts, repository: string) {
  /** What is told at last, once it is told at all. */
  async function eventually<T>(look: () => Promise<T | undefined>): Promise<T | undefined> {
    for (const wait of readBackWaits) {
      if (wait > 0) await pause(wait);
      const found = await look();
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async function restored(
    digest: Digest,
    tag: string | undefined,
    look: () => Promise<unknown>,
  ): Promise<Presence> {
    const outcome = await deleted.restore(repository, digest, tag);
    if (outcome.outcome === 'missing') return { because: 'soft delete does not keep it' };
    if (outcome.outcome === 'refused') return { because: `the registry refused (${outcome.code})` };
    const isBack = (await eventually(look)) !== undefined;
    return isBack ? 'restored' : { because: 'the registry took the order and does not show it' };
  }

  return {
    async manifest(digest: Digest): Promise<Presence> {
      const look = () => content.manifest(repository, digest);
      return (await look()) === undefined ? restored(digest, undefined, look) : 'there';
    },

    /** A tag that points to something else stays where it is. */
    async tag({ tag, digest }: HeldTag): Promise<Presence> {
      const now = await content.tag(repository, tag);
      if (now?.digest === digest) return 'there';
      if (now !== undefined) return { because: `it points to ${now.digest} now` };
      return restored(digest, tag, async () => {
        const seen = await content.tag(repository, tag);
        return seen?.digest === digest ? seen : undefined;
      });
    },

    /** What a manifest that is there lists; what cannot be read for good may list anything. */
    async children(digest: Digest): Promise<readonly Digest[] | { readonly because: string }> {
      const because = 'it is there, and what it lists cannot be read';
      try {
        const document = await eventually(() => content.document(repository, digest));
        return document?.children.map((child) => child.digest) ?? { because };
      } catch (error) {
        if (!(error instanceof AuditFault) || error.retryable) throw error;
        return { because: `${because} (${error.code})` };
      }
    },

    /** Deleted tags that say what they are about: cosign's, and those of the referrers tag schema; each as it was last. */
    async tagsAbout(): Promise<ReadonlyMap<Digest, readonly HeldTag[]>> {
      const last = new Map<string, DeletedTag & { readonly subject: Digest }>();
      for await (const page of deleted.tags(repository)) {
        for (const one of page) {
          const subject = subjectOfTag(one.tag);
          const before = last.get(one.tag)?.deletedAt ?? 0;
          if (subject !== undefined && (one.deletedAt ?? 0) >= before) last.set(one.tag, { ...one, subject });
        }
      }
      return Map.groupBy(last.values(), ({ subject }) => subject);
    },
  };
}
