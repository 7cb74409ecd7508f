import { estate } from '../findings/finding.ts';
import { auditItself, isEscalationDue } from '../findings/lifecycle.ts';
import type { Findings } from './findings.ts';
import type { Clock, Log } from './ports.ts';

/** Findings read at once. */
const pageSize = 500;

/** Has time do its part: findings that nobody took up are told again, waivers that have ended come back. */
export function escalateFindings({
  findings,
  registries,
  clock,
  log,
}: {
  readonly findings: Pick<Findings, 'page' | 'change'>;
  readonly registries: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}) {
  return async (): Promise<void> => {
    let changed = 0;
    for (const registry of [...registries, estate]) {
      let after: string | undefined;
      do {
        const page = await findings.page(registry, { statuses: ['open', 'waived'] }, pageSize, after);
        for (const { finding } of page.items) {
          const now = clock.now();
          const isLapsed = finding.waiver !== undefined && now >= finding.waiver.until;
          if (!isLapsed && !isEscalationDue(finding, now)) continue;
          const change = await findings.change(registry, finding.id, { event: 'age' }, auditItself, now);
          if (change?.outcome === 'changed') changed += 1;
        }
        after = page.next;
      } while (after !== undefined);
    }
    if (changed > 0) log.info('findings aged', { changed });
  };
}
