import type { Check, IdentityName } from './preflight.ts';

/** Something that a registry lets an identity do, or not. */
export type RegistryPermission =
  | 'list'
  | 'read-metadata'
  | 'pull'
  | 'read-deleted'
  | 'lock'
  | 'push'
  | 'delete'
  | 'restore';

/** Which of its role assignments a registry heeds: `properties.roleAssignmentMode`. */
export type RoleMode = 'LegacyRegistryPermissions' | 'AbacRepositoryPermissions';

/** Tries what an identity may do in one registry, changing nothing. */
export interface RegistryPermissions {
  /** Throws AuditFault where the answer does not tell. */
  may(permission: RegistryPermission): Promise<boolean>;
}

/** Each identity's own; what is not named here it must not be able to, where {@link harmful}. */
const needed: Readonly<Record<Exclude<IdentityName, 'host'>, readonly RegistryPermission[]>> = {
  auditor: ['list', 'read-metadata', 'pull', 'read-deleted'],
  locker: ['lock'],
  deleter: ['delete', 'restore'],
};

/** Who reads what others keep, or changes it, needs a reason; listing and reading locks do no harm. */
const harmful: readonly RegistryPermission[] = ['pull', 'lock', 'push', 'delete', 'restore'];

const actions: Readonly<Record<RegistryPermission, string>> = {
  list: 'list the repositories',
  'read-metadata': 'read tags, manifests and locks',
  pull: 'pull manifests',
  'read-deleted': 'list what soft delete keeps',
  lock: 'set locks',
  push: 'push images',
  delete: 'delete tags and manifests',
  restore: 'restore what soft delete keeps',
};

const operations = 'Microsoft.ContainerRegistry/registries';
const readDeleted = `the custom role "acr-audit auditor" with the action ${operations}/deleted/read`;
const restore = `the custom role "acr-audit deleter" with the actions ${operations}/deleted/read and ${operations}/deleted/restore/action`;

/**
 * The smallest role that gives a permission, in each mode, as `infra/foundation/registry-access.bicep` assigns it. `push` is
 * never needed.
 * https://learn.microsoft.com/azure/container-registry/container-registry-rbac-built-in-roles-directory-reference
 */
const giving: Readonly<Record<RoleMode, Readonly<Record<Exclude<RegistryPermission, 'push'>, string>>>> = {
  LegacyRegistryPermissions: {
    list: 'the role AcrPull',
    'read-metadata': `the role AcrPull, and the custom role "acr-audit auditor" with the action ${operations}/metadata/read`,
    pull: 'the role AcrPull',
    'read-deleted': readDeleted,
    lock: `the custom role "acr-audit locker" with the action ${operations}/metadata/write`,
    delete: `the role AcrDelete, which has the action ${operations}/artifacts/delete`,
    restore,
  },
  AbacRepositoryPermissions: {
    list: 'the role Container Registry Repository Catalog Lister',
    'read-metadata': 'the role Container Registry Repository Reader',
    pull: 'the role Container Registry Repository Reader',
    'read-deleted': readDeleted,
    lock: `the custom role "acr-audit locker" with the data action ${operations}/repositories/metadata/write`,
    delete: `the custom role "acr-audit deleter" with the data actions ${operations}/repositories/metadata/delete and ${operations}/repositories/content/delete`,
    restore,
  },
};

/** Roles that give what is not to be had. In mode ABAC, Owner and Contributor have no access to content. */
const givingTooMuch: Readonly<Record<RoleMode, Readonly<Partial<Record<RegistryPermission, string>>>>> = {
  LegacyRegistryPermissions: {
    pull: 'AcrPull, AcrPush, Reader, Contributor or Owner',
    lock: `Contributor, Owner or a role with the action ${operations}/metadata/write`,
    push: 'AcrPush, Contributor or Owner',
    delete: 'AcrDelete, Contributor or Owner',
    restore: `Contributor, Owner or a role with the action ${operations}/deleted/restore/action`,
  },
  AbacRepositoryPermissions: {
    pull: 'Container Registry Repository Reader, Writer or Contributor',
    lock: `Container Registry Repository Writer or Contributor, or a role with the data action ${operations}/repositories/metadata/write`,
    push: 'Container Registry Repository Writer or Contributor',
    delete: 'Container Registry Repository Contributor, or a role with delete among its data actions',
    restore: `Contributor, Owner or a role with the action ${operations}/deleted/restore/action`,
  },
};

export interface RegistryChecksOptions {
  readonly registry: string;
  /** Its resource id, where it is known. */
  readonly resourceId?: string;
  /** `undefined`: it could not be read, so what is to be done is told for both. */
  readonly mode: RoleMode | undefined;
  /** What one identity does: several names where it stands in for several. */
  readonly identities: readonly IdentityName[];
  readonly permissions: RegistryPermissions;
}

/** What one identity has to be able to do in a registry, and what not. */
export function registryChecks(options: RegistryChecksOptions): readonly Check[] {
  const { registry, resourceId, mode, identities, permissions } = options;
  const own = identities.flatMap((name) => (name === 'host' ? [] : needed[name]));
  const [identity] = identities;
  if (identity === undefined) return [];
  const scope = resourceId === undefined ? `the registry ${registry}` : `the registry ${resourceId}`;
  const asked = [...new Set([...own, ...harmful])];
  return asked.map((permission) => {
    const isNeeded = own.includes(permission);
    return {
      identity,
      action: actions[permission],
      of: registry,
      isNeeded,
      grant: grantOf(permission, isNeeded, mode, scope),
      may: () => permissions.may(permission),
    };
  });
}

function grantOf(
  permission: RegistryPermission,
  isNeeded: boolean,
  mode: RoleMode | undefined,
  scope: string,
): string {
  const where = isNeeded ? `on ${scope}` : `on ${scope}, its resource group or above`;
  const roles = (of: RoleMode) =>
    isNeeded && permission !== 'push' ? giving[of][permission] : givingTooMuch[of][permission];
  if (mode !== undefined) return `${roles(mode)} ${where} (mode ${mode})`;
  const modes: readonly RoleMode[] = ['LegacyRegistryPermissions', 'AbacRepositoryPermissions'];
  return `${modes.map((of) => `${roles(of)} (mode ${of})`).join(', or ')}, ${where}`;
}
