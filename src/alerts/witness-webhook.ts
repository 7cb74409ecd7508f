import { AuditFault } from '../audit/fault.ts';
import type { Witness } from '../audit/ledger-ports.ts';
import { type SignedPostOptions, signedPost } from './signed-post.ts';

/** What a receiver says that could never take a checkpoint. */
const permanent = new Set([400, 413, 415, 422]);

/** A receiver holds another checkpoint of that size. */
const conflict = 409;

/**
 * Posts checkpoints to whoever keeps them elsewhere, signed as alerts are: see docs/alerts.md. A receiver that holds another
 * checkpoint of the size answers 409, which is the fault `witness-split-view`. Each call is one attempt.
 */
export function witnessWebhook(options: SignedPostOptions): Witness {
  const { name, now } = options;
  const post = signedPost(options);
  return {
    name,
    async publish(registry, size, note) {
      const status = await post({
        specversion: '1.0',
        id: `${registry}.checkpoint.${size}`,
        source: `/acr-audit/${registry}`,
        type: 'acr-audit.ledger.checkpoint',
        subject: String(size),
        time: new Date(now()).toISOString(),
        datacontenttype: 'application/json',
        data: { registry, size, note },
      });
      if (status >= 200 && status < 300) return;
      if (status === conflict) {
        const message = `split view: the witness ${name} holds another checkpoint of ${registry} at size ${size}`;
        throw new AuditFault('witness-split-view', message, { retryable: false });
      }
      throw new AuditFault(`witness-${status}`, `the witness ${name} answered ${status}`, {
        retryable: !permanent.has(status),
      });
    },
  };
}
