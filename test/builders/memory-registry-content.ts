import { AuditFault } from '../../src/audit/fault.ts';
import type { ManifestSeen, RegistryContent, TagSeen } from '../../src/audit/registry-content.ts';
import type { Digest } from '../../src/registry/digest.ts';
import type { LockState } from '../../src/registry/lock-state.ts';
import type { Manifest } from '../../src/registry/manifest.ts';
import { present } from '../../src/registry/present.ts';

/** A call of the port: its method and what it was asked about, such as `tag team/app:v1`. */
export type ContentCall = string;

export interface ContentFaults {
  /** The fault a call fails with before it answers anything. */
  fail: (call: ContentCall) => AuditFault | undefined;
  /** Answer lists as they were when this was switched on. Single reads and documents stay fresh. */
  staleLists: boolean;
  /** Leave tags, digests and repositories out of lists, which look complete all the same. */
  hides: (item: string) => boolean;
  /** Break lists off with a retryable fault after so many pages. */
  breakOffAfterPages: number | undefined;
  /** Have no API that lists referrers. */
  lacksReferrers: boolean;
}

/** A tag or a manifest of a repository. */
export type MemoryItem = { readonly tag: string } | { readonly digest: Digest };

/** What happens in a repository. Times are epoch milliseconds. Locks are told, not enforced. */
export interface MemoryRepository {
  /** Pushes an image under a tag, or by digest alone. */
  push(tag: string | undefined, digest: Digest, at: number, document?: Partial<Manifest>): void;
  /** Pushes an index. Its children needn't be there. */
  pushIndex(tag: string | undefined, digest: Digest, children: readonly Digest[], at: number): void;
  untag(tag: string): void;
  /** Deletes a manifest and its tags; the repository goes with its last manifest. */
  deleteManifest(digest: Digest): void;
  lock(what: MemoryItem, locks: Partial<LockState>): void;
  holds(what: MemoryItem): boolean;
}

export interface MemoryRegistry {
  readonly content: RegistryContent;
  readonly faults: ContentFaults;
  /** Every call of the port so far. */
  readonly calls: readonly ContentCall[];
  repository(name: string): MemoryRepository;
}

interface HeldManifest extends Omit<ManifestSeen, 'isTagged'> {
  readonly document: Manifest;
}

interface Held {
  readonly tags: ReadonlyMap<string, TagSeen>;
  readonly manifests: ReadonlyMap<Digest, HeldManifest>;
}

const empty: Held = { tags: new Map(), manifests: new Map() };
const open: LockState = { canDelete: true, canWrite: true, canRead: true, canList: true };

/** A registry's content in memory: lists in order of name or digest, as the service answers them. */
export function memoryRegistryContent({ pageSize = 1_000 } = {}): MemoryRegistry {
  // Replaced, never changed: what staleLists keeps stays as it was.
  let fresh: ReadonlyMap<string, Held> = new Map();
  let frozen: ReadonlyMap<string, Held> | undefined;
  const calls: ContentCall[] = [];

  const faults: ContentFaults = {
    fail: () => undefined,
    hides: () => false,
    breakOffAfterPages: undefined,
    lacksReferrers: false,
    get staleLists() {
      return frozen !== undefined;
    },
    set staleLists(on) {
      frozen = on ? (frozen ?? fresh) : undefined;
    },
  };

  function called(call: ContentCall): void {
    calls.push(call);
    const fault = faults.fail(call);
    if (fault !== undefined) throw fault;
  }

  function change(repository: string, next: Partial<Held>): void {
    const held = { ...(fresh.get(repository) ?? empty), ...next };
    const others = [...fresh].filter(([name]) => name !== repository);
    fresh = new Map(held.manifests.size === 0 ? others : [...others, [repository, held]]);
  }

  async function* list<T>(
    call: ContentCall,
    keyOf: (item: T) => string,
    read: (held: ReadonlyMap<string, Held>) => Iterable<T>,
  ): AsyncGenerator<readonly T[], void, undefined> {
    called(call);
    const items = [...read(frozen ?? fresh)]
      .filter((item) => !faults.hides(keyOf(item)))
      .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    for (let page = 0; page * pageSize < items.length; page += 1) {
      breakOff(call, page);
      yield items.slice(page * pageSize, (page + 1) * pageSize);
    }
  }

  function breakOff(call: ContentCall, page: number): void {
    if (faults.breakOffAfterPages !== undefined && page >= faults.breakOffAfterPages) {
      throw new AuditFault('registry-503', `${call} broke off`, { retryable: true });
    }
  }

  const content: RegistryContent = {
    repositories: () => list('repositories', String, (held) => held.keys()),
    tags: (repository) =>
      list(
        `tags ${repository}`,
        ({ tag }) => tag,
        (held) => listed(held.get(repository)?.tags),
      ),
    async *manifests(repository) {
      const pages = list<HeldManifest>(
        `manifests ${repository}`,
        ({ digest }) => digest,
        (held) => listed(held.get(repository)?.manifests),
      );
      const tagged = taggedIn((frozen ?? fresh).get(repository));
      for await (const page of pages) yield page.map((held) => seenOf(held, tagged));
    },
    async *newestManifests(repository) {
      called(`newest manifests ${repository}`);
      const held = fresh.get(repository);
      const tagged = taggedIn(held);
      const all = [...(held?.manifests.values() ?? [])].map((one) => seenOf(one, tagged));
      if (all.length > 0) yield all.sort((a, b) => b.updatedAt - a.updatedAt);
    },
    async tag(repository, tag) {
      called(`tag ${repository}:${tag}`);
      return fresh.get(repository)?.tags.get(tag);
    },
    async manifest(repository, digest) {
      called(`manifest ${repository}@${digest}`);
      const held = fresh.get(repository);
      const manifest = held?.manifests.get(digest);
      return manifest && seenOf(manifest, taggedIn(held));
    },
    async document(repository, digest) {
      called(`document ${repository}@${digest}`);
      return fresh.get(repository)?.manifests.get(digest)?.document;
    },
    async referrers(repository, digest) {
      called(`referrers ${repository}@${digest}`);
      if (faults.lacksReferrers) return undefined;
      const manifests = [...(fresh.get(repository)?.manifests.values() ?? [])];
      return manifests
        .filter(({ document }) => document.subject?.digest === digest)
        .map(({ digest: referrer, document: { artifactType, config } }) =>
          present({ digest: referrer, artifactType: artifactType ?? config?.mediaType }),
        );
    },
  };

  function repository(name: string): MemoryRepository {
    const held = () => fresh.get(name) ?? empty;

    function put(tag: string | undefined, digest: Digest, at: number, document: Manifest): void {
      const { tags, manifests } = held();
      const manifest = manifests.get(digest) ?? {
        digest,
        createdAt: at,
        updatedAt: at,
        mediaType: document.mediaType,
        locks: open,
        document,
      };
      const before = tag === undefined ? undefined : tags.get(tag);
      change(name, {
        manifests: new Map([...manifests, [digest, manifest]]),
        tags:
          tag === undefined
            ? tags
            : new Map([
                ...tags,
                [tag, { createdAt: at, locks: open, ...before, tag, digest, updatedAt: at }],
              ]),
      });
    }

    return {
      push: (tag, digest, at, document = {}) => put(tag, digest, at, { ...image, ...document }),
      pushIndex: (tag, digest, children, at) =>
        put(tag, digest, at, { ...index, children: children.map((child) => ({ digest: child })) }),
      untag(tag) {
        change(name, { tags: new Map([...held().tags].filter(([key]) => key !== tag)) });
      },
      deleteManifest(digest) {
        change(name, {
          tags: new Map([...held().tags].filter(([, tag]) => tag.digest !== digest)),
          manifests: new Map([...held().manifests].filter(([key]) => key !== digest)),
        });
      },
      lock(what, locks) {
        change(
          name,
          'tag' in what
            ? { tags: withLocks(held().tags, what.tag, locks) }
            : { manifests: withLocks(held().manifests, what.digest, locks) },
        );
      },
      holds: (what) => ('tag' in what ? held().tags.has(what.tag) : held().manifests.has(what.digest)),
    };
  }

  return { content, faults, calls, repository };
}

const image: Manifest = {
  kind: 'image',
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  children: [],
  layers: [],
  annotations: {},
};

const index: Manifest = { ...image, kind: 'index', mediaType: 'application/vnd.oci.image.index.v1+json' };

/** What may not be listed is hidden from lists only. */
function listed<T extends { readonly locks: LockState }>(held: ReadonlyMap<string, T> | undefined): T[] {
  return [...(held?.values() ?? [])].filter(({ locks }) => locks.canList);
}

function seenOf({ document: _, ...seen }: HeldManifest, tagged: ReadonlySet<Digest>): ManifestSeen {
  return { ...seen, isTagged: tagged.has(seen.digest) };
}

function taggedIn(held: Held | undefined): ReadonlySet<Digest> {
  return new Set([...(held?.tags.values() ?? [])].map(({ digest }) => digest));
}

function withLocks<K, T extends { readonly locks: LockState }>(
  held: ReadonlyMap<K, T>,
  key: K,
  locks: Partial<LockState>,
): ReadonlyMap<K, T> {
  const item = held.get(key);
  if (item === undefined) throw new Error(`There is no ${String(key)} to lock`);
  return new Map([...held, [key, { ...item, locks: { ...item.locks, ...locks } }]]);
}
