import type { QueueClient } from '@azure/storage-queue';
import type { Clock } from '../audit/ports.ts';
import type { EnforcementQueue } from '../audit/protection-ports.ts';
import { sendMessage } from './queue-message.ts';

/** Name of the queue of enforcements to make. */
export const enforcementQueueName = 'enforce-repository';

/** Hands enforcements on by a storage queue. */
export function enforcementQueue(queue: QueueClient, clock: Clock): EnforcementQueue {
  return { add: (request) => sendMessage(queue, { ...request, askedAt: clock.now() }) };
}
