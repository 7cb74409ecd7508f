import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import * as z from 'zod/mini';
import { type RunningKubernetes, startKubernetes } from '../../../local/kubernetes/kubernetes-server.ts';
import { readKubernetesObjects } from '../../../src/inventory/kubernetes-objects.ts';
import { listedResources, pathOf } from '../../../src/inventory/kubernetes-resources.ts';
import { accessToCluster } from '../../builders/kubernetes-access.ts';

async function documentsOf(file: string): Promise<readonly unknown[]> {
  const documents = parseAllDocuments(await readFile(join('docs/kubernetes', file), 'utf8'));
  return documents.map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS();
  });
}

const clusterRole = z.object({
  kind: z.literal('ClusterRole'),
  metadata: z.object({ name: z.string() }),
  rules: z.array(
    z.strictObject({
      apiGroups: z.array(z.string()),
      resources: z.array(z.string()),
      verbs: z.array(z.string()),
    }),
  ),
});
const subject = z.object({ kind: z.string(), name: z.string(), namespace: z.optional(z.string()) });
const binding = z.object({
  kind: z.literal('ClusterRoleBinding'),
  roleRef: z.object({ kind: z.literal('ClusterRole'), name: z.string() }),
  subjects: z.array(subject),
});
const cronJob = z.object({
  kind: z.literal('CronJob'),
  metadata: z.object({ namespace: z.string() }),
  spec: z.object({
    jobTemplate: z.object({
      spec: z.object({
        template: z.object({
          spec: z.object({
            serviceAccountName: z.string(),
            hostNetwork: z.optional(z.undefined()),
            securityContext: z.object({ runAsNonRoot: z.literal(true) }),
            containers: z.tuple([
              z.object({
                image: z.string(),
                command: z.array(z.string()),
                args: z.tuple([z.string()]),
                env: z.array(z.object({ name: z.string(), value: z.string() })),
                securityContext: z.object({
                  allowPrivilegeEscalation: z.literal(false),
                  privileged: z.literal(false),
                  readOnlyRootFilesystem: z.literal(true),
                  capabilities: z.object({ drop: z.tuple([z.literal('ALL')]) }),
                }),
              }),
            ]),
          }),
        }),
      }),
    }),
  }),
});

async function podOfSnapshot() {
  const [, , job] = await documentsOf('snapshot-cronjob.yaml');
  const { metadata, spec } = cronJob.parse(job);
  return { ...spec.jobTemplate.spec.template.spec, namespace: metadata.namespace };
}

describe('the role of the reader', () => {
  it('when it is granted, allows the lists that are read, and nothing else', async () => {
    const [role] = await documentsOf('reader.yaml');
    const { rules } = clusterRole.parse(role);
    for (const { verbs } of rules) expect(verbs).toEqual(['get', 'list']);
    const granted = rules.flatMap(({ apiGroups, resources }) =>
      apiGroups.flatMap((group) => resources.map((resource) => `${group}/${resource}`)),
    );
    expect(granted.sort()).toEqual(
      listedResources.map(({ group, resource }) => `${group}/${resource}`).sort(),
    );
  });

  it('when it is bound, is so to a group and to the account of the snapshots', async () => {
    const [role, bound] = await documentsOf('reader.yaml');
    const { roleRef, subjects } = binding.parse(bound);
    expect(roleRef.name).toBe(clusterRole.parse(role).metadata.name);
    const { namespace, serviceAccountName: name } = await podOfSnapshot();
    expect(subjects).toEqual([
      { kind: 'Group', name: expect.any(String) },
      { kind: 'ServiceAccount', namespace, name },
    ]);
  });
});

describe('the CronJob that sends snapshots', () => {
  it('when it runs, has no privileges and an image pinned by its digest', async () => {
    const { containers } = await podOfSnapshot();
    expect(containers[0].image).toMatch(/@sha256:[0-9a-f]{64}$/);
  });

  it('when its script is read, lists what the adapter lists', async () => {
    const { containers } = await podOfSnapshot();
    const listed = [...containers[0].args[0].matchAll(/\bapis?\/(?:apps\/|batch\/)?v1\/[a-z]+/g)].map(
      ([path]) => `/${path}`,
    );
    const asked = listed.filter((path) => !path.startsWith('/api/v1/inventory'));
    expect(asked.sort()).toEqual(listedResources.map(pathOf).sort());
  });
});

const isInstalled = (program: string) =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
const describeWithCurl = ['sh', 'curl', 'sed', 'cat'].every(isInstalled) ? describe : describe.skip;

describeWithCurl('the script of the CronJob', () => {
  let cluster: RunningKubernetes;
  let directory: string;
  let received: { method: string; target: string; authorization: string; type: string; body: string }[];
  let tokenAnswer: { status: number; body: string };
  let receiver: ReturnType<typeof createServer>;
  let url: string;

  beforeEach(async () => {
    cluster = await startKubernetes();
    directory = await mkdtemp(join(tmpdir(), 'snapshot-'));
    await mkdir(join(directory, 'account'));
    await mkdir(join(directory, 'work'));
    await writeFile(join(directory, 'account', 'token'), cluster.token);
    await writeFile(join(directory, 'account', 'ca.crt'), cluster.ca);
    await writeFile(join(directory, 'assertion'), 'header.claims+/=.signature');
    received = [];
    tokenAnswer = {
      status: 200,
      body: '{"token_type": "Bearer", "access_token": "a.b-c_d", "expires_in": 3599}',
    };
    receiver = createServer(async (request, response) => {
      const { method = '', url: target = '', headers } = request;
      const { authorization = '', 'content-type': type = '' } = headers;
      received.push({ method, target, authorization, type, body: await text(request) });
      const answer = target.endsWith('/token') ? tokenAnswer : { status: 204, body: undefined };
      response.writeHead(answer.status).end(answer.body);
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const address = receiver.address();
    url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  });
  afterEach(async () => {
    receiver.closeAllConnections();
    await new Promise((resolve) => receiver.close(resolve));
    await cluster.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function run(): Promise<{ readonly code: number; readonly told: string }> {
    const { containers } = await podOfSnapshot();
    const [{ command, args, env }] = containers;
    const [program = '', ...options] = command;
    const variables = {
      ...Object.fromEntries(env.map(({ name, value }) => [name, value])),
      PATH: process.env['PATH'],
      ACR_AUDIT_API: url,
      KUBERNETES_API: cluster.url,
      SERVICE_ACCOUNT: join(directory, 'account'),
      TMPDIR: join(directory, 'work'),
      AZURE_AUTHORITY_HOST: `${url}/`,
      AZURE_TENANT_ID: 'tenant',
      AZURE_CLIENT_ID: 'client',
      AZURE_FEDERATED_TOKEN_FILE: join(directory, 'assertion'),
    };
    return new Promise((resolve) => {
      execFile(program, [...options, ...args], { env: variables }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), told: `${stdout}${stderr}` });
      });
    });
  }

  it('when everything answers, sends what the adapter would have read', async () => {
    cluster.deploy({ namespace: 'shop', name: 'web', image: 'contoso.azurecr.io/web:1', replicas: 0 });
    cluster.deploy({
      namespace: 'shop',
      name: 'web',
      image: 'contoso.azurecr.io/web:2',
      replicas: 3,
      digest: `sha256:${'a'.repeat(64)}`,
    });
    expect(await run()).toEqual({ code: 0, told: '' });

    const [asked, sent] = received;
    expect(asked).toMatchObject({ method: 'POST', target: '/tenant/oauth2/v2.0/token', authorization: '' });
    expect(Object.fromEntries(new URLSearchParams(asked?.body))).toEqual({
      grant_type: 'client_credentials',
      client_id: 'client',
      scope: 'api://00000000-0000-0000-0000-000000000000/.default',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: 'header.claims+/=.signature',
    });
    expect(sent).toMatchObject({
      method: 'PUT',
      target: '/api/v1/inventory/aks-private?format=kubernetes',
      authorization: 'Bearer a.b-c_d',
      type: 'application/json',
    });
    const lists = z.array(z.unknown()).parse(JSON.parse(sent?.body ?? ''));
    const { claims } = await accessToCluster(cluster).source.read();
    const snapshot = readKubernetesObjects(lists, { now: Date.now() });
    expect(snapshot.problems).toEqual([]);
    expect(new Set(snapshot.claims)).toEqual(new Set(claims));
    expect(claims).toHaveLength(3);
    expect(new Set(cluster.requests.map(({ method }) => method))).toEqual(new Set(['GET']));
  });

  it.each(['forbidden', 'broken', 'cut off'] as const)('when a list is %s, sends nothing', async (fault) => {
    cluster.fail('jobs', fault);
    const { code, told } = await run();
    expect(code).not.toBe(0);
    expect(told).toContain('curl:');
    expect(received).toEqual([]);
  });

  it.each([
    { status: 401, body: '{"error":"invalid_client"}' },
    { status: 200, body: '{}' },
  ])('when Entra answers $status $body, sends nothing', async (answer) => {
    tokenAnswer = answer;
    expect((await run()).code).not.toBe(0);
    expect(received.map(({ method }) => method)).toEqual(['POST']);
  });
});
