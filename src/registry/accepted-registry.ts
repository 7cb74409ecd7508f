import { registryNamed } from './reference.ts';
import type { RegistryEvent } from './registry-event.ts';

/** A registry whose events are accepted. */
export interface AcceptedRegistry {
  /** Lower-case, with a port when it has one: the registry's name in history. */
  readonly loginServer: string;
  /** ARM resource id, lower-case; without it, a registry is known by the name in its login server. */
  readonly resourceId?: string;
}

/**
 * The accepted registry an event comes from, or `undefined`. The topic decides, which Event Grid sets, never the host
 * a client named. A login server is `<name>.azurecr.io`, or `<name>-<hash>.azurecr.io` with a domain name label:
 * https://learn.microsoft.com/azure/container-registry/container-registry-get-started-portal.
 */
export function acceptedRegistry(
  event: Pick<RegistryEvent, 'resourceId' | 'registryName'>,
  registries: readonly AcceptedRegistry[],
): AcceptedRegistry | undefined {
  return registries.find(({ loginServer, resourceId }) =>
    resourceId === undefined
      ? /^[a-z0-9]+/.exec(loginServer)?.[0] === event.registryName
      : resourceId === event.resourceId,
  );
}

/** The login server of the registry that an address means, or of the only one where none is given; `undefined` when it is not accepted. */
export function acceptedNamed(
  address: string | undefined,
  registries: readonly AcceptedRegistry[],
): string | undefined {
  if (address === undefined) return registries.length === 1 ? registries[0]?.loginServer : undefined;
  const name = registryNamed(address);
  return registries.find(({ loginServer }) => loginServer === name)?.loginServer;
}

/** The login servers, as problems list them. */
export function loginServersOf(registries: readonly AcceptedRegistry[]): string {
  return registries.map(({ loginServer }) => loginServer).join(', ');
}

/**
 * The name in history of the registry an event tells of. A connected registry holds copies that may lag behind, so it
 * is a registry of its own, named as a label below its parent; `undefined` when its name cannot be such a label.
 */
export function historyRegistry(event: RegistryEvent, accepted: AcceptedRegistry): string | undefined {
  if (event.connectedRegistry === undefined) return accepted.loginServer;
  const label = event.connectedRegistry.toLowerCase();
  return /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(label)
    ? `${label}.${accepted.loginServer}`
    : undefined;
}
