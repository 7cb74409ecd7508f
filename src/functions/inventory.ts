import { app } from '@azure/functions';
import * as z from 'zod/mini';
import type { RepositoryId } from '../history/fact.ts';
import { isRepositoryName } from '../registry/name.ts';
import { UnreadableMessageError } from './unreadable-message.ts';

/** What the functions of inventories, uses and alerts call. */
export interface InventoryUseCases {
  /** Asks for a look at every source. */
  readonly refreshInventory: () => Promise<void>;
  readonly refreshSource: (source: string) => Promise<void>;
  /** Looks at a repository's uses, as asked for after the look of a number. */
  readonly assessUses: (repository: RepositoryId, afterTurn: number | undefined) => Promise<unknown>;
  readonly assessSources: () => Promise<void>;
  /** Asks for a look at the uses of every repository that is claimed. */
  readonly assessClaimed: () => Promise<void>;
  /** Absent where no source says what scanners found. */
  readonly assessVulnerabilities?: () => Promise<void>;
  /** Looks for settings of the registries that endanger images. */
  readonly assessRegistrySettings: () => Promise<void>;
  readonly escalateFindings: () => Promise<void>;
  readonly deliverAlerts: () => Promise<void>;
  /** Takes a look that failed too often; its registry when it can be told. */
  readonly reject: (message: unknown, registry: string | undefined) => Promise<void>;
  readonly refreshQueueName: string;
  readonly assessQueueName: string;
}

const refreshForm = z.object({ source: z.string().check(z.maxLength(63)) });
const assessForm = z.object({
  registry: z.string(),
  repository: z.string().check(z.refine(isRepositoryName)),
  afterTurn: z.optional(z.int()),
});

/**
 * The timers that have sources read, findings age and alerts told, the queue triggers that read a source or look at the uses
 * of a repository, and the queues that the host moves those to that failed too often.
 */
export function registerInventory(useCases: InventoryUseCases): void {
  const { refreshQueueName, assessQueueName, assessVulnerabilities, reject } = useCases;
  const connection = 'AuditStorage';
  app.timer('refreshInventory', {
    schedule: '30 */5 * * * *',
    handler: () => useCases.refreshInventory(),
  });
  app.timer('escalateFindings', {
    schedule: '15 */5 * * * *',
    handler: async () => {
      // A source that has gone silent tells nobody so.
      await useCases.assessSources();
      await useCases.escalateFindings();
    },
  });
  app.timer('assessClaimed', {
    schedule: '0 11,26,41,56 * * * *',
    handler: () => useCases.assessClaimed(),
  });
  app.timer('deliverAlerts', { schedule: '45 * * * * *', handler: () => useCases.deliverAlerts() });
  if (assessVulnerabilities !== undefined) {
    app.timer('assessVulnerabilities', {
      schedule: '0 40 * * * *',
      handler: () => assessVulnerabilities(),
    });
  }
  app.timer('assessRegistrySettings', {
    schedule: '0 50 * * * *',
    handler: () => useCases.assessRegistrySettings(),
  });
  app.storageQueue('refreshSource', {
    queueName: refreshQueueName,
    connection,
    handler: async (message: unknown) => {
      const request = refreshForm.safeParse(message);
      if (!request.success) throw new UnreadableMessageError('a source to read');
      return useCases.refreshSource(request.data.source);
    },
  });
  app.storageQueue('assessUses', {
    queueName: assessQueueName,
    connection,
    handler: async (message: unknown) => {
      const request = assessForm.safeParse(message);
      if (!request.success) throw new UnreadableMessageError('a repository to look at');
      const { afterTurn, ...repository } = request.data;
      await useCases.assessUses(repository, afterTurn);
    },
  });
  app.storageQueue('refreshSourcePoison', {
    queueName: `${refreshQueueName}-poison`,
    connection,
    handler: (message: unknown) => reject(message, undefined),
  });
  app.storageQueue('assessUsesPoison', {
    queueName: `${assessQueueName}-poison`,
    connection,
    handler: (message: unknown) => reject(message, assessForm.safeParse(message).data?.registry),
  });
}
