import type { RepositoryId } from '../history/fact.ts';
import { subjectOfTag } from '../protection/referrer-kind.ts';
import type { Digest } from '../registry/digest.ts';
import type { LockState } from '../registry/lock-state.ts';
import type { Manifest } from '../registry/manifest.ts';
import type { KeepCode, KeepReason } from '../retention/keep-reason.ts';
import type { PlanItem, RepositoryPlan } from '../retention/plan.ts';
import { clockSkewMs } from '../workloads/use.ts';
import { concurrently } from './concurrently.ts';
import { AuditFault } from './fault.ts';
import type { ManifestSeen, RegistryContent } from './registry-content.ts';

export interface ItemChecksPorts {
  readonly content: RegistryContent;
  /** What inventories, approvals and holds say now. */
  readonly stillGoes: (repository: RepositoryId, item: PlanItem) => Promise<readonly KeepReason[]>;
}

/** What a look right before a deletion came to. `gone`: it is not there any more. `stop`: nothing more may be deleted. */
export type ItemCheck =
  /** `along`: what the registry deletes with it, being about it. */
  | { readonly check: 'goes'; readonly along: readonly PlanItem[] }
  | { readonly check: 'gone' }
  /** `isSurprise`: something has changed since the plan; not, when it stays for the sake of another that was spared. */
  | { readonly check: 'spared'; readonly because: string; readonly isSurprise: boolean }
  | { readonly check: 'stop'; readonly because: string };

/** Looks at the items of one repository again, each right before it goes. */
export interface ItemChecks {
  untag(item: PlanItem): Promise<ItemCheck>;
  deletion(item: PlanItem): Promise<ItemCheck>;
  /** Notes that an item stays after all: what belongs to it stays as well. */
  spare(item: PlanItem): Promise<void>;
}

/** Documents read at once. */
const mostAtOnce = 8;

/** What ends a run: it is true of more than the item. */
const doubts: readonly KeepCode[] = [
  'coverage-incomplete',
  'source-stale',
  'history-stale',
  'index-unreadable',
];

const goes: ItemCheck = { check: 'goes', along: [] };
const gone: ItemCheck = { check: 'gone' };

/**
 * Begins to carry out what is planned of a repository: looks at every manifest that the plan does not know, since it may list
 * what goes. @throws AuditFault when the registry could not be asked, or a new index could not be read.
 */
export async function itemChecks(
  { content, stillGoes }: ItemChecksPorts,
  plan: Pick<RepositoryPlan, 'registry' | 'repository' | 'items'>,
  plannedAt: number,
): Promise<ItemChecks> {
  const { registry, repository } = plan;
  const known = new Set(plan.items.map(({ digest }) => digest));
  const going = new Map(
    plan.items.flatMap((item) =>
      item.tag === undefined && item.action === 'delete' ? [[item.digest, item] as const] : [],
    ),
  );
  const goingTags = new Map(
    plan.items.flatMap((item) =>
      item.tag !== undefined && item.action === 'untag' ? [[item.tag, item] as const] : [],
    ),
  );
  /** What stays, by what it stays for. */
  const needed = new Map<Digest, Digest>();
  /** Items that were spared. */
  const stays = new Set<Digest>();
  let newestSeen = 0;

  for await (const page of content.manifests(repository)) await lookAt(page);

  /** Reads manifests that the plan does not know: what they list, and what they are about, stays. */
  async function lookAt(page: readonly ManifestSeen[]): Promise<void> {
    for (const { updatedAt } of page) newestSeen = Math.max(newestSeen, updatedAt);
    const unknown = page.filter(({ digest }) => !known.has(digest));
    await concurrently(unknown, mostAtOnce, async ({ digest }) => {
      await need(digest, digest);
      known.add(digest);
    });
  }

  /** Notes that what a manifest lists, and what it is about, stays: at every depth that is there. */
  async function need(digest: Digest, of: Digest): Promise<void> {
    const document = await documentOf(digest);
    const below = [...(document?.children ?? []).map((child) => child.digest), document?.subject?.digest];
    for (const child of below) {
      if (child === undefined || needed.has(child)) continue;
      needed.set(child, of);
      await need(child, of);
    }
  }

  /** Reads what was pushed meanwhile: as far as all of a page is known, since clocks of replicas differ. */
  async function lookAtNewest(): Promise<void> {
    const since = newestSeen;
    for await (const page of content.newestManifests(repository)) {
      const isKnown = page.every(({ digest }) => known.has(digest));
      await lookAt(page);
      if (isKnown && page.some(({ updatedAt }) => updatedAt < since)) return;
    }
  }

  /** `undefined`: the manifest is not there. One that is, and is not sent, may list anything. */
  async function documentOf(digest: Digest): Promise<Manifest | undefined> {
    const document = await content.document(repository, digest);
    if (document !== undefined || !(await isThere(digest))) return document;
    const message = `${repository}@${digest} is there, and the registry does not send it`;
    throw new AuditFault('index-unreadable', message, { retryable: false });
  }

  /** What keeps something that the registry cannot know of. */
  async function asked(item: PlanItem): Promise<ItemCheck> {
    const reasons = await stillGoes({ registry, repository }, item);
    const [first] = reasons;
    if (first === undefined) return goes;
    const because = reasonText(first);
    const doubt = reasons.find(({ code }) => doubts.includes(code));
    return doubt === undefined ? spared(because) : { check: 'stop', because: reasonText(doubt) };
  }

  return {
    async untag(item) {
      const own = await tagAsSeen(item);
      if (own !== undefined) return own;
      const subject = subjectOfTag(item.tag ?? '');
      if (subject !== undefined && (await isThere(subject))) {
        return spared(`it is about ${subject}, which stays`, !stays.has(subject));
      }
      return asked(item);
    },

    async deletion(item) {
      const { digest } = item;
      const seen = await content.manifest(repository, digest);
      if (seen === undefined) return gone;
      const own = keptAsSeen(seen);
      if (own !== undefined) return spared(own);
      await lookAtNewest();
      const document = await documentOf(digest);
      if (document === undefined) return gone;
      const by = needed.get(digest);
      if (by !== undefined) return spared(`${by} lists it, or is about it`, !stays.has(by));
      const subject = document.subject?.digest;
      if (subject !== undefined && (await isThere(subject))) {
        return spared(`it is about ${subject}, which stays`, !stays.has(subject));
      }
      const along = new Map<Digest, PlanItem>();
      const referrer = await keptReferrer(digest, along);
      if (referrer !== undefined) return spared(`${referrer} is about it, and stays`);
      const check = await asked(item);
      return check.check === 'goes' ? { check: 'goes', along: [...along.values()] } : check;
    },

    async spare({ tag, digest }) {
      if (tag !== undefined) {
        goingTags.delete(tag);
        return;
      }
      going.delete(digest);
      stays.add(digest);
      await need(digest, digest);
    },
  };

  async function isThere(digest: Digest): Promise<boolean> {
    return (await content.manifest(repository, digest)) !== undefined;
  }

  /** What keeps a tag, or that it is gone; nothing when it goes as far as the registry knows. */
  async function tagAsSeen({ tag = '', digest }: PlanItem): Promise<ItemCheck | undefined> {
    const seen = await content.tag(repository, tag);
    if (seen === undefined) return gone;
    if (seen.digest !== digest) return spared(`it points to ${seen.digest} now`);
    // What was pushed shortly before the plan is not in it, so a clock that is behind does no harm.
    if (seen.updatedAt > plannedAt - clockSkewMs) return spared('it was pushed again');
    if (isLocked(seen.locks)) return spared('it is locked');
    const manifest = await content.manifest(repository, digest);
    return manifest !== undefined && isLocked(manifest.locks) ? spared('its manifest is locked') : undefined;
  }

  /**
   * What is about a manifest and stays. Registries delete what names it as its subject along with it: each such has to go by
   * this plan, and still may. So has each tag that says that it is about it, which goes once the manifest is gone.
   */
  async function keptReferrer(
    digest: Digest,
    along: Map<Digest, PlanItem>,
  ): Promise<Digest | string | undefined> {
    const tags = await Promise.all(tagsAbout(digest).map(keptTag));
    const tag = tags.find((one) => one !== undefined);
    if (tag !== undefined) return tag;
    // Without an API for them, they are under one of these tags.
    for (const { digest: referrer } of (await content.referrers(repository, digest)) ?? []) {
      if (along.has(referrer)) continue;
      const item = going.get(referrer);
      if (item === undefined || needed.has(referrer)) return referrer;
      const seen = await content.manifest(repository, referrer);
      if (seen === undefined) continue;
      if (keptAsSeen(seen) !== undefined) return referrer;
      if ((await asked(item)).check !== 'goes') return referrer;
      along.set(referrer, item);
      if ((await keptReferrer(referrer, along)) !== undefined) return referrer;
    }
    return undefined;
  }

  async function keptTag(tag: string): Promise<string | undefined> {
    const item = goingTags.get(tag);
    if (item === undefined) return (await content.tag(repository, tag)) && tag;
    const own = await tagAsSeen(item);
    if (own !== undefined) return own.check === 'gone' ? undefined : tag;
    return (await asked(item)).check === 'goes' ? undefined : tag;
  }
}

function keptAsSeen({ isTagged, locks }: ManifestSeen): string | undefined {
  if (isTagged) return 'it was tagged again';
  return isLocked(locks) ? 'it is locked' : undefined;
}

function isLocked({ canDelete, canWrite }: LockState): boolean {
  return !canDelete || !canWrite;
}

/** The tags that {@link subjectOfTag} reads: https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md. */
function tagsAbout(digest: Digest): readonly string[] {
  return ['', '.sig', '.att', '.sbom'].map((suffix) => `${digest.replace(':', '-')}${suffix}`);
}

function spared(because: string, isSurprise = true): ItemCheck {
  return { check: 'spared', because, isSurprise };
}

function reasonText({ code, detail }: KeepReason): string {
  return detail === undefined ? code : `${code}: ${detail}`;
}
