import * as z from 'zod/mini';
import { quote } from '../registry/free-text.ts';
import type { ReportedClaim, Workload } from '../workloads/claim.ts';
import type { Problems } from './azure-problems.ts';

/** A container that names an image, in whatever names it. */
export interface NamedImage {
  readonly container?: string;
  readonly image: string;
}

/** A resource that may name images, put together from its rows in Resource Graph. */
export interface AzureResource {
  /** Its path, encoded. */
  readonly path: string;
  /** Lower-case, such as `microsoft.app/containerapps`. */
  readonly type: string;
  /** How messages name it. */
  readonly where: string;
  /** All of its workload but the container. */
  readonly workload: Workload;
  /** What its platform says that it does, such as `Running`; empty when nothing. */
  readonly state: string;
  /** The revision of its template; empty when it has none. */
  readonly revision: string;
  /** The containers of its template. */
  readonly images: readonly NamedImage[];
  /** Values of `linuxFxVersion` and `windowsFxVersion` that have to do with images. */
  readonly fxVersions: readonly string[];
}

const text = z.pipe(
  z.nullish(z.string()),
  z.transform((value: string | null | undefined) => value ?? ''),
);

/** What `workloads.kql` projects; Resource Graph gives no type that could be relied on. */
const row = z.object({
  id: z.string().check(z.maxLength(2_048)),
  type: z.string(),
  kind: text,
  name: z.string(),
  subscriptionId: z.string(),
  resourceGroup: z.string(),
  tags: z.catch(z.nullish(z.record(z.string(), z.unknown())), null),
  state: text,
  revision: text,
  partCount: z.number(),
  container: text,
  image: text,
  fx: text,
});
type Row = z.output<typeof row>;

/** Of a resource, `workloads.kql` reads its own row and this many parts. */
const partsRead = 399;

/** The resources that rows are of. Rows that cannot be read are problems. */
export function azureResources(
  rows: readonly unknown[],
  ownerTag: string,
  problems: Problems,
): readonly AzureResource[] {
  const byId = new Map<string, Row[]>();
  for (const sent of rows) {
    const read = row.safeParse(sent);
    if (!read.success) {
      problems.note('Resource Graph', `answered a row whose ${fieldsIn(read.error)} cannot be read`);
      continue;
    }
    const id = read.data.id.toLowerCase();
    const known = byId.get(id);
    if (known === undefined) byId.set(id, [read.data]);
    else known.push(read.data);
  }
  return [...byId.values()].flatMap((ofResource) => resourceOf(ofResource, ownerTag, problems) ?? []);
}

function resourceOf(rows: readonly Row[], ownerTag: string, problems: Problems): AzureResource | undefined {
  const [first] = rows;
  if (first === undefined) return undefined;
  const type = first.type.toLowerCase();
  const kind = kindOf(type, first.kind);
  const namespace = `${first.subscriptionId}/${first.resourceGroup}`.toLowerCase();
  const where = `${kind ?? type} ${namespace}/${first.name}`;
  const path = pathOf(first.id);
  if (kind === undefined || path === undefined) {
    problems.note(
      'Resource Graph',
      `answered a row of ${quote(first.id)}, which is no resource that was asked for`,
    );
    return undefined;
  }
  const isSite = type.startsWith('microsoft.web/');
  if (!isSite && first.partCount > partsRead) {
    problems.note(where, `has ${first.partCount} containers, of which ${partsRead} are read`);
  }
  const owner = tagOf(first.tags, ownerTag);
  const environment = tagOf(first.tags, 'environment');
  return {
    path,
    type,
    where,
    workload: {
      kind,
      name: first.name,
      namespace,
      ...(owner === undefined ? {} : { owner }),
      ...(environment === undefined ? {} : { environment }),
    },
    state: first.state,
    revision: first.revision,
    images: rows.flatMap(({ container, image }) => {
      if (image !== '') return [{ image, ...(container === '' ? {} : { container }) }];
      if (container !== '' && !isSite)
        problems.note(where, `has a container ${quote(container)} without an image`);
      return [];
    }),
    fxVersions: rows.flatMap(({ fx }) => (fx === '' ? [] : [fx])),
  };
}

/** The claim of a resource on an image. */
export function claimOf(
  { workload }: AzureResource,
  { container, image }: NamedImage,
  claim: Omit<ReportedClaim, 'workload' | 'image'>,
): ReportedClaim {
  return { workload: { ...workload, ...(container === undefined ? {} : { container }) }, image, ...claim };
}

function kindOf(type: string, kind: string): string | undefined {
  switch (type) {
    case 'microsoft.app/containerapps':
      return 'ContainerApp';
    case 'microsoft.app/jobs':
      return 'ContainerAppsJob';
    case 'microsoft.app/sessionpools':
      return 'SessionPool';
    case 'microsoft.containerinstance/containergroups':
      return 'ContainerGroup';
    case 'microsoft.containerinstance/containergroupprofiles':
      return 'ContainerGroupProfile';
    case 'microsoft.web/sites':
    case 'microsoft.web/sites/slots':
      return kind.toLowerCase().includes('functionapp') ? 'FunctionApp' : 'WebApp';
    default:
      return undefined;
  }
}

/**
 * The path of a resource id with its names encoded, or `undefined` when it is none: the id becomes an address.
 * Source: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
 */
export function pathOf(id: string): string | undefined {
  const parts = id.split('/').slice(1);
  const isId = id.startsWith('/subscriptions/') && parts.length >= 8 && parts.length % 2 === 0;
  const areNames = parts.every((part) => /^[\p{L}\p{N}_.()-]+$/u.test(part) && !/^\.+$/.test(part));
  return isId && areNames ? `/${parts.map(encodeURIComponent).join('/')}` : undefined;
}

/** A tag's value. Case does not matter: https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources */
function tagOf(tags: Readonly<Record<string, unknown>> | null | undefined, name: string): string | undefined {
  const wanted = name.toLowerCase();
  const found = Object.entries(tags ?? {}).find(([key]) => key.toLowerCase() === wanted)?.[1];
  return typeof found === 'string' && found !== '' ? found : undefined;
}

function fieldsIn(error: z.core.$ZodError): string {
  return [...new Set(error.issues.map(({ path }) => String(path[0] ?? 'form')))].join(', ');
}
