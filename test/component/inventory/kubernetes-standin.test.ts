import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type RunningKubernetes, startKubernetes } from '../../../local/kubernetes/kubernetes-server.ts';

let directory: string;
let cluster: RunningKubernetes;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cluster-'));
  cluster = await startKubernetes({ dataDirectory: directory });
});
afterEach(async () => {
  await cluster.close();
  await rm(directory, { recursive: true, force: true });
});

function ask(target: string, options: { method?: string; token?: string } = {}) {
  const { method = 'GET', token = cluster.token } = options;
  return new Promise<{ status: number | undefined; body: unknown }>((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const sent = request(`${cluster.url}${target}`, { method, ca: cluster.ca, headers }, (response) => {
      json(response).then((body) => resolve({ status: response.statusCode, body }), reject);
    });
    sent.on('error', reject).end();
  });
}

describe('the Kubernetes stand-in', () => {
  it('when a list is asked for, gives items without their kind, as real servers do', async () => {
    cluster.put('jobs', { kind: 'Job', metadata: { namespace: 'shop', name: 'load' }, spec: {} });
    const { status, body } = await ask('/apis/batch/v1/jobs');
    expect(status).toBe(200);
    expect(body).toEqual({
      kind: 'JobList',
      apiVersion: 'batch/v1',
      metadata: { resourceVersion: expect.any(String) },
      items: [{ metadata: expect.objectContaining({ name: 'load', uid: expect.any(String) }), spec: {} }],
    });
    cluster.remove('jobs', 'shop', 'load');
    expect((await ask('/apis/batch/v1/jobs')).body).toMatchObject({ items: [] });
  });

  it('when a list is read in pages, they are of one moment', async () => {
    for (const name of ['a', 'b', 'c']) cluster.put('pods', { metadata: { namespace: 'shop', name } });
    const first = await ask('/api/v1/pods?limit=2');
    expect(first.body).toMatchObject({ metadata: { continue: expect.any(String), remainingItemCount: 1 } });
    cluster.remove('pods', 'shop', 'c');
    const token = Buffer.from(JSON.stringify(first.body))
      .toString()
      .match(/"continue":"([^"]*)"/)?.[1];
    const second = await ask(`/api/v1/pods?limit=2&continue=${token}`);
    expect(second.body).toMatchObject({ items: [{ metadata: { name: 'c' } }] });
    expect((await ask('/api/v1/pods?limit=2&continue=nothing')).status).toBe(410);
  });

  it.each([
    ['GET', '/api/v1/pods', 'another', 401],
    ['POST', '/api/v1/pods', undefined, 405],
    ['GET', '/api/v1/secrets', undefined, 404],
  ])(
    'when it is asked to %s %s by the token %s, refuses with a Status',
    async (method, target, token, code) => {
      const { status, body } = await ask(target, { method, ...(token === undefined ? {} : { token }) });
      expect(status).toBe(code);
      expect(body).toMatchObject({ kind: 'Status', status: 'Failure', code });
      expect(cluster.requests).toEqual([{ method, target }]);
    },
  );

  it('when it is started anew on the same folder, keeps its certificate', async () => {
    const { ca } = cluster;
    await cluster.close();
    cluster = await startKubernetes({ dataDirectory: directory });
    expect(cluster.ca).toBe(ca);
  });
});
