import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as z from 'zod/mini';
import { AuditFault } from '../../../src/audit/fault.ts';
import { reconcileRounds } from '../../../src/storage/reconcile-rounds.ts';
import { unannouncedChanges } from '../../../src/storage/unannounced-changes.ts';
import { appTime, auditApp } from '../../builders/audit-app.ts';
import { fact, recordOf } from '../../builders/facts.ts';
import { recorderOver } from '../../builders/history-stores.ts';
import { contosoResourceId, digestOf, imagePushed } from '../../builders/registry-event.ts';

const badRequest = z.object({ parameters: z.array(z.object({ name: z.string(), reason: z.string() })) });

async function problemOf(path: string) {
  const response = await auditApp().get(path);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  return { httpStatus: response.status, body: await response.json() };
}

describe('a parameter', () => {
  it.each<[string, string, RegExp]>([
    ['history?limit=0', 'limit', /from 1 to 1000/],
    ['history?limit=1001', 'limit', /from 1 to 1000/],
    ['history?limit=-1', 'limit', /from 1 to 1000/],
    ['history?limit=1.5', 'limit', /from 1 to 1000/],
    ['history?limit=1e2', 'limit', /from 1 to 1000/],
    ['history?limit=', 'limit', /from 1 to 1000/],
    ['history?limit=99999999999999999999', 'limit', /from 1 to 1000/],
    ['history?from=yesterday', 'from', /RFC 3339.*2026-05-02T14:03:00Z/],
    ['history?to=2026-13-01T00:00:00Z', 'to', /RFC 3339/],
    ['history?from=2026-05-02T14:03:00Z&to=2026-05-02T14:02:59Z', 'from', /after `to`/],
    ['history?kind=renamed', 'kind', /created, moved, unchanged, restored, deleted, untagged/],
    ['history?kind=', 'kind', /created, moved/],
    ['history?kind=created,', 'kind', /created, moved/],
    [`history?client=${'x'.repeat(257)}`, 'client', /at most 256/],
    ['history?cursor=abc', 'cursor', /unchanged/],
    ['history?image=', 'image', /repository/],
    ['history?image=fabrikam.azurecr.io/app', 'image', /contoso\.azurecr\.io/],
    ['history?image=https://contoso.azurecr.io/app', 'image', /URL/],
    [`history?image=${'x'.repeat(2_000)}`, 'image', /longer than/],
    ['history?image=team/app@sha256:abc', 'image', /digest/],
    ['history?Image=team/app', 'Image', /not a parameter/],
    ['history?limit=1&limit=2', 'limit', /more than once/],
    ['history?__proto__=1', '__proto__', /not a parameter/],
    ['history?constructor=1', 'constructor', /not a parameter/],
    ['resolve', 'image', /missing.*team\/app:1\.4\.2/],
    ['resolve?image=team/app', 'image', /no tag/],
    [`resolve?image=team/app:prod@${digestOf('one')}`, 'image', /leave it out/],
    ['resolve?image=team/app:prod&at=now', 'at', /RFC 3339/],
    ['resolve?image=team/app:prod&at=2999-01-01T00:00:00Z', 'at', /future/],
    ['resolve?image=team/app:prod&limit=5', 'limit', /not a parameter/],
    ['findings?status=closed', 'status', /active, open, acknowledged, waived, resolved/],
    ['findings?severity=severe', 'severity', /critical, high, medium, low/],
    ['findings?kind=orphanlock', 'kind', /LockRemoved, .*OrphanLock/],
    ['findings?limit=0', 'limit', /from 1 to 1000/],
    ['findings?cursor=abc', 'cursor', /unchanged/],
    ['findings?registry=fabrikam.azurecr.io', 'registry', /contoso\.azurecr\.io/],
    ['findings?registry=', 'registry', /contoso\.azurecr\.io/],
    ['findings?image=fabrikam.azurecr.io/app', 'image', /contoso\.azurecr\.io/],
    [
      'findings?registry=contoso.azurecr.io&image=fabrikam.azurecr.io/app',
      'image',
      /another registry than `registry`/,
    ],
    ['findings?from=2026-05-02T14:03:00Z', 'from', /not a parameter/],
    ['findings/1', 'id', /32 hexadecimal digits/],
    [`findings/${'A'.repeat(32)}`, 'id', /32 hexadecimal digits/],
    ['findings/%2e%2e%2fhistory', 'id', /32 hexadecimal digits/],
    [`findings/${'0'.repeat(32)}?limit=1`, 'limit', /not a parameter/],
    [`findings/${'0'.repeat(32)}?registry=fabrikam.azurecr.io`, 'registry', /contoso\.azurecr\.io/],
    ['status?verbose=1', 'verbose', /not a parameter/],
    ['health?deep=1', 'deep', /not a parameter/],
  ])('when it is wrong (%s), the problem names %s and what would be right', async (path, name, reason) => {
    const { httpStatus, body } = await problemOf(path);
    expect(httpStatus).toBe(400);
    expect(body).toEqual({
      type: 'urn:acr-audit:problem:invalid-parameters',
      title: 'The request cannot be read',
      status: 400,
      detail: expect.stringMatching(reason),
      parameters: [{ name, reason: expect.stringMatching(reason) }],
    });
  });

  it('when several are wrong, all are named at once', async () => {
    const { body } = await problemOf('history?limit=0&from=x&to=y&kind=z&nonsense=1');
    expect(body).toMatchObject({
      parameters: expect.arrayContaining(
        ['limit', 'from', 'to', 'kind', 'nonsense'].map((name) => expect.objectContaining({ name })),
      ),
    });
  });

  it('when it is arbitrary, the answer is 200 or a problem that names it', async () => {
    const app = auditApp();
    const names = [
      'image',
      'from',
      'to',
      'kind',
      'client',
      'limit',
      'cursor',
      'at',
      'registry',
      'status',
      'x',
    ];
    const name = fc.constantFrom(...names);
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.constantFrom('team/app', 'team/app:1'),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('history', 'resolve', 'findings', 'status', 'health'),
        fc.dictionary(name, text, { maxKeys: 3 }),
        async (path, values) => {
          const response = await app.get(`${path}?${new URLSearchParams(values)}`);
          expect([200, 400, 404]).toContain(response.status);
          if (response.status !== 400) return;
          const { parameters } = badRequest.parse(await response.json());
          expect(parameters.length).toBeGreaterThan(0);
          for (const parameter of parameters)
            expect(['image', ...Object.keys(values)]).toContain(parameter.name);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('a fault', () => {
  const paths = [
    ...['history', 'history?image=team/app', 'resolve?image=team/app:prod', 'findings', 'status'],
    `findings/${'0'.repeat(32)}`,
  ];

  it.each(paths)(
    'when storage does not answer %s, it is 503 with the invocation, to be tried again',
    async (path) => {
      const fault = new AuditFault('storage-unreachable', 'AccountKey=secret', { retryable: true });
      const app = auditApp({ faults: () => ({ before: () => fault }) });
      const response = await app.get(path);
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('5');
      const body = await response.text();
      expect(JSON.parse(body)).toEqual({
        type: 'urn:acr-audit:problem:try-again',
        title: 'Storage did not answer',
        status: 503,
        detail: expect.any(String),
        invocationId: 'invocation-1',
      });
      expect(body).not.toContain('secret');
      expect(app.lines).toEqual([expect.objectContaining({ level: 'error', message: 'request failed' })]);
    },
  );

  it('when a fault has a cause, both are logged', async () => {
    const fault = new AuditFault('storage-403', 'refused', { retryable: false, cause: new Error('no role') });
    const app = auditApp({ faults: () => ({ before: () => fault }) });
    await app.get('status');
    expect(JSON.stringify(app.lines)).toContain('no role');
  });

  it.each(paths)('when storage refuses %s for good, it is 500 and gives nothing away', async (path) => {
    const fault = new AuditFault('storage-403', 'AccountKey=secret', { retryable: false });
    const app = auditApp({ faults: () => ({ before: () => fault }) });
    const response = await app.get(path);
    expect(response.status).toBe(500);
    const body = await response.text();
    expect(JSON.parse(body)).toMatchObject({
      type: 'urn:acr-audit:problem:internal',
      invocationId: 'invocation-1',
    });
    expect(body).not.toContain('secret');
  });
});

/** What comparisons come to where there were none. */
const nothingFound = {
  ledger: { size: 0 },
  repositoriesFailed: 0,
  unannounced: {
    since: new Date(appTime - 86_400_000).toISOString(),
    pushes: 0,
    untags: 0,
    deletions: 0,
    lockChanges: 0,
  },
};

describe('status', () => {
  it('when nothing has come yet, it says so for every registry', async () => {
    const app = auditApp({
      registries: [{ loginServer: 'contoso.azurecr.io' }, { loginServer: 'localhost:5443' }],
    });
    expect(await (await app.get('status')).json()).toEqual({
      at: new Date(appTime).toISOString(),
      registries: [
        { registry: 'contoso.azurecr.io', ...nothingFound, rejected: 0 },
        { registry: 'localhost:5443', ...nothingFound, rejected: 0 },
      ],
      comparisonsWaiting: 0,
      deadLetters: { waiting: 0, quarantined: 0 },
      inventory: { complete: false, fresh: false, sources: 0, inDoubt: [] },
      unattributed: { rejected: 0 },
      permissions: { state: 'not-checked' },
    });
  });

  it('when events came, it tells the newest, how late it was, and what was rejected', async () => {
    const app = auditApp();
    await app.deliver(imagePushed({ id: 'new', timestamp: '2026-05-02T23:59:58.500Z' }));
    await app.deliver(imagePushed({ id: 'old', timestamp: '2026-05-01T00:00:00Z' }));
    await app.deliver(imagePushed({ id: 'future', timestamp: '2026-06-01T00:00:00Z' }));
    await app.deliver({});
    await app.deliver(imagePushed({ resourceId: contosoResourceId.replace(/contoso$/, 'fabrikam') }));
    expect(await (await app.get('status')).json()).toEqual({
      at: new Date(appTime).toISOString(),
      registries: [
        {
          registry: 'contoso.azurecr.io',
          lastEvent: {
            occurredAt: '2026-05-02T23:59:58.500Z',
            recordedAt: new Date(appTime).toISOString(),
            lagMs: 1_500,
          },
          ...nothingFound,
          rejected: 1,
        },
      ],
      comparisonsWaiting: 0,
      deadLetters: { waiting: 0, quarantined: 0 },
      inventory: { complete: false, fresh: false, sources: 0, inDoubt: [] },
      unattributed: { rejected: 2 },
      permissions: { state: 'not-checked' },
    });
  });

  it('when grants were tried, it tells which are missing and which are too much', async () => {
    const found = { missing: ['a role'], tooMuch: [], unknown: [], right: 7 };
    const app = auditApp({ permissions: () => ({ state: 'checked', at: appTime, ...found }) });
    expect(await (await app.get('status')).json()).toMatchObject({
      permissions: { state: 'checked', at: new Date(appTime).toISOString(), ...found },
    });
  });

  it('when comparisons found changes, it adds up those of the last 24 hours', async () => {
    const app = auditApp();
    const changes = unannouncedChanges(app.inventory);
    const none = { pushes: 0, untags: 0, deletions: 0, lockChanges: 0 };
    const day = 86_400_000;
    await changes.note('contoso.azurecr.io', 'team/app', appTime - day, { ...none, pushes: 1 });
    await changes.note('contoso.azurecr.io', 'team/app', appTime - 5, { ...none, untags: 1 });
    await changes.note('contoso.azurecr.io', 'team/app', appTime - 5, { ...none, untags: 2, lockChanges: 4 });
    await changes.note('contoso.azurecr.io', 'team/api', appTime - 5, { ...none, deletions: 3 });
    await changes.note('contoso.azurecr.io', 'team/app', appTime - day - 1, { ...none, pushes: 100 });
    await changes.note('fabrikam.azurecr.io', 'team/app', appTime, { ...none, pushes: 100 });
    expect(await (await app.get('status')).json()).toMatchObject({
      registries: [{ unannounced: { pushes: 1, untags: 2, deletions: 3, lockChanges: 4 } }],
    });
  });

  it('when a round is under way, it tells what waits, what failed and the last round that ended', async () => {
    const app = auditApp({ comparisonsWaiting: 3 });
    const rounds = reconcileRounds(app.inventory);
    await rounds.begin('contoso.azurecr.io', { startedAt: appTime - 100, repositories: 2 });
    expect(await (await app.get('status')).json()).toMatchObject({
      comparisonsWaiting: 3,
      registries: [{ repositoriesPending: 2, lastRound: { repositories: 2 } }],
    });
    const again = { startedAt: appTime - 10, repositories: 5, before: appTime - 100 };
    await rounds.begin('contoso.azurecr.io', again);
    await rounds.remember('contoso.azurecr.io', { repository: 'team/app', failed: {} });
    await rounds.remember('contoso.azurecr.io', { repository: 'team/api' });
    expect(await (await app.get('status')).json()).toMatchObject({
      registries: [
        {
          repositoriesPending: 3,
          repositoriesFailed: 1,
          lastRound: { startedAt: new Date(appTime - 10).toISOString() },
          lastFullReconcile: new Date(appTime - 100).toISOString(),
        },
      ],
    });
  });

  it('when no comparison waits, the last round was full', async () => {
    const app = auditApp();
    const round = { startedAt: appTime - 10, repositories: 5 };
    await reconcileRounds(app.inventory).begin('contoso.azurecr.io', round);
    expect(await (await app.get('status')).json()).toMatchObject({
      registries: [{ repositoriesPending: 0, lastFullReconcile: new Date(appTime - 10).toISOString() }],
    });
  });

  it('when dead letters wait or were put in quarantine, it counts them', async () => {
    const app = auditApp();
    for (const name of ['one', 'two', 'three']) app.letters.put(name, '[]');
    for await (const letter of app.letters.waiting()) {
      if (letter.name === 'two') await app.letters.quarantine(letter, 'unreadable');
    }
    expect(await (await app.get('status')).json()).toMatchObject({
      deadLetters: { waiting: 2, quarantined: 1 },
    });
  });

  it('when what was found is newer than every event, the last event is still an event', async () => {
    const app = auditApp();
    await app.deliver(imagePushed({ id: 'old', timestamp: '2026-05-01T00:00:00Z' }));
    const record = recorderOver(app);
    for (let count = 0; count < 30; count += 1) {
      const at = { time: appTime - count, id: `found-${count}` };
      await record(
        recordOf({ ...fact(`found-${count}`, 0, { digest: digestOf(`${count}`) }), at, source: 'reconcile' }),
      );
    }
    expect(await (await app.get('status')).json()).toMatchObject({
      registries: [{ lastEvent: { occurredAt: '2026-05-01T00:00:00.000Z' } }],
    });
  });
});
