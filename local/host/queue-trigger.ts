import { setTimeout as delay } from 'node:timers/promises';
import { QueueServiceClient, type ReceivedMessageItem } from '@azure/storage-queue';
import type { HostedFunction } from './function-metadata.ts';
import type { QueueSettings } from './host-json.ts';
import type { Invoker } from './invocation.ts';
import { type HostLog, messageOf } from './log.ts';
import { leaseMessage } from './queue-lease.ts';
import { decodeMessage, queueRequest } from './queue-message.ts';

export interface QueueListenerOptions {
  readonly target: HostedFunction;
  readonly connectionString: string;
  readonly queueName: string;
  readonly settings: QueueSettings;
  readonly invoker: Invoker;
  readonly log: HostLog;
  /** Ends polling; messages being processed are finished. */
  readonly signal: AbortSignal;
  /** Seconds a message stays hidden before its lease is renewed at half time; 10 minutes on Azure. */
  readonly lease?: number;
}

const firstPollingInterval = 100;

// Short: polling itself tries again, and a stopping host waits for a request in flight.
const retryOptions = { maxTries: 3, retryDelayInMs: 100, maxRetryDelayInMs: 1_000 };

/**
 * Polls a queue and runs its function once per message until `signal`, then waits for the messages at hand. A
 * message whose run fails comes back; after `maxDequeueCount` attempts it moves to `QUEUE-poison`. Storage that
 * cannot be reached is tried again.
 *
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger
 * @see https://github.com/Azure/azure-sdk-for-net/tree/main/sdk/storage/Microsoft.Azure.WebJobs.Extensions.Storage.Queues
 */
export async function runQueueListener(options: QueueListenerOptions): Promise<void> {
  const { target, queueName, settings, log, signal, lease = 600 } = options;
  const storage = QueueServiceClient.fromConnectionString(options.connectionString, { retryOptions });
  const queue = storage.getQueueClient(queueName);
  const poison = storage.getQueueClient(`${queueName}-poison`);
  const running = new Set<Promise<void>>();

  let reachable = false;
  let reported = false;
  async function receive(): Promise<readonly ReceivedMessageItem[]> {
    try {
      if (!reachable) await queue.createIfNotExists();
      const received = await queue.receiveMessages({
        numberOfMessages: settings.batchSize,
        visibilityTimeout: lease,
      });
      reachable = true;
      reported = false;
      return received.receivedMessageItems;
    } catch (error) {
      reachable = false;
      // An outage is one entry, not one per poll.
      if (!reported)
        log('warning', target.name, `The queue "${queueName}" cannot be read: ${messageOf(error)}`);
      reported = true;
      return [];
    }
  }

  async function process(message: ReceivedMessageItem): Promise<void> {
    const held = leaseMessage(queue, message, lease, (error) =>
      log(
        'warning',
        target.name,
        `The lease of message ${message.messageId} was not renewed: ${messageOf(error)}`,
      ),
    );
    let done = false;
    let popReceipt = message.popReceipt;
    try {
      done = await runMessage(message);
    } finally {
      popReceipt = await held.end();
    }
    if (done) await queue.deleteMessage(message.messageId, popReceipt);
    else await putBack(message, popReceipt);
  }

  async function runMessage(message: ReceivedMessageItem): Promise<boolean> {
    if (message.dequeueCount > settings.maxDequeueCount) return false;
    const text = decodeMessage(message.messageText, settings.messageEncoding);
    if (text === undefined) {
      // As on Azure (QueueServiceClientProvider.cs): no attempt could ever decode it.
      log(
        'error',
        target.name,
        `Message ${message.messageId} is not base64 (extensions.queues.messageEncoding).`,
      );
      await moveToPoison(message);
      return true;
    }
    return (await options.invoker.invoke(target, queueRequest(target, text, message))).succeeded;
  }

  async function putBack(message: ReceivedMessageItem, popReceipt: string): Promise<void> {
    if (message.dequeueCount < settings.maxDequeueCount || queueName.endsWith('-poison')) {
      await queue.updateMessage(
        message.messageId,
        popReceipt,
        undefined,
        Math.ceil(settings.visibilityTimeout / 1000),
      );
      return;
    }
    await moveToPoison(message);
    await queue.deleteMessage(message.messageId, popReceipt);
  }

  async function moveToPoison(message: ReceivedMessageItem): Promise<void> {
    log('warning', target.name, `Message ${message.messageId} moves to ${poison.name}.`);
    await poison.createIfNotExists();
    await poison.sendMessage(message.messageText);
  }

  function start(message: ReceivedMessageItem): void {
    const run = process(message)
      .catch((error: unknown) =>
        log(
          'warning',
          target.name,
          `Message ${message.messageId} was not settled and will come back: ${messageOf(error)}`,
        ),
      )
      .finally(() => running.delete(run));
    running.add(run);
  }

  let wait = firstPollingInterval;
  while (!signal.aborted) {
    if (running.size > settings.newBatchThreshold) {
      await Promise.race(running);
      continue;
    }
    const messages = await receive();
    for (const message of messages) start(message);
    wait = messages.length > 0 ? firstPollingInterval : Math.min(wait * 2, settings.maxPollingInterval);
    if (messages.length === 0) await delay(wait, undefined, { signal }).catch(() => undefined);
  }
  await Promise.all(running);
}
