import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { expect } from '@jest/globals';
import * as z from 'zod/mini';
import { blobServiceByConnectionString } from '../../src/storage/blob-service.ts';
import { repositoryKey } from '../../src/storage/keys.ts';
import { ledgerBlobs } from '../../src/storage/ledger-blobs.ts';
import { ledgerLog } from '../../src/storage/ledger-log.ts';
import { localSigner } from '../../src/storage/local-signer.ts';
import { rowsOf } from '../../src/storage/row.ts';
import { clientsByConnectionString, tablesOf } from '../../src/storage/tables.ts';
import { openTestRegistry } from '../component/acr/test-registry.ts';
import {
  type AppDirectory,
  eventually,
  type HostProcess,
  startHostProcess,
} from '../component/host/host-process.ts';
import { startAzurite } from './azurite.ts';
import { deployedApp } from './deployed-app.ts';
import { historyOf } from './history-oracle.ts';
import { announcedIn, historyIn } from './history-reading.ts';
import { markedRecords, provenLog } from './sealed-log.ts';

const day = 86_400_000;

export interface HostOptions {
  /** Another version of the app, or one with other settings of its host. */
  readonly app?: AppDirectory;
  /** The TCP port; any free one unless told. */
  readonly port?: number;
  /** Files with milliseconds by which its clock is wrong. */
  readonly clockFile?: string;
  /** A module that is loaded before the host, and what it is told by its environment. */
  readonly preload?: { readonly module: string; readonly env: Readonly<Record<string, string>> };
  /** Whether it follows the schedules of its timers and takes messages of queues. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface FaultedServiceOptions {
  /** The policy; protection of `team/*` and what `local/estate/policy.json` says of retention unless told. */
  readonly policy?: object;
  /** Milliseconds by which the registry's images are older than now. */
  readonly imagesAge?: number;
  /** The folder below which everything is kept. */
  readonly below?: string;
}

const defaultPolicy = {
  version: 1,
  registries: ['localhost:[0-9]+'],
  environments: [
    { name: 'production', retainFor: 'P60D', retainReleases: 2, lockTag: true, monitoringWindow: 'PT1H' },
  ],
  repositories: [{ repositories: '.*', environments: ['production'] }],
  retention: {
    rules: [{ repositories: '.*', untaggedOlderThan: 'P14D' }],
    caps: { percent: 100, perRepository: 1_000, whole: 1_000 },
  },
};

export type FaultedService = Awaited<ReturnType<typeof faultedService>>;

/**
 * The storage and the registry of a service whose hosts come and go: both outlast their faults. Hosts are started one by
 * one, each with the settings of the same service.
 */
export async function faultedService(options: FaultedServiceOptions = {}) {
  const { policy = defaultPolicy, imagesAge = 400 * day, below = tmpdir() } = options;
  let time = Date.now() - imagesAge;
  const now = () => {
    time += 1_000;
    return new Date(time);
  };
  const directory = await mkdtemp(join(below, 'acr-audit-faults-'));
  const [app, azurite, registry] = await Promise.all([
    deployedApp(),
    startAzurite(below),
    openTestRegistry({ now }, below),
  ]);
  const sources = [{ name: 'compose', type: 'submitted', freshness: 'P1D' }];
  await writeFile(join(directory, 'policy.json'), JSON.stringify(policy));
  await writeFile(join(directory, 'inventory.json'), JSON.stringify({ version: 1, sources }));
  await comeBackSoon(app);
  const tables = tablesOf(clientsByConnectionString(azurite.connectionString));
  const queues = QueueServiceClient.fromConnectionString(azurite.connectionString);
  const blobs = ledgerBlobs(blobServiceByConnectionString(azurite.connectionString));
  const keyFile = join(directory, 'ledger.pem');
  const hosts: HostProcess[] = [];
  const { loginServer } = registry;

  async function start(how: HostOptions = {}): Promise<HostProcess> {
    const preloads = [
      ...(how.clockFile === undefined ? [] : [resolve('test/builders/shifted-clock.ts')]),
      ...(how.preload === undefined ? [] : [resolve(how.preload.module)]),
    ].map((module) => `--import=${pathToFileURL(module).href}`);
    const root = how.app ?? app;
    // Each host is an instance: it remembers timers of its own.
    const data = join(directory, `host-${hosts.length}`);
    const host = await startHostProcess(
      { ...root, data },
      {
        args: ['--queue-lease', '4', ...(how.port === undefined ? [] : ['--port', String(how.port)])],
        env: {
          AuditStorage: azurite.connectionString,
          ACR_AUDIT_AUTH: 'development',
          ACR_AUDIT_REGISTRY_TOKEN: 'local',
          ACR_AUDIT_DELETER_CLIENT_ID: 'what deletes',
          ACR_AUDIT_POLICY: join(directory, 'policy.json'),
          ACR_AUDIT_INVENTORY: join(directory, 'inventory.json'),
          ACR_AUDIT_LEDGER_KEY_FILE: keyFile,
          NODE_EXTRA_CA_CERTS: registry.caFile,
          NODE_OPTIONS: ['--no-warnings', ...preloads].join(' '),
          REGISTRIES: `${loginServer}=${registry.resourceId}`,
          ...(how.clockFile === undefined ? {} : { CLOCK_FILE: how.clockFile }),
          ...how.preload?.env,
          ...how.env,
        },
      },
    );
    hosts.push(host);
    return host;
  }

  /** Ends what killed hosts held: storage would in a minute, which is not waited for. */
  async function endLeases(): Promise<void> {
    const container = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient(
      'leases',
    );
    if (!(await container.exists())) return;
    for await (const { name, properties } of container.listBlobsFlat()) {
      if (properties.leaseState === 'leased')
        await container.getBlobClient(name).getBlobLeaseClient().breakLease(0);
    }
  }

  /** How many messages wait in the queues of a name that the test accepts, or are being worked on. */
  async function waiting(accepts: (name: string) => boolean = () => true): Promise<number> {
    let count = 0;
    for await (const { name } of queues.listQueues()) {
      if (!accepts(name)) continue;
      count += (await queues.getQueueClient(name).getProperties()).approximateMessagesCount ?? 0;
    }
    return count;
  }

  /** Every row that was rejected, whatever it was rejected of. */
  async function rejected(): Promise<readonly { readonly reason: string; readonly payload: string }[]> {
    const rows = [];
    for (const partitionKey of [loginServer, 'unknown']) {
      for await (const { columns } of rowsOf(tables.rejected, { partitionKey, from: '', before: '~' })) {
        const payload = Buffer.from(String(columns['payload']), 'base64').toString();
        rows.push({ reason: String(columns['reason']), payload });
      }
    }
    return rows;
  }

  /**
   * Holds the rows of each repository to the telling of the oracle of what was announced; the facts. What a comparison found
   * counts once it is recorded: one that was cut off before that is made again, and finds the same at another time.
   */
  async function expectHistories(name = loginServer) {
    const announced = await announcedIn(tables.log, name);
    for (const repository of new Set(announced.map((one) => one.repository))) {
      const history = await historyIn(tables.repositories, { registry: name, repository });
      const recorded = new Set(history.records.map(({ fact }) => `${fact.at.time} ${fact.at.id}`));
      const facts = announced
        .filter((one) => one.repository === repository)
        .map(({ fact }) => fact)
        .filter(({ source, at }) => source === 'event' || recorded.has(`${at.time} ${at.id}`));
      expect(history).toEqual(historyOf(facts));
    }
    return announced;
  }

  /** Holds the log to its files and its marks: everything once, nothing that waits. */
  async function expectSealed(): Promise<readonly string[]> {
    const keys = await localSigner(keyFile).keys(`acr-audit/${loginServer}`);
    const { entries } = await provenLog({ log: tables.log, blobs }, loginServer, keys);
    const { places } = await markedRecords(tables.log, loginServer);
    // What was announced by somebody who was cut off, and told again otherwise, is never sealed.
    const { ready } = await ledgerLog(tables.log, tables.repositories).pending(
      loginServer,
      1_000,
      Date.now(),
    );
    expect(ready).toEqual([]);
    for (const [index, leaf] of places) expect(entries[index]).toBe(leaf);
    const records = entries.filter((entry) => JSON.parse(entry).kind !== 'sealed-batch');
    expect(new Set(records).size).toBe(records.length);
    expect(places.size).toBe(records.length);
    return entries;
  }

  return {
    ...{ app, azurite, registry, tables, queues, blobs, directory, keyFile },
    repositoryRows: (repository: string) =>
      Array.fromAsync(
        rowsOf(tables.repositories, {
          partitionKey: repositoryKey({ registry: loginServer, repository }),
          from: '',
          before: '~~',
        }),
      ),
    ...{ start, endLeases, waiting, rejected, expectHistories, expectSealed },
    async stop(): Promise<void> {
      await Promise.all(hosts.map((host) => host.stop()));
      await registry.dispose();
      await azurite.stop();
      await app.remove();
      await rm(directory, { recursive: true });
    },
  };
}

/** Has messages come back after a second rather than half a minute, and given up as early as told. */
export async function comeBackSoon({ root }: AppDirectory, maxDequeueCount?: number): Promise<void> {
  const file = join(root, 'host.json');
  const hostJson = JSON.parse(await readFile(file, 'utf8'));
  const changed = {
    visibilityTimeout: '00:00:01',
    ...(maxDequeueCount === undefined ? {} : { maxDequeueCount }),
  };
  const extensions = { ...hostJson.extensions, queues: { ...hostJson.extensions.queues, ...changed } };
  await writeFile(file, JSON.stringify({ ...hostJson, extensions }));
}

/** Has a function that no HTTP request starts run now. What becomes of it is in the host's log. */
export async function begin(
  host: Pick<HostProcess, 'url'>,
  name: string,
  input: unknown = '',
): Promise<void> {
  const answer = await fetch(`${host.url}/admin/functions/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ input }),
  });
  if (answer.status !== 202) throw new Error(`${name}: ${answer.status} ${await answer.text()}`);
}

/** The outcomes that a host has logged of a function's runs, oldest first. */
export function outcomes({ stderr }: Pick<HostProcess, 'stderr'>, name: string) {
  const form = new RegExp(`^\\S+ \\w+ +${name}: [0-9a-f-]{36} (succeeded|failed) in`, 'gm');
  return [...stderr().matchAll(form)].map(([, outcome]) => outcome);
}

/** Has a function run now and waits until it, and no other run of it, has ended; how it ended. */
export async function runNow(host: HostProcess, name: string, input: unknown = '') {
  const before = outcomes(host, name).length;
  await begin(host, name, input);
  return eventually(() => outcomes(host, name)[before]);
}

/** Delivers an event as Event Grid does; the status of the answer, 0 for none. */
export async function deliverTo({ url }: Pick<HostProcess, 'url'>, event: unknown): Promise<number> {
  try {
    const response = await fetch(`${url}/runtime/webhooks/EventGrid?functionName=registryEvents`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'aeg-event-type': 'Notification' },
      body: JSON.stringify([event]),
    });
    return response.status;
  } catch {
    return 0;
  }
}

const planForm = z.looseObject({
  id: z.string(),
  state: z.string(),
  hash: z.string(),
  counts: z.looseObject({ delete: z.number() }),
});

/** Asks the service as somebody who may do anything; `as` somebody else of the same kind. */
export function askOf(
  { url }: Pick<HostProcess, 'url'>,
  path: string,
  body?: object,
  { as = 'somebody', method = 'POST' } = {},
): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'x-dev-principal': as };
  return fetch(
    `${url}/api/v1/${path}`,
    body === undefined ? { headers } : { method, headers, body: JSON.stringify(body) },
  );
}

/** A retention plan as the service tells it. */
export async function planOf(host: Pick<HostProcess, 'url'>, id: string) {
  return planForm.parse(await (await askOf(host, `retention/plans/${id}`)).json());
}

/** Waits until a plan is in one of some states. */
export function planOnce(host: Pick<HostProcess, 'url'>, id: string, ...states: readonly string[]) {
  return eventually(async () => {
    const plan = await planOf(host, id).catch(() => undefined);
    return plan !== undefined && states.includes(plan.state) ? plan : undefined;
  });
}

/** Begins a plan; its id. */
export async function beginPlan(host: Pick<HostProcess, 'url'>): Promise<string> {
  return planForm.parse(await (await askOf(host, 'retention/plans', {}, { as: 'planner' })).json()).id;
}
