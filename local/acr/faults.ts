import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { RegistryProblem } from './problem.ts';

const probability = z.number().min(0).max(1);

const faultSettings = z.strictObject({
  throttled: z.boolean(),
  retryAfterSeconds: z.number().int().min(0).max(3600).nullable(),
  unavailable: z.boolean(),
  failureCount: z.number().int().min(0).nullable(),
  failurePath: z.string().max(1000).nullable(),
  delayMilliseconds: z.number().int().min(0).max(600_000),
  staleLists: z.boolean(),
  emptyBulkReferences: z.boolean(),
  staleWriteAnswers: z.boolean(),
  referrers: z.boolean(),
  events: z.boolean(),
  eventStringData: z.boolean(),
  eventDuplicateProbability: probability,
  eventReorderProbability: probability,
  eventDropProbability: probability,
});

/** Switches that make the registry misbehave. Assign to them at any time. */
export interface RegistryFaults {
  /** Answer 429. */
  throttled: boolean;
  /** `Retry-After` of a 429 or 503, in seconds; `null` sends none, and the SDK then doesn't retry a 429. */
  retryAfterSeconds: number | null;
  /** Answer 503. */
  unavailable: boolean;
  /** How many more requests 429 and 503 apply to; `null` until switched off. */
  failureCount: number | null;
  /** Limits 429 and 503 to requests whose decoded path contains this text. */
  failurePath: string | null;
  /** Wait this long before handling a request. */
  delayMilliseconds: number;
  /** Answer lists as they were when this was switched on. Single reads stay fresh. */
  staleLists: boolean;
  /** Leave `references` empty in lists of manifests, as the service does. On by default. */
  emptyBulkReferences: boolean;
  /** Answer a change of attributes with those before it, as seen in https://github.com/Azure/acr/issues/212. */
  staleWriteAnswers: boolean;
  /** Have the API that lists referrers, which registries with customer-managed keys lack. On by default. */
  referrers: boolean;
  /** Emit events. On by default. */
  events: boolean;
  /** Write `data` as a JSON string, as seen in deliveries of 2020. */
  eventStringData: boolean;
  /** How often a delivered event is delivered once more. */
  eventDuplicateProbability: number;
  /** How often an event is held back, so that later ones overtake it. */
  eventReorderProbability: number;
  /** How often an event is lost before it reaches any subscription. */
  eventDropProbability: number;
}

/** All switches at rest. `freeze` is called when `staleLists` is switched on. */
export function createFaults(freeze: () => void): RegistryFaults {
  let stale = false;
  return {
    get staleLists() {
      return stale;
    },
    set staleLists(on) {
      if (on && !stale) {
        freeze();
      }
      stale = on;
    },
    throttled: false,
    retryAfterSeconds: 1,
    unavailable: false,
    failureCount: null,
    failurePath: null,
    delayMilliseconds: 0,
    emptyBulkReferences: true,
    staleWriteAnswers: false,
    referrers: true,
    events: true,
    eventStringData: false,
    eventDuplicateProbability: 0,
    eventReorderProbability: 0,
    eventDropProbability: 0,
  };
}

/** Reads a part of the switches, to be assigned to them. @throws RegistryProblem 400 naming what is wrong. */
export function readFaults(body: unknown): Partial<RegistryFaults> {
  const parsed = faultSettings.partial().safeParse(body);
  if (!parsed.success) {
    throw new RegistryProblem(400, 'FAULTS_INVALID', z.prettifyError(parsed.error));
  }
  const given = Object.entries(parsed.data).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given);
}

/** Delays or refuses a request as the switches say. */
export async function applyRequestFaults(faults: RegistryFaults, path: string): Promise<void> {
  if (faults.delayMilliseconds > 0) {
    await sleep(faults.delayMilliseconds);
  }
  const failing = faults.throttled || faults.unavailable;
  if (!failing || faults.failureCount === 0 || !path.includes(faults.failurePath ?? '')) {
    return;
  }
  if (faults.failureCount !== null) {
    faults.failureCount -= 1;
  }
  const headers: Readonly<Record<string, string>> =
    faults.retryAfterSeconds === null ? {} : { 'Retry-After': String(faults.retryAfterSeconds) };
  if (faults.throttled) {
    throw new RegistryProblem(429, 'TOOMANYREQUESTS', 'too many requests', {
      headers: { ...headers, 'x-ms-ratelimit-remaining-calls-per-second': '0' },
    });
  }
  throw new RegistryProblem(503, 'UNAVAILABLE', 'service unavailable', { headers });
}
