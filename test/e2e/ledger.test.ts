import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { readCheckpoint } from '../../src/ledger/checkpoint.ts';
import { leafHash } from '../../src/ledger/merkle-tree.ts';
import { rootFromTiles, verifyConsistency, verifyInclusion } from '../../src/ledger/proof.ts';
import { readVerifierKey, type VerifierKey, verifyNote } from '../../src/ledger/signed-note.ts';
import { type Azurite, startAzurite } from '../builders/azurite.ts';
import { deployedApp } from '../builders/deployed-app.ts';
import { digestOf, imagePushed } from '../builders/registry-event.ts';
import { type AppDirectory, type HostProcess, startHostProcess } from '../component/host/host-process.ts';

const registry = 'contoso.azurecr.io';
const proofs = z.object({
  items: z.array(
    z.object({
      recordId: z.string(),
      index: z.number(),
      size: z.number(),
      leaf: z.string(),
      hashes: z.array(z.string()),
      checkpoint: z.string(),
    }),
  ),
});

let app: AppDirectory;
let azurite: Azurite;
let host: HostProcess;
let folder: string;

beforeAll(async () => {
  [app, azurite, folder] = await Promise.all([
    deployedApp(),
    startAzurite(),
    mkdtemp(join(tmpdir(), 'acr-audit-ledger-')),
  ]);
  host = await startHostProcess(app, {
    env: {
      REGISTRIES: registry,
      AuditStorage: azurite.connectionString,
      ACR_AUDIT_AUTH: 'development',
      ACR_AUDIT_LEDGER_KEY_FILE: join(folder, 'key.pem'),
      ACR_AUDIT_LEDGER_WITNESS_FOLDER: join(folder, 'witness'),
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

async function push(...tags: readonly string[]): Promise<void> {
  const response = await fetch(`${host.url}/runtime/webhooks/EventGrid?functionName=registryEvents`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'aeg-event-type': 'Notification' },
    body: JSON.stringify(tags.map((tag) => imagePushed({ id: `push-${tag}`, tag, digest: digestOf(tag) }))),
  });
  expect(response.ok).toBe(true);
}

const historyOf = z.object({ items: z.array(z.object({ recordId: z.string(), tag: z.string() })) });

/** Seals now what would be sealed within a minute; waits until the push of a tag is, and the witness has heard of it. */
async function seal(tag: string): Promise<void> {
  const recordId = await eventually(async () => {
    const { items } = historyOf.parse(await (await ask('history?image=team/app')).json());
    return items.find((item) => item.tag === tag)?.recordId;
  });
  const response = await fetch(`${host.url}/admin/functions/sealLedger`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ input: '' }),
  });
  expect(response.status).toBe(202);
  await eventually(async () => {
    const ledger = await status();
    return (await ask(`ledger/proof?recordId=${recordId}`)).ok && ledger.witnessed?.['folder'] === ledger.size
      ? true
      : undefined;
  });
}

async function eventually<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((done) => setTimeout(done, 50));
  }
}

const ledgerStatus = z.object({ size: z.number(), witnessed: z.optional(z.record(z.string(), z.number())) });

async function status() {
  const answer = z.object({ registries: z.array(z.object({ ledger: ledgerStatus })) });
  const { registries } = answer.parse(await (await ask('status')).json());
  return registries[0]?.ledger ?? { size: 0, witnessed: {} };
}

async function keys(): Promise<readonly VerifierKey[]> {
  const told = z.object({ keys: z.array(z.string()) }).parse(await (await ask('ledger/keys')).json());
  return told.keys.map(readVerifierKey).filter((key) => key !== undefined);
}

async function checkpoint() {
  const note = await (await ask('ledger/checkpoint')).text();
  const verdict = verifyNote(note, await keys());
  const read = verdict.ok ? readCheckpoint(verdict.text) : undefined;
  if (read === undefined) throw new Error(`not a signed checkpoint: ${note}`);
  return { ...read, note };
}

describe('the ledger of a running service', () => {
  it('says that nothing is sealed before the first record', async () => {
    const response = await ask('ledger/checkpoint');
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ detail: expect.stringContaining('within a minute') });
  });

  it('proves each record of the history, against a checkpoint that its files make', async () => {
    await push('1.0', '1.1', '1.2');
    await seal('1.2');
    const { size, root, origin, note } = await checkpoint();
    expect(origin).toBe(`acr-audit/${registry}`);
    const read = async (path: string) => {
      const response = await ask(`ledger/${path}?registry=${registry}`);
      return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
    };
    expect(await rootFromTiles(size, read)).toEqual(new Uint8Array(root));
    const history = historyOf.parse(await (await ask('history?image=team/app')).json());
    expect(history.items.length).toBeGreaterThanOrEqual(3);
    for (const { recordId, tag } of history.items) {
      const { items } = proofs.parse(await (await ask(`ledger/proof?recordId=${recordId}`)).json());
      const [proof] = items;
      expect(items).toHaveLength(1);
      expect(proof?.checkpoint).toBe(note);
      const leaf = proof?.leaf ?? '';
      expect(JSON.parse(leaf)).toMatchObject({ recordId, tag });
      const shown = {
        index: proof?.index ?? -1,
        size,
        leaf: leafHash(Buffer.from(leaf)),
        proof: proof?.hashes.map((hash) => Buffer.from(hash, 'base64')) ?? [],
        root,
      };
      expect(verifyInclusion(shown)).toBe(true);
      expect(verifyInclusion({ ...shown, leaf: leafHash(Buffer.from(`${leaf} `)) })).toBe(false);
    }
  });

  it('proves that what it was begins what it is, and serves its files under one prefix', async () => {
    const before = await checkpoint();
    await push('2.0');
    await seal('2.0');
    const after = await checkpoint();
    const told = z
      .object({ from: z.number(), to: z.number(), hashes: z.array(z.string()) })
      .parse(await (await ask(`ledger/consistency?from=${before.size}`)).json());
    expect(
      verifyConsistency({
        from: before.size,
        to: after.size,
        fromRoot: before.root,
        toRoot: after.root,
        proof: told.hashes.map((hash) => Buffer.from(hash, 'base64')),
      }),
    ).toBe(true);
    const prefix = `ledger/logs/${registry}`;
    expect(await (await ask(`${prefix}/checkpoint`)).text()).toBe(after.note);
    expect(await (await ask(`${prefix}/checkpoints/${before.size}`)).text()).toBe(before.note);
    expect((await ask(`${prefix}/tile/0/000.p/${after.size}`)).headers.get('content-type')).toBe(
      'application/octet-stream',
    );
  });

  it('seals the log of a connected registry, which nobody names in the settings', async () => {
    const edge = `edge1.${registry}`;
    const event = imagePushed({
      id: 'edge',
      tag: '3.0',
      digest: digestOf('edge'),
      connectedRegistry: 'edge1',
    });
    const response = await fetch(`${host.url}/runtime/webhooks/EventGrid?functionName=registryEvents`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'aeg-event-type': 'Notification' },
      body: JSON.stringify([event]),
    });
    expect(response.ok).toBe(true);
    await push('3.1');
    await seal('3.1');
    const note = await eventually(async () => {
      const answer = await ask(`ledger/checkpoint?registry=${edge}`);
      return answer.ok ? answer.text() : undefined;
    });
    expect(note).toMatch(new RegExp(`^acr-audit/${edge}\n`));
  });

  it('gives its checkpoints to the witness', async () => {
    const { size, note } = await checkpoint();
    const kept = join(folder, 'witness', registry, 'checkpoints');
    expect(await readFile(join(kept, String(size)), 'utf8')).toBe(note);
    expect((await readdir(kept)).length).toBeGreaterThanOrEqual(2);
  });

  it.each([
    ['ledger/proof', 400],
    ['ledger/proof?recordId=nothing', 404],
    ['ledger/checkpoint?registry=fabrikam.azurecr.io', 400],
    ['ledger/consistency?from=0', 400],
    ['ledger/consistency?from=999', 404],
    ['ledger/tile/0/..%2f..%2fsecret', 404],
    [`ledger/logs/${registry}/checkpoints/7777`, 404],
    [`ledger/logs/${registry}/../keys`, 200],
  ])('answers %s with %i', async (path, expected) => {
    const response = await ask(path.replace('/../', '/%2e%2e/'));
    expect(expected === 200 ? [200, 400, 404] : [expected]).toContain(response.status);
  });
});
