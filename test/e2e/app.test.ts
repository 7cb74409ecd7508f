import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as z from 'zod/mini';
import { type Azurite, startAzurite } from '../builders/azurite.ts';
import { deployedApp } from '../builders/deployed-app.ts';
import {
  asCloudEvent,
  contosoResourceId,
  digestOf,
  type EventOverrides,
  imageDeleted,
  imagePushed,
} from '../builders/registry-event.ts';
import {
  type AppDirectory,
  type HostProcess,
  runHostProcess,
  startHostProcess,
} from '../component/host/host-process.ts';

const one = digestOf('one');
const two = digestOf('two');
const at = (minute: number) => new Date(Date.UTC(2026, 4, 2, 14, minute)).toISOString();
const listing = z.object({
  items: z.array(z.record(z.string(), z.unknown())),
  cursor: z.optional(z.string()),
});

let app: AppDirectory;
let azurite: Azurite;
let host: HostProcess;

beforeAll(async () => {
  [app, azurite] = await Promise.all([deployedApp(), startAzurite()]);
  host = await startHost();
});
afterAll(async () => {
  await host?.stop();
  await azurite?.stop();
  await app?.remove();
});

function settings(changed: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  return {
    REGISTRIES: 'contoso.azurecr.io',
    AuditStorage: azurite.connectionString,
    ACR_AUDIT_AUTH: 'development',
    ...changed,
  };
}

function startHost(changed: Readonly<Record<string, string>> = {}): Promise<HostProcess> {
  return startHostProcess(app, { env: settings(changed) });
}

function send(body: unknown, headers: Readonly<Record<string, string>> = {}, to = host): Promise<Response> {
  return fetch(`${to.url}/runtime/webhooks/EventGrid?functionName=registryEvents`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'aeg-event-type': 'Notification', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

function get(path: string, headers: Readonly<Record<string, string>> = {}, of = host): Promise<Response> {
  return fetch(`${of.url}/api/v1/${path}`, { headers });
}

async function history(repository: string, of = host): Promise<readonly Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  let cursor: string | undefined;
  do {
    const more = cursor === undefined ? '' : `&cursor=${cursor}`;
    const response = await get(`history?limit=7&image=${repository}${more}`, {}, of);
    const page = listing.parse(await response.json());
    items.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return items;
}

const functions = z.array(
  z.object({
    name: z.string(),
    config: z.object({ bindings: z.array(z.record(z.string(), z.unknown())) }),
  }),
);

async function functionsOf(of: HostProcess): Promise<z.output<typeof functions>> {
  const response = await fetch(`${of.url}/admin/functions`);
  return functions.parse(await response.json());
}

/** Pushes to a repository of its own for each test. */
function pushTo(repository: string) {
  return (overrides: EventOverrides) => imagePushed({ repository, ...overrides });
}

describe('the app', () => {
  it('when it is loaded, its functions have these triggers', async () => {
    const triggers = (await functionsOf(host)).map(({ name, config }) => {
      const [{ type, authLevel, methods, route } = {}] = config.bindings;
      return JSON.stringify({ name, type, authLevel, methods, route });
    });
    const http = (name: string, route: string) =>
      JSON.stringify({ name, type: 'httpTrigger', authLevel: 'anonymous', methods: ['GET'], route });
    expect(triggers).toEqual(
      expect.arrayContaining([
        JSON.stringify({ name: 'registryEvents', type: 'eventGridTrigger' }),
        JSON.stringify({ name: 'reconcileRegistries', type: 'timerTrigger' }),
        JSON.stringify({ name: 'reconcileRepository', type: 'queueTrigger' }),
        http('getHistory', 'api/v1/history'),
        http('getResolve', 'api/v1/resolve'),
        http('getFindings', 'api/v1/findings'),
        http('getFinding', 'api/v1/findings/{id}'),
        http('getStatus', 'api/v1/status'),
        http('getHealth', 'api/v1/health'),
      ]),
    );
  });

  it('when it is told where the logs are, and only then, it has a function that reads them', async () => {
    const isThere = async (of: HostProcess) =>
      (await functionsOf(of)).some(({ name }) => name === 'attributeHistory');
    expect(await isThere(host)).toBe(false);
    const workspaceId = '00000000-0000-0000-0000-000000000001';
    const reading = await startHost({ ACR_AUDIT_LOGS: `contoso.azurecr.io=${workspaceId}` });
    try {
      expect(await isThere(reading)).toBe(true);
    } finally {
      await reading.stop();
    }
  });

  it('when it is asked whether it is ready, it is', async () => {
    const response = await get('health');
    expect([response.status, await response.json()]).toEqual([200, { status: 'ready' }]);
  });

  it('when findings are asked for, the list is another route than one by its id', async () => {
    expect(await (await get('findings')).json()).toEqual({ items: [] });
    const unknown = await get(`findings/${'0'.repeat(32)}`);
    expect([unknown.status, await unknown.json()]).toEqual([
      404,
      expect.objectContaining({ type: 'urn:acr-audit:problem:finding-unknown' }),
    ]);
    expect((await get('findings/%27%20or')).status).toBe(400);
  });

  it('when a method or path is not there, it is 404, and a body changes nothing', async () => {
    for (const path of ['', 'nothing', 'history/x']) expect((await get(path)).status).toBe(404);
    const posted = await fetch(`${host.url}/api/v1/history`, { method: 'POST', body: '{' });
    expect(posted.status).toBe(404);
  });
});

describe('deliveries of Event Grid', () => {
  it('when they come in both schemas, with data as object and as text, all are in history', async () => {
    const push = pushTo('schemas/app');
    const [grid, text, cloud, cloudText] = [0, 1, 2, 3].map((minute) =>
      push({ id: `schema-${minute}`, tag: 'prod', digest: digestOf(`${minute}`), timestamp: at(minute) }),
    );
    expect((await send([grid])).status).toBe(202);
    expect((await send([{ ...text, data: JSON.stringify(text?.data) }])).status).toBe(202);
    const cloudType = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
    if (cloud === undefined || cloudText === undefined) throw new Error('no event');
    expect((await send(asCloudEvent(cloud), cloudType)).status).toBe(202);
    const batch = [{ ...asCloudEvent(cloudText), data: JSON.stringify(cloudText.data) }];
    const batchType = { 'content-type': 'application/cloudevents-batch+json; charset=utf-8' };
    expect((await send(batch, batchType)).status).toBe(202);

    const items = await history('schemas/app');
    expect(
      items.map(({ eventId, kind, digest, previousDigest }) => ({ eventId, kind, digest, previousDigest })),
    ).toEqual(
      [3, 2, 1, 0].map((minute) => ({
        eventId: `schema-${minute}`,
        kind: minute === 0 ? 'created' : 'moved',
        digest: digestOf(`${minute}`),
        previousDigest: minute === 0 ? undefined : digestOf(`${minute - 1}`),
      })),
    );
  });

  it('when one of a batch is bad, the others are recorded, the bad one is kept, and all is acknowledged', async () => {
    const before = z
      .object({ unattributed: z.object({ rejected: z.number() }) })
      .parse(await (await get('status')).json());
    const push = pushTo('batch/app');
    const batch = [
      push({ id: 'batch-0', tag: 'a', digest: one }),
      { ...push({ id: 'batch-1', tag: 'b', digest: one }), data: '{"target":' },
      push({ id: 'batch-2', tag: 'c', digest: two }),
      push({ id: 'batch-3', tag: 'x'.repeat(129), digest: two }),
      push({ id: 'batch-4', digest: two, resourceId: contosoResourceId.replace(/contoso$/, 'fabrikam') }),
      {},
      push({ id: 'batch-5', tag: '<b>', digest: two }),
      push({ id: 'batch-6', tag: 'd'.repeat(128), digest: two, userAgent: '=1+1<script>\r\n' }),
    ];
    expect((await send(batch)).status).toBe(202);
    expect((await history('batch/app')).map(({ eventId }) => eventId).sort()).toEqual([
      'batch-0',
      'batch-2',
      'batch-6',
    ]);
    expect(await (await get('status')).json()).toMatchObject({
      unattributed: { rejected: before.unattributed.rejected + 5 },
    });
    const csv = await (await get('history?image=batch/app&client=script', { accept: 'text/csv' })).text();
    expect(csv).toContain(`,'=1+1<script>\ufffd\ufffd,`);
  });

  it('when one push comes from two regions and again from both, it is one fact in both', async () => {
    const push = pushTo('regions/app');
    const told = [
      push({ id: 'east', tag: 'prod', digest: one, timestamp: at(1), location: 'eastus' }),
      push({ id: 'west', tag: 'prod', digest: one, timestamp: at(0), location: 'westeurope' }),
    ];
    for (const delivery of [told, told.toReversed(), told]) expect((await send(delivery)).status).toBe(202);
    expect(await history('regions/app')).toEqual([
      expect.objectContaining({ eventId: 'west', kind: 'created', locations: ['eastus', 'westeurope'] }),
    ]);
    for (const [digest, count] of [
      [one, 1],
      [two, 0],
    ] as const) {
      expect(await history(`regions/app:prod@${digest}`)).toHaveLength(count);
      expect(await history(`regions/app@${digest}`)).toHaveLength(count);
    }
  });

  it('when a digest that holds tags is deleted, they end there, and history says what they had', async () => {
    const push = pushTo('deleted/app');
    await send([push({ tag: 'prod', digest: one, timestamp: at(0) })]);
    await send([push({ tag: 'dev', digest: one, timestamp: at(1) })]);
    await send([imageDeleted({ repository: 'deleted/app', digest: one, timestamp: at(5) })]);
    for (const tag of ['prod', 'dev']) {
      const ended = await get(`resolve?image=deleted/app:${tag}`);
      expect([ended.status, await ended.json()]).toEqual([
        404,
        expect.objectContaining({ type: 'urn:acr-audit:problem:tag-ended', endedAt: at(5), lastDigest: one }),
      ]);
      const then = await get(`resolve?image=deleted/app:${tag}&at=${at(3)}`);
      expect([then.status, await then.json()]).toEqual([
        200,
        expect.objectContaining({ digest: one, until: at(5) }),
      ]);
    }
  });

  it.each(['', '{', '[{"id":', 'not json', '42', '"event"', '[1]'])(
    'when the body is %j, it is refused with 400',
    async (body) => {
      expect((await send(body)).status).toBe(400);
    },
  );

  it('when a subscription is validated in either schema, the handshake succeeds', async () => {
    const event = { id: '1', eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent' };
    const validation = await send([{ ...event, data: { validationCode: 'code-1' } }], {
      'aeg-event-type': 'SubscriptionValidation',
    });
    expect([validation.status, await validation.json()]).toEqual([200, { validationResponse: 'code-1' }]);
    const options = await fetch(`${host.url}/runtime/webhooks/EventGrid?functionName=registryEvents`, {
      method: 'OPTIONS',
      headers: { 'webhook-request-origin': 'eventgrid.azure.net' },
    });
    expect([options.status, options.headers.get('webhook-allowed-origin')]).toEqual([
      200,
      'eventgrid.azure.net',
    ]);
  });
});

describe('parameters over HTTP', () => {
  it('when one is repeated, it is refused by name, as it arrives from the host', async () => {
    for (const query of ['limit=1&limit=2', `from=${at(0)}&from=${at(1)}`, 'image=a&image=b']) {
      const response = await get(`history?${query}`);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ parameters: [{ name: query.split('=')[0] }] });
    }
  });

  it('when an offset has its plus sign unescaped, it is understood', async () => {
    expect((await get('history?from=2026-05-02T14:00:00+02:00&kind=created,moved')).status).toBe(200);
  });
});

describe('who may ask', () => {
  const principal = (...roles: readonly string[]) => {
    const claims = [{ typ: 'oid', val: 'a1' }, ...roles.map((val) => ({ typ: 'roles', val }))];
    return { 'x-ms-client-principal': Buffer.from(JSON.stringify({ claims })).toString('base64') };
  };

  it('when development narrows the roles, a route that needs another is 403', async () => {
    expect((await get('history', { 'x-dev-roles': 'Release.Approve' })).status).toBe(403);
    expect((await get('history', { 'x-dev-roles': 'Audit.Read' })).status).toBe(200);
  });

  it('when a caller has no role, every route but health and the stylesheet is 403, whatever the app has come to serve', async () => {
    const routes = (await functionsOf(host)).flatMap(({ name, config }) => {
      const { type, route, methods } = config.bindings[0] ?? {};
      return type === 'httpTrigger'
        ? [{ name, route: String(route), method: String(methods).split(',')[0] }]
        : [];
    });
    expect(routes.length).toBeGreaterThan(3);
    const answers = await Promise.all(
      routes.map(async ({ name, route, method = 'GET' }) => {
        const path = route.replace(/\{[^}]*\}/g, 'x');
        const headers = { 'x-dev-roles': 'none' };
        return [name, (await fetch(`${host.url}/${path}`, { method, headers })).status];
      }),
    );
    // The stylesheet is for everybody, and there is none of the name asked for.
    const open: Readonly<Record<string, number>> = { getHealth: 200, dashboardAsset: 404 };
    expect(answers).toEqual(routes.map(({ name }) => [name, open[name] ?? 403]));
  });

  it('when the platform does not sign callers in, a principal of their own making is 401', async () => {
    const closed = await startHost({ ACR_AUDIT_AUTH: '' });
    try {
      for (const path of ['history', 'resolve?image=team/app:prod', 'status']) {
        expect((await get(path, principal('Audit.Read'), closed)).status).toBe(401);
        expect((await get(path, { 'x-dev-roles': 'Audit.Read' }, closed)).status).toBe(401);
      }
      expect((await get('health', {}, closed)).status).toBe(200);
    } finally {
      await closed.stop();
    }
  });

  it('when the platform signs callers in, their roles decide', async () => {
    const platform = await startHost({ ACR_AUDIT_AUTH: '', WEBSITE_AUTH_ENABLED: 'True' });
    try {
      expect((await get('history', {}, platform)).status).toBe(401);
      expect((await get('history', { 'x-ms-client-principal': '%%%' }, platform)).status).toBe(401);
      expect((await get('history', principal('Retention.Plan'), platform)).status).toBe(403);
      expect((await get('history', principal('Audit.Read'), platform)).status).toBe(200);
    } finally {
      await platform.stop();
    }
  });

  it('when development is asked for in Azure, the app does not start, and says why', async () => {
    const { code, stderr } = await runHostProcess(app, {
      env: settings({ WEBSITE_SITE_NAME: 'contoso-audit' }),
    });
    expect(code).not.toBe(0);
    expect(stderr).toContain('ACR_AUDIT_AUTH=development is refused in Azure');
  });

  it('when settings are wrong, the app does not start, says all that is, and no secret', async () => {
    const env = { REGISTRIES: 'contoso', ACR_AUDIT_AUTH: 'none', AuditStorage: azurite.connectionString };
    const { code, stderr } = await runHostProcess(app, { env });
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/"contoso" is not a login server[\s\S]*ACR_AUDIT_AUTH is "none"/);
    expect(stderr).not.toMatch(/AccountKey=/);
  });
});

describe('a host that is killed', () => {
  it('when it dies amid a burst, redelivery to the next one leaves nothing out and nothing double', async () => {
    const push = pushTo('burst/app');
    const events = Array.from({ length: 60 }, (_, number) =>
      push({
        id: `burst-${String(number).padStart(2, '0')}`,
        tag: number % 3 === 0 ? 'prod' : `t${number % 5}`,
        digest: digestOf(`burst ${number % 7}`),
        timestamp: new Date(Date.UTC(2026, 4, 2, 15, 0, number)).toISOString(),
      }),
    );
    const dying = await startHost();
    let acknowledged = 0;
    const burst = events.map(async (event) => {
      const response = await send([event], {}, dying).catch(() => undefined);
      if (response?.status !== 202) return;
      acknowledged += 1;
      if (acknowledged === 5) dying.kill('SIGKILL');
    });
    await Promise.all(burst);
    await dying.exited;
    // Some were answered, others died on the way: else this would prove nothing.
    expect(acknowledged).toBeGreaterThanOrEqual(5);
    expect(acknowledged).toBeLessThan(events.length);

    // Event Grid repeats what was not answered; here all is repeated, out of order.
    const next = await startHost();
    try {
      let waiting = events.toReversed();
      for (let round = 0; waiting.length > 0 && round < 10; round += 1) {
        const sent = await Promise.all(
          waiting.map(async (event) => ({ event, status: (await send([event], {}, next)).status })),
        );
        waiting = sent.filter(({ status }) => status !== 202).map(({ event }) => event);
      }
      expect(waiting).toEqual([]);
      const items = await history('burst/app', next);
      expect(items.map(({ eventId }) => eventId)).toEqual(events.map(({ id }) => id).reverse());
      const inRegistry = await history('contoso.azurecr.io', next);
      const ofBurst = inRegistry.filter(({ repository }) => repository === 'burst/app');
      expect(ofBurst.map(({ eventId }) => eventId)).toEqual(events.map(({ id }) => id).reverse());
      // What each push found is as if they had come one after the other.
      const holds = new Map<string, string>();
      for (const [number, { data }] of events.entries()) {
        const { tag = '', digest } = data.target;
        const item = items[events.length - 1 - number];
        const held = holds.get(tag);
        expect(item).toMatchObject({
          kind: held === undefined ? 'created' : held === digest ? 'unchanged' : 'moved',
          ...(held === undefined || held === digest ? {} : { previousDigest: held }),
        });
        holds.set(tag, digest);
      }
    } finally {
      await next.stop();
    }
  });
});

describe('storage that is down', () => {
  it('when it does not answer, deliveries fail for a retry and health says 503; when it is back, they succeed', async () => {
    const event = pushTo('down/app')({ id: 'down', tag: 'prod', digest: one });
    await azurite.halt();
    try {
      const [delivery, unreadable, health, asked] = await Promise.all([
        send([event]),
        send([{ id: 'unreadable, while storage is down' }]),
        get('health'),
        get('history'),
      ]);
      expect([delivery, unreadable].map(({ status }) => status)).toEqual([500, 500]);
      expect([health, asked].map(({ status }) => status)).toEqual([503, 503]);
      expect(await health.json()).toMatchObject({ type: 'urn:acr-audit:problem:try-again', status: 503 });
    } finally {
      await azurite.resume();
    }
    expect((await get('health')).status).toBe(200);
    expect((await send([event])).status).toBe(202);
    expect(await history('down/app')).toEqual([
      expect.objectContaining({ eventId: 'down', kind: 'created' }),
    ]);
  });
});
