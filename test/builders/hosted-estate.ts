import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { pushImage } from '../component/acr/image.ts';
import { openTestRegistry, type TestRegistry } from '../component/acr/test-registry.ts';
import {
  type AppDirectory,
  eventually,
  type HostProcess,
  startHostProcess,
} from '../component/host/host-process.ts';
import { beginRound, statusOf } from '../e2e/hosted-service.ts';
import { type Azurite, startAzurite } from './azurite.ts';
import { deployedApp } from './deployed-app.ts';

/** The whole service with something of everything in it. */
export interface HostedEstate {
  /** Where the service answers, as the command is told it. */
  readonly address: string;
  readonly registry: TestRegistry;
  /** `team/app:1.4.2` is `digest` and was `older`; `gone` was deleted though the source `compose` says that it runs. */
  readonly digest: string;
  readonly older: string;
  readonly gone: string;
  /** The id of the finding about it. */
  readonly finding: string;
  /** Seals what is recorded by now. */
  seal(): Promise<void>;
  /** Starts the host again with other sources of the inventory. */
  restart(sources: readonly object[]): Promise<void>;
  stop(): Promise<void>;
}

const day = 86_400_000;
const repository = 'team/app';
const history = z.object({ items: z.array(z.object({ recordId: z.string() })) });
const findings = z.object({ items: z.array(z.object({ id: z.string(), digest: z.optional(z.string()) })) });

/** The source that the estate begins with. */
const composeSource = { name: 'compose', type: 'submitted', freshness: 'P1D' };

/** Starts everything, in about ten seconds. */
export async function hostedEstate(): Promise<HostedEstate> {
  // A year ago: the service goes by the registry's times, and what is young does not go.
  let time = Date.now() - 400 * day;
  const now = () => {
    time += 1_000;
    return new Date(time);
  };
  const directory = await mkdtemp(join(tmpdir(), 'hosted-estate-'));
  const [app, azurite, registry] = await Promise.all([
    deployedApp(),
    startAzurite(),
    openTestRegistry({ now, softDelete: true }),
  ]);
  const setSources = (sources: readonly object[]) =>
    writeFile(join(directory, 'inventory.json'), JSON.stringify({ version: 1, sources }));
  await writeFile(join(directory, 'policy.json'), await policyText());
  await setSources([composeSource]);
  let host = await startHost(app, azurite, registry, directory);

  async function stop(): Promise<void> {
    await host.stop();
    await Promise.all([registry.dispose(), azurite.stop()]);
    await app.remove();
    await rm(directory, { recursive: true });
  }

  try {
    const told = await live(registry, host);
    return {
      get address() {
        return host.url.replace(/\/api\/?$/, '');
      },
      registry,
      ...told,
      seal: () => seal(host),
      async restart(sources) {
        await host.stop();
        await setSources(sources);
        host = await startHost(app, azurite, registry, directory);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What local runs are protected by, with caps that a small registry does not reach. */
async function policyText(): Promise<string> {
  const document: unknown = JSON.parse(await readFile('local/estate/policy.json', 'utf8'));
  const policy = z.looseObject({ retention: z.looseObject({}) }).parse(document);
  const caps = { percent: 100, perRepository: 1_000, whole: 1_000 };
  return JSON.stringify({ ...policy, retention: { ...policy.retention, caps } });
}

function startHost(
  app: AppDirectory,
  azurite: Azurite,
  registry: TestRegistry,
  directory: string,
): Promise<HostProcess> {
  return startHostProcess(app, {
    env: {
      AuditStorage: azurite.connectionString,
      ACR_AUDIT_AUTH: 'development',
      ACR_AUDIT_REGISTRY_TOKEN: 'local',
      ACR_AUDIT_DELETER_CLIENT_ID: 'what deletes',
      ACR_AUDIT_POLICY: join(directory, 'policy.json'),
      ACR_AUDIT_LEDGER_KEY_FILE: join(directory, 'ledger.pem'),
      ACR_AUDIT_INVENTORY: join(directory, 'inventory.json'),
      NODE_EXTRA_CA_CERTS: registry.caFile,
      REGISTRIES: `${registry.loginServer}=${registry.resourceId}`,
    },
  });
}

/** Has the timer's work done at once; waits until each record of the history is sealed. */
async function seal(host: HostProcess): Promise<void> {
  const asked = await fetch(`${host.url}/admin/functions/sealLedger`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ input: '' }),
  });
  if (!asked.ok) throw new Error(await asked.text());
  const { items } = history.parse(await (await fetch(`${host.url}/api/v1/history`)).json());
  for (const { recordId } of items) {
    await eventually(async () =>
      (await fetch(`${host.url}/api/v1/ledger/proof?recordId=${recordId}`)).ok ? true : undefined,
    );
  }
}

/** Lets pushes, moves, uses and a deletion happen, and waits until the service knows of them. */
async function live(registry: TestRegistry, host: HostProcess) {
  await registry.events.subscribe(`${host.url}/runtime/webhooks/EventGrid?functionName=registryEvents`);
  for (let number = 0; number < 3; number += 1) {
    await pushImage(registry, repository, undefined, { content: `left ${number}` });
  }
  const older = await pushImage(registry, repository, '1.4.2', { content: 'older' });
  const digest = await pushImage(registry, repository, '1.4.2', { content: 'newer' });
  const gone = await pushImage(registry, repository, '1.3.0', { content: 'gone' });
  await registry.events.settled();

  const image = `${registry.loginServer}/${repository}`;
  const references = [digest, gone].map((each) => ({
    image: `${image}@${each}`,
    workload: 'web',
    state: 'running',
  }));
  const sent = await fetch(`${host.url}/api/v1/inventory/compose`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ complete: true, references }),
  });
  if (!sent.ok) throw new Error(await sent.text());
  await registry.call('DELETE', `/v2/${repository}/manifests/${gone}`);
  await registry.events.settled();
  const finding = await eventually(async () => {
    const answer = await fetch(`${host.url}/api/v1/findings?kind=DeletedDigestInUse`);
    return findings.parse(await answer.json()).items[0]?.id;
  });
  await beginRound(host);
  await eventually(async () => ((await statusOf(host)).comparisonsWaiting === 0 ? true : undefined));
  return { digest, older, gone, finding };
}
