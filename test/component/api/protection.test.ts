import { HttpRequest, HttpResponse } from '@azure/functions';
import { describe, expect, it } from '@jest/globals';
import {
  getApprovalRoute,
  getApprovalsRoute,
  postApprovalsRoute,
  postOutcomeRoute,
  postReleaseRoute,
} from '../../../src/api/approvals.ts';
import { postVerifyRoute } from '../../../src/api/deployments.ts';
import { findingRoute, findingsRoute } from '../../../src/api/findings.ts';
import { getHoldsRoute, postHoldsRoute, postLiftRoute } from '../../../src/api/holds.ts';
import { type AuthMode, type Role, roles } from '../../../src/api/principal.ts';
import { recordsRoute } from '../../../src/api/records.ts';
import { answerTo, type Route } from '../../../src/api/route.ts';
import { statementPages } from '../../../src/storage/statement-pages.ts';
import { memoryRegistryContent } from '../../builders/memory-registry-content.ts';
import { memoryRegistryLocks } from '../../builders/memory-registry-locks.ts';
import { protectionApp } from '../../builders/protection-app.ts';
import { digestOf } from '../../builders/registry-event.ts';

const registries = [{ loginServer: 'contoso.azurecr.io' }];
const [one, two] = [digestOf('one'), digestOf('two')];
const image = 'contoso.azurecr.io/team/app:prod';
const request = { image, environment: 'production', reason: 'release 1.4.2', ticket: 'REL-1' };

interface Asked {
  readonly body?: unknown;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly mode?: AuthMode;
}

/** The routes of protection over a registry with two tags. */
function api({ withPolicy = true } = {}) {
  const registry = memoryRegistryContent();
  const pushed = Date.UTC(2026, 4, 1);
  registry.repository('team/app').push('prod', one, pushed);
  registry.repository('team/app').push('next', two, pushed);
  const app = protectionApp({ content: registry.content, locks: memoryRegistryLocks(registry).locks });
  const { approvals, holds, verify, findings } = app.routes;
  const own = { ...approvals, approve: withPolicy ? approvals.approve : undefined };
  const now = () => app.clock.time;
  const routes: readonly Route[] = [
    postApprovalsRoute(registries, own),
    getApprovalsRoute(registries, own),
    getApprovalRoute(registries, own),
    postReleaseRoute(registries, own, now),
    postOutcomeRoute(registries, own),
    postHoldsRoute(registries, holds),
    getHoldsRoute(registries, holds),
    postLiftRoute(registries, holds, now),
    postVerifyRoute(withPolicy ? verify : undefined),
    findingsRoute(registries, findings),
    findingRoute(registries, findings),
    recordsRoute(registries, statementPages(app.tables.repositories)),
  ];

  async function ask(method: 'GET' | 'POST', path: string, asked: Asked = {}) {
    const { body, text, headers = {}, mode = 'development' } = asked;
    const url = new URL(`https://audit.example/api/v1/${path}`);
    const parts = url.pathname.replace('/api/v1/', '').split('/');
    const isOf = (route: Route) => {
      const named = route.path.split('/');
      return (
        named.length === parts.length &&
        named.every((part, place) => /^\{/.test(part) || part === parts[place])
      );
    };
    const route = routes.find((each) => each.method === method && isOf(each));
    if (route === undefined) throw new Error(`no route ${method} ${path}`);
    const params = Object.fromEntries(
      route.path.split('/').flatMap((part, place) => {
        const name = /^\{(.*)\}$/.exec(part)?.[1];
        return name === undefined ? [] : [[name, parts[place] ?? '']];
      }),
    );
    const sent = text ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = new HttpResponse(
      await answerTo(
        route,
        mode,
        new HttpRequest({
          method,
          url: url.href,
          params,
          headers: { ...(sent === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
          ...(sent === undefined ? {} : { body: { string: sent } }),
        }),
        { error: () => {}, invocationId: 'invocation-1' },
      ),
    );
    const type = response.headers.get('content-type') ?? '';
    const answer: Record<string, unknown> =
      /json/.test(type) || type === '' ? JSON.parse(await response.text()) : { text: await response.text() };
    return { status: response.status, body: answer, headers: response.headers };
  }
  return { app, registry, routes, ask };
}

describe('approvals', () => {
  it('when an image is approved, the answer is the approval, protected, by the caller and nobody else', async () => {
    const { ask } = api();
    const answer = await ask('POST', 'approvals', { body: request });
    expect(answer).toMatchObject({
      status: 201,
      body: {
        image: `contoso.azurecr.io/team/app:prod@${one}`,
        environment: 'production',
        state: 'protected',
        approver: { id: 'development' },
        ticket: 'REL-1',
        retainFor: 'P60D',
        window: { open: true, reasons: expect.arrayContaining(['current']) },
      },
    });
    expect(answer.headers.get('location')).toBe(`/api/v1/approvals/${answer.body['id']}`);
    expect(await ask('GET', `approvals/${answer.body['id']}`)).toMatchObject({
      status: 200,
      body: answer.body,
    });
    const forged = await ask('POST', 'approvals', { body: { ...request, approver: { id: 'boss' } } });
    expect(forged).toMatchObject({
      status: 400,
      body: { parameters: [{ name: expect.stringContaining('approver') }] },
    });
  });

  it('when the tag moved since the caller looked, it is refused with both digests', async () => {
    const { ask } = api();
    expect(await ask('POST', 'approvals', { body: { ...request, image: `${image}@${two}` } })).toMatchObject({
      status: 409,
      body: { type: 'urn:acr-audit:problem:tag-moved', asked: two, found: one },
    });
  });

  it('when the body cannot be read, every problem is listed with its field', async () => {
    const { ask } = api();
    const { status, body } = await ask('POST', 'approvals', {
      body: { environment: '', retainFor: 'P1Y', scan: { report: 'http://x' } },
    });
    expect(status).toBe(400);
    expect(JSON.stringify(body['parameters'])).toMatch(/image.*environment.*reason.*retainFor|image/);
    expect(Array.isArray(body['parameters']) && body['parameters'].length).toBeGreaterThan(3);
    expect((await ask('POST', 'approvals', { text: '{' })).status).toBe(400);
    expect(
      (await ask('POST', 'approvals', { text: '{}', headers: { 'content-type': 'text/plain' } })).status,
    ).toBe(415);
    expect((await ask('POST', 'approvals', { text: `"${'x'.repeat(1_100_000)}"` })).status).toBe(413);
  });

  it('when something is missing or not allowed, the answer says which', async () => {
    const { ask } = api();
    const post = (changes: object) => ask('POST', 'approvals', { body: { ...request, ...changes } });
    expect(await post({ image: 'contoso.azurecr.io/team/app:gone' })).toMatchObject({
      status: 404,
      body: { what: 'tag' },
    });
    expect(await post({ image: `contoso.azurecr.io/team/app@${digestOf('none')}` })).toMatchObject({
      status: 404,
      body: { what: 'digest' },
    });
    expect(await post({ image: 'fabrikam.azurecr.io/team/app:prod' })).toMatchObject({ status: 400 });
    expect(await post({ environment: 'moon' })).toMatchObject({
      status: 403,
      body: { type: 'urn:acr-audit:problem:policy-refuses', refusals: [{ code: 'environment-unknown' }] },
    });
    expect(await api({ withPolicy: false }).ask('POST', 'approvals', { body: request })).toMatchObject({
      status: 409,
      body: { type: 'urn:acr-audit:problem:no-policy' },
    });
  });

  it('when there are several, they are listed newest first, by repository, environment, state and page, and as CSV', async () => {
    const { ask } = api();
    await ask('POST', 'approvals', { body: request });
    await ask('POST', 'approvals', { body: { ...request, image: 'contoso.azurecr.io/team/app:next' } });
    await ask('POST', 'approvals', { body: { ...request, environment: 'staging' } });
    const list = async (query: string) => {
      const { body } = await ask('GET', `approvals?${query}`);
      return Array.isArray(body['items']) ? body['items'] : [];
    };
    expect((await list('')).map(({ environment, digest }) => [environment, digest])).toEqual([
      ['staging', one],
      ['production', two],
      ['production', one],
    ]);
    expect(await list('environment=staging')).toHaveLength(1);
    expect(await list('image=team/api')).toHaveLength(0);
    expect(await list(`image=team/app@${one}`)).toHaveLength(2);
    expect(await list('state=superseded')).toMatchObject([{ digest: one, environment: 'production' }]);
    const first = await ask('GET', 'approvals?limit=2');
    const rest = await ask('GET', `approvals?limit=2&cursor=${first.body['cursor']}`);
    expect(
      [first.body['items'], rest.body['items']].map((items) => Array.isArray(items) && items.length),
    ).toEqual([2, 1]);
    const csv = await ask('GET', 'approvals', { headers: { accept: 'text/csv' } });
    expect(String(csv.body['text']).split('\n')[0]).toMatch(/^id,image,environment,state/);
  });

  it('when one is released or judged, it says so, and refuses what no longer can be', async () => {
    const { ask } = api();
    const { body } = await ask('POST', 'approvals', { body: request });
    const id = String(body['id']);
    expect(await ask('POST', `approvals/${id}/outcome`, { body: { outcome: 'good' } })).toMatchObject({
      status: 200,
      body: { outcome: 'good' },
    });
    expect(await ask('POST', `approvals/${id}/outcome`, { body: { outcome: 'fine' } })).toMatchObject({
      status: 400,
    });
    expect(await ask('POST', `approvals/${id}/release`, { body: {} })).toMatchObject({ status: 400 });
    expect(await ask('POST', `approvals/${id}/release`, { body: { reason: 'withdrawn' } })).toMatchObject({
      status: 200,
      body: {
        state: 'expired',
        endedEarly: { by: 'development', reason: 'withdrawn' },
        window: { open: false },
      },
    });
    for (const unknown of ['8222269599997-00000000ffff', 'x', '..']) {
      expect(await ask('GET', `approvals/${encodeURIComponent(unknown)}x`)).toMatchObject({ status: 404 });
    }
  });
});

describe('holds', () => {
  it('when one is placed, one principal cannot lift it alone', async () => {
    const { ask } = api();
    const hold = { registry: 'contoso.azurecr.io', repositories: 'team/.*', reason: 'litigation' };
    const placed = await ask('POST', 'holds', { body: hold });
    expect(placed).toMatchObject({ status: 201, body: { state: 'held', placedBy: 'development' } });
    const id = String(placed.body['id']);
    expect(await ask('POST', `holds/${id}/lift`, { body: { reason: 'settled' } })).toMatchObject({
      status: 200,
      body: { state: 'lifting' },
    });
    expect(await ask('POST', `holds/${id}/lift`, { body: { reason: 'settled' } })).toMatchObject({
      status: 409,
    });
    expect(await ask('GET', 'holds')).toMatchObject({ body: { items: [{ id, state: 'lifting' }] } });
    expect(await ask('POST', 'holds', { body: { reason: 'x' } })).toMatchObject({ status: 400 });
    expect(await ask('POST', 'holds', { body: { approval: 'nobody', reason: 'x' } })).toMatchObject({
      status: 400,
    });
    expect(await ask('POST', 'holds/0123456789ab/lift', { body: { reason: 'settled' } })).toMatchObject({
      status: 404,
    });
  });
});

describe('deployments/verify', () => {
  it('when it is asked, each image has a verdict with its reasons, and the worst is the whole', async () => {
    const { ask } = api();
    await ask('POST', 'approvals', { body: request });
    const images = [
      `contoso.azurecr.io/team/app@${one}`,
      `contoso.azurecr.io/team/app@${two}`,
      'not an image',
    ];
    expect(
      await ask('POST', 'deployments/verify', { body: { environment: 'production', images } }),
    ).toMatchObject({
      status: 200,
      body: {
        verdict: 'fail',
        items: [
          { verdict: 'pass', reasons: [] },
          { verdict: 'fail', reasons: [{ code: 'not-approved' }] },
          { verdict: 'fail', reasons: [{ code: 'not-a-reference' }] },
        ],
      },
    });
    expect(
      (await ask('POST', 'deployments/verify', { body: { environment: 'production', images: [] } })).status,
    ).toBe(400);
    expect(
      (
        await api({ withPolicy: false }).ask('POST', 'deployments/verify', {
          body: { environment: 'production', images },
        })
      ).status,
    ).toBe(409);
  });

  it('when the registry does not answer, nothing passes', async () => {
    const { ask, registry } = api();
    await ask('POST', 'approvals', { body: request });
    const { AuditFault } = await import('../../../src/audit/fault.ts');
    registry.faults.fail = () => new AuditFault('registry-503', 'away', { retryable: true });
    const images = [`contoso.azurecr.io/team/app@${one}`];
    expect(
      (await ask('POST', 'deployments/verify', { body: { environment: 'production', images } })).body,
    ).toMatchObject({ verdict: 'fail' });
  });
});

describe('who may call', () => {
  const { routes } = api();
  const principal = (...held: readonly Role[]) => ({
    'x-ms-client-principal': Buffer.from(
      JSON.stringify({
        claims: [{ typ: 'oid', val: 'somebody' }, ...held.map((val) => ({ typ: 'roles', val }))],
      }),
    ).toString('base64'),
  });
  const cases = routes.map((each) => [`${each.method} ${each.path}`, each] as const);

  it.each(cases)('%s: nobody without its role, by whatever means', async (_, { method, path, role }) => {
    const { ask } = api();
    const asked = path.replace('{id}', '8222269599997-00000000ffff');
    if (method !== 'GET' && method !== 'POST') throw new Error(method);
    const body = method === 'POST' ? { body: {} } : {};
    expect(role).toBeDefined();
    // What changes something takes JSON, which a page of another site cannot send unasked.
    if (method === 'POST') expect((await ask(method, asked)).status).toBe(415);
    expect((await ask(method, asked, { ...body, mode: 'platform' })).status).toBe(401);
    expect((await ask(method, asked, { ...body, mode: 'closed', headers: principal(...roles) })).status).toBe(
      401,
    );
    expect(
      (
        await ask(method, asked, {
          ...body,
          mode: 'platform',
          headers: { 'x-ms-client-principal': 'forged' },
        })
      ).status,
    ).toBe(401);
    for (const other of roles.filter((each) => each !== role)) {
      expect(
        (await ask(method, asked, { ...body, mode: 'platform', headers: principal(other) })).status,
      ).toBe(403);
    }
    const allowed = await ask(method, asked, {
      ...body,
      mode: 'platform',
      headers: principal(role ?? 'Audit.Read'),
    });
    expect([200, 400, 404]).toContain(allowed.status);
  });
});
