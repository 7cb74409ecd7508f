import { estate, type Finding, type FindingSubject, findingOf } from '../findings/finding.ts';
import type { Severity } from '../findings/kind.ts';
import { cleanFreeText } from '../registry/free-text.ts';
import type { ReadingProblem } from '../workloads/claim.ts';
import { lockedPurgeLine } from './locked-purge.ts';

/** A rule of the registry's own, in days. */
export interface RegistryPeriod {
  readonly days: number;
  readonly enabled: boolean;
}

/** A task of a registry, which runs by a timer, by a push or when somebody asks for it. */
export interface RegistryTask {
  readonly name: string;
  /** Whether its triggers start it. */
  readonly isEnabled: boolean;
  /** Its steps and their values as far as the registry holds them, decoded: outside text, of any content. */
  readonly commands: string;
}

/** How a registry is set. What is absent was not told, which is not the same as off. */
export interface RegistrySettings {
  /** Deletes manifests some days after their last tag went. */
  readonly retentionPolicy?: RegistryPeriod;
  /** Keeps what is deleted for some days. */
  readonly softDelete?: RegistryPeriod;
  /** Whether anybody may pull without signing in. */
  readonly anonymousPull?: boolean;
  /** Whether there is one user with a password who may do everything with images. */
  readonly adminUser?: boolean;
  readonly tasks: readonly RegistryTask[];
  /** Whether there are no tasks but these. */
  readonly hasAllTasks: boolean;
}

/** What of a registry's settings endangers images. */
export type DangerousSettingName =
  | 'untagged-retention-policy'
  | 'purge-includes-locked'
  | 'anonymous-pull'
  | 'admin-user'
  | 'soft-delete-off';

/** What concerns a registry as a whole: its settings are no image's, so findings of them are the estate's. */
export function registrySubject(registry: string): FindingSubject {
  // The form of a repository name: a port would not be.
  return { registry: estate, repository: `registries/${registry.replaceAll(':', '/')}` };
}

/** What is dangerous about the settings that were told; `hasPinnedUses`: workloads refer to images of it by digest. */
export function settingsFindings(
  registry: string,
  { retentionPolicy, softDelete, anonymousPull, adminUser, tasks }: RegistrySettings,
  { hasPinnedUses }: { readonly hasPinnedUses: boolean },
): readonly Finding[] {
  const found: Finding[] = [];

  function note(setting: DangerousSettingName, severity: Severity, detail: Finding['detail'] = {}): void {
    const told = { registry, setting, ...detail, advice: advice[setting] };
    found.push(findingOf('DangerousSetting', registrySubject(registry), told, severity));
  }

  if (retentionPolicy?.enabled === true) {
    const { days } = retentionPolicy;
    note('untagged-retention-policy', hasPinnedUses ? 'high' : 'medium', { days, hasPinnedUses });
  }
  for (const { name, isEnabled, commands } of tasks) {
    const line = lockedPurgeLine(commands);
    if (line === undefined) continue;
    const task = cleanFreeText(name, longestTaskName).text;
    note('purge-includes-locked', isEnabled ? 'high' : 'medium', { task, isEnabled, line });
  }
  if (anonymousPull === true) note('anonymous-pull', 'medium');
  if (adminUser === true) note('admin-user', 'medium');
  if (softDelete?.enabled === false) note('soft-delete-off', 'low');
  return found;
}

/** UTF-16 code units of a task's name that are told; names have at most 50. */
const longestTaskName = 100;

/** Settings that were not told: nothing is over that was found of them before. */
export function untoldSettings(settings: RegistrySettings | undefined): ReadonlySet<string> {
  const isTold: Readonly<Record<DangerousSettingName, boolean>> = {
    'untagged-retention-policy': settings?.retentionPolicy !== undefined,
    'purge-includes-locked': settings?.hasAllTasks === true,
    'anonymous-pull': settings?.anonymousPull !== undefined,
    'admin-user': settings?.adminUser !== undefined,
    'soft-delete-off': settings?.softDelete !== undefined,
  };
  return new Set(Object.entries(isTold).flatMap(([name, told]) => (told ? [] : [name])));
}

/** Problems that a finding names. */
const mostNamed = 20;

/** That the settings of a registry, or some of them, are not known. */
export function unknownSettingsFinding(
  registry: string,
  settings: RegistrySettings | undefined,
  problems: readonly ReadingProblem[],
): Finding {
  return findingOf('RegistrySettingsUnknown', registrySubject(registry), {
    registry,
    settings: [...untoldSettings(settings)],
    problems: problems.slice(0, mostNamed).map(({ where, problem }) => `${where}: ${problem}`),
    problemCount: problems.length,
  });
}

const advice: Readonly<Record<DangerousSettingName, string>> = {
  'untagged-retention-policy':
    'Manifests are deleted once no tag names them, also those that workloads refer to by digest. Disable the policy and let plans of retention delete instead, or approve what is in use so that it is locked.',
  'purge-includes-locked':
    'The task unlocks what is locked and deletes it, approved images included. Take --include-locked out of it, or delete the task.',
  'anonymous-pull': 'Anybody who can reach the registry may pull every image of it. Disable anonymous pull.',
  'admin-user':
    'Whoever has its password may push, overwrite, unlock and delete, and nobody can be told from anybody. Disable the admin user, and use identities with roles.',
  'soft-delete-off':
    'What is deleted cannot be restored. Enable soft delete, where the registry has neither geo-replication, artifact cache nor a retention policy.',
};
