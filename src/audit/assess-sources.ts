import { estate } from '../findings/finding.ts';
import type { Policy } from '../protection/policy.ts';
import { foreignImageFindings, sourceFindings } from '../workloads/source-findings.ts';
import type { KnownClaim } from '../workloads/use.ts';
import type { Findings } from './findings.ts';
import type { Log } from './ports.ts';
import { sourceCoverage, type UsesPorts } from './uses.ts';
import type { Claims, InventoryQueue } from './workload-ports.ts';

export interface AssessSourcesPorts extends Pick<UsesPorts, 'sources' | 'states' | 'clock'> {
  readonly claims: Pick<Claims, 'ofSource'>;
  readonly findings: Pick<Findings, 'raise' | 'settle' | 'page'>;
  readonly queue: Pick<InventoryQueue, 'assess'>;
  readonly registries: readonly string[];
  readonly policy: Policy | undefined;
  readonly log: Log;
}

/** Findings read at once. */
const pageSize = 1_000;

/**
 * Looks at the sources themselves: which cannot be concluded from, and which images they use from registries that the policy
 * does not approve. Deletions that are found are judged again, now that a source has reported.
 */
export function assessSources(ports: AssessSourcesPorts) {
  const coverage = sourceCoverage(ports);
  const { claims, findings, queue, clock, registries, policy, log } = ports;
  return async (): Promise<void> => {
    const at = clock.now();
    const sources = await coverage();
    const stale = sourceFindings(sources);
    const foreign: KnownClaim[] = [];
    for (const { source } of sources) {
      for await (const claim of claims.ofSource(source)) {
        if (!registries.includes(claim.registry)) foreign.push(claim);
      }
    }
    const found = [...stale, ...foreignImageFindings(policy, foreign)];
    await findings.raise(estate, found, at);
    const stillThere = new Set(found.map(({ identity }) => identity));
    await findings.settle(estate, { kinds: ['SourceStale', 'UnapprovedRegistry'] }, stillThere, at);
    for (const registry of registries) {
      const repositories = new Set<string>();
      for (const kind of ['DeletedDigestUseUnknown', 'DeletedDigestInUse'] as const) {
        const filter = { statuses: ['open', 'acknowledged', 'waived'] as const, kind };
        let after: string | undefined;
        do {
          const page = await findings.page(registry, filter, pageSize, after);
          for (const { finding } of page.items) repositories.add(finding.subject.repository);
          after = page.next;
        } while (after !== undefined);
      }
      for (const repository of repositories) await queue.assess({ registry, repository });
    }
    log.info('sources assessed', { sources: sources.length, stale: stale.length });
  };
}
