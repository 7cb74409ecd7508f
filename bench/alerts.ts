import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { startRegistry } from '../local/acr/registry-server.ts';
import { freePort } from '../local/free-port.ts';
import { startFunctionsHost } from '../local/functions-host.ts';
import { digestOf, imageDeleted, imagePushed } from '../test/builders/registry-event.ts';
import { atMost, type Figure, median, quantile } from './figure.ts';
import { benchStorage } from './setting.ts';

const deletions = 200;
const repository = 'team/app';

const alert = z.object({
  data: z.object({ kind: z.string(), change: z.string(), digest: z.optional(z.string()) }),
});

/**
 * From the POST of a deletion's event to the arrival of its alert at a webhook, for digests that workloads use: the bundle in
 * the embedded host, Azurite, the registry stand-in, everything on this machine. One deletion after the other.
 */
export async function alerts(): Promise<readonly Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'acr-audit-bench-'));
  const arrived = new Map<string, () => void>();
  const receiver = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    response.end();
    const { data } = alert.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
    if (data.kind === 'DeletedDigestInUse' && data.change === 'opened') arrived.get(data.digest ?? '')?.();
  });
  const hook = await freePort();
  await new Promise<void>((listening) => receiver.listen(hook, '127.0.0.1', listening));
  const storage = await benchStorage();
  const registry = await startRegistry({ dataDirectory: join(folder, 'registry'), port: 0, log: () => {} });
  const inventory = join(folder, 'inventory.json');
  await writeFile(
    inventory,
    JSON.stringify({
      version: 1,
      sources: [{ name: 'compose', type: 'submitted', environment: 'production' }],
    }),
  );
  const host = await startFunctionsHost({
    host: 'embedded',
    port: 0,
    data: join(folder, 'host'),
    settings: {
      ACR_AUDIT_AUTH: 'development',
      ACR_AUDIT_REGISTRY_TOKEN: 'local',
      NODE_EXTRA_CA_CERTS: registry.caFile,
      AzureWebJobsStorage: storage.connectionString,
      AuditStorage: storage.connectionString,
      REGISTRIES: `${registry.loginServer}=${registry.resourceId}`,
      ACR_AUDIT_INVENTORY: inventory,
      ACR_AUDIT_ALERT_WEBHOOKS: `bench=http://127.0.0.1:${hook}/`,
      ACR_AUDIT_ALERT_WEBHOOK_SECRET_BENCH: 'only for this measurement',
    },
    onLog: () => {},
  });
  try {
    const digests = Array.from({ length: deletions }, (_, index) => digestOf(`bench ${index}`));
    for (const digest of digests) {
      await deliver(host.url, imagePushed({ repository, digest, ...from(registry.resourceId) }));
    }
    const references = digests.map((digest, index) => ({
      image: `${registry.loginServer}/${repository}@${digest}`,
      workload: `workload-${index}`,
      state: 'running',
    }));
    const submitted = await fetch(`${host.url}/api/v1/inventory/compose`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ complete: true, references }),
    });
    if (!submitted.ok) throw new Error(await submitted.text());
    const taken: number[] = [];
    for (const digest of digests) {
      const told = new Promise<void>((done) => arrived.set(digest, done));
      const start = performance.now();
      const delivered = deliver(host.url, imageDeleted({ repository, digest, ...from(registry.resourceId) }));
      await told;
      taken.push(performance.now() - start);
      await delivered;
    }
    return [
      { name: `deletions of digests in use`, value: taken.length, unit: 'deletions' },
      { name: 'event to alert, median', value: median(taken), unit: 'ms' },
      atMost('event to alert, p95', quantile(taken, 0.95), 'ms', 1_000),
      { name: 'event to alert, longest', value: Math.max(...taken), unit: 'ms' },
    ];
  } finally {
    await host.stop();
    await registry.close();
    await storage.stop();
    receiver.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What makes an event one of the audited registry, now. */
function from(resourceId: string) {
  return { resourceId, timestamp: new Date().toISOString() };
}

async function deliver(url: string, event: object): Promise<void> {
  const response = await fetch(`${url}/runtime/webhooks/EventGrid?functionName=registryEvents`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'aeg-event-type': 'Notification' },
    body: JSON.stringify([event]),
  });
  if (!response.ok) throw new Error(`the event was answered ${response.status}`);
}
