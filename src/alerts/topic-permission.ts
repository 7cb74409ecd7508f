import { isRestError } from '@azure/core-rest-pipeline';
import { EventGridPublisherClient } from '@azure/eventgrid';
import { AuditFault } from '../audit/fault.ts';
import type { EventGridTopicOptions } from './event-grid-topic.ts';

/**
 * Whether an identity may publish to a topic, tried with an empty list of events, of which nobody is told. Who may publish is
 * answered 200 or 400, who may not 401 or 403.
 */
export async function mayPublish({
  endpoint,
  credential,
  ca,
  timeoutMs = 15_000,
}: EventGridTopicOptions): Promise<boolean> {
  const client = new EventGridPublisherClient(endpoint, 'CloudEvent', credential, {
    retryOptions: { maxRetries: 1, maxRetryDelayInMs: 1_000 },
    ...(ca === undefined ? {} : { tlsOptions: { ca } }),
  });
  try {
    await client.send([], { abortSignal: AbortSignal.timeout(timeoutMs) });
    return true;
  } catch (error) {
    const status = isRestError(error) ? error.statusCode : undefined;
    if (status === 400) return true;
    if (status === 401 || status === 403) return false;
    const message = status === undefined ? 'the topic did not answer' : `the topic answered ${status}`;
    throw new AuditFault(`event-grid-${status ?? 'unreachable'}`, message, { retryable: true, cause: error });
  }
}
