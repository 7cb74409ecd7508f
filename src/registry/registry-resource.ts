import type { Form } from './form.ts';

/** The registry that an Azure resource id names. */
export interface RegistryResource {
  /** The registry's resource id in lower case, since Azure compares resource ids without regard to case. */
  readonly resourceId: string;
  readonly registryName: string;
  /** The connected registry below it, when the id names one. */
  readonly connectedRegistry?: string;
}

const maxLength = 1_024;

/** Free of what no resource name has and of what would mislead in a key, a path or a log line. */
const segment = '[^/\\\\#?%\\s\\p{C}]+';
const resourceGrammar = new RegExp(
  `^(?<resourceId>/(?:${segment}/)*providers/microsoft\\.containerregistry/registries/(?<registryName>${segment}))` +
    `(?:/connectedregistries/(?<connectedRegistry>${segment}))?$`,
  'u',
);

/**
 * An Azure resource id of a registry, or of a connected registry below one. The segments' own naming rules aren't
 * applied: the sender is authenticated, and the rules are Azure's to change.
 * Source: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
 */
export const registryResourceForm: Form<RegistryResource> = {
  expected:
    'the resource id of a container registry, such as "/subscriptions/…/resourceGroups/…/providers/' +
    'Microsoft.ContainerRegistry/registries/contoso"',
  read: (value) =>
    typeof value === 'string' && value.length <= maxLength ? parseResource(value) : undefined,
};

function parseResource(text: string): RegistryResource | undefined {
  const { resourceId, registryName, connectedRegistry } =
    resourceGrammar.exec(text.toLowerCase())?.groups ?? {};
  return resourceId === undefined || registryName === undefined
    ? undefined
    : { resourceId, registryName, ...(connectedRegistry !== undefined && { connectedRegistry }) };
}
