import { readFile, stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AppDirectory, bundleApp, type HostProcess, startHostProcess } from './host-process.ts';

let app: AppDirectory;
let host: HostProcess;
let keys: Record<string, string>;

async function readKeys(file: string): Promise<Record<string, string>> {
  const { master, host: hostKey, system, functions } = JSON.parse(await readFile(file, 'utf8'));
  return {
    none: '',
    wrong: `${master}x`,
    master,
    host: hostKey,
    system: system.eventgrid_extension,
    own: functions.withKey,
  };
}

beforeAll(async () => {
  app = await bundleApp('web');
  host = await startHostProcess(app, { args: ['--auth'] });
  keys = await readKeys(host.ready.keys ?? '');
});
afterAll(async () => {
  await host?.stop();
  await app?.remove();
});

const webhook = '/runtime/webhooks/EventGrid?functionName=events';

async function status(path: string, key: string, place: 'header' | 'query' = 'header'): Promise<number> {
  const value = keys[key] ?? '';
  const separator = path.includes('?') ? '&' : '?';
  const url = `${host.url}${path}${place === 'query' && value ? `${separator}code=${value}` : ''}`;
  const headers = {
    'aeg-event-type': 'Unsubscribe',
    ...(place === 'header' && value ? { 'x-functions-key': value } : {}),
  };
  const method = path === webhook ? 'POST' : 'GET';
  return (await fetch(url, { method, headers })).status;
}

describe.each(['header', 'query'] as const)('when keys are required and given in the %s', (place) => {
  it.each([
    ['/api/nothing', { none: 204, wrong: 204, master: 204, host: 204, system: 204, own: 204 }],
    ['/api/withKey', { none: 401, wrong: 401, master: 200, host: 200, system: 401, own: 200 }],
    ['/api/otherWithKey', { none: 401, wrong: 401, master: 200, host: 200, system: 401, own: 401 }],
    ['/api/withMaster', { none: 401, wrong: 401, master: 200, host: 401, system: 401, own: 401 }],
    [webhook, { none: 401, wrong: 401, master: 202, host: 401, system: 202, own: 401 }],
    ['/admin/functions', { none: 401, wrong: 401, master: 200, host: 401, system: 401, own: 401 }],
    ['/admin/host/status', { none: 401, wrong: 401, master: 200, host: 401, system: 401, own: 401 }],
  ])('%s opens to the right keys only', async (path, expected) => {
    const answers = await Promise.all(
      Object.keys(expected).map(async (key) => [key, await status(path, key, place)] as const),
    );
    expect(Object.fromEntries(answers)).toEqual(expected);
  });
});

it('when both are given, the header counts', async () => {
  const headers = { 'x-functions-key': 'wrong' };
  const response = await fetch(`${host.url}/api/withMaster?code=${keys['master']}`, { headers });
  expect(response.status).toBe(401);
});

it('when the host starts again, keys stay the same and only their owner may read them', async () => {
  await host.stop();
  host = await startHostProcess(app, { args: ['--auth'] });
  const file = host.ready.keys ?? '';
  expect(await readKeys(file)).toEqual(keys);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});
