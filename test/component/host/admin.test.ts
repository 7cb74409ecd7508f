import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type AppDirectory,
  bundleApp,
  eventually,
  type HostProcess,
  startHostProcess,
} from './host-process.ts';

let app: AppDirectory;
let host: HostProcess;

beforeAll(async () => {
  app = await bundleApp('events');
  const env = {
    QUEUE_NAME: 'work',
    QUEUES: 'UseDevelopmentStorage=true',
    'AzureWebJobs.fromQueue.Disabled': '1',
  };
  host = await startHostProcess(app, { env });
});
afterAll(async () => {
  await host?.stop();
  await app?.remove();
});

function start(name: string, body?: string) {
  return fetch(`${host.url}/admin/functions/${name}`, {
    method: 'POST',
    ...(body === undefined ? {} : { body }),
  });
}

async function seen(): Promise<unknown> {
  return eventually(async () => {
    const found: unknown = await (await fetch(`${host.url}/api/seen`)).json();
    return Array.isArray(found) && found.length > 0 ? found : undefined;
  });
}

describe('starting a function', () => {
  it('when it is a timer, it runs in the background without a schedule status', async () => {
    expect((await start('rarely', '{"input":""}')).status).toBe(202);
    expect(await seen()).toEqual([
      { timer: { schedule: { adjustForDST: true }, scheduleStatus: null, isPastDue: false } },
    ]);
  });

  it('when it has a queue trigger, the input is the message', async () => {
    expect((await start('fromQueue', '{"input":"{\\"digest\\":\\"sha256:0\\"}"}')).status).toBe(202);
    expect(await seen()).toEqual([{ message: { digest: 'sha256:0' } }]);
  });

  it('when it has an Event Grid trigger, the input is the event, as text or as JSON', async () => {
    const event = { id: '1', data: { a: 1 } };
    expect((await start('keep', JSON.stringify({ input: JSON.stringify(event) }))).status).toBe(202);
    expect(await seen()).toMatchObject([{ event }]);
    expect((await start('keep', JSON.stringify({ input: event }))).status).toBe(202);
    expect(await seen()).toMatchObject([{ event }]);
  });

  it.each([undefined, '', '{', 'null', '[]', '1'])('when the body is %j, the answer is 400', async (body) => {
    expect((await start('rarely', body)).status).toBe(400);
  });

  it('when the input of an Event Grid function is no event, the answer is 400', async () => {
    expect((await start('keep', '{"input":"text"}')).status).toBe(400);
    expect((await start('keep', '{}')).status).toBe(400);
  });

  it('when it has an HTTP trigger, the answer is 400', async () => {
    expect((await start('seen', '{"input":""}')).status).toBe(400);
  });

  it('when it does not exist, the answer is 404', async () => {
    expect((await start('unknown', '{"input":""}')).status).toBe(404);
    expect((await start('rarely/more', '{"input":""}')).status).toBe(404);
  });
});

describe('asking about the host', () => {
  it('when functions are listed, each has its trigger and its state', async () => {
    const list: unknown = await (await fetch(`${host.url}/admin/functions`)).json();
    expect(list).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'keep', trigger: 'eventGrid', isDisabled: false }),
        expect.objectContaining({ name: 'fromQueue', trigger: 'queue', isDisabled: true }),
        expect.objectContaining({ name: 'seen', trigger: 'http' }),
        expect.objectContaining({ name: 'rarely', trigger: 'timer' }),
      ]),
    );
    expect(host.ready.functions).toHaveLength(Array.isArray(list) ? list.length : -1);
  });

  it('when one function is asked for, it is described with its bindings', async () => {
    const response = await fetch(`${host.url}/Admin/Functions/RARELY`);
    expect(await response.json()).toMatchObject({
      name: 'rarely',
      config: { bindings: [expect.objectContaining({ type: 'timerTrigger', schedule: '0 0 0 1 1 *' })] },
    });
  });

  it('when the state is asked for, the host is running', async () => {
    expect(await (await fetch(`${host.url}/admin/host/status`)).json()).toMatchObject({ state: 'Running' });
    expect((await fetch(`${host.url}/admin/host/ping`)).status).toBe(200);
  });

  it.each(['/admin/', '/admin/host', '/admin/other/status'])(
    'when %s is asked for, the answer is 404',
    async (path) => {
      expect((await fetch(`${host.url}${path}`)).status).toBe(404);
    },
  );
});
