import type { RepositoryId } from '../history/fact.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import type { Digest } from '../registry/digest.ts';
import type { Layer } from '../retention/freed.ts';
import type { PlanItem, RepositoryPlan } from '../retention/plan.ts';
import type { RegistrySettings } from '../retention/registry-settings.ts';
import type { RecordedRepository } from '../retention/repository-content.ts';
import type { RetentionCaps } from '../retention/rule.ts';
import type { ReadingProblem } from '../workloads/claim.ts';
import type { StoredState } from './ports.ts';

/** What a plan rests on, so that anybody can tell what was known when it was made. Times are epoch milliseconds. */
export interface PlanInputs {
  /** The newest record of the registry's history then. */
  readonly historyAt?: number;
  /** Each source of the inventory, and when the look began that was used. */
  readonly sources: readonly {
    readonly source: string;
    readonly completeAt?: number;
    readonly condition: string;
  }[];
  /** SHA-256 of the policy, in hexadecimal. */
  readonly policyHash: string;
}

/** Where a plan is. `blocked`: made, and may never run. */
export const planStates = [
  'making',
  'blocked',
  'ready',
  'approved',
  'running',
  'stopped',
  'done',
  'failed',
] as const;
export type PlanState = (typeof planStates)[number];

/** How many of something. */
export interface PlanCounts {
  readonly repositories: number;
  readonly tags: number;
  readonly manifests: number;
  readonly untag: number;
  readonly delete: number;
}

/** A plan without its items. Times are epoch milliseconds. */
export interface PlanHeader {
  /** 13 digits that sort the newest first, `-` and 12 of `0-9a-f`, as an approval's. */
  readonly id: string;
  readonly registry: string;
  readonly state: PlanState;
  readonly createdAt: number;
  readonly createdBy: string;
  /** The repositories it is about, as a pattern that matches the whole of a name; absent: all. */
  readonly repositories?: string;
  readonly inputs: PlanInputs;
  readonly counts: PlanCounts;
  /** Bytes that going would free. */
  readonly freed: { readonly atLeast: number; readonly atMost: number };
  /** How much it may remove; absent while it is being made. */
  readonly caps?: RetentionCaps;
  /** Why it may not run: coverage, caps, what could not be read. Each names the repository where it is one's. */
  readonly blocks: readonly string[];
  /** Whether the registry keeps what is deleted for some days; `undefined` when it is not known. */
  readonly softDelete?: boolean;
  /** SHA-256, in hexadecimal, over the inputs, the policy's rules and every item in order. */
  readonly hash: string;
  readonly approvedBy?: string;
  readonly approvedAt?: number;
  readonly executedBy?: string;
  readonly executedAt?: number;
  readonly finishedAt?: number;
  /** What its run has done so far. */
  readonly done?: { readonly untagged: number; readonly deleted: number; readonly spared: number };
  /** Why its run stopped. */
  readonly stoppedBecause?: string;
}

/** Keeps plans: their headers, and their items by repository. */
export interface Plans {
  get(
    registry: string,
    id: string,
  ): Promise<{ readonly header: PlanHeader; readonly version: string } | undefined>;
  /** Newest first. */
  page(
    registry: string,
    limit: number,
    after?: string,
  ): Promise<{ readonly items: readonly PlanHeader[]; readonly next?: string }>;
  /** Writes a header over the version that was read, or for the first time; `conflict` when somebody else was first. */
  put(header: PlanHeader, over?: string): Promise<'written' | 'conflict'>;
  /** Writes what is decided of a repository, before the header says that the plan is made; what was written stays as it is. */
  write(id: string, plan: RepositoryPlan): Promise<void>;
  /** What is decided of each repository, in the order of their names, from one of them on where it is given. */
  repositories(registry: string, id: string, from?: string): AsyncIterable<RepositoryPlan>;
}

/** Reads what history and comparisons know to be in a repository, in one query. */
export interface RecordedContents {
  /** @throws AuditFault when a row is not readable: nothing of the repository may go then. */
  read(repository: RepositoryId): Promise<RecordedRepository>;
  /** Repositories of a registry that have anything recorded, in the order of their names. */
  repositories(registry: string): AsyncIterable<string>;
}

/** What is present of a repository, with what is stated of it and lies beside. */
export interface RecordedStanding extends RecordedRepository {
  /** Approvals (`a|`), then locks that this audit set (`k|`). */
  readonly states: readonly StoredState[];
  /** Epoch milliseconds at which its last whole comparison with the registry began; absent: never. */
  readonly comparedAt?: number;
}

/** Reads all that is recorded of a repository and decides what of it may go, in one query. */
export interface RecordedStandings extends RecordedContents {
  read(repository: RepositoryId): Promise<RecordedStanding>;
}

/** Remembers whole comparisons of repositories with their registry. */
export interface Comparisons {
  /** Notes that one was made that began at a time, in epoch milliseconds. */
  note(repository: RepositoryId, startedAt: number): Promise<void>;
}

/** What became of one deletion. `refused`: a lock, or a right that is missing, with what the registry said. */
export type DeletionOutcome =
  | { readonly outcome: 'deleted' | 'absent' }
  | { readonly outcome: 'refused'; readonly code: string };

/** Deletes in a registry, by an identity of its own; throttled below the registry's limits. Never unlocks anything. */
export interface RegistryDeletions {
  /** Removes a tag, and leaves its manifest. */
  untag(repository: string, tag: string): Promise<DeletionOutcome>;
  deleteManifest(repository: string, digest: Digest): Promise<DeletionOutcome>;
}

/** What a run of a plan did about one item. */
export interface DoneItem extends Pick<PlanItem, 'tag' | 'digest'> {
  readonly outcome: 'untagged' | 'deleted' | 'spared';
  /** Why it was spared: what had changed since the plan. */
  readonly because?: string;
}

/** Hands on that a plan is to be made, or to be run. */
export interface RetentionQueue {
  make(registry: string, id: string): Promise<void>;
  run(registry: string, id: string): Promise<void>;
}

/** Reads what manifests are made of. */
export interface ManifestLayers {
  /**
   * What a manifest names by digest that is no manifest, and the bytes of its own document where they are known; `undefined`
   * when it is not there or could not be read.
   */
  of(repository: RepositoryId, digest: Digest): Promise<readonly Layer[] | undefined>;
}

/** What a look at the settings of a registry gave. */
export interface RegistrySettingsReading {
  /** Absent when nothing of them could be read. */
  readonly settings?: RegistrySettings;
  /** Why something was not told. */
  readonly problems: readonly ReadingProblem[];
}

/** Reads how registries are set. */
export interface RegistrySettingsReader {
  /** What cannot be read is told as a problem, beside all that can be; only an abort throws. */
  read(registry: AcceptedRegistry, signal?: AbortSignal): Promise<RegistrySettingsReading>;
}
