import { type ArmResource, type SubAssessment, zeroSubscription } from './arm-resource.ts';

/** A row as a query projects it. */
export type GraphRow = Readonly<Record<string, unknown>>;

/** What Resource Graph may do wrong, or leave out. */
export interface GraphFaults {
  /** Ends after the first page and says that it was cut off. */
  truncated: boolean;
  /** Names the same next page over and over. */
  repeatsPage: boolean;
  /** Answers without `data`. */
  withoutData: boolean;
  /** Rows left out of the answer, though they are counted. */
  lostRows: number;
}

/** What is held, to be asked. */
export interface GraphContent {
  readonly resources: readonly ArmResource[];
  readonly subAssessments: readonly SubAssessment[];
}

/**
 * The rows of one of the queries of `src/inventory`, as if it had been run: no other is understood. Undefined for
 * those.
 */
export function rowsOf(
  query: string,
  { resources, subAssessments }: GraphContent,
): readonly GraphRow[] | undefined {
  const [table] = query.split('\n').filter((line) => line !== '' && !line.startsWith('//'));
  switch (table?.trim()) {
    case 'resources':
      if (query.includes(`'${registryType}'`)) return resources.flatMap(registryRow).sort(byColumns('id'));
      return resources.flatMap(workloadRows).sort(byColumns('id', 'container', 'image', 'fx'));
    case 'securityresources':
      return subAssessments.flatMap(vulnerabilityRow).sort(byColumns('id'));
    default:
      return undefined;
  }
}

const registryType = 'microsoft.containerregistry/registries';

function registryRow({ id, type, properties }: ArmResource): readonly GraphRow[] {
  return type === registryType ? [{ id, loginServer: textOf(at(properties, 'loginServer')) }] : [];
}

function workloadRows(resource: ArmResource): readonly GraphRow[] {
  const { id, type, kind, name, subscription, resourceGroup, tags, properties } = resource;
  if (type === registryType) return [];
  const isSite = type.startsWith('microsoft.web/');
  const parts = partsIn(type, properties);
  const state = isSite
    ? at(properties, 'state')
    : (at(properties, 'runningStatus') ?? at(properties, 'instanceView', 'state'));
  return [{}, ...parts].slice(0, 400).flatMap((part) => {
    const container = textOf(at(part, 'name'));
    const value = textOf(at(part, 'value'));
    const fx = isSite && /^(?:linux|windows)fxversion$/i.test(container) ? value : '';
    const namesImages = /^(?:docker\||compose\||sitecontainers$)/i.test(fx);
    const isOwn = container === '' && (parts.length === 0 || parts.length > 399 || /container/i.test(kind));
    if (isSite && !namesImages && !isOwn) return [];
    return [
      {
        id,
        type,
        kind,
        name,
        subscriptionId: subscription,
        resourceGroup: resourceGroup.toLowerCase(),
        tags,
        state: textOf(state),
        revision: textOf(at(properties, 'latestRevisionName')),
        partCount: parts.length,
        container,
        image: isSite ? '' : textOf(at(part, 'image') ?? at(part, 'properties', 'image')),
        fx,
      },
    ];
  });
}

function partsIn(type: string, properties: unknown): readonly unknown[] {
  if (type === 'microsoft.app/sessionpools')
    return listOf(at(properties, 'customContainerTemplate', 'containers'));
  if (type.startsWith('microsoft.web/')) return listOf(at(properties, 'siteProperties', 'properties'));
  const holder = type.startsWith('microsoft.app/') ? at(properties, 'template') : properties;
  return [...listOf(at(holder, 'containers')), ...listOf(at(holder, 'initContainers'))];
}

function vulnerabilityRow(finding: SubAssessment, index: number): readonly GraphRow[] {
  const { subscription = zeroSubscription, registryHost, repositoryName, digest, cve } = finding;
  if ((finding.code ?? 'Unhealthy') !== 'Unhealthy') return [];
  const [registry] = registryHost.split('.');
  return [
    {
      id: `/subscriptions/${subscription}/resourceGroups/production/providers/Microsoft.ContainerRegistry/registries/${registry}/providers/Microsoft.Security/assessments/c0b7cfc6-3172-465a-b378-53c7ff2cc0d5/subassessments/${index}`,
      registryHost,
      repositoryName,
      digest,
      vulnerability: cve,
      severity: finding.rating ?? finding.severity,
    },
  ];
}

/** A nested value, or `undefined`. */
function at(value: unknown, ...names: readonly string[]): unknown {
  let found = value;
  for (const name of names) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = new Map<string, unknown>(Object.entries(found)).get(name);
  }
  return found;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function byColumns(...columns: readonly string[]): (one: GraphRow, other: GraphRow) => number {
  return (one, other) => {
    for (const column of columns) {
      const [left, right] = [textOf(one[column]), textOf(other[column])];
      if (left !== right) return left < right ? -1 : 1;
    }
    return 0;
  };
}
