import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { strToU8, unzipSync, zipSync } from 'fflate';
import * as z from 'zod/mini';
import { readEvidence } from '../../src/api/evidence-archive.ts';
import { verifyEvidence } from '../../src/ledger/evidence-verification.ts';
import { readVerifierKey, type VerifierKey } from '../../src/ledger/signed-note.ts';
import { type Azurite, startAzurite } from '../builders/azurite.ts';
import { deployedApp } from '../builders/deployed-app.ts';
import { digestOf, imagePushed } from '../builders/registry-event.ts';
import {
  type AppDirectory,
  eventually,
  type HostProcess,
  startHostProcess,
} from '../component/host/host-process.ts';

const registry = 'contoso.azurecr.io';
const pushes = [
  { id: 'push-1', tag: '1.0', digest: digestOf('first'), timestamp: '2026-05-02T10:00:00Z' },
  { id: 'push-2', tag: '1.0', digest: digestOf('second'), timestamp: '2026-05-02T12:00:00Z' },
];

let app: AppDirectory;
let azurite: Azurite;
let host: HostProcess;
let folder: string;

beforeAll(async () => {
  [app, azurite, folder] = await Promise.all([
    deployedApp(),
    startAzurite(),
    mkdtemp(join(tmpdir(), 'acr-audit-evidence-')),
  ]);
  host = await startHostProcess(app, {
    env: {
      REGISTRIES: registry,
      AuditStorage: azurite.connectionString,
      ACR_AUDIT_AUTH: 'development',
      ACR_AUDIT_LEDGER_KEY_FILE: join(folder, 'key.pem'),
    },
  });
});
afterAll(async () => {
  await host?.stop();
  await azurite?.stop();
  await app?.remove();
  await rm(folder, { recursive: true, force: true });
});

const ask = (path: string) => fetch(`${host.url}/api/v1/${path}`);

/** Has the pushes recorded, and all that waits sealed; resolves once a push is in the log. */
async function recordedAndSealed(): Promise<void> {
  const response = await fetch(`${host.url}/runtime/webhooks/EventGrid?functionName=registryEvents`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'aeg-event-type': 'Notification' },
    body: JSON.stringify(pushes.map(imagePushed)),
  });
  expect(response.ok).toBe(true);
  const history = z.object({ items: z.array(z.object({ recordId: z.string() })) });
  const items = await eventually(async () => {
    const { items } = history.parse(await (await ask('history?image=team/app')).json());
    return items.length === pushes.length ? items : undefined;
  });
  await fetch(`${host.url}/admin/functions/sealLedger`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ input: '' }),
  });
  for (const { recordId } of items) {
    await eventually(async () => (await ask(`ledger/proof?recordId=${recordId}`)).ok || undefined);
  }
}

async function keys(): Promise<readonly VerifierKey[]> {
  const told = z.object({ keys: z.array(z.string()) }).parse(await (await ask('ledger/keys')).json());
  return told.keys.map(readVerifierKey).filter((key) => key !== undefined);
}

describe('evidence from a running service', () => {
  it('answers with one file that verifies alone, and no longer once a byte of it is another', async () => {
    await recordedAndSealed();
    const response = await ask('digests/evidence?image=team/app:1.0&at=2026-05-02T11:00:00Z');
    expect(response.headers.get('content-type')).toBe('application/zip');
    const bytes = new Uint8Array(await response.arrayBuffer());
    const trusted = await keys();
    expect(verifyEvidence(readEvidence(bytes), trusted)).toMatchObject({
      ok: true,
      image: `${registry}/team/app:1.0`,
      digest: digestOf('first'),
      proven: 2,
      waiting: 0,
      hasSummary: true,
    });

    const files = unzipSync(bytes);
    const json = Buffer.from(files['evidence.json'] ?? []).toString();
    const summary = files['summary.html'] ?? new Uint8Array();
    const edited = json.replace('2026-05-02T10:00:00', '2026-05-02T10:00:01');
    expect(edited).not.toBe(json);
    const forged = zipSync({ 'evidence.json': strToU8(edited), 'summary.html': summary });
    expect(verifyEvidence(readEvidence(forged), trusted)).toMatchObject({
      ok: false,
      where: 'records[0] (log index 0)',
    });
  });

  it('answers for the tag as it is now, as JSON, with another digest', async () => {
    const pack: unknown = await (await ask('digests/evidence?image=team/app:1.0&format=json')).json();
    expect(verifyEvidence(pack, await keys())).toMatchObject({ ok: true, digest: digestOf('second') });
  });
});
