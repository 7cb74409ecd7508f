import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AppDirectory, bundleApp, type HostProcess, startHostProcess } from './host-process.ts';

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

interface Delivery {
  readonly type?: string | undefined;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
}

function send(
  name: string,
  body: unknown,
  { type = 'Notification', method = 'POST', path, headers }: Delivery = {},
) {
  return fetch(`${host.url}${path ?? '/runtime/webhooks/EventGrid'}?functionName=${name}`, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(type === '' ? {} : { 'aeg-event-type': type }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
}

async function seen(): Promise<unknown> {
  return (await fetch(`${host.url}/api/seen`)).json();
}

function push(id: string, fields: object = {}) {
  return {
    id,
    subject: 'team/app',
    eventType: 'Microsoft.ContainerRegistry.ImagePushed',
    data: { id },
    ...fields,
  };
}

function cloudEvent(id: string) {
  return { specversion: '1.0', id, source: '/registries/contoso', type: 'ImagePushed', data: { id } };
}

describe('handshakes', () => {
  it('when a subscription is validated, the code comes back', async () => {
    const event = push('1', { data: { validationCode: 'abc', validationUrl: 'https://contoso.example/' } });
    const response = await send('keep', [event], { type: 'SubscriptionValidation' });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ validationResponse: 'abc' });
  });

  it('when the validation is one object with data as text, the code comes back', async () => {
    const event = push('1', { data: JSON.stringify({ validationCode: 'abc' }) });
    const response = await send('keep', event, { type: 'SubscriptionValidation' });
    expect(await response.json()).toEqual({ validationResponse: 'abc' });
  });

  it.each([[[]], [[{}]], [[{ data: { validationCode: 1 } }]], [[{ data: '{' }]], ['{"data":']])(
    'when the validation is %j, the answer is 400',
    async (body) => {
      expect((await send('keep', body, { type: 'SubscriptionValidation' })).status).toBe(400);
    },
  );

  it('when CloudEvents asks for permission, its origin is allowed', async () => {
    const headers = { 'webhook-request-origin': 'eventgrid.azure.net' };
    const response = await send('keep', undefined, { method: 'OPTIONS', type: '', headers });
    expect(response.status).toBe(200);
    expect(response.headers.get('webhook-allowed-origin')).toBe('eventgrid.azure.net');
  });

  it('when CloudEvents asks without an origin, the answer is 400', async () => {
    expect((await send('keep', undefined, { method: 'OPTIONS', type: '' })).status).toBe(400);
  });

  it('when a subscription ends, that is accepted', async () => {
    expect((await send('keep', [push('1')], { type: 'Unsubscribe' })).status).toBe(202);
  });

  it.each(['', 'Other'])('when the event type header is %j, the answer is 400', async (type) => {
    expect((await send('keep', [push('1')], { type })).status).toBe(400);
  });
});

describe('deliveries', () => {
  it('when events succeed, each is one invocation with its data as metadata', async () => {
    const response = await send('keep', [push('1'), push('2', { data: '{"as":"text"}' })]);
    expect(response.status).toBe(202);
    expect(await seen()).toEqual([
      { event: push('1'), metadata: { data: { id: '1' } } },
      { event: push('2', { data: '{"as":"text"}' }), metadata: { data: { as: 'text' } } },
    ]);
  });

  it.each([
    ['one object', cloudEvent('1'), 'application/cloudevents+json; charset=utf-8', 1],
    ['a batch', [cloudEvent('1'), cloudEvent('2')], 'application/cloudevents-batch+json', 2],
  ])('when CloudEvents come as %s, each is one invocation', async (_what, body, contentType, count) => {
    const response = await send('keep', body, { headers: { 'content-type': contentType } });
    expect(response.status).toBe(202);
    expect(await seen()).toMatchObject(
      Array.from({ length: count }, (_, i) => ({ event: cloudEvent(`${i + 1}`) })),
    );
  });

  it('when two events wait for each other, both succeed because all run at once', async () => {
    expect((await send('waitForEachOther', [push('1'), push('2')])).status).toBe(202);
  });

  it('when one event of three fails, the delivery fails and the others have run', async () => {
    const events = [push('1'), push('2', { subject: 'bad' }), push('3')];
    expect((await send('failOnBad', events)).status).toBe(500);
    expect(await seen()).toMatchObject(events.map((event) => ({ event })));
  });

  it('when the function takes many at once, it is invoked once', async () => {
    expect((await send('batch', [push('1'), push('2')])).status).toBe(202);
    expect(await seen()).toEqual([{ batch: [push('1'), push('2')] }]);
  });

  it('when there is no event, the delivery succeeds without an invocation', async () => {
    expect((await send('keep', [])).status).toBe(202);
    expect(await seen()).toEqual([]);
  });

  it('when path and function name differ in case, they are found', async () => {
    const path = '/Runtime/WebHooks/eventgrid';
    expect((await send('KEEP', [push('1')], { path })).status).toBe(202);
    await seen();
  });

  it.each(['unknown', 'seen', 'rarely', ''])(
    'when "%s" is no Event Grid function, the answer is 404',
    async (name) => {
      expect((await send(name, [push('1')])).status).toBe(404);
    },
  );

  it.each(['', '{', '[1,', '1', 'null', '"text"', '[1]', '[[]]', '[null]'])(
    'when the body is %j, the answer is 400 and nothing runs',
    async (body) => {
      expect((await send('keep', body)).status).toBe(400);
      expect(await seen()).toEqual([]);
    },
  );
});
