import { request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AppDirectory, bundleApp, type HostProcess, startHostProcess } from './host-process.ts';

let app: AppDirectory;
let host: HostProcess;

beforeAll(async () => {
  app = await bundleApp('web');
  host = await startHostProcess(app, {
    args: ['--verbose'],
    env: { 'AzureWebJobs.switchedOff.Disabled': 'true' },
  });
});
afterAll(async () => {
  await host?.stop();
  await app?.remove();
});

const call = (path: string, init?: RequestInit) => fetch(`${host.url}${path}`, init);

/** Sends what fetch refuses to send. */
async function raw(options: {
  method?: string;
  path: string;
  headers?: Record<string, string>;
  chunks?: string[];
}) {
  const { method = 'GET', path, headers = {}, chunks = [] } = options;
  const { hostname, port } = new URL(host.url);
  const request = httpRequest({ hostname, port, method, path, headers });
  for (const chunk of chunks) request.write(chunk);
  if (headers['content-length'] === undefined) request.end();
  else request.flushHeaders();
  const [response] = await new Promise<[import('node:http').IncomingMessage]>((resolve, reject) => {
    request.once('response', (answer) => resolve([answer]));
    request.once('error', reject);
  });
  const body = await text(response);
  request.destroy();
  return { status: response.statusCode, body };
}

describe('routes', () => {
  it('when the host is ready, its line on stdout names every function', () => {
    expect(host.ready.component).toBe('host');
    expect(host.ready.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(host.ready.functions).toEqual(
      expect.arrayContaining(['echo', 'item', 'tail', 'events', 'switchedOff']),
    );
    expect(host.ready.keys).toBeUndefined();
  });

  it('when a function has no route, its name is the route, without regard to case', async () => {
    const response = await call('/API/Echo?a=1&b=x%20y&a=2', { headers: { 'x-agent': 'contoso' } });
    expect(await response.json()).toMatchObject({
      method: 'GET',
      url: `${host.url}/API/Echo?a=1&b=x%20y&a=2`,
      query: { a: '1,2', b: 'x y' },
      agent: 'contoso',
      params: {},
    });
  });

  it.each([
    ['/api/items/42', { id: '42' }],
    ['/api/items/42/layers', { id: '42', part: 'layers' }],
    ['/api/items/forty', { name: 'forty' }],
    ['/api/items/new', {}],
    ['/api/files/blob', { kind: 'blob' }],
    ['/api/files/blob/a/b%20c/d', { kind: 'blob', rest: 'a/b c/d' }],
  ])('when %s is asked for, the parameters are those of the most specific route', async (path, params) => {
    const response = await call(path);
    expect(await response.json()).toMatchObject({ params });
  });

  it('when a parameter holds %2F, it counts as a slash, as on Azure', async () => {
    expect((await call('/api/items/team%2Fapp')).status).toBe(404);
    expect(await (await call('/api/files/repo/team%2Fapp')).json()).toMatchObject({
      params: { rest: 'team/app' },
    });
  });

  it('when a percent sign is itself escaped, it is decoded once', async () => {
    expect(await (await call('/api/items/a%252Fb')).json()).toMatchObject({ params: { name: 'a%2Fb' } });
  });

  it.each([
    '/',
    '/api',
    '/echo',
    '/api/unknown',
    '/api/items',
    '/api/items/42/layers/more',
    '/api/switchedOff',
  ])('when nothing serves %s, the answer is 404', async (path) => {
    expect((await call(path)).status).toBe(404);
  });

  it('when the method does not fit, the answer is 404', async () => {
    expect((await call('/api/echo', { method: 'DELETE' })).status).toBe(404);
    expect((await call('/api/nothing', { method: 'HEAD' })).status).toBe(404);
    expect((await call('/api/nothing', { method: 'OPTIONS' })).status).toBe(404);
  });

  it('when HEAD and OPTIONS are declared, they reach the function and HEAD has no body', async () => {
    const head = await call('/api/echo', { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(await head.text()).toBe('');
    expect(await (await call('/api/echo', { method: 'OPTIONS' })).json()).toMatchObject({
      method: 'OPTIONS',
    });
  });
});

describe('bodies', () => {
  it('when a body is sent, the function reads it', async () => {
    const response = await call('/api/echo', { method: 'POST', body: 'päyload' });
    expect(await response.json()).toMatchObject({ method: 'POST', body: 'päyload' });
  });

  it('when bodies are binary, they pass unchanged in both directions', async () => {
    const response = await call('/api/binary', { method: 'POST', body: new Uint8Array([0, 255, 128, 10]) });
    expect(response.status).toBe(201);
    expect(response.headers.get('x-own')).toBe('yes');
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([10, 128, 255, 0]);
  });

  it('when a function answers with a stream, it arrives whole', async () => {
    expect(await (await call('/api/stream')).text()).toBe('one,two');
  });

  it('when a body comes without a length, it is dropped with a warning, as on Azure', async () => {
    const { body } = await raw({ method: 'POST', path: '/api/echo', chunks: ['in ', 'chunks'] });
    expect(JSON.parse(body)).toMatchObject({ method: 'POST', body: '' });
    await host.logged('no Content-Length');
  });

  it('when a body is said to be beyond 100 MiB, the answer is 413', async () => {
    const headers = { 'content-length': String(100 * 1024 * 1024 + 1) };
    expect(await raw({ method: 'POST', path: '/api/echo', headers })).toMatchObject({ status: 413 });
  });
});

describe('answers', () => {
  it('when a function throws, the answer is 500 without a body and the log has the reason', async () => {
    const response = await call('/api/throws');
    expect(response.status).toBe(500);
    expect(await response.text()).toBe('');
    await host.logged(/error\s+throws: \S+ failed in \d+ ms: Error: secret of the handler/);
  });

  it('when a function returns what is no response, the answer is 500', async () => {
    expect((await call('/api/badAnswer')).status).toBe(500);
  });

  it('when a function returns nothing, the answer is 204', async () => {
    expect((await call('/api/nothing')).status).toBe(204);
  });

  it('when a function answers 304, its headers are kept', async () => {
    const response = await call('/api/notModified');
    expect(response.status).toBe(304);
    expect(response.headers.get('etag')).toBe('"1"');
  });

  it('when a function sets cookies, each becomes a header with its attributes', async () => {
    const response = await call('/api/cookies');
    expect(response.headers.getSetCookie()).toEqual([
      'a=b%3Bc; max-age=60; path=/; secure; samesite=none; httponly',
      'd=e; domain=contoso.example; samesite=lax',
      'f=g; expires=Thu, 01 Jan 1970 00:00:01 GMT',
    ]);
  });
});

describe('malformed requests', () => {
  it.each([
    ['a path with a broken escape', { path: '/api/%zz' }],
    ['a path in invalid UTF-8', { path: '/api/%ff' }],
    ['an absolute target', { path: 'http://elsewhere.example/api/echo' }],
    ['an asterisk', { path: '*', method: 'OPTIONS' }],
    ['a Host header that is none', { path: '/api/echo', headers: { host: 'a b' } }],
  ])('when the request has %s, the answer is 400', async (_what, options) => {
    expect(await raw(options)).toMatchObject({ status: 400 });
  });

  it('when names mean something to JavaScript objects, they are plain data', async () => {
    const response = await call('/api/echo?__proto__=1&constructor=2');
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ query: { constructor: '2' } });
  });
});

describe('logs', () => {
  it('when a function logs, entries carry level, function and invocation and cannot be forged', async () => {
    const traceparent = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
    const answer = JSON.stringify(await (await call('/api/logs', { headers: { traceparent } })).json());
    const id = /"id":"([^"]+)"/.exec(answer)?.[1] ?? 'no id';
    expect(answer).toContain(traceparent);
    const log = await host.logged(new RegExp(`information logs: ${id} succeeded in \\d+ ms`));
    expect(log).toContain(`information logs: ${id} seen at information`);
    expect(log).toContain(`debug       logs: ${id} seen at debug`);
    expect(log).toContain('printed by the app');
    expect(log).not.toContain('\u001b');
    expect(log).not.toMatch(/^2026-01-01T00:00:00.000Z error host/m);
  });
});
