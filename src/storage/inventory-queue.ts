import type { QueueClient } from '@azure/storage-queue';
import type { RepositoryId } from '../history/fact.ts';
import { sendMessage } from './queue-message.ts';

/** Name of the queue of sources to read. */
export const refreshQueueName = 'refresh-source';
/** Name of the queue of repositories whose uses are to be looked at. */
export const assessQueueName = 'assess-uses';

/** Hands looks at sources on by a storage queue. */
export function refreshQueue(queue: QueueClient) {
  return (source: string): Promise<void> => sendMessage(queue, { source });
}

/** Hands looks at uses on by a storage queue; `afterTurn` as the look is to be told, if at all. */
export function assessQueue(queue: QueueClient) {
  return ({ registry, repository }: RepositoryId, afterTurn?: number, delayMs?: number): Promise<void> =>
    sendMessage(queue, { registry, repository, afterTurn }, delayMs);
}
