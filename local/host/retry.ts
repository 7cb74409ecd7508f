import { setTimeout as delay } from 'node:timers/promises';
import type { InvocationRequest } from './core-api.ts';
import type { HostedFunction, RetryPolicy } from './function-metadata.ts';
import type { InvocationOutcome, Invoker } from './invocation.ts';
import { messageOf } from './log.ts';

/**
 * Runs a function again while it fails and its retry policy allows; without a policy, once. `signal` ends the
 * waiting, not a run. Of this host's triggers only timers have retry policies.
 *
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-error-pages#retries
 */
export async function invokeWithRetry(
  invoker: Invoker,
  target: HostedFunction,
  request: InvocationRequest,
  signal: AbortSignal,
): Promise<InvocationOutcome> {
  const policy = target.metadata.retryOptions;
  let outcome = await invoker.invoke(target, request);
  for (let retryCount = 1; !outcome.succeeded && policy !== undefined; retryCount++) {
    const { maxRetryCount } = policy;
    if (maxRetryCount !== -1 && retryCount > maxRetryCount) break;
    try {
      await delay(retryDelay(policy, retryCount), undefined, { signal });
    } catch {
      break;
    }
    const exception = { message: messageOf(outcome.error), source: target.name, stackTrace: '' };
    outcome = await invoker.invoke(target, {
      ...request,
      retryContext: { retryCount, maxRetryCount, exception },
    });
  }
  return outcome;
}

/** Milliseconds before retry number `retryCount` (from 1): fixed, or doubling from the minimum up to the maximum. */
export function retryDelay(policy: RetryPolicy, retryCount: number): number {
  if (policy.retryStrategy === 'fixedDelay') return (policy.delayInterval?.seconds ?? 0) * 1000;
  const minimum = policy.minimumInterval?.seconds ?? 0;
  const maximum = policy.maximumInterval?.seconds ?? minimum;
  return Math.min(maximum, minimum * 2 ** Math.min(retryCount - 1, 30)) * 1000;
}
