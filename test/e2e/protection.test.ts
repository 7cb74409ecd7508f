import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as z from 'zod/mini';
import { type Azurite, startAzurite } from '../builders/azurite.ts';
import { deployedApp } from '../builders/deployed-app.ts';
import { accessTo } from '../builders/registry-access.ts';
import {
  prepareImage,
  putManifest,
  type SampleManifest,
  sampleIndex,
  setAttributes,
} from '../component/acr/image.ts';
import { openTestRegistry, type TestRegistry } from '../component/acr/test-registry.ts';
import { type AppDirectory, type HostProcess, startHostProcess } from '../component/host/host-process.ts';

/** Milliseconds on a machine that is busy with other things. */
const timeout = 180_000;
const children = 24;
const repository = 'team/app';

let app: AppDirectory;
let azurite: Azurite;
let registry: TestRegistry;
let host: HostProcess;
let index: SampleManifest;
let parts: readonly SampleManifest[];

const start = () =>
  startHostProcess(app, {
    args: ['--queue-lease', '4'],
    env: {
      AuditStorage: azurite.connectionString,
      ACR_AUDIT_AUTH: 'development',
      ACR_AUDIT_REGISTRY_TOKEN: 'local',
      ACR_AUDIT_POLICY: resolve('local/estate/policy.json'),
      NODE_EXTRA_CA_CERTS: registry.caFile,
      REGISTRIES: `${registry.loginServer}=${registry.resourceId}`,
    },
  });

beforeAll(async () => {
  [app, azurite, registry] = await Promise.all([deployedApp(), startAzurite(), openTestRegistry()]);
  parts = await Promise.all(
    Array.from({ length: children }, (_, place) =>
      prepareImage(registry, repository, {
        content: `part ${place}`,
        architecture: place % 2 === 0 ? 'amd64' : 'arm64',
      }),
    ),
  );
  for (const part of parts) await putManifest(registry, repository, part.descriptor.digest, part);
  index = sampleIndex(parts.map(({ descriptor }) => descriptor));
  await putManifest(registry, repository, 'v1', index);
  host = await start();
});
afterAll(async () => {
  await host?.stop();
  await registry?.dispose();
  await azurite?.stop();
  await app?.remove();
});

const approval = z.object({ id: z.string(), state: z.string(), environment: z.string() });
const approvals = z.object({ items: z.array(approval) });
const findings = z.object({ items: z.array(z.object({ kind: z.string(), digest: z.optional(z.string()) })) });

async function ask(route: string, body?: object): Promise<Response> {
  const init = body && {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
  return fetch(`${host.url}/api/v1/${route}`, init);
}

/** How many of the index, its parts and its tag are locked. */
async function lockedCount(): Promise<number> {
  const { content } = accessTo(registry);
  const digests = [index, ...parts].map(({ descriptor }) => descriptor.digest);
  let count = 0;
  for await (const page of content.manifests(repository)) {
    for (const { digest, locks } of page) {
      if (digests.some((one) => one === digest) && !locks.canDelete && !locks.canWrite) count += 1;
    }
  }
  const tag = await content.tag(repository, 'v1');
  return count + (tag !== undefined && !tag.locks.canDelete && !tag.locks.canWrite ? 1 : 0);
}

async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 600; tries += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await pause(100);
  }
  throw new Error('It did not come to pass');
}

async function enforceNow(): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  await fetch(`${host.url}/admin/functions/enforceLocks`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ input: '' }),
  });
}

/** A killed host holds its lease for up to a minute more. */
async function breakLease(): Promise<void> {
  await BlobServiceClient.fromConnectionString(azurite.connectionString)
    .getContainerClient('leases')
    .getBlobClient(`protect/${registry.loginServer}/${repository}`)
    .getBlobLeaseClient()
    .breakLease(0);
}

describe('when the host is killed between two locks of an approved image', () => {
  it(
    'the next enforcement makes it whole, with one approval',
    async () => {
      const image = `${registry.loginServer}/${repository}:v1`;
      const asked = ask('approvals', { image, environment: 'production', reason: 'release' }).catch(
        () => undefined,
      );
      await eventually(async () => ((await lockedCount()) >= 3 ? true : undefined));
      host.kill('SIGKILL');
      await host.exited;
      await asked;
      const before = await lockedCount();
      expect(before).toBeLessThan(children + 2);

      host = await start();
      await breakLease();
      await enforceNow();
      await eventually(async () => ((await lockedCount()) === children + 2 ? true : undefined));
      const found = await eventually(async () => {
        const { items } = approvals.parse(await (await ask('approvals')).json());
        return items.every(({ state }) => state === 'protected') ? items : undefined;
      });
      expect(found).toHaveLength(1);
      const pinned = `${registry.loginServer}/${repository}@${index.descriptor.digest}`;
      const verdict = await (
        await ask('deployments/verify', { environment: 'production', images: [pinned] })
      ).json();
      expect(verdict).toMatchObject({ verdict: 'pass' });
      const evidence = await (await ask(`digests?image=${encodeURIComponent(pinned)}`)).json();
      expect(evidence).toMatchObject({ approvals: [{ environment: 'production', state: 'protected' }] });
    },
    timeout,
  );

  it(
    'a lock of a part that is undone by hand is set again, and a finding names it',
    async () => {
      const digest = parts[0]?.descriptor.digest ?? '';
      await setAttributes(registry, `${repository}/_manifests/${digest}`, {
        deleteEnabled: true,
        writeEnabled: true,
      });
      expect(await lockedCount()).toBe(children + 1);
      await enforceNow();
      await eventually(async () => ((await lockedCount()) === children + 2 ? true : undefined));
      const raised = await eventually(async () => {
        const { items } = findings.parse(await (await ask('findings')).json());
        return items.find(({ kind }) => kind === 'LockRemoved');
      });
      expect(raised.digest).toBe(digest);
    },
    timeout,
  );
});

describe('when events come', () => {
  it(
    'a tag that the policy approves at push is protected by itself',
    async () => {
      await registry.events.subscribe(`${host.url}/runtime/webhooks/EventGrid?functionName=registryEvents`);
      const release = await prepareImage(registry, 'release/app', { content: 'release' });
      await putManifest(registry, 'release/app', 'v1.4.2', release);
      const { content } = accessTo(registry);
      await eventually(async () => {
        const tag = await content.tag('release/app', 'v1.4.2');
        return tag?.locks.canDelete === false ? true : undefined;
      });
      const image = `${registry.loginServer}/release/app`;
      const own = await eventually(async () => {
        const { items } = approvals.parse(
          await (await ask(`approvals?image=${encodeURIComponent(image)}`)).json(),
        );
        return items.length > 0 && items.every(({ state }) => state === 'protected') ? items : undefined;
      });
      expect(own).toMatchObject([{ environment: 'production', state: 'protected' }]);
    },
    timeout,
  );
});
