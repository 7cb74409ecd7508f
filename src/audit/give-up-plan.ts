import { AuditFault } from './fault.ts';
import type { Clock, Log } from './ports.ts';
import type { PlanHeader, Plans } from './retention-ports.ts';

/** Ends a plan that could not be made, or run, however often it was tried: it says so, and another has to be made. */
export function giveUpPlan({
  plans,
  clock,
  log,
}: {
  readonly plans: Pick<Plans, 'get' | 'put'>;
  readonly clock: Clock;
  readonly log: Log;
}) {
  return async (registry: string, id: string): Promise<void> => {
    const stored = await plans.get(registry, id);
    const state = stored?.header.state;
    if (stored === undefined || (state !== 'making' && state !== 'running')) return;
    const because = state === 'making' ? 'it could not be made' : 'its run was cut off too often';
    const ended: PlanHeader = {
      ...stored.header,
      state: 'failed',
      finishedAt: clock.now(),
      stoppedBecause: because,
    };
    if ((await plans.put(ended, stored.version)) === 'conflict') {
      throw new AuditFault('contention', `the plan ${id} was changed just now`, { retryable: true });
    }
    log.error('plan given up', { registry, id, because });
  };
}
