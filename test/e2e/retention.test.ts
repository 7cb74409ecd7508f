import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as z from 'zod/mini';
import { type Azurite, startAzurite } from '../builders/azurite.ts';
import { deployedApp } from '../builders/deployed-app.ts';
import { policyDocument } from '../builders/policy-document.ts';
import { accessTo, gathered } from '../builders/registry-access.ts';
import { pushImage } from '../component/acr/image.ts';
import { openTestRegistry, type TestRegistry } from '../component/acr/test-registry.ts';
import { type AppDirectory, type HostProcess, startHostProcess } from '../component/host/host-process.ts';
import { beginRound, statusOf } from './hosted-service.ts';

/** Milliseconds on a machine that is busy with other things. */
const timeout = 240_000;
const repository = 'team/app';
const untagged = 60;
const tagged = 5;
const day = 86_400_000;

let app: AppDirectory;
let azurite: Azurite;
let registry: TestRegistry;
let host: HostProcess;
let directory: string;
let used: string;

const start = () =>
  startHostProcess(app, {
    // What the killed host was at work on comes back before long.
    args: ['--queue-lease', '4'],
    env: {
      AuditStorage: azurite.connectionString,
      ACR_AUDIT_AUTH: 'development',
      ACR_AUDIT_REGISTRY_TOKEN: 'local',
      ACR_AUDIT_DELETER_CLIENT_ID: 'what deletes',
      ACR_AUDIT_POLICY: join(directory, 'policy.json'),
      ACR_AUDIT_INVENTORY: join(directory, 'inventory.json'),
      NODE_EXTRA_CA_CERTS: registry.caFile,
      REGISTRIES: `${registry.loginServer}=${registry.resourceId}`,
    },
  });

beforeAll(async () => {
  // Images of a year ago: the service goes by the registry's times.
  let time = Date.now() - 400 * day;
  const now = () => {
    time += 1_000;
    return new Date(time);
  };
  directory = await mkdtemp(join(tmpdir(), 'retention-test-'));
  [app, azurite, registry] = await Promise.all([deployedApp(), startAzurite(), openTestRegistry({ now })]);
  for (let number = 0; number < untagged; number += 1) {
    await pushImage(registry, repository, undefined, { content: `left ${number}` });
  }
  for (let number = 0; number < tagged; number += 1) {
    await pushImage(registry, repository, `keep-${number}`, { content: `tagged ${number}` });
  }
  used = await pushImage(registry, repository, undefined, { content: 'used' });
  const rules = [{ repositories: '.*', untaggedOlderThan: 'P14D' }];
  const retention = { rules, caps: { percent: 100, perRepository: 1_000, whole: 1_000 } };
  await writeFile(
    join(directory, 'policy.json'),
    JSON.stringify(policyDocument({ retention, privacy: undefined })),
  );
  const sources = [{ name: 'compose', type: 'submitted', freshness: 'P1D' }];
  await writeFile(join(directory, 'inventory.json'), JSON.stringify({ version: 1, sources }));
  host = await start();
}, timeout);
afterAll(async () => {
  await host?.stop();
  await registry?.dispose();
  await azurite?.stop();
  await app?.remove();
  if (directory !== undefined) await rm(directory, { recursive: true });
});

const plan = z.object({
  id: z.string(),
  state: z.string(),
  hash: z.string(),
  blocks: z.array(z.string()),
  counts: z.object({ untag: z.number(), delete: z.number(), manifests: z.number() }),
  freed: z.object({ atLeast: z.number(), atMost: z.number() }),
  done: z.optional(z.object({ untagged: z.number(), deleted: z.number(), spared: z.number() })),
});
const items = z.object({ items: z.array(z.object({ digest: z.string() })), cursor: z.optional(z.string()) });
const record = z.object({
  kind: z.string(),
  content: z.object({
    items: z.optional(z.array(z.object({ digest: z.optional(z.string()), outcome: z.string() }))),
  }),
});
const records = z.object({ items: z.array(record), cursor: z.optional(z.string()) });

async function ask(route: string, body?: object, as = 'planner', method = 'POST'): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'x-dev-principal': as };
  const init = body === undefined ? { headers } : { method, headers, body: JSON.stringify(body) };
  return fetch(`${host.url}/api/v1/${route}`, init);
}

const planOf = async (id: string) => plan.parse(await (await ask(`retention/plans/${id}`)).json());

async function untilState(id: string, ...states: readonly string[]) {
  for (;;) {
    const found = await planOf(id);
    if (states.includes(found.state)) return found;
    await pause(200);
  }
}

async function present(): Promise<ReadonlySet<string>> {
  const manifests = await gathered(accessTo(registry).content.manifests(repository));
  return new Set(manifests.map(({ digest }) => digest));
}

/** Everything reported of items, by their digests. */
async function reported(): Promise<readonly string[]> {
  const told: string[] = [];
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({ image: repository, ...(cursor === undefined ? {} : { cursor }) });
    const page = records.parse(await (await ask(`records?${query}`)).json());
    for (const { kind, content } of page.items) {
      if (kind === 'retention-done')
        told.push(...(content.items ?? []).flatMap(({ digest }) => digest ?? []));
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  return told;
}

/** Ends what the killed host held: storage would in a minute, which is not waited for. */
async function endLeases(): Promise<void> {
  const service = BlobServiceClient.fromConnectionString(azurite.connectionString);
  const container = service.getContainerClient('leases');
  for await (const { name, properties } of container.listBlobsFlat()) {
    if (properties.leaseState !== 'leased') continue;
    await container.getBlobClient(name).getBlobLeaseClient().breakLease(0);
  }
}

describe('when a plan is made, approved and run, and the host is killed amid the run', () => {
  it(
    'the next host goes on: what is planned goes, nothing else, each item reported once',
    async () => {
      const image = `${registry.loginServer}/${repository}@${used}`;
      const snapshot = { complete: true, references: [{ image, workload: 'web', state: 'running' }] };
      const submitted = await ask('inventory/compose', snapshot, 'planner', 'PUT');
      expect([submitted.status, await submitted.text()]).toEqual([
        200,
        expect.stringContaining('"complete":true'),
      ]);
      await beginRound(host);
      while ((await statusOf(host)).comparisonsWaiting > 0) await pause(100);
      const before = await present();

      const begun = plan.parse(await (await ask('retention/plans', {})).json());
      const made = await untilState(begun.id, 'ready', 'blocked', 'failed');
      expect(made).toMatchObject({
        state: 'ready',
        blocks: [],
        counts: { untag: 0, delete: untagged, manifests: untagged + tagged + 1 },
      });
      // All layers were read: each image has one of its own, and one configuration is shared with what stays.
      expect(made.freed.atLeast).toBeGreaterThan(0);
      expect(made.freed.atLeast).toBeLessThanOrEqual(made.freed.atMost);
      const listed = items.parse(
        await (await ask(`retention/plans/${made.id}/items?action=delete&limit=1000`)).json(),
      );
      const planned = new Set(listed.items.map(({ digest }) => digest));
      expect(planned.size).toBe(untagged);

      const decision = { hash: made.hash, reason: 'a clean-up' };
      expect((await ask(`retention/plans/${made.id}/execute`, decision, 'executor')).status).toBe(409);
      expect((await ask(`retention/plans/${made.id}/approve`, decision, 'approver')).status).toBe(200);
      const byTheSame = await ask(`retention/plans/${made.id}/execute`, decision, 'approver');
      expect([byTheSame.status, await byTheSame.json()]).toMatchObject([
        409,
        { code: 'approved-by-executor' },
      ]);
      expect((await ask(`retention/plans/${made.id}/execute`, decision, 'executor')).status).toBe(202);

      while ((await present()).size > before.size - untagged / 4) await pause(20);
      host.kill('SIGKILL');
      await host.exited;
      const atDeath = await present();
      // Some was yet to go: else this would prove nothing.
      expect(atDeath.size).toBeGreaterThan(tagged + 1);
      await endLeases();
      host = await start();
      const ended = await untilState(made.id, 'done', 'stopped', 'failed');
      expect(ended).toMatchObject({ state: 'done', done: { deleted: untagged, untagged: 0, spared: 0 } });

      const gone = [...before].filter((digest) => !planned.has(digest));
      expect(gone.every((digest) => before.has(digest))).toBe(true);
      expect([...(await present())].sort()).toEqual(gone.sort());
      expect([...(await present())]).toContain(used);
      expect([...(await reported())].sort()).toEqual([...planned].sort());
    },
    timeout,
  );
});
