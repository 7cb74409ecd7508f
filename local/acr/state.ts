import type { Change, ManifestRecord, RegistryEvent } from './change.ts';
import type { Journal } from './journal.ts';
import { createOrderedEntries, type OrderedEntries } from './ordered-entries.ts';
import {
  copyRepository,
  createRepository,
  putManifest,
  putTag,
  type Repository,
  removeManifest,
  removeTag,
} from './repository.ts';

/** The repositories a list is answered from. */
export interface Listing {
  readonly repositories: OrderedEntries<Repository>;
}

interface DeletedManifest {
  readonly manifest: ManifestRecord;
  readonly repositoryCreatedTime: string;
  readonly deletedAt: string;
}

interface DeletedTag {
  readonly tag: string;
  readonly digest: string;
  readonly deletedAt: string;
}

/** What soft delete keeps of one repository. */
export interface DeletedRepository {
  readonly manifests: Map<string, DeletedManifest>;
  readonly tags: Map<string, DeletedTag>;
}

export interface Subscription {
  readonly name: string;
  readonly endpoint: string;
  readonly schema: 'eventgrid' | 'cloudevents';
}

interface PendingEvent {
  readonly event: RegistryEvent;
  readonly subscriptions: Set<string>;
}

/** The registry's state in memory. It changes only through {@link RegistryState.commit}. */
export interface RegistryState extends Listing {
  /** Sizes of the blobs a repository may use, by digest. */
  blobs(repository: string): ReadonlyMap<string, number>;
  readonly deleted: ReadonlyMap<string, DeletedRepository>;
  readonly subscriptions: ReadonlyMap<string, Subscription>;
  readonly pending: ReadonlyMap<string, PendingEvent>;
  /** Writes the changes to the journal as one line, applies them, and tells the observers. */
  commit(line: readonly Change[]): void;
  observe(observer: (change: Change) => void): void;
  /** A copy that later changes don't reach. */
  snapshot(): Listing;
  close(): void;
}

const noBlobs: ReadonlyMap<string, number> = new Map();

/** Opens the state kept by a journal. */
export function openState(open: (replay: (line: readonly Change[]) => void) => Journal): RegistryState {
  const repositories = createOrderedEntries<Repository>((repository) => repository.lastUpdateTime);
  const blobs = new Map<string, Map<string, number>>();
  const deleted = new Map<string, DeletedRepository>();
  const subscriptions = new Map<string, Subscription>();
  const pending = new Map<string, PendingEvent>();
  const observers: ((change: Change) => void)[] = [];

  function existing(name: string): Repository {
    const repository = repositories.get(name);
    if (repository === undefined) {
      throw new Error(`The journal changes ${name}, which doesn't exist.`);
    }
    return repository;
  }

  function deletedOf(name: string): DeletedRepository {
    const known = deleted.get(name) ?? { manifests: new Map(), tags: new Map() };
    deleted.set(name, known);
    return known;
  }

  function settle(id: string, subscription: string): void {
    const event = pending.get(id);
    event?.subscriptions.delete(subscription);
    if (event?.subscriptions.size === 0) {
      pending.delete(id);
    }
  }

  function restore(name: string, digest: string): void {
    const kept = deletedOf(name);
    kept.manifests.delete(digest);
    for (const tag of kept.tags.values()) {
      if (tag.digest === digest) {
        kept.tags.delete(tag.tag);
      }
    }
  }

  function apply(change: Change): void {
    switch (change.op) {
      case 'repository': {
        const { op: _, ...head } = change;
        const before = repositories.get(head.name);
        repositories.set(head.name, before === undefined ? createRepository(head) : { ...before, ...head });
        return;
      }
      case 'repository-removed':
        repositories.delete(change.repository);
        blobs.delete(change.repository);
        return;
      case 'manifest':
        putManifest(existing(change.repository), change.manifest);
        return;
      case 'manifest-removed':
        removeManifest(existing(change.repository), change.digest);
        return;
      case 'tag':
        putTag(existing(change.repository), change.tag);
        return;
      case 'tag-removed':
        removeTag(existing(change.repository), change.tag);
        return;
      case 'blob': {
        const known = blobs.get(change.repository) ?? new Map<string, number>();
        blobs.set(change.repository, known.set(change.digest, change.size));
        return;
      }
      case 'blob-removed':
        blobs.get(change.repository)?.delete(change.digest);
        return;
      case 'manifest-softly-deleted':
        deletedOf(change.repository).manifests.set(change.manifest.digest, change);
        return;
      case 'tag-softly-deleted':
        deletedOf(change.repository).tags.set(change.tag, change);
        return;
      case 'manifest-restored':
        restore(change.repository, change.digest);
        return;
      case 'subscription':
        subscriptions.set(change.name, change);
        return;
      case 'event':
        pending.set(change.event.id, { event: change.event, subscriptions: new Set(change.subscriptions) });
        return;
      case 'event-settled':
        settle(change.id, change.subscription);
        return;
    }
  }

  const journal = open((line) => line.forEach(apply));
  return {
    repositories,
    deleted,
    subscriptions,
    pending,
    blobs: (repository) => blobs.get(repository) ?? noBlobs,
    commit(line) {
      journal.append(line);
      for (const change of line) {
        apply(change);
      }
      for (const change of line) {
        for (const observer of observers) {
          observer(change);
        }
      }
    },
    observe: (observer) => void observers.push(observer),
    snapshot() {
      const copies = Array.from(repositories.values(), (repository) => copyRepository(repository));
      return {
        repositories: createOrderedEntries<Repository>(
          (repository) => repository.lastUpdateTime,
          copies.map((copy) => [copy.name, copy]),
        ),
      };
    },
    close: () => journal.close(),
  };
}
