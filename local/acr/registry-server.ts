import { mkdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { claimDirectory } from './data-claim.ts';
import { openRegistry } from './registry.ts';
import type { RegistryOptions, RunningRegistry } from './registry-options.ts';
import { loadSecrets } from './secrets.ts';
import { loadServerCertificate } from './tls.ts';

async function listen(server: Server, port: number, address: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : port;
}

export type { RegistryOptions, RunningRegistry } from './registry-options.ts';

/** Answers what isn't HTTP. */
function refuseClient(_: Error, socket: Duplex): void {
  if (socket.writable) {
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  }
}

/**
 * Starts a registry on this machine. @throws Error when the port is taken, another process uses the data, or
 * the data can't be read.
 */
export async function startRegistry(options: RegistryOptions): Promise<RunningRegistry> {
  const { dataDirectory } = options;
  await mkdir(dataDirectory, { recursive: true });
  const release = await claimDirectory(dataDirectory);
  try {
    const registry = await serve(options);
    let closing: Promise<void> | undefined;
    return {
      ...registry,
      close() {
        closing ??= registry.close().finally(release);
        return closing;
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

async function serve(options: RegistryOptions): Promise<RunningRegistry> {
  const { dataDirectory } = options;
  const [certificate, secrets] = await Promise.all([
    loadServerCertificate(join(dataDirectory, 'tls')),
    loadSecrets(dataDirectory, options.name ?? 'local'),
  ]);
  const server = createServer({ cert: certificate.certificate, key: certificate.key });
  server.on('clientError', refuseClient);
  // The port is part of what tokens and answers say, so it must be known before the registry is opened.
  const port = await listen(server, options.port, options.address ?? '127.0.0.1');
  const loginServer = `localhost:${port}`;

  async function stopListening(): Promise<void> {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }

  const opening = openRegistry(options, loginServer, secrets);
  // A client that is early waits for the registry; when it can't be opened, its connection is cut below.
  server.on('request', (request, response) => {
    opening.then((registry) => registry.handle(request, response)).catch(() => response.destroy());
  });
  try {
    const registry = await opening;
    const close = async (): Promise<void> => {
      await stopListening();
      await registry.close();
    };
    if (options.events !== undefined) {
      await registry.events
        .subscribe(options.events.endpoint, options.events.schema)
        .catch(async (error: unknown) => {
          await registry.close();
          throw error;
        });
    }
    return {
      url: `https://${loginServer}`,
      loginServer,
      resourceId: registry.resourceId,
      ca: certificate.ca,
      caFile: certificate.caFile,
      username: secrets.username,
      password: secrets.password,
      faults: registry.faults,
      events: registry.events,
      close,
    };
  } catch (error) {
    await stopListening();
    throw error;
  }
}
