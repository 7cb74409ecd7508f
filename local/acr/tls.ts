import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** A server certificate and the authority that signed it, as PEM texts. */
export interface ServerCertificate {
  readonly ca: string;
  /** A file that holds `ca` alone, in a folder that serves as a containers `certs.d` folder. */
  readonly caFile: string;
  readonly certificate: string;
  readonly key: string;
}

const day = 24 * 60 * 60 * 1000;
const authorityDays = 3650;
// Clients refuse server certificates that live longer: https://support.apple.com/en-us/102028.
const serverDays = 397;
const renewalDays = 30;

interface SignedPair {
  readonly certificate: string;
  readonly key: string;
}

/** Reads a certificate and key, unless they are missing, unreadable or about to expire. */
async function readPair(certificateFile: string, keyFile: string): Promise<SignedPair | undefined> {
  try {
    const [certificate, key] = await Promise.all([
      readFile(certificateFile, 'utf8'),
      readFile(keyFile, 'utf8'),
    ]);
    const until = new X509Certificate(certificate).validToDate.getTime();
    return until - Date.now() > renewalDays * day ? { certificate, key } : undefined;
  } catch {
    return undefined;
  }
}

async function createAuthority(): Promise<SignedPair> {
  const made = await generate([{ name: 'commonName', value: 'acr-audit local registry CA' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + authorityDays * day),
    extensions: [
      { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return { certificate: made.cert, key: made.private };
}

async function createServer(authority: SignedPair): Promise<SignedPair> {
  const made = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ca: { cert: authority.certificate, key: authority.key },
    notAfterDate: new Date(Date.now() + serverDays * day),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  });
  return { certificate: made.cert, key: made.private };
}

async function store(certificateFile: string, keyFile: string, pair: SignedPair): Promise<void> {
  await writeFile(keyFile, pair.key, { mode: 0o600 });
  await writeFile(certificateFile, pair.certificate);
}

/** The certificates kept in `directory`, made on first use and renewed 30 days before they expire. */
export async function loadServerCertificate(directory: string): Promise<ServerCertificate> {
  await mkdir(directory, { recursive: true });
  const caFile = join(directory, 'ca.crt');
  const caKeyFile = join(directory, 'ca-key.pem');
  const serverFile = join(directory, 'server.pem');
  const serverKeyFile = join(directory, 'server-key.pem');

  const keptAuthority = await readPair(caFile, caKeyFile);
  const authority = keptAuthority ?? (await createAuthority());
  if (keptAuthority === undefined) {
    await store(caFile, caKeyFile, authority);
  }
  const keptServer = keptAuthority === undefined ? undefined : await readPair(serverFile, serverKeyFile);
  const signed =
    keptServer !== undefined &&
    new X509Certificate(keptServer.certificate).verify(new X509Certificate(authority.certificate).publicKey);
  const server = signed ? keptServer : await createServer(authority);
  if (server !== keptServer) {
    await store(serverFile, serverKeyFile, server);
  }
  return { ca: authority.certificate, caFile, certificate: server.certificate, key: server.key };
}
