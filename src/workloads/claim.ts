import type { Digest } from '../registry/digest.ts';

/**
 * How a workload needs an image. `running`: containers run it. `desired`: its platform would pull it at the next start
 * (scaled to zero, suspended, stopped, a job's template). `rollback`: an earlier revision that is kept to go back to.
 */
export const claimStates = ['running', 'desired', 'rollback'] as const;
export type ClaimState = (typeof claimStates)[number];

/** What runs images: named by its platform, all texts as it gives them. */
export interface Workload {
  /** The platform's own word: `Deployment`, `CronJob`, `ContainerApp`, `Compose`. */
  readonly kind: string;
  readonly name: string;
  /** The Kubernetes namespace, the Azure resource group, or whatever else names are unique within. */
  readonly namespace?: string;
  /** The container inside it. */
  readonly container?: string;
  /** The environment it says to be of; its source may know better. */
  readonly environment?: string;
  /** Who answers for it. */
  readonly owner?: string;
}

/** A workload's claim on an image as a platform reports it, before anything in it was read. */
export interface ReportedClaim {
  readonly workload: Workload;
  readonly state: ClaimState;
  /** The reference the workload is configured with. */
  readonly image: string;
  /** What the platform says it pulled for it, such as a Kubernetes `imageID`. */
  readonly pulled?: string;
  /** The revision that names the image. */
  readonly revision?: string;
  /**
   * When that revision was created, in epoch milliseconds by the platform's clock: what a tag held before, it cannot have
   * pulled. Absent when nobody knows.
   */
  readonly since?: number;
}

/** A claim on an image of a repository. */
export interface Claim {
  /** The inventory source that reported it. */
  readonly source: string;
  readonly workload: Workload;
  readonly state: ClaimState;
  /** The reference as configured, as text. */
  readonly image: string;
  /** Login server; `docker.io` where the reference names none, as container runtimes read it. */
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  /** Pinned by the reference, or pulled as the platform says. With it the claim is exact, without it inferred. */
  readonly digest?: Digest;
  /** Whether the reference itself names a digest. */
  readonly isPinned: boolean;
  readonly revision?: string;
  readonly since?: number;
}

/** A part of a source that could not be read, or a claim that could not be understood. */
export interface ReadingProblem {
  /** What it is about: a list, a subscription, a file, a line. */
  readonly where: string;
  readonly problem: string;
}

/** What one look at a source gave. With any problem it is incomplete: what it lacks may still be there. */
export interface InventoryReading {
  readonly claims: readonly ReportedClaim[];
  readonly problems: readonly ReadingProblem[];
}
