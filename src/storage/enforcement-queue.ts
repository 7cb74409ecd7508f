import type { QueueClient } from '@azure/storage-queue';
import type { EnforcementQueue } from '../audit/protection-ports.ts';
import { sendMessage } from './queue-message.ts';

/** Name of the queue of enforcements to make. */
export const enforcementQueueName = 'enforce-repository';

/** Hands enforcements on by a storage queue. */
export function enforcementQueue(queue: QueueClient): EnforcementQueue {
  return { add: (request, delayMs) => sendMessage(queue, request, delayMs) };
}
