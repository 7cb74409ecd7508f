import { type QueueClient, RestError } from '@azure/storage-queue';

/** Does some work with a queue, which is made when it is first needed. */
export async function withQueue<T>(queue: QueueClient, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RestError) || error.code !== 'QueueNotFound') throw error;
    await queue.createIfNotExists();
    return work();
  }
}

/** Adds a message: base64 of JSON, as the Functions host reads it. It never expires: nothing may run for a week. */
export async function sendMessage(queue: QueueClient, message: object): Promise<void> {
  const text = Buffer.from(JSON.stringify(message)).toString('base64');
  await withQueue(queue, () => queue.sendMessage(text, { messageTimeToLive: -1 }));
}
