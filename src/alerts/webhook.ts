import { AuditFault } from '../audit/fault.ts';
import type { AlertSink } from '../audit/inventory-ports.ts';
import { alertEvent } from './alert-event.ts';
import { type SignedPostOptions, signedPost } from './signed-post.ts';

/** What a receiver says that could never take an event: it, or another like it, would be refused again. */
const permanent = new Set([400, 413, 415, 422]);

/** Posts alerts as {@link signedPost} does. Each call is one attempt; the outbox repeats. */
export function webhook(options: SignedPostOptions): AlertSink {
  const { name } = options;
  const post = signedPost(options);
  return {
    name,
    async send(alert) {
      const status = await post(alertEvent(alert));
      if (status >= 200 && status < 300) return;
      throw new AuditFault(`webhook-${status}`, `the webhook ${name} answered ${status}`, {
        retryable: !permanent.has(status),
      });
    },
  };
}
