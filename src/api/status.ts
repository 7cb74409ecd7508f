import * as z from 'zod/mini';
import { AuditFault } from '../audit/fault.ts';
import type { Progress } from '../audit/history-pages.ts';
import type { Clock } from '../audit/ports.ts';
import type { ReconcileQueue, ReconcileRounds } from '../audit/reconcile-registries.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
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
  readonly rounds: Pick<ReconcileRounds, 'last'>;
  readonly queue: Pick<ReconcileQueue, 'waiting'>;
  readonly clock: Clock;
}

/** `GET status`: how far each registry's history has come. */
export function statusRoute(registries: readonly AcceptedRegistry[], ports: StatusPorts) {
  const { progress, queue, clock } = ports;
  return route({
    name: 'getStatus',
    method: 'GET',
    path: 'status',
    summary: 'For each audited registry: its last event, its last comparison, and what was rejected.',
    role: 'Audit.Read',
    query,
    async answer() {
      const [known, unattributed, waiting] = await Promise.all([
        Promise.all(registries.map(({ loginServer }) => registryStatus(loginServer, ports))),
        progress.of('unknown'),
        queue.waiting(),
      ]);
      return {
        headers: { 'cache-control': 'no-store' },
        jsonBody: {
          at: isoTime(clock.now()),
          registries: known,
          comparisonsWaiting: waiting,
          unattributed: { rejected: unattributed.rejected },
        },
      };
    },
  });
}

async function registryStatus(registry: string, { progress, rounds }: StatusPorts) {
  const [{ lastEventAt, lastRecordedAt, rejected }, round] = await Promise.all([
    progress.of(registry),
    rounds.last(registry),
  ]);
  const lastRound = round && { startedAt: isoTime(round.startedAt), repositories: round.repositories };
  const compared = lastRound === undefined ? {} : { lastRound };
  if (lastEventAt === undefined || lastRecordedAt === undefined) return { registry, ...compared, rejected };
  return {
    registry,
    lastEvent: {
      occurredAt: isoTime(lastEventAt),
      recordedAt: isoTime(lastRecordedAt),
      lagMs: lastRecordedAt - lastEventAt,
    },
    ...compared,
    rejected,
  };
}
