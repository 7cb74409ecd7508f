import type { QueueClient, ReceivedMessageItem } from '@azure/storage-queue';

/** A message kept hidden from other consumers. */
export interface MessageLease {
  /** Stops renewing; the receipt that is valid now. */
  end(): Promise<string>;
}

/** Renews a message's visibility timeout, `seconds` long, at half time until the lease is ended. */
export function leaseMessage(
  queue: Pick<QueueClient, 'updateMessage'>,
  { messageId, popReceipt }: Pick<ReceivedMessageItem, 'messageId' | 'popReceipt'>,
  seconds: number,
  onFailure: (error: unknown) => void,
): MessageLease {
  let receipt = popReceipt;
  let renewal: Promise<void> = Promise.resolve();

  async function renew(): Promise<void> {
    try {
      receipt = (await queue.updateMessage(messageId, receipt, undefined, seconds)).popReceipt ?? receipt;
    } catch (error) {
      onFailure(error);
    }
  }

  const timer = setInterval(
    () => {
      renewal = renewal.then(renew);
    },
    (seconds * 1000) / 2,
  );
  return {
    async end() {
      clearInterval(timer);
      await renewal;
      return receipt;
    },
  };
}
