import { createHmac } from 'node:crypto';
import { AuditFault } from '../audit/fault.ts';

export interface SignedPostOptions {
  readonly name: string;
  /** Of https; of http on this machine alone. It is from settings, never from what is audited. */
  readonly url: string;
  readonly secret: string;
  /** Signs too, while receivers change over to `secret`. */
  readonly previousSecret?: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** 10 seconds unless told. */
  readonly timeoutMs?: number;
}

/**
 * Posts CloudEvents in structured mode, signed: `x-acr-audit-signature: t=<seconds>,v1=<hex>`, HMAC-SHA256 of the seconds, a
 * dot and the body (see docs/alerts.md). Answers the status; throws the retryable fault `webhook-unreachable` where there
 * is none. Each call is one attempt. Redirects are not followed.
 * Source of the content type: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
 */
export function signedPost(
  options: SignedPostOptions,
): <Event extends { readonly id: string }>(event: Event) => Promise<number> {
  const { name, url, secret, previousSecret, now, timeoutMs = 10_000 } = options;
  const secrets = [secret, ...(previousSecret === undefined ? [] : [previousSecret])];

  return async (event) => {
    const body = JSON.stringify(event);
    const seconds = Math.floor(now() / 1_000);
    const signatures = secrets.map((each) => `v1=${signatureOf(each, seconds, body)}`);
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/cloudevents+json; charset=utf-8',
        'user-agent': 'acr-audit',
        'x-acr-audit-delivery': event.id,
        'x-acr-audit-signature': [`t=${seconds}`, ...signatures].join(),
      },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    }).catch((cause: unknown) => {
      // The address may hold a token of its own: it is not repeated.
      throw new AuditFault('webhook-unreachable', `the webhook ${name} did not answer`, {
        retryable: true,
        cause: cause instanceof Error ? cause.name : undefined,
      });
    });
    // What it answers is nothing to us, however long it is.
    await response.body?.cancel();
    return response.status;
  };
}

function signatureOf(secret: string, seconds: number, body: string): string {
  return createHmac('sha256', secret).update(`${seconds}.${body}`, 'utf8').digest('hex');
}
