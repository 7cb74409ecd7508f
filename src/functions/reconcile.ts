import { app, type InvocationContext } from '@azure/functions';
import * as z from 'zod/mini';
import type { Reconciliation } from '../audit/reconcile-repository.ts';
import { isRepositoryName } from '../registry/name.ts';
import { UnreadableMessageError } from './unreadable-message.ts';

/** What the functions of reconciliation call. */
export interface ReconcileUseCases {
  readonly beginRounds: () => Promise<void>;
  /** `isRepeated`: an attempt at it failed before. */
  readonly reconcile: (reconciliation: Reconciliation, isRepeated: boolean) => Promise<void>;
  /** Takes a comparison that failed too often; its registry when it can be told. */
  readonly reject: (message: unknown, registry: string | undefined) => Promise<void>;
  readonly queueName: string;
}

/**
 * The timer that begins rounds, hourly, the queue trigger that makes their comparisons, and the queue that the host
 * moves those to that failed too often.
 */
export function registerReconciliation({
  beginRounds,
  reconcile,
  reject,
  queueName,
}: ReconcileUseCases): void {
  app.timer('reconcileRegistries', { schedule: '0 7 * * * *', handler: () => beginRounds() });
  app.storageQueue('reconcileRepository', {
    queueName,
    connection: 'AuditStorage',
    handler: async (message: unknown, context: InvocationContext) => {
      const reconciliation = readReconciliation(message);
      if (reconciliation === undefined) throw new UnreadableMessageError('a comparison');
      await reconcile(reconciliation, Number(context.triggerMetadata?.['dequeueCount'] ?? 1) > 1);
    },
  });
  app.storageQueue('reconcileRepositoryPoison', {
    queueName: `${queueName}-poison`,
    connection: 'AuditStorage',
    handler: (message: unknown) => reject(message, readReconciliation(message)?.registry),
  });
}

/** Reads a queue message; `undefined` when it isn't a comparison. Only our own rounds write them. */
function readReconciliation(message: unknown): Reconciliation | undefined {
  const reading = reconciliation.safeParse(message);
  if (!reading.success) return undefined;
  const { before, hasFailed, ...which } = reading.data;
  return {
    ...which,
    ...(before === undefined ? {} : { before }),
    ...(hasFailed === undefined ? {} : { hasFailed }),
  };
}

const reconciliation = z.object({
  registry: z.string(),
  repository: z.string().check(z.refine(isRepositoryName)),
  source: z.enum(['backfill', 'reconcile']),
  before: z.optional(z.number()),
  hasFailed: z.optional(z.boolean()),
});
