import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type DiagnosticLogsOptions, diagnosticLogs } from '../../../src/acr/diagnostic-logs.ts';
import type { RegistryLogs } from '../../../src/audit/registry-logs.ts';
import {
  type LogAnalytics,
  refusal,
  startLogAnalytics,
  type TableRow,
} from '../../builders/log-analytics.ts';
import { aFault, credential, gathered } from '../../builders/registry-access.ts';
import { digestOf } from '../../builders/registry-event.ts';

const resourceId =
  '/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/contoso/providers' +
  '/microsoft.containerregistry/registries/contoso';
const workspaceId = '00000000-0000-0000-0000-000000000001';
const source = { loginServer: 'contoso.azurecr.io', resourceId };
const [from, to] = [Date.UTC(2026, 4, 2, 14), Date.UTC(2026, 4, 2, 15)];

let server: LogAnalytics;
const warnings: unknown[] = [];
const waits: number[] = [];

beforeAll(async () => {
  server = await startLogAnalytics();
});
afterAll(() => server.close());

function logs(options: Partial<DiagnosticLogsOptions> = {}): RegistryLogs {
  warnings.length = 0;
  waits.length = 0;
  return diagnosticLogs({
    source,
    credential: credential('a token'),
    endpoint: server.url,
    ca: server.ca,
    log: { info: () => {}, warn: (...line) => void warnings.push(line), error: () => {} },
    retry: { pause: async (ms) => void waits.push(ms), random: () => 0 },
    ...options,
  });
}

/** A row of ContainerRegistryRepositoryEvents with its documented columns. */
function repositoryEvent(what: TableRow = {}): TableRow {
  return {
    TenantId: workspaceId,
    TimeGenerated: '2026-05-02T14:10:00.1234567Z',
    OperationName: 'Push',
    Category: 'ContainerRegistryRepositoryEvents',
    CorrelationId: '7c66f28b-de19-40a4-821c-6f5f6c0003a4',
    ResultType: 'HttpStatusCode',
    ResultDescription: '201',
    DurationMs: '143',
    Region: 'West Europe',
    LoginServer: 'contoso.azurecr.io',
    Repository: 'team/app',
    Tag: '1.4.2',
    Digest: digestOf('one'),
    Size: 3_023,
    MediaType: 'application/vnd.oci.image.manifest.v1+json',
    ArtifactType: '',
    Identity: 'ci@contoso.com',
    CallerIpAddress: '203.0.113.7',
    UserAgent: 'docker/27.3.1',
    UserTenantId: '00000000-0000-0000-0000-000000000002',
    SourceSystem: 'Azure',
    Type: 'ContainerRegistryRepositoryEvents',
    _ResourceId: resourceId,
    ...what,
  };
}

/** A row of ContainerRegistryLoginEvents with its documented columns. */
function loginEvent(what: TableRow = {}): TableRow {
  return {
    TenantId: workspaceId,
    TimeGenerated: '2026-05-02T14:09:00.7654321Z',
    OperationName: 'Login',
    Category: 'ContainerRegistryLoginEvents',
    CorrelationId: 'f06e3921-301f-42ec-b368-212f7d5354bd',
    ResultType: 'HttpStatusCode',
    ResultDescription: '200',
    DurationMs: '21',
    Region: 'West Europe',
    LoginServer: 'contoso.azurecr.io',
    Identity: 'ci@contoso.com',
    CallerIpAddress: '203.0.113.7',
    JwtId: '00000000-0000-0000-0000-000000000003',
    UserAgent: 'docker/27.3.1',
    SourceSystem: 'Azure',
    Type: 'ContainerRegistryLoginEvents',
    _ResourceId: resourceId,
    ...what,
  };
}

const holding = (...rows: readonly TableRow[]) => server.hold({ ContainerRegistryRepositoryEvents: rows });
const changes = (of = logs()) => gathered(of.changes({ from, to }));

describe('when the log of operations is read', () => {
  it('is what the documented columns say', async () => {
    holding(repositoryEvent());
    expect(await changes()).toEqual([
      {
        repository: 'team/app',
        action: 'push',
        operation: 'Push',
        at: Date.UTC(2026, 4, 2, 14, 10, 0, 123),
        digest: digestOf('one'),
        tag: '1.4.2',
        identity: 'ci@contoso.com',
        address: '203.0.113.7',
        userAgent: 'docker/27.3.1',
        correlationId: '7c66f28b-de19-40a4-821c-6f5f6c0003a4',
      },
    ]);
  });

  it('asks by the registry itself, with a token of the identity', async () => {
    holding();
    await changes();
    expect(server.asked).toMatchObject([
      { path: `/v1${resourceId}/query`, authorization: 'Bearer a token', prefer: 'wait=60' },
    ]);
    expect(server.asked[0]?.query).not.toContain('LoginServer');
  });

  it('asks in a workspace for the one registry', async () => {
    holding(repositoryEvent(), repositoryEvent({ LoginServer: 'fabrikam.azurecr.io' }));
    const inWorkspace = logs({ source: { loginServer: 'contoso.azurecr.io', workspaceId } });
    expect(await changes(inWorkspace)).toHaveLength(1);
    expect(server.asked[0]?.path).toBe(`/v1/workspaces/${workspaceId}/query`);
  });

  it('writes no name into the query as it is', async () => {
    holding();
    const named = logs({ source: { loginServer: 'a" or 1==1 //', workspaceId } });
    await expect(changes(named)).rejects.toMatchObject(aFault('logs-400', false));
    const [, , where] = server.asked[0]?.query.split('\n| ') ?? [];
    expect(where).toBe(
      'where LoginServer =~ "a\\u0022\\u0020or\\u00201\\u003d\\u003d1\\u0020\\u002f\\u002f"',
    );
  });

  it('passes over pulls, and what the registry refused', async () => {
    holding(
      repositoryEvent({ OperationName: 'Pull' }),
      repositoryEvent({ ResultDescription: '404' }),
      repositoryEvent({ ResultDescription: '503' }),
      repositoryEvent({ OperationName: 'PurgeQuarantine' }),
      repositoryEvent({ OperationName: 'Untag', ResultDescription: '202' }),
    );
    expect((await changes()).map(({ operation }) => operation)).toEqual(['Untag']);
    expect(warnings).toEqual([]);
  });

  it('takes what is empty, or is no tag or digest, for absent', async () => {
    holding(
      repositoryEvent({ Tag: digestOf('one'), Digest: 'sha256:short', Identity: '', CallerIpAddress: null }),
    );
    const [record] = await changes();
    expect(Object.keys(record ?? {}).sort()).toEqual(
      ['action', 'at', 'correlationId', 'operation', 'repository', 'userAgent'].sort(),
    );
  });

  it('bounds and cleans what a client chooses', async () => {
    holding(repositoryEvent({ UserAgent: `a\n\u202e${'x'.repeat(9_000)}`, Identity: 'y'.repeat(9_000) }));
    const [record] = await changes();
    expect(record?.userAgent).toMatch(/^a\uFFFD\uFFFDx+$/);
    expect([record?.userAgent?.length, record?.identity?.length]).toEqual([512, 256]);
  });

  it('leaves out and counts what cannot be read', async () => {
    holding(
      repositoryEvent({ Repository: '../etc' }),
      repositoryEvent({ Repository: '' }),
      repositoryEvent(),
    );
    expect(await changes()).toHaveLength(1);
    expect(warnings).toEqual([
      [
        'log records not read',
        { registry: 'contoso.azurecr.io', table: 'ContainerRegistryRepositoryEvents', unreadable: 2 },
      ],
    ]);
  });

  it.each([1, 2, 3, 4, 1_000])(
    'reads all of it, each once, in answers of %i rows or more',
    async (pageSize) => {
      const times = ['00.0000000', '01.0000001', '01.0000002', '01.0000003', '02.5', '59.9999999'];
      holding(
        ...times.map((second, index) =>
          repositoryEvent({
            TimeGenerated: `2026-05-02T14:10:${second}Z`,
            CorrelationId: `request-${index}`,
          }),
        ),
      );
      const reading = changes(logs({ pageSize }));
      if (pageSize <= 3) {
        // Three rows of one millisecond do not fit with a row to go on from.
        if (pageSize < 3) await expect(reading).rejects.toMatchObject(aFault('logs-too-many', false));
        else await reading.catch(() => undefined);
        return;
      }
      expect((await reading).map(({ correlationId }) => correlationId)).toEqual(
        times.map((_, index) => `request-${index}`),
      );
    },
  );
});

describe('when the log of logins is read', () => {
  it('is the successful ones', async () => {
    server.hold({
      ContainerRegistryLoginEvents: [
        loginEvent(),
        loginEvent({ ResultDescription: '401', Identity: 'mallory' }),
      ],
    });
    expect(await gathered(logs().logins({ from, to }))).toEqual([
      {
        at: Date.UTC(2026, 4, 2, 14, 9, 0, 765),
        identity: 'ci@contoso.com',
        address: '203.0.113.7',
        correlationId: 'f06e3921-301f-42ec-b368-212f7d5354bd',
      },
    ]);
  });
});

describe('when the logs cannot be read', () => {
  const html = { headers: { 'Content-Type': 'text/html' }, body: '<html>busy</html>' };

  it.each([429, 503])('waits after a %i and asks again', async (status) => {
    holding(repositoryEvent());
    server.answer({ status, ...html, headers: { ...html.headers, 'Retry-After': '7' } });
    expect(await changes()).toHaveLength(1);
    expect(waits).toEqual([7_000]);
  });

  it.each<[string, number, unknown, string, boolean]>([
    ['no right to read', 403, refusal('InsufficientAccessError', 'no access'), 'logs-403', false],
    ['a table that is not there', 400, refusal('BadArgumentError', 'no table'), 'logs-400', false],
    ['a page of a proxy', 404, '<html>', 'logs-404', false],
    ['an answer that is no JSON', 200, '{', 'logs-unreadable', false],
    ['an answer without tables', 200, {}, 'logs-unreadable', false],
    ['an answer with no table', 200, { tables: [] }, 'logs-unreadable', false],
    [
      'a row without its time',
      200,
      {
        tables: [
          { name: 'PrimaryResult', columns: [{ name: 'TimeGenerated', type: 'datetime' }], rows: [['soon']] },
        ],
      },
      'logs-unreadable',
      false,
    ],
    [
      'part of what was asked for',
      200,
      {
        tables: [{ name: 'PrimaryResult', columns: [], rows: [] }],
        ...refusal('PartialError', 'some shards'),
      },
      'logs-partial',
      true,
    ],
  ])('tells whether it is worth trying again: %s', async (_, status, body, code, retryable) => {
    holding();
    server.answer({ status, body });
    await expect(changes()).rejects.toMatchObject(aFault(code, retryable));
    expect(waits).toEqual([]);
  });

  it('gives up after five attempts, retryable', async () => {
    holding();
    server.answer(...Array.from({ length: 5 }, () => ({ status: 429, ...html })));
    await expect(changes()).rejects.toMatchObject(aFault('logs-429', true));
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000]);
  });

  it('is retryable when nobody answers', async () => {
    const nowhere = logs({ endpoint: 'https://localhost:1', retry: { attempts: 1 } });
    await expect(changes(nowhere)).rejects.toMatchObject(aFault('logs-unreachable', true));
  });

  it('is a matter of the credential when that gives no token', async () => {
    const refused = Object.assign(new Error('refused'), { statusCode: 400 });
    const without = logs({ credential: { getToken: () => Promise.reject(refused) } });
    await expect(changes(without)).rejects.toMatchObject(aFault('logs-credential', false));
  });
});
