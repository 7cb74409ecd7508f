import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as z from 'zod/mini';
import { zeroSubscription } from '../../local/azure/arm-resource.ts';
import { type ArmStandIn, startArm } from '../../local/azure/arm-server.ts';
import { type RunningKubernetes, startKubernetes } from '../../local/kubernetes/kubernetes-server.ts';
import { type AlertReceiver, isSigned, startAlertReceiver } from '../builders/alert-receiver.ts';
import { type Azurite, startAzurite } from '../builders/azurite.ts';
import { deployedApp } from '../builders/deployed-app.ts';
import { prepareImage, putManifest, type SampleManifest } from '../component/acr/image.ts';
import { openTestRegistry, type TestRegistry } from '../component/acr/test-registry.ts';
import {
  type AppDirectory,
  eventually,
  type HostProcess,
  startHostProcess,
} from '../component/host/host-process.ts';

/** Milliseconds on a machine that is busy with other things. */
const timeout = 180_000;
const repository = 'team/app';

let app: AppDirectory;
let azurite: Azurite;
let registry: TestRegistry;
let kubernetes: RunningKubernetes;
let arm: ArmStandIn;
let settings: string;
let receiver: AlertReceiver;
const secret = 'only for this test, and long enough';
let host: HostProcess;
const images = new Map<string, SampleManifest>();

const digestOf = (name: string) => images.get(name)?.descriptor.digest ?? '';
const image = (reference: string) => `${registry.loginServer}/${repository}${reference}`;

beforeAll(async () => {
  [app, azurite, registry, kubernetes, arm, settings, receiver] = await Promise.all([
    deployedApp(),
    startAzurite(),
    openTestRegistry(),
    startKubernetes(),
    startArm(),
    mkdtemp(join(tmpdir(), 'acr-audit-settings-')),
    startAlertReceiver(),
  ]);
  arm.addSubscription(zeroSubscription);
  const kubeconfig = join(settings, 'kubeconfig');
  await writeFile(kubeconfig, kubernetes.kubeconfig);
  const inventory = join(settings, 'inventory.json');
  const sources = [
    { name: 'cluster', type: 'kubernetes', kubeconfig, environment: 'production' },
    { name: 'azure', type: 'azure', subscriptions: [zeroSubscription], environment: 'production' },
    { name: 'compose', type: 'submitted', environment: 'staging' },
  ];
  await writeFile(inventory, JSON.stringify({ version: 1, sources }));
  host = await startHostProcess(app, {
    args: ['--queue-lease', '4'],
    env: {
      AuditStorage: azurite.connectionString,
      ACR_AUDIT_AUTH: 'development',
      ACR_AUDIT_REGISTRY_TOKEN: 'local',
      ACR_AUDIT_POLICY: resolve('local/estate/policy.json'),
      ACR_AUDIT_INVENTORY: inventory,
      ACR_AUDIT_ARM_ENDPOINT: arm.endpoint,
      ACR_AUDIT_ALERT_WEBHOOKS: `ops=${receiver.url}`,
      ACR_AUDIT_ALERT_WEBHOOK_SECRET_OPS: secret,
      NODE_EXTRA_CA_CERTS: registry.caFile,
      REGISTRIES: `${registry.loginServer}=${registry.resourceId}`,
    },
  });
  await registry.events.subscribe(`${host.url}/runtime/webhooks/EventGrid?functionName=registryEvents`);
  for (const name of ['pod', 'rollback', 'revision', 'file', 'unused']) {
    const pushed = await prepareImage(registry, repository, { content: name });
    images.set(name, pushed);
    await putManifest(registry, repository, name, pushed);
  }
  await registry.events.settled();
}, timeout);
afterAll(async () => {
  await host?.stop();
  await Promise.all([
    registry?.dispose(),
    azurite?.stop(),
    kubernetes?.close(),
    arm?.close(),
    receiver?.close(),
  ]);
  await app?.remove();
  if (settings !== undefined) await rm(settings, { recursive: true, force: true });
});

const found = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      kind: z.string(),
      severity: z.string(),
      status: z.string(),
      digest: z.optional(z.string()),
      detail: z.record(z.string(), z.unknown()),
    }),
  ),
});
const alert = z.object({
  type: z.string(),
  data: z.object({ kind: z.string(), digest: z.optional(z.string()) }),
});
const inventory = z.object({
  items: z.array(z.object({ source: z.string(), condition: z.string(), references: z.optional(z.number()) })),
  coverage: z.object({ complete: z.boolean(), fresh: z.boolean() }),
});

const ask = (route: string, init?: RequestInit) => fetch(`${host.url}/api/v1/${route}`, init);
const json = async (route: string) => (await ask(route)).json();
const findings = async (query = '') => found.parse(await json(`findings?${query}`)).items;

async function run(name: string): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ input: '' });
  await fetch(`${host.url}/admin/functions/${name}`, { method: 'POST', headers, body });
}

describe('when images are deleted that workloads use', () => {
  it(
    'the sources tell what uses them',
    async () => {
      kubernetes.deploy({
        namespace: 'shop',
        name: 'web',
        image: image(':rollback'),
        digest: digestOf('rollback'),
      });
      kubernetes.deploy({
        namespace: 'shop',
        name: 'web',
        image: image(`@${digestOf('pod')}`),
        digest: digestOf('pod'),
        labels: { owner: 'shop' },
      });
      arm.addContainerApp({
        name: 'orders',
        containers: [{ name: 'api', image: image(':pod') }],
        revisions: [
          {
            name: 'orders--2',
            active: true,
            trafficWeight: 100,
            replicas: 1,
            containers: [{ name: 'api', image: image(':pod') }],
          },
          { name: 'orders--1', active: false, containers: [{ name: 'api', image: image(':revision') }] },
        ],
      });
      const submitted = await ask('inventory/compose', {
        method: 'PUT',
        headers: { 'content-type': 'application/yaml' },
        body: `services:\n  cache:\n    image: ${image(':file')}\n`,
      });
      expect(await submitted.json()).toMatchObject({ complete: true, references: 1, begun: 1 });
      await run('refreshInventory');
      const told = await eventually(async () => {
        const answer = inventory.parse(await json('inventory'));
        return answer.coverage.complete && answer.coverage.fresh ? answer : undefined;
      });
      expect(told.items.map(({ condition }) => condition)).toEqual(['fresh', 'fresh', 'fresh']);
      const uses = await json(`uses?image=${encodeURIComponent(image(`@${digestOf('pod')}`))}`);
      expect(uses).toMatchObject({
        items: expect.arrayContaining([
          expect.objectContaining({
            source: 'cluster',
            name: 'web',
            state: 'running',
            certainty: 'exact',
            owner: 'shop',
          }),
          expect.objectContaining({ source: 'azure', name: 'orders', certainty: 'inferred' }),
        ]),
      });
    },
    timeout,
  );

  it(
    'each deletion is found with its workload and severity, and one that nothing used is a quiet verdict',
    async () => {
      for (const name of images.keys())
        await registry.call('DELETE', `/v2/${repository}/manifests/${digestOf(name)}`);
      await registry.events.settled();
      const inUse = await eventually(async () => {
        const all = await findings('kind=DeletedDigestInUse');
        return all.length >= 4 ? all : undefined;
      });
      const told = inUse.map(({ digest, severity, detail }) => ({
        image: [...images.keys()].find((name) => digestOf(name) === digest),
        severity,
        workloads: detail['workloads'],
      }));
      expect(told.sort((a, b) => (String(a.image) < String(b.image) ? -1 : 1))).toEqual([
        {
          image: 'file',
          severity: 'critical',
          workloads: ['compose Compose cache (desired, inferred)'],
        },
        {
          image: 'pod',
          severity: 'critical',
          workloads: expect.arrayContaining([
            'cluster Deployment shop/web container app (desired, exact)',
            'cluster Deployment shop/web container app (running, exact)',
            expect.stringMatching(/^azure ContainerApp .*orders container api \(running, inferred\)$/),
          ]),
        },
        {
          image: 'revision',
          severity: 'high',
          workloads: [
            expect.stringMatching(/^azure ContainerApp .*orders container api \(rollback, inferred\)$/),
          ],
        },
        {
          image: 'rollback',
          severity: 'high',
          workloads: ['cluster Deployment shop/web container app (rollback, inferred)'],
        },
      ]);
      const records = z.object({
        items: z.array(z.object({ kind: z.string(), content: z.record(z.string(), z.unknown()) })),
      });
      const verdicts = await eventually(async () => {
        const { items } = records.parse(
          await json(`records?image=${encodeURIComponent(image(''))}&kind=deletion-judged`),
        );
        return items.length >= 5 ? items : undefined;
      });
      const unused = verdicts.filter(({ content }) => content['digest'] === digestOf('unused'));
      expect(unused.map(({ content }) => content['answer'])).toEqual(['unused']);
    },
    timeout,
  );

  it(
    'the webhook has heard of each of them, once, signed',
    async () => {
      const opened = () =>
        receiver.received
          .map((request) => ({ request, event: alert.parse(JSON.parse(request.body)) }))
          .filter(
            ({ event: { type, data } }) => type.endsWith('.opened') && data.kind === 'DeletedDigestInUse',
          );
      await eventually(async () => (opened().length >= 4 ? true : undefined));
      expect(
        opened()
          .map(({ event }) => event.data.digest)
          .sort(),
      ).toEqual(['file', 'pod', 'revision', 'rollback'].map(digestOf).sort());
      for (const { request } of opened()) expect(isSigned(request, secret, Date.now())).toBe(true);
    },
    timeout,
  );

  it(
    'a fresh look at the cluster withdraws what is no longer used',
    async () => {
      kubernetes.undeploy('shop', 'web');
      await run('refreshInventory');
      await eventually(async () => {
        const all = await findings('kind=DeletedDigestInUse');
        return all.some(({ digest }) => digest === digestOf('rollback')) ? undefined : true;
      });
      const resolved = await findings('status=resolved&kind=DeletedDigestInUse');
      expect(resolved.map(({ digest }) => digest)).toContain(digestOf('rollback'));
    },
    timeout,
  );

  it('every request to the cluster was a list', () => {
    expect(kubernetes.requests.length).toBeGreaterThan(8);
    for (const { method, target } of kubernetes.requests) {
      expect(method).toBe('GET');
      expect(target).toMatch(/^\/(?:api\/v1|apis\/apps\/v1|apis\/batch\/v1)\/[a-z]+\?/);
    }
  });
});
