import { concurrently } from './concurrently.ts';
import { AuditFault } from './fault.ts';
import type { Log } from './ports.ts';

/** Whom something is allowed to, as `docs/deployment.md` names them. */
export type IdentityName = 'auditor' | 'locker' | 'deleter' | 'host';

/** One thing that an identity has to be able to do, or must not be able to do. */
export interface Check {
  readonly identity: IdentityName;
  /** Such as `pull manifests`. */
  readonly action: string;
  /** Such as `contoso.azurecr.io`. */
  readonly of: string;
  readonly isNeeded: boolean;
  /** What gives it: roles and scope, to be given where it is missing and taken away where it is too much. */
  readonly grant: string;
  /** Tries it, changing nothing. Throws AuditFault where that does not tell. */
  may(): Promise<boolean>;
}

/** What is wrong with what identities may do, in words; `unknown` is what could not be told, and why. */
export interface PreflightReport {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly missing: readonly string[];
  readonly tooMuch: readonly string[];
  readonly unknown: readonly string[];
  /** Checks that came out as they should. */
  readonly right: number;
}

export interface PreflightPorts {
  /** Asked anew each time, as what is to be checked may depend on what is there. */
  readonly checks: () => Promise<readonly Check[]>;
  readonly clock: { now(): number };
  readonly log: Log;
}

/** Checks under way at once. */
const concurrentChecks = 4;

type Outcome = 'right' | 'missing' | 'too much' | 'unknown';

/**
 * Tries what every identity may do, each by a call that changes nothing, and tells which grants are missing and which are too
 * much. Nothing that a check comes to is thrown: what cannot be told is in the report.
 */
export function preflight({ checks, clock, log }: PreflightPorts): () => Promise<PreflightReport> {
  return async () => {
    const told: Record<Outcome, string[]> = { right: [], missing: [], 'too much': [], unknown: [] };
    await concurrently(await checks(), concurrentChecks, async (check) => {
      const { outcome, message } = await outcomeOf(check);
      told[outcome].push(message);
    });
    // In one order, whichever was answered first.
    const report = {
      at: clock.now(),
      missing: told.missing.sort(),
      tooMuch: told['too much'].sort(),
      unknown: told.unknown.sort(),
      right: told.right.length,
    };
    for (const message of report.missing) log.error('a grant is missing', { grant: message });
    for (const message of report.tooMuch) log.warn('a grant is too much', { grant: message });
    for (const message of report.unknown) log.warn('a grant could not be checked', { grant: message });
    log.info('grants were checked', { right: report.right });
    return report;
  };
}

async function outcomeOf(check: Check): Promise<{ readonly outcome: Outcome; readonly message: string }> {
  const { identity, action, of, isNeeded, grant } = check;
  try {
    const may = await check.may();
    if (may === isNeeded) return { outcome: 'right', message: '' };
    return may
      ? { outcome: 'too much', message: `the ${identity} may ${action} of ${of}: take away ${grant}` }
      : { outcome: 'missing', message: `the ${identity} may not ${action} of ${of}: give it ${grant}` };
  } catch (error) {
    const why = error instanceof AuditFault ? error.message : String(error);
    return { outcome: 'unknown', message: `whether the ${identity} may ${action} of ${of}: ${why}` };
  }
}

/** What a preflight came to last. `not-checked`: one credential stands in for all identities. */
export type PreflightState =
  | { readonly state: 'not-checked' | 'checking' }
  | { readonly state: 'failed'; readonly reason: string }
  | ({ readonly state: 'checked' } & PreflightReport);

/** Milliseconds after which what may be done is tried anew. */
const maxAgeMs = 3_600_000;

export interface KeptPreflightPorts {
  readonly run: () => Promise<PreflightReport>;
  /** Calls once the app has started. */
  readonly later: (begin: () => void) => void;
  readonly clock: { now(): number };
}

/**
 * Keeps what a preflight came to, for whoever asks: it runs after the start, or when it is asked for before, and again in the
 * background when it is asked for after an hour. Nobody waits for it.
 */
export function keptPreflight({ run, later, clock }: KeptPreflightPorts): () => PreflightState {
  let known: PreflightState = { state: 'checking' };
  let begunAt = Number.NEGATIVE_INFINITY;

  function beginWhenDue(): void {
    if (clock.now() - begunAt < maxAgeMs) return;
    begunAt = clock.now();
    run().then(
      (report) => {
        known = { state: 'checked', ...report };
      },
      (error: unknown) => {
        known = { state: 'failed', reason: error instanceof AuditFault ? error.message : String(error) };
      },
    );
  }

  later(beginWhenDue);
  return () => {
    beginWhenDue();
    return known;
  };
}
