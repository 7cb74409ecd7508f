import { setTimeout as delay } from 'node:timers/promises';
import { isRestError } from '@azure/core-rest-pipeline';
import { AuditFault } from '../audit/fault.ts';
import { faultOf, isAbsence, type Question } from './registry-fault.ts';

/** How a call is repeated when the registry is busy, fails or cannot be reached. */
export interface RetryOptions {
  /** How often a call is tried in all, 5 unless told. */
  readonly attempts?: number;
  /** Milliseconds one call may spend waiting, 60 seconds unless told. A longer wait that is asked for isn't begun. */
  readonly maxWaitMs?: number;
  /** Waits some milliseconds. */
  readonly pause?: (ms: number) => Promise<unknown>;
  /** From 0 up to 1, without it. */
  readonly random?: () => number;
}

export interface CallOptions {
  /** Milliseconds one attempt may take. */
  readonly timeoutMs: number;
  readonly retry: RetryOptions;
}

/** Asks the registry something; the answer is `undefined` after a 404 with one of the codes of `absences`. */
export type RegistryCall = <T>(
  question: Question,
  absences: readonly string[],
  attempt: (signal: AbortSignal) => Promise<T>,
) => Promise<T | undefined>;

const firstWaitMs = 1_000;
const longestWaitMs = 20_000;

/**
 * Calls with a deadline for each attempt, and again after a wait when the registry was busy: the SDK's own retries are
 * off, since they honour a `Retry-After` of any length and don't repeat a 429 without one. A 429 is of the identity, not
 * of the call: others that begin meanwhile wait with it, or, when that would take too long, fail without asking.
 */
export function registryCall({ timeoutMs, retry }: CallOptions): RegistryCall {
  const { attempts = 5, maxWaitMs = 60_000, pause = (ms) => delay(ms), random = Math.random } = retry;
  let busyUntil = 0;
  return async (question, absences, attempt) => {
    let waited = Math.max(0, busyUntil - performance.now());
    if (waited > maxWaitMs) throw tooBusy(question);
    if (waited > 0) await pause(waited);
    for (let tried = 1; ; tried += 1) {
      try {
        const answer = await beforeDeadline(timeoutMs, question, attempt);
        busyUntil = 0;
        return answer;
      } catch (error) {
        if (isAbsence(error, absences)) return undefined;
        const fault = faultOf(error, question);
        const wait = (askedWait(error) ?? backoff(tried)) * (1 + random() / 4);
        if (fault.code === 'registry-429') busyUntil = Math.max(busyUntil, performance.now() + wait);
        if (!isWorthRepeating(fault) || tried >= attempts || waited + wait > maxWaitMs) throw fault;
        await pause(wait);
        waited += wait;
      }
    }
  };
}

/** What is silent was waited for already, and a credential repeats its own calls. */
function isWorthRepeating({ code, retryable }: AuditFault): boolean {
  return retryable && /^registry-(?:\d+|unreachable)$/.test(code);
}

function tooBusy({ registry, doing }: Question): AuditFault {
  const message = `${registry} was not asked to ${doing}: it has just told this identity to wait`;
  return new AuditFault('registry-429', message, { retryable: true });
}

function backoff(tried: number): number {
  return Math.min(firstWaitMs * 2 ** (tried - 1), longestWaitMs);
}

/** Settles by the deadline whatever the attempt does: a credential, for one, heeds no signal. */
async function beforeDeadline<T>(
  timeoutMs: number,
  question: Question,
  attempt: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(
      new AuditFault(
        'registry-silent',
        `${question.registry} did not answer in time when asked to ${question.doing}`,
        { retryable: true },
      ),
    );
    controller.abort();
  }, timeoutMs);
  try {
    return await Promise.race([attempt(controller.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Milliseconds the registry asks to wait: `Retry-After` in seconds or as a date,
 * https://www.rfc-editor.org/rfc/rfc9110#name-retry-after.
 */
function askedWait(error: unknown): number | undefined {
  const asked = isRestError(error) ? error.response?.headers.get('retry-after')?.trim() : undefined;
  if (asked === undefined) return undefined;
  if (/^\d{1,9}$/.test(asked)) return Number(asked) * 1_000;
  const until = Date.parse(asked);
  return Number.isNaN(until) ? undefined : Math.max(0, until - Date.now());
}
