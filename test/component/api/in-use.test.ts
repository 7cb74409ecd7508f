import { describe, expect, it } from '@jest/globals';
import * as z from 'zod/mini';
import {
  postAcknowledgeRoute,
  postReopenRoute,
  postResolveRoute,
  postWaiveRoute,
} from '../../../src/api/finding-changes.ts';
import { findingRoute, findingsRoute } from '../../../src/api/findings.ts';
import { getInventoryRoute, postRetireRoute, putInventoryRoute } from '../../../src/api/inventory.ts';
import { roles } from '../../../src/api/principal.ts';
import type { Route } from '../../../src/api/route.ts';
import { usesRoute } from '../../../src/api/uses.ts';
import { readSnapshot } from '../../../src/inventory/snapshot.ts';
import { claimed, inUseApp, usedRegistry } from '../../builders/in-use-app.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { routeCaller } from '../../builders/route-caller.ts';

const registries = [{ loginServer: usedRegistry }];
const [one, two] = [digestOf('one'), digestOf('two')];
const problem = z.object({ parameters: z.array(z.object({ name: z.string() })) });
const listing = z.object({
  items: z.array(z.object({ name: z.string() })),
  cursor: z.optional(z.string()),
  total: z.number(),
});
const yaml = { 'content-type': 'application/yaml' };

function api(app = inUseApp()) {
  const aging = { findings: app.findings, now: app.clock.now };
  const inventory = {
    coverage: () => app.useCases().coverage(),
    retire: (...asked: Parameters<ReturnType<typeof app.useCases>['retire']>) =>
      app.useCases().retire(...asked),
    async submit(
      name: string,
      {
        text,
        contentType,
        format,
        environment,
        isWhole,
      }: { text: string; contentType: string; format?: string; environment?: string; isWhole: boolean },
    ) {
      const names = ['compose'];
      if (!names.includes(name)) return { outcome: 'unknown-source' as const, names };
      const read = readSnapshot({
        text,
        contentType,
        now: app.clock.now(),
        ...(format === undefined ? {} : { format }),
        ...(environment === undefined ? {} : { environment }),
      });
      if (read.outcome !== 'read') return read;
      const summary = await app.useCases().submit(name, {
        reading: read.reading,
        isWhole: isWhole && read.complete,
        ...(read.ttl === undefined ? {} : { ttl: read.ttl }),
      });
      return summary === undefined
        ? { outcome: 'unknown-source' as const, names }
        : { outcome: 'taken' as const, summary };
    },
  };
  const routes: readonly Route[] = [
    postAcknowledgeRoute(registries, aging),
    postResolveRoute(registries, aging),
    postWaiveRoute(registries, aging),
    postReopenRoute(registries, aging),
    findingsRoute(registries, app.findings),
    findingRoute(registries, app.findings),
    putInventoryRoute(inventory),
    getInventoryRoute(inventory),
    postRetireRoute(inventory),
    usesRoute(registries, (query) => app.useCases().list(query)),
  ];
  return { app, ask: routeCaller(routes), routes };
}

async function withFinding() {
  const { app, ask } = api();
  await app.push('team/app', '1.0', one);
  await app.report('aks-prod', [claimed(`team/app@${one}`, 'web')]);
  await app.report('compose', []);
  await app.remove('team/app', one);
  const [finding] = (await app.open()).filter(({ kind }) => kind === 'DeletedDigestInUse');
  const id = finding?.id ?? '';
  const change = (what: string, body: object) => ask('POST', `findings/${id}/${what}`, { body });
  return { app, ask, id, change };
}

describe('when somebody changes a finding', () => {
  it('taking it up, resolving it and opening it again are told with who and why', async () => {
    const { app, ask, id, change } = await withFinding();
    const taken = await change('acknowledge', { reason: 'on it' });
    expect(taken.status).toBe(200);
    expect(await taken.json()).toMatchObject({
      id,
      status: 'acknowledged',
      acknowledgement: { reason: 'on it', by: expect.any(String), at: expect.stringMatching(/Z$/) },
    });
    const active = await (await ask('GET', 'findings?kind=DeletedDigestInUse')).json();
    expect(active).toMatchObject({ items: [{ id, status: 'acknowledged' }] });
    expect(await (await ask('GET', 'findings?status=open&kind=DeletedDigestInUse')).json()).toEqual({
      items: [],
    });
    expect(await (await change('resolve', { reason: 'restored' })).json()).toMatchObject({
      status: 'resolved',
      resolution: { reason: 'restored' },
    });
    expect((await change('resolve', { reason: 'twice' })).status).toBe(409);
    expect(await (await change('reopen', { reason: 'too early' })).json()).toMatchObject({ status: 'open' });
    await app.settle();
    const kinds = app.statements().map(({ kind }) => kind);
    expect(kinds).toEqual(
      expect.arrayContaining([
        'finding-opened',
        'finding-acknowledged',
        'finding-resolved',
        'finding-reopened',
      ]),
    );
  });

  it('a waiver needs an owner, a reason and an end that has not come', async () => {
    const { change } = await withFinding();
    const bad = await change('waive', { owner: ' ', until: 'soon' });
    expect(bad.status).toBe(400);
    const { parameters } = problem.parse(await bad.json());
    expect(parameters.map(({ name }) => name).sort()).toEqual(['owner', 'reason', 'until']);
    expect(
      (await change('waive', { owner: 'shop', reason: 'known', until: '2020-01-01T00:00:00Z' })).status,
    ).toBe(409);
    const good = await change('waive', { owner: 'shop', reason: 'known', until: '2026-05-09T00:00:00Z' });
    expect(await good.json()).toMatchObject({
      status: 'waived',
      waiver: { owner: 'shop', reason: 'known', until: '2026-05-09T00:00:00.000Z' },
    });
  });

  it('that is not there, the answer is 404', async () => {
    const { ask } = api();
    expect((await ask('POST', `findings/${'0'.repeat(32)}/resolve`, { body: { reason: 'x' } })).status).toBe(
      404,
    );
    expect((await ask('POST', 'findings/nonsense/resolve', { body: { reason: 'x' } })).status).toBe(400);
  });
});

describe('when a snapshot is submitted', () => {
  const compose = `services:\n  cache:\n    image: ${usedRegistry}/team/app:1.0\n`;

  it('it takes the place of the earlier one, and its uses are listed', async () => {
    const { app, ask } = api();
    await app.push('team/app', '1.0', one);
    const put = await ask('PUT', 'inventory/compose?environment=edge', { text: compose, headers: yaml });
    expect(put.status).toBe(200);
    expect(await put.json()).toEqual({
      source: 'compose',
      complete: true,
      references: 1,
      begun: 1,
      ended: 0,
      problemCount: 0,
      problems: [],
    });
    const uses = await (await ask('GET', `uses?image=team/app@${one}`)).json();
    expect(uses).toMatchObject({
      items: [
        {
          image: `${usedRegistry}/team/app:1.0`,
          kind: 'Compose',
          name: 'cache',
          state: 'desired',
          certainty: 'inferred',
          digests: [one],
          source: 'compose',
          environment: 'production',
        },
      ],
      total: 1,
      digests: [{ digest: one, exact: 0, inferred: 1 }],
      coverage: { complete: false, fresh: false },
      inDoubt: [{ source: 'aks-prod', condition: 'never' }],
    });
    const again = await ask('PUT', 'inventory/compose', {
      text: '{"complete":true,"references":[]}',
      headers: { 'content-type': 'application/json' },
    });
    expect(await again.json()).toMatchObject({ complete: true, references: 0, ended: 1 });
    expect(await (await ask('GET', `uses?image=team/app@${one}`)).json()).toMatchObject({ items: [] });
  });

  it('what could not be read is listed, makes it incomplete, and ends nothing', async () => {
    const { ask } = api();
    await ask('PUT', 'inventory/compose', { text: compose, headers: yaml });
    const put = await ask('PUT', 'inventory/compose', {
      text: `services:\n  other:\n    image: ${usedRegistry}/team/app:\${TAG}\n`,
      headers: yaml,
    });
    expect(await put.json()).toMatchObject({ complete: false, ended: 0, problemCount: 1 });
    const inventory = await (await ask('GET', 'inventory')).json();
    expect(inventory).toMatchObject({
      items: [
        { source: 'aks-prod', type: 'kubernetes', condition: 'never' },
        { source: 'compose', type: 'submitted', condition: 'incomplete', problemCount: 1 },
      ],
      coverage: { complete: false, fresh: false },
    });
  });

  it('whoever says that it is not all is believed', async () => {
    const { ask } = api();
    const put = await ask('PUT', 'inventory/compose?complete=false', { text: compose, headers: yaml });
    expect(await put.json()).toMatchObject({ complete: false });
  });

  it.each([
    ['inventory/other', compose, yaml, 404],
    ['inventory/aks-prod', compose, yaml, 404],
    ['inventory/Not%20A%20Name', compose, yaml, 400],
    ['inventory/compose', compose, { 'content-type': 'image/png' }, 415],
    ['inventory/compose?format=nonsense', compose, yaml, 415],
    ['inventory/compose', '', yaml, 400],
    ['inventory/compose', 'not json', { 'content-type': 'application/json' }, 400],
    ['inventory/compose?complete=maybe', compose, yaml, 400],
    ['inventory/compose?environment=%3Cb%3E', compose, yaml, 400],
  ])('%s with %j and %j is refused with %i', async (path, text, headers, status) => {
    const { ask } = api();
    const response = await ask('PUT', path, { text, headers });
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
  });
});

describe('when uses are listed', () => {
  it('by pages, by state, by environment, and as CSV in which nothing is a formula', async () => {
    const { app, ask } = api();
    await app.push('team/app', '1.0', one);
    await app.report('aks-prod', [
      claimed(`team/app@${one}`, '=cmd()'),
      claimed(`team/app@${one}`, 'worker', { state: 'rollback' }),
      claimed('docker.io/library/nginx', 'proxy'),
    ]);
    const all: string[] = [];
    let cursor = '';
    do {
      const page = listing.parse(await (await ask('GET', `uses?limit=2${cursor}`)).json());
      all.push(...page.items.map(({ name }) => name));
      cursor = page.cursor === undefined ? '' : `&cursor=${page.cursor}`;
      expect(page.total).toBe(3);
    } while (cursor !== '');
    expect(all.sort()).toEqual(['=cmd()', 'proxy', 'worker']);
    expect(listing.parse(await (await ask('GET', 'uses?state=rollback')).json()).items).toHaveLength(1);
    expect(listing.parse(await (await ask('GET', 'uses?environment=staging')).json()).items).toHaveLength(0);
    expect((await ask('GET', 'uses?state=sleeping')).status).toBe(400);
    const csv = await (await ask('GET', 'uses', { headers: { accept: 'text/csv' } })).text();
    expect(csv).toContain("'=cmd()");
  });

  it('of a tag that moved often, with the newest digests that it may need, and that there are more', async () => {
    const { app, ask } = api();
    const digests = Array.from({ length: 102 }, (_, number) => digestOf(`build ${number}`));
    await app.report('aks-prod', [claimed('team/app:main', 'web'), claimed(`team/app@${one}`, 'api')]);
    for (const digest of digests) {
      app.wait(1);
      await app.push('team/app', 'main', digest);
    }
    const uses = z
      .object({
        items: z.array(
          z.object({
            name: z.string(),
            digests: z.array(z.string()),
            hasMoreDigests: z.optional(z.boolean()),
          }),
        ),
      })
      .parse(await (await ask('GET', 'uses?image=team/app')).json());
    expect(uses.items.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      { name: 'api', digests: [one] },
      { name: 'web', digests: digests.toReversed().slice(0, 100), hasMoreDigests: true },
    ]);
    // The use of one that is not named is found all the same.
    const oldest = await (await ask('GET', `uses?image=team/app@${digests[0]}`)).json();
    expect(oldest).toMatchObject({ items: [{ name: 'web', via: 'itself' }], total: 1 });
    const [header = '', ...lines] = (
      await (await ask('GET', 'uses?image=team/app', { headers: { accept: 'text/csv' } })).text()
    ).split(/\r?\n/);
    const column = header.split(',').indexOf('hasMoreDigests');
    expect(
      lines
        .slice(0, 2)
        .map((line) => line.split(',')[column])
        .sort(),
    ).toEqual(['false', 'true']);
  });

  it('of a time, without a word of what is concluded now', async () => {
    const { app, ask } = api();
    await app.push('team/app', '1.0', one);
    await app.report('aks-prod', [claimed(`team/app@${one}`, 'web')]);
    const then = new Date(app.clock.time).toISOString();
    app.wait(60);
    await app.report('aks-prod', [claimed(`team/app@${two}`, 'web')]);
    const past = await (await ask('GET', `uses?image=team/app&at=${then}`)).json();
    expect(past).toMatchObject({ items: [{ digests: [one], endedAt: expect.any(String) }], total: 1 });
    expect(past).not.toHaveProperty('coverage');
  });
});

describe('when roles are looked at', () => {
  it.each([
    ['PUT', 'inventory/compose', 'Inventory.Submit'],
    ['GET', 'inventory', 'Audit.Read'],
    ['GET', 'uses', 'Audit.Read'],
    ['POST', 'inventory/gone/retire', 'Findings.Manage'],
    ['POST', `findings/${'0'.repeat(32)}/acknowledge`, 'Findings.Manage'],
    ['POST', `findings/${'0'.repeat(32)}/resolve`, 'Findings.Manage'],
    ['POST', `findings/${'0'.repeat(32)}/waive`, 'Findings.Manage'],
    ['POST', `findings/${'0'.repeat(32)}/reopen`, 'Findings.Manage'],
  ] as const)('%s %s needs %s and no other', async (method, path, needed) => {
    const { ask } = api();
    for (const role of roles) {
      const { status } = await ask(method, path, { headers: { 'x-dev-roles': role } });
      if (role === needed) expect(status).not.toBe(403);
      else expect(status).toBe(403);
    }
    expect((await ask(method, path, { mode: 'closed' })).status).toBe(401);
  });
});
