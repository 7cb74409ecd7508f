import { ContainerRegistryClient } from '@azure/container-registry';
import type { RunningRegistry } from '../acr/registry-server.ts';

/** Where the chapter is told. */
export interface ProtectionSetting {
  readonly registry: RunningRegistry;
  /** Base URL of the service. */
  readonly service: string;
  say(text: string): void;
}

/**
 * Approves an image for production, tries to delete a part of it and asks whether it may be deployed. `part` is the digest
 * of a manifest that the image's index lists.
 */
export async function tellProtection(
  { registry, service, say }: ProtectionSetting,
  image: string,
  digest: string,
  part: string,
): Promise<void> {
  const approval = await post(service, 'approvals', {
    image,
    environment: 'production',
    reason: 'release of the story',
    ticket: 'REL-1',
  });
  say('\n6. May the gateway be deployed? First it is approved, which locks it:');
  say(curl(service, 'approvals', { image, environment: 'production', reason: '…' }));
  say(`   → approval ${approval['id']}: ${approval['state']}`);
  say(`   Deleting one of its platforms now: ${await deletion(registry, image, part)}`);
  const pinned = `${image.replace(/:[^:/]+$/, '')}@${digest}`;
  const verdict = await post(service, 'deployments/verify', { environment: 'production', images: [pinned] });
  say(curl(service, 'deployments/verify', { environment: 'production', images: [pinned] }));
  say(`   → verdict: ${verdict['verdict']}`);
}

function curl(service: string, route: string, body: object): string {
  return [
    `   curl -s ${service}/api/v1/${route} -H 'content-type: application/json' \\`,
    `     -d '${JSON.stringify(body)}'`,
  ].join('\n');
}

async function post(
  service: string,
  route: string,
  body: object,
): Promise<Readonly<Record<string, unknown>>> {
  const url = `${service}/api/v1/${route}`;
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`);
  const answer: unknown = JSON.parse(text);
  return isRecord(answer) ? answer : {};
}

/** What the registry says to a deletion. */
async function deletion(registry: RunningRegistry, image: string, digest: string): Promise<string> {
  const credential = {
    getToken: async () => ({ token: 'local', expiresOnTimestamp: Date.now() + 3_600_000 }),
  };
  const client = new ContainerRegistryClient(registry.url, credential, { tlsOptions: { ca: registry.ca } });
  const repository = image.replace(/^[^/]+\//, '').replace(/:[^:/]+$/, '');
  try {
    await client.getArtifact(repository, digest).delete();
    return 'it was deleted';
  } catch (error) {
    const status = isRecord(error) ? error['statusCode'] : undefined;
    return status === 405 ? 'refused with 405' : String(error);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
