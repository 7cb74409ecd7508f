import type { InvocationRequest } from './core-api.ts';
import type { HostedFunction } from './function-metadata.ts';

/** What Storage tells about a message besides its text. */
export interface MessageProperties {
  readonly messageId: string;
  readonly popReceipt: string;
  readonly dequeueCount: number;
  readonly insertedOn: Date;
  readonly expiresOn: Date;
  readonly nextVisibleOn: Date;
}

/** The text of a message, or `undefined` if it is not in the encoding that `host.json` asks for. */
export function decodeMessage(raw: string, encoding: 'base64' | 'none'): string | undefined {
  if (encoding === 'none') return raw;
  const canonical = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/.test(raw);
  return canonical ? Buffer.from(raw, 'base64').toString('utf8') : undefined;
}

/** One message as an invocation; the library parses text that is JSON. */
export function queueRequest(
  { trigger }: HostedFunction,
  text: string,
  message: MessageProperties | undefined,
): InvocationRequest {
  const inputData = [{ name: trigger.name, data: { string: text } }];
  if (message === undefined) return { inputData, triggerMetadata: { QueueTrigger: { string: text } } };
  return {
    inputData,
    triggerMetadata: {
      QueueTrigger: { string: text },
      Id: { string: message.messageId },
      PopReceipt: { string: message.popReceipt },
      DequeueCount: { int: message.dequeueCount },
      InsertionTime: { json: JSON.stringify(message.insertedOn) },
      ExpirationTime: { json: JSON.stringify(message.expiresOn) },
      NextVisibleTime: { json: JSON.stringify(message.nextVisibleOn) },
    },
  };
}
