import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { ContainerRegistryClient } from '@azure/container-registry';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pusherOf } from '../../local/estate/image.ts';
import { credential } from '../builders/registry-access.ts';
import { start } from '../builders/started.ts';

const run = start('--no-story');
let service = '';
let registry = { url: '', loginServer: '', ca: '' };

beforeAll(async () => {
  await run.ready;
  const { url, loginServer, ca } = run.components.get('registry') ?? {};
  registry = { url: String(url), loginServer: String(loginServer), ca: await readFile(String(ca), 'utf8') };
  service = String(run.components.get('host')?.['url']);
});
afterAll(async () => {
  run.child.kill('SIGTERM');
  await run.ended;
});

interface Item {
  readonly kind: string;
  readonly source: string;
  readonly digest: string;
  readonly notBefore?: string;
  readonly occurredAt: string;
}

async function history(image: string): Promise<readonly Item[]> {
  const response = await fetch(`${service}/api/v1/history?image=${encodeURIComponent(image)}`);
  const { items }: { items: readonly Item[] } = JSON.parse(await response.text());
  return items;
}

async function historyOnce(image: string, isThere: (items: readonly Item[]) => boolean) {
  let items = await history(image);
  for (let tries = 0; !isThere(items) && tries < 200; tries += 1) {
    await pause(100);
    items = await history(image);
  }
  return items;
}

async function compare(): Promise<void> {
  const response = await fetch(`${service}/admin/functions/reconcileRegistries`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ input: '' }),
  });
  expect(response.status).toBe(202);
}

/** Fetches with the stand-in's own CA, which `fetch` has no option for. */
async function switchEventsOff(): Promise<void> {
  const { request } = await import('node:https');
  await new Promise<void>((done, fail) => {
    const asked = request(
      `${registry.url}/_standin/faults`,
      { method: 'PUT', ca: registry.ca, headers: { 'content-type': 'application/json' } },
      (response) => {
        response
          .resume()
          .once('end', () => (response.statusCode === 200 ? done() : fail(new Error('refused'))));
      },
    );
    asked.once('error', fail).end(JSON.stringify({ events: false }));
  });
}

describe('when the registry tells no events', () => {
  it('the next comparison tells a push, a move, an untag with its window and a deletion', async () => {
    await switchEventsOff();
    const app = pusherOf(registry, 'team/app');
    const first = await app.push('prod', 'first');
    await app.push('1.0', 'first');
    const gone = await app.push('2.0', 'gone');
    await compare();
    await historyOnce('team/app', (items) => items.length >= 3);

    const client = new ContainerRegistryClient(registry.url, credential(), {
      tlsOptions: { ca: registry.ca },
    });
    const second = await app.push('prod', 'second');
    await client.getArtifact('team/app', '1.0').deleteTag('1.0');
    await app.delete(gone);
    await compare();
    await historyOnce('team/app', (items) => items.length >= 6);

    expect(await history('team/app:prod')).toMatchObject([
      { kind: 'moved', source: 'reconcile', digest: second },
      { kind: 'created', digest: first },
    ]);
    const [untagged] = await history('team/app:1.0');
    expect(untagged).toMatchObject({ kind: 'untagged', digest: first, notBefore: expect.any(String) });
    expect(Date.parse(untagged?.notBefore ?? '')).toBeLessThan(Date.parse(untagged?.occurredAt ?? ''));
    expect(await history('team/app:2.0')).toMatchObject([
      { kind: 'deleted', digest: gone, notBefore: expect.any(String) },
      { kind: 'created', digest: gone },
    ]);
  });
});
