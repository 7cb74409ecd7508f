import { type QueueClient, RestError } from '@azure/storage-queue';
import type { ReconcileQueue } from '../audit/reconcile-registries.ts';

/** Name of the queue of comparisons to make. */
export const reconcileQueueName = 'reconcile-repository';

/** Hands comparisons on by a storage queue, made when it is first needed. Messages are base64 of JSON, as the host reads them. */
export function reconcileQueue(queue: QueueClient): ReconcileQueue {
  async function made<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof RestError) || error.code !== 'QueueNotFound') throw error;
      await queue.createIfNotExists();
      return work();
    }
  }
  return {
    async waiting() {
      const { approximateMessagesCount } = await made(() => queue.getProperties());
      return approximateMessagesCount ?? 0;
    },
    async add(reconciliation) {
      const text = Buffer.from(JSON.stringify(reconciliation)).toString('base64');
      // Never expires: a round may take longer than the default of a week only when nothing runs at all.
      await made(() => queue.sendMessage(text, { messageTimeToLive: -1 }));
    },
  };
}
