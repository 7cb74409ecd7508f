import { estate, type Finding, findingOf } from '../findings/finding.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import {
  registrySubject,
  settingsFindings,
  unknownSettingsFinding,
  untoldSettings,
} from '../retention/registry-settings.ts';
import type { Findings } from './findings.ts';
import type { Clock, Log } from './ports.ts';
import type { RegistrySettingsReader } from './retention-ports.ts';
import type { Claims } from './workload-ports.ts';

export interface AssessRegistrySettingsPorts {
  readonly reader: RegistrySettingsReader;
  readonly registries: readonly AcceptedRegistry[];
  readonly claims: Pick<Claims, 'repositories' | 'ofRepository'>;
  readonly findings: Pick<Findings, 'raise' | 'settle' | 'page'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Findings read at once. */
const pageSize = 1_000;

/**
 * Looks for settings of the audited registries that endanger images. What could not be read is a finding of its own, and
 * ends none that was found before.
 */
export function assessRegistrySettings(ports: AssessRegistrySettingsPorts) {
  const { reader, registries, claims, findings, clock, log } = ports;

  async function hasPinnedUses(registry: string): Promise<boolean> {
    for await (const repository of claims.repositories(registry)) {
      for await (const { isPinned } of claims.ofRepository({ registry, repository })) {
        if (isPinned) return true;
      }
    }
    return false;
  }

  /** Identities of what was found before of settings that were not told now. */
  async function foundBefore(registry: string, untold: ReadonlySet<string>): Promise<readonly string[]> {
    const { repository } = registrySubject(registry);
    const statuses = ['open', 'acknowledged', 'waived'] as const;
    const kind = 'DangerousSetting' as const;
    const identities: string[] = [];
    let after: string | undefined;
    do {
      const filter = { statuses, kind, repository };
      const page = await findings.page(estate, filter, pageSize, after);
      for (const { finding } of page.items) {
        const { subject, detail } = finding;
        if (untold.has(String(detail['setting']))) identities.push(findingOf(kind, subject, detail).identity);
      }
      after = page.next;
    } while (after !== undefined);
    return identities;
  }

  return async (): Promise<void> => {
    const at = clock.now();
    const stillThere = new Set<string>();
    for (const accepted of registries) {
      const { loginServer: registry } = accepted;
      const { settings, problems } = await reader.read(accepted);
      for (const { where, problem } of problems) {
        log.warn('registry settings not read', { registry, where, problem });
      }
      const found: Finding[] = [];
      if (settings !== undefined) {
        const isPinned = settings.retentionPolicy?.enabled === true && (await hasPinnedUses(registry));
        found.push(...settingsFindings(registry, settings, { hasPinnedUses: isPinned }));
      }
      const untold = untoldSettings(settings);
      if (untold.size > 0) {
        found.push(unknownSettingsFinding(registry, settings, problems));
        for (const identity of await foundBefore(registry, untold)) stillThere.add(identity);
      }
      await findings.raise(estate, found, at);
      for (const { identity } of found) stillThere.add(identity);
    }
    // All at once, so that what was found of a registry that is audited no more is over.
    await findings.settle(estate, { kinds: ['DangerousSetting', 'RegistrySettingsUnknown'] }, stillThere, at);
    log.info('registry settings assessed', { registries: registries.length, findings: stillThere.size });
  };
}
