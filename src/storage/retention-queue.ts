import type { QueueClient } from '@azure/storage-queue';
import type { RetentionQueue } from '../audit/retention-ports.ts';
import { sendMessage } from './queue-message.ts';

/** Name of the queue of plans to make. */
export const planQueueName = 'plan-retention';
/** Name of the queue of plans to run. */
export const executeQueueName = 'execute-retention';

/** Hands plans on by storage queues. */
export function retentionQueue(plan: QueueClient, execute: QueueClient): RetentionQueue {
  return {
    make: (registry, id) => sendMessage(plan, { registry, id }),
    run: (registry, id) => sendMessage(execute, { registry, id }),
  };
}
