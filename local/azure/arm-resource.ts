/** A container as its platform is told of it. */
export interface Container {
  readonly name: string;
  readonly image: string;
}

/** Where a resource is, and what it says of itself. */
export interface Placement {
  readonly name: string;
  /** The subscription of zeros unless told. */
  readonly subscription?: string;
  /** `production` unless told. */
  readonly resourceGroup?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

interface Template {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
}

/** A revision, as `ContainerAppsRevisions.json` of the public REST specification has it. */
export interface Revision extends Partial<Template> {
  readonly name: string;
  readonly active?: boolean;
  readonly trafficWeight?: number;
  readonly replicas?: number;
  /** RFC 3339. */
  readonly createdTime?: string;
}

export interface ContainerApp extends Placement, Template {
  /** `Running` unless told. */
  readonly runningStatus?: string;
  readonly revisions?: readonly Revision[];
}

/** An execution, as `Jobs.json` of the public REST specification has it. */
export interface Execution extends Partial<Template> {
  readonly name: string;
  /** `Running`, `Processing`, `Succeeded`, `Failed`, `Stopped`, `Degraded` or `Unknown`. */
  readonly status: string;
  /** RFC 3339. */
  readonly startTime?: string;
}

export interface Job extends Placement, Template {
  readonly executions?: readonly Execution[];
}

export interface SessionPool extends Placement {
  /** Absent in a pool of the platform's own images. */
  readonly containers?: readonly Container[];
}

export interface ContainerGroup extends Placement, Template {
  /** `Running` or `Stopped`, for instance; left out where Resource Graph does not know it. */
  readonly state?: string;
  /** A profile, which groups are made from, rather than a group. */
  readonly isProfile?: boolean;
}

export interface Site extends Placement {
  /** The slot's name, when it is one. */
  readonly slot?: string;
  /** `app,linux,container` unless told. */
  readonly kind?: string;
  /** `Running` unless told. */
  readonly state?: string;
  /** Such as `DOCKER|contoso.azurecr.io/team/app:1.0`. */
  readonly linuxFxVersion?: string;
  readonly windowsFxVersion?: string;
  readonly siteContainers?: readonly (Container & { readonly isMain?: boolean })[];
  /** Whether Resource Graph knows how the site is configured; it does unless told. */
  readonly isConfigurationInGraph?: boolean;
}

/** A task of a registry, as `TasksList.json` of the public REST specification has it. */
export interface StandInTask {
  readonly name: string;
  /** `Enabled` unless told. */
  readonly status?: string;
  readonly step?: Readonly<Record<string, unknown>> | null;
}

/** A container registry, as `RegistryGet.json` of the public REST specification has it: nothing is on unless told. */
export interface Registry extends Placement {
  /** `<name>.azurecr.io` unless told. */
  readonly loginServer?: string;
  readonly adminUserEnabled?: boolean;
  readonly anonymousPullEnabled?: boolean;
  readonly retentionPolicy?: { readonly days: number; readonly status: string };
  readonly softDeletePolicy?: { readonly retentionDays: number; readonly status: string };
  readonly tasks?: readonly StandInTask[];
}

/** A finding of Microsoft Defender for Cloud. */
export interface SubAssessment {
  readonly subscription?: string;
  readonly registryHost: string;
  readonly repositoryName: string;
  readonly digest: string;
  /** Such as `CVE-2024-0001`. */
  readonly cve: string;
  /** `Low`, `Medium` or `High`. */
  readonly severity: string;
  /** The scanner's own rating, which may be `Critical`. */
  readonly rating?: string;
  /** `Unhealthy` unless told. */
  readonly code?: string;
}

/** A resource as Azure Resource Manager holds it, with the lists below it. */
export interface ArmResource {
  readonly id: string;
  readonly type: string;
  readonly kind: string;
  readonly name: string;
  readonly subscription: string;
  readonly resourceGroup: string;
  readonly tags: Readonly<Record<string, string>> | null;
  readonly properties: Readonly<Record<string, unknown>>;
  /** By the last part of their path, in small letters. */
  readonly lists: Readonly<Record<string, readonly unknown[]>>;
  readonly configuration?: Readonly<Record<string, unknown>>;
}

export const zeroSubscription = '00000000-0000-0000-0000-000000000000';

function placed(
  { name, subscription = zeroSubscription, resourceGroup = 'production', tags }: Placement,
  provider: string,
  path: string,
): Omit<ArmResource, 'kind' | 'properties' | 'lists'> {
  const type = [provider, ...path.split('/').filter((_, index) => index % 2 === 0)].join('/');
  return {
    id: `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/${provider}/${path}`,
    type: type.toLowerCase(),
    name,
    subscription: subscription.toLowerCase(),
    resourceGroup,
    tags: tags ?? null,
  };
}

export function containerApp(app: ContainerApp): ArmResource {
  const { containers, initContainers, runningStatus = 'Running', revisions = [] } = app;
  const resource = placed(app, 'Microsoft.App', `containerApps/${app.name}`);
  return {
    ...resource,
    kind: 'containerapps',
    properties: {
      runningStatus,
      provisioningState: 'Succeeded',
      latestRevisionName: revisions.at(-1)?.name,
      template: { containers, initContainers },
    },
    lists: {
      revisions: revisions.map(({ name, containers: own, initContainers: ownInit, ...properties }) => ({
        id: `${resource.id}/revisions/${name}`,
        name,
        type: 'Microsoft.App/containerApps/revisions',
        properties: {
          ...properties,
          template: { containers: own ?? containers, initContainers: ownInit ?? null },
        },
      })),
    },
  };
}

export function job(options: Job): ArmResource {
  const { containers, initContainers, executions = [] } = options;
  const resource = placed(options, 'Microsoft.App', `jobs/${options.name}`);
  return {
    ...resource,
    kind: '',
    properties: { provisioningState: 'Succeeded', template: { containers, initContainers } },
    lists: {
      executions: executions.map(({ name, containers: own, initContainers: ownInit, ...properties }) => ({
        id: `${resource.id}/executions/${name}`,
        name,
        type: 'Microsoft.App/jobs/executions',
        properties: { ...properties, template: { containers: own ?? containers, initContainers: ownInit } },
      })),
    },
  };
}

export function sessionPool(pool: SessionPool): ArmResource {
  const { containers } = pool;
  return {
    ...placed(pool, 'Microsoft.App', `sessionPools/${pool.name}`),
    kind: '',
    properties: containers === undefined ? {} : { customContainerTemplate: { containers } },
    lists: {},
  };
}

export function containerGroup(group: ContainerGroup): ArmResource {
  const { containers, initContainers, state, isProfile = false } = group;
  const nested = (list: readonly Container[] | undefined) =>
    list?.map(({ name, image }) => ({ name, properties: { image } }));
  const path = `${isProfile ? 'containerGroupProfiles' : 'containerGroups'}/${group.name}`;
  return {
    ...placed(group, 'Microsoft.ContainerInstance', path),
    kind: '',
    properties: {
      containers: nested(containers),
      initContainers: nested(initContainers),
      ...(state === undefined ? {} : { instanceView: { state } }),
    },
    lists: {},
  };
}

export function site(options: Site): ArmResource {
  const { slot, kind = 'app,linux,container', state = 'Running', siteContainers = [] } = options;
  const { linuxFxVersion = '', windowsFxVersion = null, isConfigurationInGraph = true } = options;
  const path = slot === undefined ? `sites/${options.name}` : `sites/${options.name}/slots/${slot}`;
  const name = slot === undefined ? options.name : `${options.name}/${slot}`;
  const resource = placed({ ...options, name }, 'Microsoft.Web', path);
  const known = [
    { name: 'LinuxFxVersion', value: linuxFxVersion },
    { name: 'WindowsFxVersion', value: windowsFxVersion },
    { name: 'MinTlsVersion', value: '1.2' },
  ];
  return {
    ...resource,
    kind,
    properties: { state, siteProperties: { properties: isConfigurationInGraph ? known : null } },
    lists: {
      sitecontainers: siteContainers.map(({ name: container, image, isMain = false }) => ({
        id: `${resource.id}/sitecontainers/${container}`,
        name: container,
        type: 'Microsoft.Web/sites/sitecontainers',
        properties: { image, isMain },
      })),
    },
    configuration: { linuxFxVersion, windowsFxVersion },
  };
}

export function containerRegistry(registry: Registry): ArmResource {
  const { name, loginServer = `${name}.azurecr.io`, tasks = [] } = registry;
  const { adminUserEnabled = false, anonymousPullEnabled = false } = registry;
  const { retentionPolicy = { days: 7, status: 'disabled' } } = registry;
  const { softDeletePolicy = { retentionDays: 7, status: 'disabled' } } = registry;
  const resource = placed(registry, 'Microsoft.ContainerRegistry', `registries/${name}`);
  return {
    ...resource,
    kind: '',
    properties: {
      loginServer,
      provisioningState: 'Succeeded',
      adminUserEnabled,
      anonymousPullEnabled,
      policies: { exportPolicy: { status: 'enabled' }, retentionPolicy, softDeletePolicy },
    },
    lists: {
      tasks: tasks.map(({ name: task, status = 'Enabled', step = null }) => ({
        id: `${resource.id}/tasks/${task}`,
        name: task,
        type: 'Microsoft.ContainerRegistry/registries/tasks',
        location: 'westeurope',
        properties: { provisioningState: 'Succeeded', status, step },
      })),
    },
  };
}
