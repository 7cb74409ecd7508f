import type { QueueClient } from '@azure/storage-queue';
import type { Clock } from '../audit/ports.ts';
import type { InventoryQueue } from '../audit/workload-ports.ts';
import { sendMessage } from './queue-message.ts';

/** Name of the queue of sources to read. */
export const refreshQueueName = 'refresh-source';
/** Name of the queue of repositories whose uses are to be looked at. */
export const assessQueueName = 'assess-uses';

/** Hands looks at sources and at uses on by storage queues. */
export function inventoryQueue(refresh: QueueClient, assess: QueueClient, clock: Clock): InventoryQueue {
  return {
    refresh: (source) => sendMessage(refresh, { source }),
    assess: ({ registry, repository }) => sendMessage(assess, { registry, repository, askedAt: clock.now() }),
  };
}
