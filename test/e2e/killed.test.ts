import { setTimeout as pause } from 'node:timers/promises';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Fact } from '../../src/history/fact.ts';
import { repositoryKey } from '../../src/storage/keys.ts';
import { rowsOf } from '../../src/storage/row.ts';
import { clientsByConnectionString, type Tables, tablesOf } from '../../src/storage/tables.ts';
import { type Azurite, startAzurite } from '../builders/azurite.ts';
import { deployedApp } from '../builders/deployed-app.ts';
import { historyOf } from '../builders/history-oracle.ts';
import { announcedIn, historyIn } from '../builders/history-reading.ts';
import { accessTo } from '../builders/registry-access.ts';
import { contosoResourceId, type EventGridJson } from '../builders/registry-event.ts';
import { randomFrom, syntheticEvents } from '../builders/synthetic-events.ts';
import {
  describeBytes,
  mediaTypes,
  prepareImage,
  putManifest,
  type SampleManifest,
} from '../component/acr/image.ts';
import { openTestRegistry, type TestRegistry } from '../component/acr/test-registry.ts';
import { type AppDirectory, type HostProcess, startHostProcess } from '../component/host/host-process.ts';
import { beginRound, statusOf, wholeHistory } from './hosted-service.ts';

/** Milliseconds on a slow machine that is busy with other things; a minute or two is enough otherwise. */
const timeout = 600_000;

let app: AppDirectory;
let azurite: Azurite;
let tables: Tables;
let settings: Readonly<Record<string, string>>;

beforeAll(async () => {
  [app, azurite] = await Promise.all([deployedApp(), startAzurite()]);
  tables = tablesOf(clientsByConnectionString(azurite.connectionString));
  settings = { AuditStorage: azurite.connectionString, ACR_AUDIT_AUTH: 'development' };
});
afterAll(async () => {
  await azurite?.stop();
  await app?.remove();
});

/** How many audit records a repository has. */
async function recordCount(registry: string, repository: string): Promise<number> {
  const partitionKey = repositoryKey({ registry, repository });
  let count = 0;
  for await (const _ of rowsOf(tables.repositories, {
    partitionKey,
    from: 'E|',
    before: 'E|~',
    select: [],
  })) {
    count += 1;
  }
  return count;
}

describe('when the host is killed amid 2,000 events', () => {
  const registry = 'contoso.azurecr.io';
  const senders = 8;
  const repositories = ['team-0/app', 'team-1/app', 'team-2/app', 'team-3/app'];
  const events = syntheticEvents(2_000, repositories.length, randomFrom('killed'));
  const start = () =>
    startHostProcess(app, {
      env: { ...settings, REGISTRIES: `${registry}=${contosoResourceId.toLowerCase()}` },
    });

  it(
    'leaves nothing out and nothing double once what was not acknowledged is delivered again',
    async () => {
      let host = await start();
      let running = Promise.resolve(host);
      let acknowledged = 0;
      let unanswered = 0;
      const waiting = events.values();

      async function isAcknowledged(event: EventGridJson, { url }: HostProcess): Promise<boolean> {
        try {
          const response = await fetch(`${url}/runtime/webhooks/EventGrid?functionName=registryEvents`, {
            method: 'POST',
            headers: { 'content-type': 'application/json', 'aeg-event-type': 'Notification' },
            body: JSON.stringify([event]),
          });
          return response.status === 202;
        } catch {
          return false;
        }
      }
      /** Like Event Grid, delivers an event until it is acknowledged. */
      async function sender(): Promise<void> {
        for (const event of waiting) {
          while (!(await isAcknowledged(event, await running))) {
            unanswered += 1;
            await pause(20);
          }
          acknowledged += 1;
          if (acknowledged === 800) {
            host.kill('SIGKILL');
            running = host.exited.then(start);
          }
        }
      }
      await Promise.all(Array.from({ length: senders }, sender));
      host = await running;
      try {
        // Some died on the way: else this would prove nothing.
        expect(unanswered).toBeGreaterThan(0);
        const announced = await announcedIn(tables.log, registry);
        expect(announced.map(({ fact }) => fact.eventId).sort()).toEqual(events.map(({ id }) => id).sort());
        for (const repository of repositories) {
          const facts = announced.filter((one) => one.repository === repository).map(({ fact }) => fact);
          const history = await historyIn(tables.repositories, { registry, repository });
          expect(history).toEqual(historyOf(facts));
          const listed = history.records.filter(({ replicaOf }) => replicaOf === undefined);
          expect(
            (await wholeHistory(host, `${registry}/${repository}`)).map(({ eventId }) => eventId),
          ).toEqual(listed.map(({ fact }) => fact.eventId).reverse());
        }
      } finally {
        await host.stop();
      }
    },
    timeout,
  );
});

describe('when the host is killed amid the first comparison of 5,000 manifests', () => {
  const repository = 'team/app';
  const count = 5_000;
  /** Every so many manifests, one has no tag. */
  const untagged = 10;
  let registry: TestRegistry;

  beforeAll(async () => {
    registry = await openTestRegistry();
    const image = await prepareImage(registry, repository);
    const numbers = Array.from({ length: count }, (_, number) => number).values();
    async function pusher(): Promise<void> {
      for (const number of numbers) {
        const manifest = numbered(image, number);
        const reference = number % untagged === 0 ? manifest.descriptor.digest : `1.${number}`;
        const { status } = await putManifest(registry, repository, reference, manifest);
        if (status !== 201) throw new Error(`The registry answered ${status}`);
      }
    }
    await Promise.all(Array.from({ length: 8 }, pusher));
  }, timeout);
  afterAll(() => registry?.dispose());

  const start = () =>
    startHostProcess(app, {
      // What the killed host was at work on comes back before long.
      args: ['--queue-lease', '4'],
      env: {
        ...settings,
        REGISTRIES: `${registry.loginServer}=${registry.resourceId.toLowerCase()}`,
        ACR_AUDIT_REGISTRY_TOKEN: 'local',
        NODE_EXTRA_CA_CERTS: registry.caFile,
      },
    });

  /** The push that the registry tells of each tag, and of each manifest that has none. */
  async function pushes(): Promise<readonly string[]> {
    const { content } = accessTo(registry);
    const tags = (await Array.fromAsync(content.tags(repository))).flat();
    const manifests = (await Array.fromAsync(content.manifests(repository))).flat();
    const tagged = new Set(tags.map(({ digest }) => digest));
    return [
      ...tags.map(({ tag, digest, updatedAt }) => line(updatedAt, digest, tag)),
      ...manifests
        .filter(({ digest }) => !tagged.has(digest))
        .map(({ digest, createdAt }) => line(createdAt, digest)),
    ].sort();
  }
  const line = (time: number, digest: string, tag = '') => `${time} ${digest} ${tag} created backfill`;

  async function expectWhole(host: HostProcess): Promise<void> {
    const truth = await pushes();
    expect(truth).toHaveLength(count);
    const items = await wholeHistory(host, `${registry.loginServer}/${repository}`);
    expect(
      items
        .map(({ occurredAt, digest, tag = '', kind, source }) =>
          [Date.parse(occurredAt), digest, tag, kind, source].join(' '),
        )
        .sort(),
    ).toEqual(truth);
    // And so say the ledger, and the timelines and heads of each tag and manifest.
    const announced = await announcedIn(tables.log, registry.loginServer);
    const lines = (facts: readonly Fact[]) =>
      facts.map(({ at, digest, tag }) => line(at.time, digest, tag)).sort();
    expect(lines(announced.map(({ fact }) => fact))).toEqual(truth);
    const { tags, digests, edges } = await historyIn(tables.repositories, {
      registry: registry.loginServer,
      repository,
    });
    const ofTags = Object.values(tags).flatMap(({ entries }) => entries.map(({ fact }) => fact));
    expect(lines(ofTags)).toEqual(truth.filter((one) => !one.includes('  ')));
    expect(lines(Object.values(digests).flatMap(({ entries }) => entries.map(({ fact }) => fact)))).toEqual(
      truth,
    );
    expect(edges.filter(({ until }) => until === undefined)).toHaveLength(ofTags.length);
  }

  it(
    'the next host begins again, and what was found before is not told twice',
    async () => {
      const dying = await start();
      await beginRound(dying);
      let found = 0;
      while (found < 1_000) {
        // Counting goes through all that is stored, and the comparison needs storage too.
        await pause(100);
        found = await recordCount(registry.loginServer, repository);
      }
      dying.kill('SIGKILL');
      await dying.exited;
      const left = await recordCount(registry.loginServer, repository);
      // Some is yet to be found: else this would prove nothing.
      expect(left).toBeLessThan(count);
      await endLeases();

      const host = await start();
      try {
        await ended(host);
        await expectWhole(host);
        await beginRound(host);
        await ended(host);
        await expectWhole(host);
      } finally {
        await host.stop();
      }
    },
    timeout,
  );

  /** Ends what the killed host held: storage would in a minute, which is not waited for. */
  async function endLeases(): Promise<void> {
    const container = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient(
      'leases',
    );
    for await (const { name } of container.listBlobsFlat()) {
      await container.getBlobClient(name).getBlobLeaseClient().breakLease(0);
    }
  }

  /** Resolves once the round's last comparison was made. */
  async function ended(host: HostProcess): Promise<void> {
    while ((await statusOf(host)).comparisonsWaiting > 0) await pause(100);
  }
});

function numbered({ text }: SampleManifest, number: number): SampleManifest {
  const annotated = JSON.stringify({ ...JSON.parse(text), annotations: { number: String(number) } });
  return { text: annotated, descriptor: describeBytes(mediaTypes.manifest, annotated) };
}
