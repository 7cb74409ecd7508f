import { type QueueClient, RestError } from '@azure/storage-queue';
import { storageFault } from './blob-fault.ts';

/** Milliseconds after which a call, its retries included, is given up: well below Event Grid's 30 s. */
const callTimeoutMs = 10_000;

/**
 * Does some work with a queue, which is made when it is first needed; the signal ends each attempt at it. Throws an AuditFault
 * where storage did not answer, or refused.
 */
export async function withQueue<T>(
  queue: QueueClient,
  work: (abortSignal: AbortSignal) => Promise<T>,
): Promise<T> {
  const end = () => AbortSignal.timeout(callTimeoutMs);
  try {
    return await work(end());
  } catch (error) {
    if (!(error instanceof RestError) || error.code !== 'QueueNotFound') throw queueFault(error, queue);
  }
  try {
    await queue.createIfNotExists({ abortSignal: end() });
    return await work(end());
  } catch (error) {
    throw queueFault(error, queue);
  }
}

function queueFault(error: unknown, { name }: QueueClient) {
  return storageFault('Queue Storage', error, `the queue ${name}`);
}

/**
 * Adds a message: base64 of JSON, as the Functions host reads it. It never expires: nothing may run for a week. A delay, in
 * milliseconds, is rounded up to seconds, as Queue Storage counts them.
 */
export async function sendMessage(queue: QueueClient, message: object, delayMs = 0): Promise<void> {
  const text = Buffer.from(JSON.stringify(message)).toString('base64');
  const visibilityTimeout = Math.ceil(delayMs / 1_000);
  await withQueue(queue, (abortSignal) =>
    queue.sendMessage(text, { messageTimeToLive: -1, visibilityTimeout, abortSignal }),
  );
}
