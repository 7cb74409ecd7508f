import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as z from 'zod/mini';
import { roles } from '../../src/api/principal.ts';
import { formGuard } from '../../src/dashboard/form-token.ts';
import { type Azurite, startAzurite } from '../builders/azurite.ts';
import { deployedApp } from '../builders/deployed-app.ts';
import {
  lackingSets,
  namelessCallers,
  powerlessCallers,
  principalWith,
  type SentHeaders,
} from '../builders/refused-callers.ts';
import { type AppDirectory, type HostProcess, startHostProcess } from '../component/host/host-process.ts';
import { apiDoors, type Door, dashboardDoors, exportDoors } from './doors.ts';

/** Milliseconds on a machine that is busy with other things. */
const timeout = 240_000;

let app: AppDirectory;
let azurite: Azurite;
/** Behind App Service Authentication, and without it. */
let platform: HostProcess;
let closed: HostProcess;
let doors: readonly Door[];

beforeAll(async () => {
  [app, azurite] = await Promise.all([deployedApp(), startAzurite()]);
  platform = await startHost('platform', { WEBSITE_AUTH_ENABLED: 'true' });
  closed = await startHost('closed', {});
  const headers = principalWith(['Audit.Read']);
  const document: unknown = await (await fetch(`${platform.url}/api/v1/openapi.json`, { headers })).json();
  doors = [...apiDoors(document), ...dashboardDoors(), ...exportDoors(document)];
}, timeout);
afterAll(async () => {
  await Promise.all([platform?.stop(), closed?.stop()]);
  await azurite?.stop();
  await app?.remove();
}, timeout);

function startHost(name: string, env: Readonly<Record<string, string>>): Promise<HostProcess> {
  return startHostProcess(
    { ...app, data: join(app.root, name) },
    {
      env: {
        AuditStorage: azurite.connectionString,
        // Nothing answers there, and no other credential is looked for.
        REGISTRIES: 'localhost:9',
        AZURE_TOKEN_CREDENTIALS: 'EnvironmentCredential',
        ...env,
      },
    },
  );
}

/** What a form of ours has to bring: the cookie, the token for this principal, and from where it comes. */
function formOf(principalId: string): { readonly headers: SentHeaders; readonly body: string } {
  const cookie = `__Host-acr-audit-forms=${'s'.repeat(43)}`;
  const guard = formGuard(new Headers({ cookie }), 'platform');
  return {
    headers: { cookie, 'sec-fetch-site': 'same-origin' },
    body: new URLSearchParams({ token: guard.token(principalId) }).toString(),
  };
}

const isForm = ({ body }: Door) => body?.contentType === 'application/x-www-form-urlencoded';

/** Sends a request to a door, exactly so. */
async function send(at: Pick<HostProcess, 'url'>, door: Door, headers: SentHeaders, body?: string) {
  const { method } = door;
  const type = door.body === undefined ? {} : { 'content-type': door.body.contentType };
  const response = await fetch(`${at.url}${door.path}`, {
    method,
    headers: { ...type, ...headers },
    redirect: 'manual',
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Knocks at a door as its own pages and clients would; a body, where it takes one, asks for nothing. */
function knock(at: Pick<HostProcess, 'url'>, door: Door, headers: SentHeaders) {
  if (door.body === undefined) return send(at, door, headers);
  if (!isForm(door)) return send(at, door, headers, '{}');
  const form = formOf('a1');
  return send(at, door, { ...headers, ...form.headers }, form.body);
}

/** Of many tries, those that came out otherwise. */
async function wrong(
  expected: number,
  tries: readonly (readonly [door: Door, who: string, headers: SentHeaders])[],
  at: () => HostProcess,
): Promise<readonly string[]> {
  const told: string[] = [];
  for (const [door, who, headers] of tries) {
    const { status, headers: answered, text } = await knock(at(), door, headers);
    const place = `${door.method} ${door.path}, ${who}`;
    if (status !== expected) told.push(`${place}: ${status} instead of ${expected}`);
    if (answered.get('cache-control') !== 'no-store') told.push(`${place}: may be kept by a cache`);
    // A form of ours is not refused for what it is.
    if (text.includes('The form was not accepted')) told.push(`${place}: by its form`);
    const isApi = door.path.startsWith('/api/');
    if (isApi && answered.get('content-type') !== 'application/problem+json')
      told.push(`${place}: is no problem: ${text.slice(0, 80)}`);
    if (isApi && (answered.get('www-authenticate') !== null) !== (expected === 401))
      told.push(`${place}: www-authenticate`);
  }
  expect(tries.length).toBeGreaterThan(doors.length);
  return told;
}

const guarded = () => doors.filter(({ needs }) => needs.length > 0);

describe('when the doors of the service are counted', () => {
  it('every function that answers HTTP is one of them, and only health and files are open', async () => {
    const functionForm = z.array(z.looseObject({ name: z.string(), trigger: z.string() }));
    const answer = await fetch(`${platform.url}/admin/functions`);
    const http = functionForm.parse(await answer.json()).filter(({ trigger }) => trigger === 'http');
    expect(http.length).toBeGreaterThan(50);
    const known = new Set(doors.map(({ name }) => name));
    expect(http.map(({ name }) => name).filter((name) => !known.has(name))).toEqual([]);
    const open = doors.filter(({ needs }) => needs.length === 0);
    expect(open.map(({ name }) => name)).toEqual(['getHealth', 'dashboardAsset']);
    for (const door of open)
      for (const host of [platform, closed]) expect((await knock(host, door, {})).status).toBe(200);
  });

  it('each takes the roles that are documented for it: reading one, and what changes something its own', () => {
    const reading = guarded().filter(({ method }) => method === 'GET');
    expect(reading.filter(({ needs }) => needs.join() !== 'Audit.Read')).toEqual([]);
    const changing = doors.filter(({ method }) => method !== 'GET');
    expect(Object.fromEntries(changing.map(({ name, needs }) => [name, needs]))).toEqual({
      postApprovals: ['Release.Approve'],
      postApprovalRelease: ['Release.Approve'],
      postApprovalOutcome: ['Release.Approve'],
      postHolds: ['Release.Approve'],
      postHoldLift: ['Release.Approve'],
      putInventory: ['Inventory.Submit'],
      postInventoryRetire: ['Findings.Manage'],
      postFindingAcknowledge: ['Findings.Manage'],
      postFindingResolve: ['Findings.Manage'],
      postFindingReopen: ['Findings.Manage'],
      postFindingWaive: ['Findings.Manage'],
      postRetentionPlans: ['Retention.Plan'],
      postRetentionPlanApprove: ['Retention.Plan'],
      postRetentionPlanExecute: ['Retention.Execute'],
      postRestore: ['Retention.Execute'],
      dashboardFindingChange: ['Audit.Read', 'Findings.Manage'],
      dashboardPlanApprove: ['Audit.Read', 'Retention.Plan'],
      dashboardPlanExecute: ['Audit.Read', 'Retention.Execute'],
      // They only ask, by a body as there is much to ask about.
      postDeploymentsVerify: ['Audit.Read'],
      postRetentionCheck: ['Audit.Read'],
    });
  });

  it(
    'none opens by another method',
    async () => {
      const told: string[] = [];
      const paths = new Set(doors.map(({ path }) => path));
      const headers = { ...principalWith(roles), 'x-http-method-override': 'GET' };
      for (const path of paths) {
        const known = doors.filter((door) => door.path === path).map(({ method }) => method);
        for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
          if (known.includes(method)) continue;
          const { status } = await fetch(`${platform.url}${path}`, { method, headers });
          if (status !== 404) told.push(`${method} ${path}: ${status}`);
        }
      }
      expect(told).toEqual([]);
    },
    timeout,
  );
});

describe('when sign-in is not set up', () => {
  it(
    'whatever a caller says of itself, every guarded door answers 401',
    async () => {
      const callers = Object.entries({
        ...namelessCallers,
        ...powerlessCallers,
        ...Object.fromEntries(roles.map((role) => [`a forged ${role}`, principalWith([role])])),
        'all roles forged': principalWith(roles),
      });
      const tries = guarded().flatMap((door) =>
        callers.map(([who, headers]) => [door, who, headers] as const),
      );
      expect(await wrong(401, tries, () => closed)).toEqual([]);
    },
    timeout,
  );
});

describe('when the platform signs callers in', () => {
  it(
    'who names nobody is 401 at every guarded door',
    async () => {
      const tries = guarded().flatMap((door) =>
        Object.entries(namelessCallers).map(([who, headers]) => [door, who, headers] as const),
      );
      expect(await wrong(401, tries, () => platform)).toEqual([]);
    },
    timeout,
  );

  it(
    'who lacks a role, or one of two, is 403 at every guarded door',
    async () => {
      const tries = guarded().flatMap((door) => [
        ...Object.entries(powerlessCallers).map(([who, headers]) => [door, who, headers] as const),
        ...lackingSets(door.needs).map((held) => [door, held.join(), principalWith(held)] as const),
      ]);
      expect(await wrong(403, tries, () => platform)).toEqual([]);
    },
    timeout,
  );

  it(
    'who has the role gets in everywhere, and nothing breaks',
    async () => {
      const told: string[] = [];
      for (const door of doors) {
        const { status, text } = await knock(platform, door, principalWith(door.needs));
        if (status === 401 || status === 403 || status >= 500)
          told.push(`${door.method} ${door.path}: ${status} ${text.slice(0, 200)}`);
      }
      expect(told).toEqual([]);
    },
    timeout,
  );

  it("a form without its token, or with another's, changes nothing", async () => {
    for (const door of doors.filter(isForm)) {
      const caller = principalWith(door.needs);
      const { headers, body } = formOf('a1');
      const other = formOf('b2').body;
      const tries: readonly (readonly [SentHeaders, string])[] = [
        [caller, body],
        [{ ...caller, ...headers }, ''],
        [{ ...caller, ...headers }, other],
        [{ ...caller, ...headers, 'sec-fetch-site': 'cross-site' }, body],
        [{ ...caller, ...headers, 'sec-fetch-site': 'same-site' }, body],
        [{ ...caller, ...headers, cookie: `${headers['cookie']}; ${headers['cookie']}` }, body],
      ];
      for (const [sent, text] of tries) {
        const answer = await send(platform, door, sent, text);
        expect([door.name, answer.status]).toEqual([door.name, 403]);
        expect(answer.text).toContain('The form was not accepted');
      }
    }
  });
});

describe('when a body is as long as it may be', () => {
  const bodied = () => doors.flatMap((door) => (door.body === undefined ? [] : [{ door, ...door.body }]));
  const statusAt = async (door: Door, length: number) => {
    const form = formOf('a1');
    const start = isForm(door) ? `${form.body}&filling=` : '"';
    const end = isForm(door) ? '' : '"';
    const text = `${start}${'x'.repeat(length - start.length - end.length)}${end}`;
    const caller = { ...principalWith(door.needs), ...(isForm(door) ? form.headers : {}) };
    return (await send(platform, door, caller, text)).status;
  };

  it(
    'it is read, and one character more is 413',
    async () => {
      expect(bodied().length).toBeGreaterThan(18);
      for (const { door, most } of bodied()) {
        const statuses = [await statusAt(door, most), await statusAt(door, most + 1)];
        expect([door.name, statuses]).toEqual([door.name, [expect.any(Number), 413]]);
        expect([door.name, statuses[0]]).not.toEqual([door.name, 413]);
        expect(statuses[0]).toBeLessThan(500);
      }
    },
    timeout,
  );

  it(
    'who may not send it is refused first',
    async () => {
      for (const { door, most } of bodied()) {
        const text = 'x'.repeat(Math.min(most + 1, 2_000_000));
        expect((await send(platform, door, {}, text)).status).toBe(401);
        expect((await send(platform, door, principalWith([]), text)).status).toBe(403);
      }
    },
    timeout,
  );
});

describe('when clients send bodies that never end', () => {
  it('others are answered meanwhile, and theirs are not begun', async () => {
    const { hostname, port } = new URL(platform.url);
    const door = doors.find(({ name }) => name === 'postApprovals');
    if (door === undefined) throw new Error('no door');
    const caller = Object.entries(principalWith(door.needs)).map(([name, value]) => `${name}: ${value}\r\n`);
    const slow = await Promise.all(
      Array.from({ length: 64 }, async () => {
        const socket = connect(Number(port), hostname);
        socket.on('error', () => {});
        await new Promise((connected) => socket.once('connect', connected));
        const head = `POST ${door.path} HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: application/json\r\n`;
        socket.write(`${head}${caller.join('')}content-length: 1000000\r\n\r\n{"image":`);
        return socket;
      }),
    );
    const answered = Promise.race(
      slow.map((socket) => new Promise((data) => socket.once('data', () => data('answered')))),
    );
    const health = doors.find(({ name }) => name === 'getHealth');
    if (health === undefined) throw new Error('no door');
    for (let round = 0; round < 20; round += 1) expect((await knock(platform, health, {})).status).toBe(200);
    expect(await Promise.race([answered, Promise.resolve('waiting')])).toBe('waiting');
    for (const socket of slow) socket.destroy();
    expect((await knock(platform, door, principalWith(door.needs))).status).toBe(400);
  });
});
