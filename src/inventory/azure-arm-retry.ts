import { type PipelinePolicy, type PipelineResponse, retryPolicy } from '@azure/core-rest-pipeline';

/** How a request is repeated when Azure Resource Manager is busy, fails or cannot be reached. */
export interface ArmRetryOptions {
  /** How often a request is tried in all, 4 unless told. */
  readonly attempts?: number;
  /** Milliseconds of the first wait that nobody asked for, a second unless told; each further one is twice as long. */
  readonly firstWaitMs?: number;
  /** Milliseconds one wait may take, 30 seconds unless told. A longer one that is asked for isn't begun. */
  readonly maxWaitMs?: number;
}

const passing: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** Repeats a request after the wait that `Retry-After` asks for: the SDK's own strategies wait for any length of it. */
export function armRetry(
  { attempts = 4, firstWaitMs = 1_000, maxWaitMs = 30_000 }: ArmRetryOptions,
  now: () => number,
): PipelinePolicy {
  return retryPolicy(
    [
      {
        name: 'arm-retry',
        retry({ retryCount, response, responseError }) {
          const status = response?.status ?? responseError?.statusCode;
          if (status !== undefined && !passing.has(status)) return { skipStrategy: true };
          const wait = askedWait(response, now) ?? firstWaitMs * 2 ** retryCount;
          return wait > maxWaitMs ? { skipStrategy: true } : { retryAfterInMs: wait };
        },
      },
    ],
    { maxRetries: attempts - 1 },
  );
}

/** `Retry-After` in seconds or as a date, https://www.rfc-editor.org/rfc/rfc9110#name-retry-after, in milliseconds. */
function askedWait(response: PipelineResponse | undefined, now: () => number): number | undefined {
  const asked = response?.headers.get('retry-after')?.trim();
  if (asked === undefined) return undefined;
  if (/^\d{1,9}$/.test(asked)) return Number(asked) * 1_000;
  const until = Date.parse(asked);
  return Number.isNaN(until) ? undefined : Math.max(0, until - now());
}
