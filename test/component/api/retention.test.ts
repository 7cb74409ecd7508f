import { describe, expect, it } from '@jest/globals';
import * as z from 'zod/mini';
import { roles } from '../../../src/api/principal.ts';
import { postRetentionCheckRoute } from '../../../src/api/retention-check.ts';
import {
  getPlanItemsRoute,
  getPlanRoute,
  getPlansRoute,
  type Planning,
  postPlanApproveRoute,
  postPlanExecuteRoute,
  postPlansRoute,
} from '../../../src/api/retention-plans.ts';
import type { Route } from '../../../src/api/route.ts';
import { checkRetention } from '../../../src/audit/check-retention.ts';
import { AuditFault } from '../../../src/audit/fault.ts';
import { approvePlan, executePlanSoon } from '../../../src/audit/plan-decisions.ts';
import { beginPlan } from '../../../src/audit/plan-retention.ts';
import { repositoryContent } from '../../../src/audit/repository-content.ts';
import { sourceCoverage } from '../../../src/audit/uses.ts';
import { claimed, usedRegistry } from '../../builders/in-use-app.ts';
import { memoryTable } from '../../builders/memory-table.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { day, type RetentionApp, retentionApp } from '../../builders/retention-app.ts';
import { routeCaller } from '../../builders/route-caller.ts';

const registries = [{ loginServer: usedRegistry }];
const [one, two, three] = [digestOf('one'), digestOf('two'), digestOf('three')];
const unknownId = `${'1'.repeat(13)}-${'a'.repeat(12)}`;
const checked = z.object({
  items: z.array(
    z.object({
      image: z.string(),
      deletable: z.boolean(),
      reasons: z.array(z.object({ code: z.string(), detail: z.optional(z.string()) })),
    }),
  ),
  coverage: z.object({ complete: z.boolean(), fresh: z.boolean() }),
  inDoubt: z.array(z.object({ source: z.string() })),
});
const planForm = z.object({ id: z.string(), state: z.string(), hash: z.string() });
const page = z.object({
  items: z.array(z.looseObject({ image: z.string(), action: z.string() })),
  cursor: z.optional(z.string()),
});
const problem = z.object({ parameters: z.array(z.object({ name: z.string() })) });
const planner = { 'x-dev-principal': 'planner' };
const runner = { 'x-dev-principal': 'runner' };

/** Old images that nobody uses, in two repositories. */
async function old(of = retentionApp()): Promise<RetentionApp> {
  await of.push('team/app', '1.0', one);
  await of.push('team/app', undefined, two);
  await of.push('team/other', undefined, three);
  of.wait((60 * day) / 60_000);
  for (const repository of ['team/app', 'team/other']) await of.compare(repository);
  await of.idle();
  return of;
}

function api(app: RetentionApp, { withPolicy = true, canDelete = true } = {}) {
  const { decisions, plans, ports } = app;
  const planning = (): Planning => {
    const making = { ...app.planning(), canDelete };
    return {
      begin: beginPlan(making),
      approve: approvePlan(making),
      execute: executePlanSoon(making),
    };
  };
  const useCases = { plans, decisions, planning: withPolicy ? planning() : undefined };
  const check = checkRetention({
    registries: new Set([usedRegistry]),
    coverage: sourceCoverage(ports),
    holds: ports.holds,
    content: repositoryContent(ports),
    policy: app.policy.policy,
  });
  const routes: readonly Route[] = [
    postRetentionCheckRoute(registries, check),
    postPlansRoute(registries, useCases),
    getPlansRoute(registries, useCases),
    getPlanRoute(registries, useCases),
    getPlanItemsRoute(registries, useCases),
    postPlanApproveRoute(registries, useCases),
    postPlanExecuteRoute(registries, useCases),
  ];
  const ask = routeCaller(routes);
  return {
    ask,
    check: (...images: readonly unknown[]) => ask('POST', 'retention/check', { body: { images } }),
    async plan(body: object = { registry: usedRegistry }) {
      const answer = await ask('POST', 'retention/plans', { body, headers: planner });
      const { id } = planForm.parse(await answer.json());
      await app.makePlan(id);
      return planForm.parse(await (await ask('GET', `retention/plans/${id}`)).json());
    },
  };
}

describe('when it is asked whether images may be deleted', () => {
  it('each has an answer, in order, and what the answers rest on', async () => {
    const app = await old();
    await app.report('aks-prod', [claimed(`team/app@${two}`, 'web')]);
    const { check } = api(app);
    const images = [
      `${usedRegistry}/team/other@${three}`,
      'team/app:1.0',
      `team/app@${two}`,
      'fabrikam.azurecr.io/team/app:1.0',
    ];
    const answer = await check(...images);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const { items, coverage, inDoubt } = checked.parse(await answer.json());
    expect(items.map(({ image }) => image)).toEqual(images);
    expect(items.map(({ deletable }) => deletable)).toEqual([true, true, false, false]);
    expect(items[2]?.reasons).toEqual([
      { code: 'in-use', detail: 'aks-prod Deployment shop/web container app' },
    ]);
    expect(items[3]?.reasons).toEqual([{ code: 'not-recorded', detail: 'its registry is not audited' }]);
    expect(coverage).toEqual({ complete: true, fresh: true });
    expect(inDoubt).toEqual([]);
  });

  it('an address of a region, or with its port, is one of the registry', async () => {
    const { check } = api(await old());
    const images = ['contoso.westeurope.geo.azurecr.io', 'contoso.azurecr.io:443', 'CONTOSO.azurecr.io'].map(
      (address) => `${address}/team/app@${two}`,
    );
    const { items } = checked.parse(await (await check(...images)).json());
    expect(items).toEqual(images.map((image) => ({ image, deletable: true, reasons: [] })));
  });

  it('while a source is in doubt, nothing is deletable, and it is named', async () => {
    const app = await old();
    app.wait(45);
    const { items, coverage, inDoubt } = checked.parse(
      await (await api(app).check(`team/app@${two}`)).json(),
    );
    expect(items).toMatchObject([{ deletable: false, reasons: [{ code: 'source-stale' }] }]);
    expect(coverage).toEqual({ complete: true, fresh: false });
    expect(inDoubt.map(({ source }) => source)).toEqual(['aks-prod']);
  });

  it('what names no image is told by its place, and nothing is answered', async () => {
    const { check, ask } = api(await old());
    const answer = await check('team/app:1.0', 'team/app', 'https://contoso', 'Team/App:1.0');
    expect(answer.status).toBe(400);
    const { parameters } = problem.parse(await answer.json());
    expect(parameters.map(({ name }) => name)).toEqual(['images.1', 'images.2', 'images.3']);
    expect((await check()).status).toBe(400);
    expect((await check(7)).status).toBe(400);
    expect((await check('x'.repeat(2_000))).status).toBe(400);
    expect((await check(...Array.from({ length: 1_001 }, () => 'team/app:1.0'))).status).toBe(400);
    expect((await ask('POST', 'retention/check', { body: { images: ['a:1'], force: true } })).status).toBe(
      400,
    );
    expect((await ask('POST', 'retention/check', { body: [] })).status).toBe(400);
  });

  it('a thousand of them are answered', async () => {
    const { check } = api(await old());
    const images = Array.from({ length: 1_000 }, (_, index) => `team/app-${index % 50}:${index}`);
    const { items } = checked.parse(await (await check(...images)).json());
    expect(items.every(({ deletable, reasons }) => !deletable && reasons.length > 0)).toBe(true);
    expect(items).toHaveLength(1_000);
  });

  it('when storage does not answer, neither is there an answer', async () => {
    let isAway = false;
    const fault = new AuditFault('storage-unreachable', 'no answer', { retryable: true });
    const repositories = memoryTable({ before: () => (isAway ? fault : undefined) });
    const { check } = api(await old(retentionApp({ tables: { repositories } })));
    isAway = true;
    const answer = await check('team/app:1.0');
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toContain('deletable');
  });
});

describe('when a plan is asked for', () => {
  it('it is begun, made by a message, and then says what it comes to', async () => {
    const app = await old();
    const { ask } = api(app);
    const body = { registry: 'CONTOSO.azurecr.io', repositories: 'team/.*' };
    const answer = await ask('POST', 'retention/plans', { body, headers: planner });
    expect(answer.status).toBe(202);
    const begun = planForm.parse(await answer.json());
    expect(answer.headers.get('location')).toBe(`/api/v1/retention/plans/${begun.id}`);
    expect(begun.state).toBe('making');
    expect(app.waiting).toEqual([{ make: begun.id }]);
    expect((await ask('GET', `retention/plans/${begun.id}/items`)).status).toBe(409);
    await app.makePlan(begun.id);
    expect(await (await ask('GET', `retention/plans/${begun.id}`)).json()).toMatchObject({
      id: begun.id,
      registry: usedRegistry,
      repositories: 'team/.*',
      state: 'ready',
      createdBy: 'development-planner',
      createdAt: expect.stringMatching(/Z$/),
      counts: { repositories: 2, tags: 1, manifests: 3, untag: 1, delete: 2 },
      blocks: [],
      inputs: {
        historyAt: expect.stringMatching(/Z$/),
        policyHash: expect.any(String),
        sources: [{ source: 'aks-prod', condition: 'fresh', completeAt: expect.stringMatching(/Z$/) }, {}],
      },
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('of what nobody audits, or by a pattern that is none, it is not', async () => {
    const app = await old();
    const { ask } = api(app);
    for (const body of [
      { registry: 'fabrikam.azurecr.io' },
      { registry: usedRegistry, repositories: '(' },
      { registry: usedRegistry, repositories: '' },
      { registry: usedRegistry, repositories: ['team/app'] },
      { registry: usedRegistry, execute: true },
      [],
    ]) {
      expect((await ask('POST', 'retention/plans', { body })).status).toBe(400);
    }
    expect(app.waiting).toEqual([]);
  });

  it('without rules about what may go, there is nothing to plan', async () => {
    const { ask } = api(await old(), { withPolicy: false });
    const answer = await ask('POST', 'retention/plans', { body: { registry: usedRegistry } });
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({ type: 'urn:acr-audit:problem:no-retention' });
  });

  it('plans are listed newest first, by pages and as CSV', async () => {
    const app = await old();
    const { ask, plan } = api(app);
    const first = await plan();
    app.wait(1);
    const second = await plan();
    const listed = z.object({ items: z.array(planForm), cursor: z.optional(z.string()) });
    const newest = listed.parse(
      await (await ask('GET', `retention/plans?registry=${usedRegistry}&limit=1`)).json(),
    );
    expect(newest.items.map(({ id }) => id)).toEqual([second.id]);
    const rest = listed.parse(
      await (await ask('GET', `retention/plans?limit=1&cursor=${newest.cursor}`)).json(),
    );
    expect(rest.items.map(({ id }) => id)).toEqual([first.id]);
    const csv = await ask('GET', 'retention/plans', { headers: { accept: 'text/csv' } });
    expect((await csv.text()).split('\n')[0]).toContain('id,registry,repositories,state');
    expect((await ask('GET', 'retention/plans?registry=fabrikam.azurecr.io')).status).toBe(400);
    expect((await ask('GET', 'retention/plans?cursor=nonsense')).status).toBe(400);
  });
});

describe('when what a plan decides is read', () => {
  it('it comes by pages, by what becomes of it, and in every form', async () => {
    const app = await old();
    await app.report('aks-prod', [claimed(`team/other@${three}`, '=cmd()')]);
    const { ask, plan } = api(app);
    const { id, hash } = await plan();
    const items: z.output<typeof page>['items'] = [];
    let cursor: string | undefined;
    do {
      const path = `retention/plans/${id}/items?limit=1${cursor === undefined ? '' : `&cursor=${cursor}`}`;
      const answer = page.parse(await (await ask('GET', path)).json());
      items.push(...answer.items);
      cursor = answer.cursor;
    } while (cursor !== undefined);
    expect(items.map(({ image, action }) => [image, action])).toEqual([
      [`${usedRegistry}/team/app:1.0`, 'untag'],
      [`${usedRegistry}/team/app@${one}`, 'keep'],
      [`${usedRegistry}/team/app@${two}`, 'delete'],
      [`${usedRegistry}/team/other@${three}`, 'keep'],
    ]);
    expect(items[3]).toMatchObject({
      registry: usedRegistry,
      repository: 'team/other',
      digest: three,
      reasons: [{ code: 'in-use', detail: 'aks-prod Deployment shop/=cmd() container app' }],
    });
    const going = await (await ask('GET', `retention/plans/${id}/items?action=delete`)).json();
    expect(going).toMatchObject({ plan: id, hash, items: [{ digest: two, action: 'delete', order: 0 }] });
    const ndjson = await ask('GET', `retention/plans/${id}/items`, {
      headers: { accept: 'application/x-ndjson' },
    });
    const lines = (await ndjson.text()).trimEnd().split('\n');
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual(items);
    const csv = await ask('GET', `retention/plans/${id}/items`, { headers: { accept: 'text/csv' } });
    expect((await csv.text()).split('\n')).toHaveLength(6);
  });

  it('what cannot be asked for is refused', async () => {
    const { ask, plan } = api(await old());
    const { id } = await plan();
    const cursor = (position: string) => Buffer.from(position).toString('base64url');
    for (const query of ['action=purge', 'limit=0', 'cursor=x', `cursor=${cursor('team/app|x')}`]) {
      expect((await ask('GET', `retention/plans/${id}/items?${query}`)).status).toBe(400);
    }
    const beyond = await ask('GET', `retention/plans/${id}/items?cursor=${cursor('zz|999999999')}`);
    expect(await beyond.json()).toMatchObject({ items: [] });
    for (const unknown of [unknownId, 'nonsense', encodeURIComponent('../x')]) {
      for (const path of [`retention/plans/${unknown}`, `retention/plans/${unknown}/items`]) {
        expect((await ask('GET', path)).status).toBe(404);
      }
    }
  });
});

describe('when a plan is decided on', () => {
  const reason = 'quarterly clean-up';

  it('one principal approves what was looked at, and another has it run', async () => {
    const app = await old();
    const { ask, plan } = api(app);
    const { id, hash } = await plan();
    const approved = await ask('POST', `retention/plans/${id}/approve`, {
      body: { hash, reason },
      headers: planner,
    });
    expect(approved.status).toBe(200);
    expect(await approved.json()).toMatchObject({ state: 'approved', approvedBy: 'development-planner' });
    const own = await ask('POST', `retention/plans/${id}/execute`, {
      body: { hash, reason },
      headers: planner,
    });
    expect(own.status).toBe(409);
    expect(await own.json()).toMatchObject({
      type: 'urn:acr-audit:problem:plan-refused',
      code: 'approved-by-executor',
    });
    const run = await ask('POST', `retention/plans/${id}/execute`, {
      body: { hash, reason },
      headers: runner,
    });
    expect(run.status).toBe(202);
    expect(await run.json()).toMatchObject({ state: 'running', executedBy: 'development-runner' });
    expect(app.waiting.at(-1)).toEqual({ run: id });
    const other = await ask('POST', `retention/plans/${id}/execute`, {
      body: { hash, reason },
      headers: planner,
    });
    expect(other.status).toBe(409);
    expect(app.waiting).toHaveLength(2);
    // Who got no answer asks again: it may not have been handed on.
    const again = await ask('POST', `retention/plans/${id}/execute`, {
      body: { hash, reason },
      headers: runner,
    });
    expect(again.status).toBe(202);
    expect(app.waiting.slice(1)).toEqual([{ run: id }, { run: id }]);
  });

  it.each(['approve', 'execute'])('what was not looked at cannot be decided: %s', async (decision) => {
    const { ask, plan } = api(await old());
    const { id } = await plan();
    const other = { hash: 'f'.repeat(64), reason };
    const answer = await ask('POST', `retention/plans/${id}/${decision}`, { body: other });
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({ code: 'content-changed' });
    for (const body of [
      { reason },
      { hash: 'f'.repeat(64) },
      { hash: 'F'.repeat(64), reason },
      { ...other, force: true },
    ]) {
      expect((await ask('POST', `retention/plans/${id}/${decision}`, { body })).status).toBe(400);
    }
    for (const unknown of [unknownId, 'nonsense']) {
      expect((await ask('POST', `retention/plans/${unknown}/${decision}`, { body: other })).status).toBe(404);
    }
  });

  it('one that is blocked is not approved, and the refusal says why', async () => {
    const app = await old();
    app.wait(45);
    const { ask, plan } = api(app);
    const { id, hash, state } = await plan();
    expect(state).toBe('blocked');
    const answer = await ask('POST', `retention/plans/${id}/approve`, { body: { hash, reason } });
    expect(await answer.json()).toMatchObject({
      status: 409,
      code: 'blocked',
      detail: expect.stringContaining('aks-prod (stale)'),
    });
  });

  it('where nothing may delete, none is run', async () => {
    const { ask, plan } = api(await old(), { canDelete: false });
    const { id, hash } = await plan();
    await ask('POST', `retention/plans/${id}/approve`, { body: { hash, reason }, headers: planner });
    const answer = await ask('POST', `retention/plans/${id}/execute`, {
      body: { hash, reason },
      headers: runner,
    });
    expect(await answer.json()).toMatchObject({ status: 409, code: 'deletion-off' });
  });
});

describe('when a caller lacks the role of a route', () => {
  const body = { hash: 'f'.repeat(64), reason: 'x' };
  const asked = [
    ['POST', 'retention/check', 'Audit.Read', { images: ['team/app:1.0'] }],
    ['POST', 'retention/plans', 'Retention.Plan', { registry: usedRegistry }],
    ['GET', 'retention/plans', 'Audit.Read', undefined],
    ['GET', `retention/plans/${unknownId}`, 'Audit.Read', undefined],
    ['GET', `retention/plans/${unknownId}/items`, 'Audit.Read', undefined],
    ['POST', `retention/plans/${unknownId}/approve`, 'Retention.Plan', body],
    ['POST', `retention/plans/${unknownId}/execute`, 'Retention.Execute', body],
  ] as const;

  it.each(asked)(
    '%s %s is refused without %s, whatever others there are',
    async (method, path, role, sent) => {
      const { ask } = api(await old());
      const others = roles.filter((one) => one !== role).join();
      const given = sent === undefined ? {} : { body: sent };
      expect((await ask(method, path, { ...given, headers: { 'x-dev-roles': others } })).status).toBe(403);
      expect((await ask(method, path, { ...given, mode: 'closed' })).status).toBe(401);
      const allowed = await ask(method, path, { ...given, headers: { 'x-dev-roles': role } });
      expect([401, 403]).not.toContain(allowed.status);
    },
  );
});
