import type { QueueClient } from '@azure/storage-queue';
import type { ReconcileQueue } from '../audit/reconcile-registries.ts';
import { sendMessage, withQueue } from './queue-message.ts';

/** Name of the queue of comparisons to make. */
export const reconcileQueueName = 'reconcile-repository';

/** Hands comparisons on by a storage queue. */
export function reconcileQueue(queue: QueueClient): ReconcileQueue {
  return {
    async waiting() {
      const { approximateMessagesCount } = await withQueue(queue, () => queue.getProperties());
      return approximateMessagesCount ?? 0;
    },
    add: (reconciliation) => sendMessage(queue, reconciliation),
  };
}
