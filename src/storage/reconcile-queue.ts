import type { QueueClient } from '@azure/storage-queue';
import { AuditFault } from '../audit/fault.ts';
import type { ReconcileQueue } from '../audit/reconcile-registries.ts';
import { sendMessage, withQueue } from './queue-message.ts';

/** Name of the queue of comparisons to make. */
export const reconcileQueueName = 'reconcile-repository';

/** Hands comparisons on by a storage queue. */
export function reconcileQueue(queue: QueueClient): ReconcileQueue {
  return {
    async waiting() {
      const { approximateMessagesCount } = await withQueue(queue, (abortSignal) =>
        queue.getProperties({ abortSignal }),
      );
      if (approximateMessagesCount !== undefined) return approximateMessagesCount;
      // An answer that does not say how many is none: a round that is begun on top of another compares twice at once.
      throw new AuditFault('storage-unreadable', `Queue Storage did not count ${queue.name}`, {
        retryable: true,
      });
    },
    add: (reconciliation) => sendMessage(queue, reconciliation),
  };
}
