import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { pushImage } from './image.ts';
import { openTestRegistry, type TestRegistry } from './test-registry.ts';

describe('when requests are hostile', () => {
  let registry: TestRegistry;
  const failures: string[] = [];

  beforeAll(async () => {
    registry = await openTestRegistry({ log: (line) => failures.push(line) });
    await pushImage(registry, 'team/app', 'v1');
  });
  afterAll(() => registry.dispose());

  /** Writes bytes to the port as they are, and reads until the registry closes the connection. */
  function send(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket: TLSSocket = connect(
        { host: 'localhost', port: Number(new URL(registry.url).port), ca: registry.ca },
        () => socket.end(text, 'latin1'),
      );
      let answer = '';
      socket.on('data', (chunk) => {
        answer += chunk.toString('latin1');
      });
      socket.on('error', reject);
      socket.on('close', () => resolve(answer));
    });
  }

  const segment = fc.oneof(
    fc.constantFrom(
      'v2',
      'acr',
      'v1',
      '_catalog',
      '_deleted',
      '_tags',
      '_manifests',
      'manifests',
      'blobs',
      'uploads',
      'tags',
      'list',
      'referrers',
      'team',
      'app',
      '..',
      '.',
      '%2e%2e',
      '%2F',
      '%00',
      '%',
      '%zz',
      '%0d%0aSet-Cookie:a=b',
      `sha256:${'0'.repeat(64)}`,
      'sha256:..%2f..%2f..%2fetc%2fpasswd',
      '__proto__',
      'constructor',
    ),
    fc.string({ maxLength: 20 }).map(encodeURIComponent),
  );
  const path = fc
    .tuple(fc.constantFrom('', '/v2', '/acr/v1', '/oauth2', '/_standin'), fc.array(segment, { maxLength: 6 }))
    .map(([prefix, segments]) => `${prefix}/${segments.join('/')}`);
  const query = fc.constantFrom(
    '',
    '?n=1',
    '?n=-1',
    '?n=1e9',
    '?last=%zz',
    '?digest=sha256:x',
    '?mount=x&from=../..',
    '?orderby=%00',
    '?scope=repository:a:b:c:*',
  );

  it('answers every path with an answer of its own shape', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'),
        path,
        query,
        fc.constantFrom('', 'null', '{"a":', '{"__proto__":{}}', '\u0000\u0001'),
        async (method, target, search, body) => {
          const answer = await registry.call(method, `${target}${search}`, {
            body,
            headers: { 'Content-Type': 'application/vnd.oci.image.index.v1+json' },
          });
          expect(answer.status).toBeLessThan(500);
          expect(answer.headers).not.toHaveProperty('set-cookie');
          if (answer.status >= 400 && method !== 'HEAD') {
            expect(answer.json).toMatchObject({
              errors: [{ code: expect.any(String), message: expect.any(String) }],
            });
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(failures).toEqual([]);
  });

  it('survives any header', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('authorization', 'range', 'content-range', 'content-type', 'user-agent', 'accept'),
        fc
          .string({ maxLength: 60, unit: fc.constantFrom(...'aB0 =-/,:;."\\*%{}[]<>') })
          .map((text) => text.trim()),
        fc.constantFrom('Basic ', 'Bearer ', 'bytes=', ''),
        async (name, value, prefix) => {
          const headers = { [name]: `${prefix}${value}` };
          const as = name === 'authorization' ? ('none' as const) : ('admin' as const);
          for (const target of ['/v2/team/app/manifests/v1', '/v2/team/app/blobs/uploads/']) {
            const method = target.endsWith('/') ? 'POST' : 'GET';
            expect((await registry.call(method, target, { headers, as })).status).toBeLessThan(500);
          }
        },
      ),
      { numRuns: 150 },
    );
    expect(failures).toEqual([]);
  });

  it.each([
    'NOT HTTP AT ALL\r\n\r\n',
    'GET /v2/ HTTP/1.1\r\n\r\n',
    `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    'GET http://elsewhere/v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'GET * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'PUT /v2/a/manifests/b HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'GET /v2/\u0000 HTTP/1.1\r\nHost: x\r\n\r\n',
  ])('refuses the bytes %j and goes on', async (text) => {
    expect(await send(text)).toMatch(/^(HTTP\/1\.1 [45]\d\d |$)/);
    expect((await registry.call('GET', '/v2/')).status).toBe(200);
  });

  it('keeps what an aborted upload had sent, and can finish it', async () => {
    const started = await registry.call('POST', '/v2/team/app/blobs/uploads/');
    const location = String(started.headers['location']);
    const { token } = await registry
      .call('GET', '/oauth2/token?scope=repository:team/app:pull,push')
      .then(({ json }) => JSON.parse(JSON.stringify(json).replace('access_token', 'token')));
    await send(
      `PATCH ${location} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Length: 100\r\n\r\nfirst`,
    );
    const progress = await registry.call('GET', location);
    expect(progress.status).toBe(204);
    expect((await registry.call('DELETE', location)).status).toBe(204);
  });

  it('writes nothing outside its directory', async () => {
    for (const name of ['..%2f..%2fescaped', '%2e%2e/escaped', '....//escaped', 'a/../../escaped']) {
      expect((await registry.call('POST', `/v2/${name}/blobs/uploads/`)).status).toBeGreaterThanOrEqual(400);
    }
    expect((await registry.call('GET', '/v2/team/app/blobs/uploads/..%2f..%2fsecrets.json')).status).toBe(
      404,
    );
    expect(existsSync(join(registry.directory, '..', 'escaped'))).toBe(false);
    expect((await readdir(registry.directory)).sort()).toEqual([
      'content',
      'journal.jsonl',
      'process-id',
      'secrets.json',
      'tls',
      'uploads',
    ]);
  });
});
