import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { RunningRegistry } from '../acr/registry-server.ts';
import { type AlertListener, alertText, type HeardAlert } from './alert-listener.ts';
import { pusherOf } from './image.ts';
import type { Platforms } from './platforms.ts';

/** Where the chapter is told. */
export interface InUseSetting {
  readonly registry: RunningRegistry;
  /** Base URL of the service. */
  readonly service: string;
  readonly platforms: Platforms;
  readonly alerts: Pick<AlertListener, 'heard'>;
  say(text: string): void;
}

/** What is deployed: references to images of `team/app`. */
export interface Deployed {
  /** What the cluster runs, by tag and digest. */
  readonly tag: string;
  readonly digest: string;
  /** What a Container App names. */
  readonly appTag: string;
}

const inventory = z.object({ coverage: z.object({ complete: z.boolean(), fresh: z.boolean() }) });
const uses = z.object({
  items: z.array(
    z.object({
      source: z.string(),
      kind: z.string(),
      name: z.string(),
      state: z.string(),
      certainty: z.string(),
    }),
  ),
});

/** Has every source report for the first time, so that the use of whatever is deleted is known. */
export async function readSources({ service }: Pick<InUseSetting, 'service'>): Promise<void> {
  const nothing = JSON.stringify({ complete: true, references: [] });
  await request(`${service}/api/v1/inventory/compose`, 'PUT', 'application/json', nothing);
  await refresh(service);
  await eventually('the sources have reported', async () => {
    const { coverage } = inventory.parse(await (await fetch(`${service}/api/v1/inventory`)).json());
    return coverage.complete && coverage.fresh ? true : undefined;
  });
}

function refresh(service: string): Promise<void> {
  const url = `${service}/admin/functions/refreshInventory`;
  return request(url, 'POST', 'application/json', JSON.stringify({ input: '' }));
}

/**
 * Deploys an image to the cluster, asks who uses it, deletes it from the registry all the same, and waits for the alert.
 */
export async function tellUses(
  { registry, service, platforms, alerts, say }: InUseSetting,
  { tag, digest, appTag }: Deployed,
): Promise<void> {
  const repository = `${registry.loginServer}/team/app`;
  const { kubernetes, azure } = platforms;
  kubernetes.deploy({ namespace: 'shop', name: 'web', image: `${repository}:${tag}`, digest, replicas: 2 });
  azure.addContainerApp({ name: 'orders', containers: [{ name: 'api', image: `${repository}:${appTag}` }] });
  const compose = `services:\n  preview:\n    image: ${repository}:${tag}\n`;
  await request(`${service}/api/v1/inventory/compose`, 'PUT', 'application/yaml', compose);
  const image = `${repository}@${digest}`;
  const query = new URLSearchParams({ image });
  await refresh(service);
  const items = await eventually('the cluster has reported', async () => {
    const told = uses.parse(await (await fetch(`${service}/api/v1/uses?${query}`)).json()).items;
    return told.some(({ source }) => source === 'cluster') ? told : undefined;
  });

  say('\n7. Who uses this image, and what if it is deleted? Sources say what they run:');
  say(`   curl -sG ${service}/api/v1/uses \\\n     --data-urlencode 'image=${image}'`);
  for (const { source, kind, name, state, certainty } of items) {
    say(`   → ${source}: ${kind} ${name}, ${state} (${certainty})`);
  }

  const start = Date.now();
  await pusherOf(registry, 'team/app').delete(digest);
  const alert = await eventually('the alert has come', async () => alarm(alerts.heard, digest));
  say(`   It is deleted. ${((alert.at - start) / 1_000).toFixed(1)} s later, at the webhook:`);
  say(`   ${alertText(alert)}`);
  const back = z.array(z.string()).safeParse(alert.detail['wayBack']).data ?? [];
  for (const step of back) say(`   The way back: ${step}`);
}

function alarm(heard: readonly HeardAlert[], digest: string): HeardAlert | undefined {
  return heard.find(
    ({ kind, change, image }) =>
      kind === 'DeletedDigestInUse' && change !== 'resolved' && image?.endsWith(digest) === true,
  );
}

async function request(url: string, method: string, type: string, body: string): Promise<void> {
  const response = await fetch(url, { method, headers: { 'content-type': type }, body });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
}

async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 300; tries += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await pause(100);
  }
  throw new Error(`It did not come to pass that ${what}.`);
}
