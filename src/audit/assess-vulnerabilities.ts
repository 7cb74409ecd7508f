import { findingOf } from '../findings/finding.ts';
import { severities } from '../findings/kind.ts';
import { usesOf } from '../workloads/judgement.ts';
import { usesDetail } from '../workloads/removal.ts';
import type { Findings } from './findings.ts';
import type { Vulnerability, VulnerabilityReports } from './inventory-ports.ts';
import type { Log } from './ports.ts';
import { manifestsAbove, resolveClaims, type UsesPorts } from './uses.ts';

export interface AssessVulnerabilitiesPorts extends UsesPorts {
  readonly reports: VulnerabilityReports;
  readonly registries: readonly string[];
  readonly findings: Pick<Findings, 'raise' | 'settle'>;
  readonly log: Log;
}

/** Vulnerabilities that one finding names. */
const mostNamed = 50;

/**
 * Joins what scanners found in manifests to the workloads that run them. What the scanners could not be asked settles nothing:
 * a scan is evidence for a finding, never that there is none.
 */
export function assessVulnerabilities(ports: AssessVulnerabilitiesPorts) {
  const resolve = resolveClaims(ports);
  const aboveOf = manifestsAbove(ports);
  const { reports, registries, claims, findings, clock, log } = ports;
  return async (): Promise<void> => {
    const at = clock.now();
    const { vulnerabilities, problems } = await reports.read();
    for (const { where, problem } of problems) log.warn('vulnerabilities not read', { where, problem });
    for (const registry of registries) {
      const own = vulnerabilities.filter((one) => one.registry === registry);
      const found = [];
      for (const [repository, some] of Map.groupBy(own, (one) => one.repository)) {
        const known = await Array.fromAsync(claims.ofRepository({ registry, repository }));
        const running = await resolve(
          { registry, repository },
          known.filter(({ state }) => state === 'running'),
        );
        if (running.length === 0) continue;
        for (const [digest, ofDigest] of Map.groupBy(some, (one) => one.digest)) {
          const uses = usesOf(await aboveOf({ registry, repository }, digest), running);
          if (uses.length === 0) continue;
          const detail = {
            ...usesDetail(uses),
            vulnerabilities: inOrder(ofDigest)
              .slice(0, mostNamed)
              .map(({ id, severity }) => `${id} (${severity})`),
            vulnerabilityCount: ofDigest.length,
          };
          const [worst] = inOrder(ofDigest);
          const subject = { registry, repository, digest };
          found.push(findingOf('VulnerableDigestRunning', subject, detail, worst?.severity));
        }
      }
      await findings.raise(registry, found, at);
      if (problems.length > 0) continue;
      const stillThere = new Set(found.map(({ identity }) => identity));
      await findings.settle(registry, { kinds: ['VulnerableDigestRunning'] }, stillThere, at);
    }
    log.info('vulnerabilities joined', { vulnerabilities: vulnerabilities.length });
  };
}

function inOrder(vulnerabilities: readonly Vulnerability[]): readonly Vulnerability[] {
  const rank = ({ severity }: Vulnerability) => severities.indexOf(severity);
  return vulnerabilities.toSorted((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1));
}
