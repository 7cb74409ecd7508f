import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { generate } from 'selfsigned';
import { loadServerCertificate } from '../../../local/acr/tls.ts';
import { openTestRegistry } from './test-registry.ts';

describe('when certificates are made', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'registry-tls-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const soon = (days: number): Date => new Date(Date.now() + days * 86_400_000);

  it('signs a server certificate for the loopback names with an authority of its own', async () => {
    const { ca, certificate } = await loadServerCertificate(directory);
    const authority = new X509Certificate(ca);
    const server = new X509Certificate(certificate);
    expect(authority.ca).toBe(true);
    expect(server.ca).toBe(false);
    expect(server.verify(authority.publicKey)).toBe(true);
    for (const name of ['127.0.0.1', '::1']) {
      expect(server.checkIP(name)).toBe(name);
    }
    expect(server.checkHost('localhost')).toBe('localhost');
    expect(server.checkHost('contoso.azurecr.io')).toBeUndefined();
  });

  it('keeps them, with keys that only their owner can read', async () => {
    const first = await loadServerCertificate(directory);
    expect(await loadServerCertificate(directory)).toEqual(first);
    for (const file of ['ca-key.pem', 'server-key.pem']) {
      expect((await stat(join(directory, file))).mode & 0o077).toBe(0);
    }
  });

  it('renews a server certificate that is about to expire, under the same authority', async () => {
    const first = await loadServerCertificate(directory);
    const brief = await generate([{ name: 'commonName', value: 'localhost' }], {
      keyType: 'ec',
      algorithm: 'sha256',
      ca: { cert: first.ca, key: await readFile(join(directory, 'ca-key.pem'), 'utf8') },
      notAfterDate: soon(10),
    });
    await writeFile(join(directory, 'server.pem'), brief.cert);
    await writeFile(join(directory, 'server-key.pem'), brief.private);
    const renewed = await loadServerCertificate(directory);
    expect(renewed.ca).toBe(first.ca);
    expect(new X509Certificate(renewed.certificate).validToDate.getTime()).toBeGreaterThan(
      soon(300).getTime(),
    );
  });

  it.each(['ca.crt', 'ca-key.pem', 'server.pem', 'server-key.pem'])(
    'makes anew what %s lost',
    async (file) => {
      await loadServerCertificate(directory);
      await rm(join(directory, file));
      const { ca, certificate } = await loadServerCertificate(directory);
      expect(new X509Certificate(certificate).verify(new X509Certificate(ca).publicKey)).toBe(true);
    },
  );

  it.each(['localhost', '127.0.0.1'])('serves clients that come by %s', async (host) => {
    const registry = await openTestRegistry();
    try {
      const port = Number(new URL(registry.url).port);
      const authorized = await new Promise((resolve, reject) => {
        const socket = connect({ host, port, ca: registry.ca, servername: 'localhost' }, () => {
          resolve(socket.authorized);
          socket.destroy();
        });
        socket.on('error', reject);
      });
      expect(authorized).toBe(true);
    } finally {
      await registry.dispose();
    }
  });
});

const otherAddress = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
const itElsewhere = otherAddress === undefined ? it.skip : it;

describe('when the registry listens on every interface', () => {
  itElsewhere('answers the fault switches to this machine only', async () => {
    const registry = await openTestRegistry({ address: '0.0.0.0' });
    try {
      const status = await new Promise((resolve, reject) => {
        request(
          {
            host: otherAddress,
            port: new URL(registry.url).port,
            path: '/_standin/faults',
            ca: registry.ca,
            servername: 'localhost',
            agent: false,
          },
          (response) => resolve(response.resume().statusCode),
        )
          .on('error', reject)
          .end();
      });
      expect(status).toBe(403);
      expect((await registry.call('GET', '/_standin/faults')).status).toBe(200);
    } finally {
      await registry.dispose();
    }
  });
});
