import * as z from 'zod/mini';
import type { Vulnerability, VulnerabilityReports } from '../audit/inventory-ports.ts';
import type { Log } from '../audit/ports.ts';
import { parseDigest } from '../registry/digest.ts';
import { quote } from '../registry/free-text.ts';
import { isRepositoryName } from '../registry/name.ts';
import { type ArmOptions, armClient } from './azure-arm.ts';
import { type Problems, problemsOf } from './azure-problems.ts';
import { resourceGraphRows } from './azure-resource-graph.ts';
import { type AzureScope, readableSubscriptions } from './azure-subscriptions.ts';

export interface AzureVulnerabilitiesOptions extends ArmOptions, AzureScope {
  /** The text of `vulnerabilities.kql`. */
  readonly query: string;
  readonly log: Log;
}

/** What `vulnerabilities.kql` projects. */
const row = z.object({
  registryHost: z.string().check(z.regex(/^[a-zA-Z0-9.-]{1,253}(?::\d{1,5})?$/)),
  repositoryName: z.string(),
  digest: z.string(),
  vulnerability: z.string().check(z.regex(/^[\w.:-]{1,100}$/)),
  severity: z.nullish(z.string()),
});

/**
 * What Microsoft Defender for Cloud found in the images of the registries of subscriptions. A row that cannot be read is
 * a problem.
 *
 * @throws TypeError when the endpoint is no origin that tokens may be sent to.
 */
export function azureVulnerabilities(options: AzureVulnerabilitiesOptions): VulnerabilityReports {
  const { query, log } = options;
  const arm = armClient(options);
  return {
    async read(signal) {
      const problems = problemsOf(log, signal);
      const subscriptions = await readableSubscriptions(arm, options, problems, signal);
      const rows = await resourceGraphRows(arm, query, subscriptions, problems, signal);
      const known = new Map<string, Vulnerability>();
      for (const sent of rows) {
        const read = readRow(sent, problems);
        if (read === undefined) continue;
        // The same is found in a manifest by way of several packages: the gravest counts.
        const key = [read.registry, read.repository, read.digest, read.id].join('|');
        const before = known.get(key);
        if (before === undefined || rank(read) < rank(before)) known.set(key, read);
      }
      signal?.throwIfAborted();
      return { vulnerabilities: [...known.values()], problems: problems.found() };
    },
  };
}

function readRow(sent: unknown, problems: Problems): Vulnerability | undefined {
  const { success, data } = row.safeParse(sent);
  const digest = success ? parseDigest(data.digest) : undefined;
  if (!success || digest === undefined || !isRepositoryName(data.repositoryName)) {
    problems.note('Microsoft Defender for Cloud', 'answered a finding that names no manifest of a registry');
    return undefined;
  }
  const severity = severityOf(data.severity ?? '');
  if (severity === undefined) {
    const told = quote(data.severity ?? '');
    problems.note('Microsoft Defender for Cloud', `gives ${data.vulnerability} the unknown severity ${told}`);
    return undefined;
  }
  const { registryHost, repositoryName: repository, vulnerability: id } = data;
  return { registry: registryHost.toLowerCase(), repository, digest, id, severity };
}

const severities = ['critical', 'high', 'medium', 'low'] as const;

/** What has been found but not rated is kept, as the least that there is. */
const unrated: ReadonlySet<string> = new Set(['', 'none', 'unknown', 'negligible', 'informational']);

function severityOf(text: string): Vulnerability['severity'] | undefined {
  const told = text.toLowerCase();
  return unrated.has(told) ? 'low' : severities.find((severity) => severity === told);
}

function rank({ severity }: Vulnerability): number {
  return severities.indexOf(severity);
}
