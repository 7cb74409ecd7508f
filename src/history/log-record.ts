import type { Digest } from '../registry/digest.ts';

/** The table of operations on a registry's content: {@link LogRecord}. */
export const repositoryEventsTable = 'ContainerRegistryRepositoryEvents';

/** The table of logins to a registry: {@link LoginRecord}. */
export const loginEventsTable = 'ContainerRegistryLoginEvents';

/**
 * An operation that changed a repository, as the registry's diagnostic log tells it. Texts are bounded and cleaned:
 * whoever sends a request chooses its user agent.
 * Source: https://learn.microsoft.com/azure/azure-monitor/reference/tables/containerregistryrepositoryevents
 */
export interface LogRecord {
  readonly repository: string;
  /** What it did to the repository. */
  readonly action: 'push' | 'delete' | 'untag';
  /** As the log names it, such as `Untag`. */
  readonly operation: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly digest?: Digest;
  readonly tag?: string;
  readonly identity?: string;
  readonly address?: string;
  readonly userAgent?: string;
  readonly correlationId?: string;
}

/**
 * A successful login to a registry.
 * Source: https://learn.microsoft.com/azure/azure-monitor/reference/tables/containerregistryloginevents
 */
export interface LoginRecord {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly identity?: string;
  readonly address?: string;
  readonly correlationId?: string;
}

/**
 * The action that an operation's name stands for, or `undefined` for others, such as pulls. Logged are push, pull, untag,
 * delete (of a repository too), and, where a retention policy is set, purges of tags and manifests; how the names of the
 * purges are spelt is not documented, so spaces and letter case are passed over.
 * Source: https://learn.microsoft.com/azure/container-registry/monitor-container-registry-reference
 */
export function actionOf(operation: string): LogRecord['action'] | undefined {
  switch (operation.toLowerCase().replace(/[^a-z]/g, '')) {
    case 'push':
      return 'push';
    case 'delete':
    case 'purgemanifest':
      return 'delete';
    case 'untag':
    case 'purgetag':
      return 'untag';
    default:
      return undefined;
  }
}
