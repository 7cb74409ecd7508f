import * as z from 'zod/mini';
import type { DeadLetters } from '../audit/dead-letters.ts';
import { AuditFault } from '../audit/fault.ts';
import type { Progress, RegistryProgress } from '../audit/history-pages.ts';
import type { LedgerHead, LedgerLog } from '../audit/ledger-ports.ts';
import type { Clock, UnannouncedChanges } from '../audit/ports.ts';
import type { PreflightState } from '../audit/preflight.ts';
import type { ReconcileQueue, ReconcileRounds, Round, RoundsState } from '../audit/reconcile-registries.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { type SourceCoverage, wholeCoverage } from '../workloads/coverage.ts';
import { healthDocument, statusDocument } from './documents/status.ts';
import { isoTime } from './history-entry.ts';
import { route } from './route.ts';

const query = z.strictObject({});

/** `GET health`: whether the service can do its work. Anyone may ask, so it says no more than that. */
export function healthRoute(progress: Progress) {
  return route({
    name: 'getHealth',
    method: 'GET',
    path: 'health',
    summary: 'Whether the service is ready: 200, or 503 when storage does not answer.',
    document: healthDocument,
    query,
    async answer() {
      await progress.check().catch((cause: unknown) => {
        throw new AuditFault('not-ready', `storage is not ready: ${cause}`, { retryable: true, cause });
      });
      return { headers: { 'cache-control': 'no-store' }, jsonBody: { status: 'ready' } };
    },
  });
}

/** What the status is told from. */
export interface StatusPorts {
  readonly progress: Progress;
  readonly rounds: Pick<ReconcileRounds, 'state'>;
  readonly queue: Pick<ReconcileQueue, 'waiting'>;
  readonly changes: Pick<UnannouncedChanges, 'since'>;
  readonly deadLetters: Pick<DeadLetters, 'counts'>;
  /** How far the logs are sealed, and whether they are signed here. */
  readonly ledger: { readonly head: LedgerLog['head']; readonly isSigned: boolean };
  /** What may be concluded from the sources of the inventory. */
  readonly coverage: () => Promise<readonly SourceCoverage[]>;
  /** Which grants of the app's identities are missing or too much, as far as that was tried. */
  readonly permissions: () => PreflightState;
  readonly clock: Clock;
}

/** Milliseconds back for which changes that no event announced are counted. */
const unannouncedSpanMs = 86_400_000;

/** `GET status`: how far each registry's history has come. */
export function statusRoute(registries: readonly AcceptedRegistry[], ports: StatusPorts) {
  return route({
    name: 'getStatus',
    method: 'GET',
    path: 'status',
    summary:
      'For each audited registry: its last event, its comparisons, what they found, and what was rejected; the sources that cannot be concluded from; grants that are missing or too much.',
    document: statusDocument,
    role: 'Audit.Read',
    query,
    async answer() {
      return { headers: { 'cache-control': 'no-store' }, jsonBody: await statusOf(registries, ports) };
    },
  });
}

/** How far each registry's history has come, and what may be concluded from the inventory. */
async function statusOf(registries: readonly AcceptedRegistry[], ports: StatusPorts) {
  const { progress, queue, deadLetters, coverage, permissions, clock } = ports;
  const waiting = await queue.waiting();
  const [known, unattributed, letters, sources] = await Promise.all([
    Promise.all(registries.map(({ loginServer }) => registryStatus(loginServer, waiting, ports))),
    progress.of('unknown'),
    deadLetters.counts(),
    coverage(),
  ]);
  return {
    at: isoTime(clock.now()),
    registries: known,
    comparisonsWaiting: waiting,
    deadLetters: letters,
    inventory: inventoryStatus(sources),
    unattributed: { rejected: unattributed.rejected },
    permissions: permissionsStatus(permissions()),
  };
}

/** What may be concluded from the sources of the inventory together. */
export function inventoryStatus(sources: readonly SourceCoverage[]) {
  return {
    ...wholeCoverage(sources),
    sources: sources.length,
    inDoubt: sources.flatMap(({ source, condition }) => (condition === 'fresh' ? [] : [source])),
  };
}

/** How fresh a registry's history is, with so many comparisons waiting. */
export function freshnessOf(
  registry: string,
  waiting: number,
  { lastEventAt, lastRecordedAt, rejected }: RegistryProgress,
  { last: round, failed }: RoundsState,
) {
  return {
    registry,
    ...(lastEventAt === undefined || lastRecordedAt === undefined
      ? {}
      : {
          lastEvent: {
            occurredAt: isoTime(lastEventAt),
            recordedAt: isoTime(lastRecordedAt),
            lagMs: lastRecordedAt - lastEventAt,
          },
        }),
    ...(round === undefined ? {} : roundStatus(round, waiting)),
    repositoriesFailed: failed,
    rejected,
  };
}

async function registryStatus(registry: string, waiting: number, ports: StatusPorts) {
  const { progress, rounds, changes, ledger, clock } = ports;
  const since = clock.now() - unannouncedSpanMs;
  const [known, round, found, head] = await Promise.all([
    progress.of(registry),
    rounds.state(registry),
    changes.since(registry, since),
    ledger.head(registry),
  ]);
  const { rejected, ...rest } = freshnessOf(registry, waiting, known, round);
  return {
    ...rest,
    unannounced: { since: isoTime(since), ...found },
    ledger: ledger.isSigned ? ledgerStatus(head) : { sealing: 'off: no key to sign with is set' },
    rejected,
  };
}

function permissionsStatus(known: PreflightState) {
  return known.state === 'checked' ? { ...known, at: isoTime(known.at) } : known;
}

function ledgerStatus(head: LedgerHead | undefined) {
  return head === undefined
    ? { size: 0 }
    : { size: head.size, sealedAt: isoTime(head.sealedAt), witnessed: head.witnessed };
}

/** A round ends when no comparison waits; the one before had ended when it began. */
function roundStatus({ startedAt, repositories, before }: Round, waiting: number) {
  const full = waiting === 0 ? startedAt : before;
  return {
    lastRound: { startedAt: isoTime(startedAt), repositories },
    ...(full === undefined ? {} : { lastFullReconcile: isoTime(full) }),
    // The queue is one for all registries: of several, none has more waiting than it has repositories.
    repositoriesPending: Math.min(waiting, repositories),
  };
}
