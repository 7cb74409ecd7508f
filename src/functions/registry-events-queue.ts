import { app } from '@azure/functions';

/** What the functions of the events' queue call; what they throw brings the message back. */
export interface RegistryEventsQueueUseCases {
  readonly record: (message: unknown) => Promise<void>;
  /** Takes a message that was brought back too often. */
  readonly reject: (message: unknown) => Promise<void>;
}

/** Name of the queue that Event Grid delivers to when it cannot reach the function itself. */
const registryEventsQueueName = 'registry-events';

/**
 * The storage queue that stands in for the Event Grid trigger in private networks, and the queue that the host moves
 * messages to that failed too often:
 * https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger#poison-messages
 */
export function registerRegistryEventsQueue({ record, reject }: RegistryEventsQueueUseCases): void {
  const connection = 'AuditStorage';
  app.storageQueue('registryEventsQueue', {
    queueName: registryEventsQueueName,
    connection,
    handler: (message: unknown) => record(message),
  });
  app.storageQueue('registryEventsPoison', {
    queueName: `${registryEventsQueueName}-poison`,
    connection,
    handler: (message: unknown) => reject(message),
  });
}
