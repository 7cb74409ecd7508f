import { afterEach, describe, expect, it } from '@jest/globals';
import { type CommandRunOptions, runCommand } from '../../builders/command-run.ts';
import { type ScriptedAnswer, scriptedService } from '../../builders/scripted-service.ts';

let service: Awaited<ReturnType<typeof scriptedService>> | undefined;

async function against(
  answers: readonly ScriptedAnswer[],
  args: readonly string[],
  options?: CommandRunOptions,
) {
  service = await scriptedService(...answers);
  return runCommand([...args, '--api', service.url], options);
}

afterEach(async () => {
  await service?.close();
  service = undefined;
});

const digest = `sha256:${'a1'.repeat(32)}`;
const hostile = '\u202etxt\u001b[31m\n=cmd';

function entry(tag: string) {
  return {
    ...{ registry: 'contoso.azurecr.io', repository: 'team/app', tag, digest, kind: 'created' },
    occurredAt: '2026-05-02T14:03:00.000Z',
    recordedAt: '2026-05-02T14:03:00.412Z',
    source: 'event',
    client: { userAgent: `<script>${hostile}` },
    locations: [],
    eventId: tag,
    recordId: tag,
    image: `contoso.azurecr.io/team/app@${digest}`,
  };
}

describe('when the service says no, or nothing', () => {
  const problem = (status: number, type: string) => ({
    status,
    headers: { 'content-type': 'application/problem+json' },
    json: { type: `urn:acr-audit:problem:${type}`, title: 'A title', status, detail: 'A detail.' },
  });

  it.each<[string, ScriptedAnswer, number, string]>([
    ['a parameter is wrong', problem(400, 'invalid-parameters'), 2, 'A title. A detail.'],
    ['nobody is signed in', problem(401, 'not-signed-in'), 3, 'wants its callers signed in (401)'],
    [
      'it leads to a page to sign in at',
      { status: 302, text: '', headers: { location: 'https://x' } },
      3,
      '(302)',
    ],
    ['the caller lacks a role', problem(403, 'not-allowed'), 3, 'A detail.'],
    ['the policy refuses', problem(403, 'policy-refuses'), 1, 'A detail.'],
    ['there is no such thing', problem(404, 'tag-unknown'), 1, 'A detail.'],
    ['it is refused', problem(409, 'tag-moved'), 1, 'A detail.'],
    ['something broke', problem(500, 'internal'), 3, 'A detail.'],
    ['another server is there', { status: 404, text: '<html>' }, 3, 'is --api the address'],
    ['it answers something else', { json: { items: 'none' } }, 3, 'is it another version?'],
    ['it answers no JSON', { text: 'hello' }, 3, 'is it another version?'],
    ['it breaks off', 'break-off', 3, 'broke off its answer'],
    ['it is silent', 'silence', 3, 'it took too long'],
  ])('when %s', async (_, answer, code, text) => {
    const ran = await against([answer], ['history', '--timeout', '1']);
    expect(ran).toMatchObject({ code, out: '', err: expect.stringContaining(text) });
    expect(ran.err).toMatch(/^acr-audit: .*\n$/);
  });

  it('when it is not there', async () => {
    const gone = await scriptedService('silence');
    await gone.close();
    expect(await runCommand(['status', '--api', gone.url])).toEqual({
      code: 3,
      out: '',
      err: expect.stringContaining('does not answer: connect ECONNREFUSED'),
    });
  });

  it('when what it says is meant to mislead, only text is printed', async () => {
    const { err } = await against(
      [{ status: 409, json: { title: `no ${hostile}`, type: 'x' } }],
      ['resolve', 'team/app:1'],
    );
    expect(err).toBe('acr-audit: no \\u{202e}txt\\u{1b}[31m\\u{a}=cmd\n');
  });
});

describe('when the service is busy', () => {
  it('what only reads is asked for again after as long as it says', async () => {
    const busy = { status: 503, headers: { 'retry-after': '3' }, json: { title: 'busy' } };
    const pauses: number[] = [];
    const ran = await against([busy, busy, { json: { items: [] } }], ['history'], {
      pause: async (ms) => void pauses.push(ms),
    });
    expect(ran.code).toBe(0);
    expect(pauses).toEqual([3_000, 3_000]);
    expect(service?.got).toHaveLength(3);
  });

  it('what changes something is asked for once', async () => {
    const busy = { status: 503, headers: { 'retry-after': '3' }, json: { title: 'busy' } };
    const args = ['approve', 'team/app:1', '--environment', 'production', '--reason', 'r'];
    expect((await against([busy], args)).code).toBe(3);
    expect(service?.got).toHaveLength(1);
  });
});

describe('when a list has several pages', () => {
  const pages: readonly ScriptedAnswer[] = [
    { json: { items: [entry('1'), entry('2')], cursor: 'more' } },
    { json: { items: [entry('3')] } },
  ];

  it('--all reads them all, and tells on a terminal how far it has come', async () => {
    const ran = await against(pages, ['history', '--all', '-o', 'ndjson'], { isTerminal: true });
    expect(
      ran.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).tag),
    ).toEqual(['1', '2', '3']);
    expect(ran.err).toBe('\r\u001b[K2 read …\r\u001b[K');
    expect(service?.got.map(({ url }) => url)).toEqual([
      '/api/v1/history?limit=1000',
      '/api/v1/history?limit=1000&cursor=more',
    ]);
  });

  it('--limit reads no more than it says, and says that there is more', async () => {
    const ran = await against(pages, ['history', '--limit', '2']);
    expect(service?.got.map(({ url }) => url)).toEqual(['/api/v1/history?limit=2']);
    expect(ran.err).toBe('These are the first 2. --limit <count> or --all shows more.\n');
  });

  it('when it breaks off after a page, what was read is there and the end is a fault', async () => {
    const [first = 'silence'] = pages;
    const ran = await against([first, 'break-off'], ['history', '--all', '-o', 'csv']);
    expect([ran.code, ran.out.trim().split('\n')]).toEqual([3, expect.arrayContaining([expect.any(String)])]);
    expect(ran.out.trim().split('\n')).toHaveLength(3);
  });
});

describe('when names and user agents are meant to mislead', () => {
  const page: ScriptedAnswer = { json: { items: [{ ...entry('=1+1'), client: { userAgent: hostile } }] } };

  it.each(['table', 'csv'])('%s shows them as text of one line', async (form) => {
    const { out } = await against([page], ['history', '--output', form, '--wide']);
    expect(out.split('\n')).toHaveLength(3);
    expect(out).toContain('\\u{202e}txt\\u{1b}[31m\\u{a}=cmd');
    expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  it('csv makes what begins like a formula text', async () => {
    const { out } = await against([page], ['history', '--output', 'csv']);
    expect(out).toContain(",'=1+1,");
  });

  it.each(['json', 'ndjson'])('%s says the same, escaped', async (form) => {
    const { out } = await against([page], ['history', '--output', form]);
    expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    const told = JSON.parse(out);
    expect((told.items?.[0] ?? told).client.userAgent).toBe(hostile);
  });
});

describe('when output goes to a terminal', () => {
  const page: ScriptedAnswer = { json: { items: [{ ...entry('1'), kind: 'deleted' }] } };

  it('tables have colours', async () => {
    const { out } = await against([page], ['history'], { isTerminal: true });
    expect(out).toContain('\u001b[31mdeleted\u001b[39m');
  });

  it.each<[string, CommandRunOptions]>([
    ['it is no terminal', {}],
    ['NO_COLOR is set', { isTerminal: true, env: { NO_COLOR: '1' } }],
    ['the terminal has none', { isTerminal: true, env: { TERM: 'dumb' } }],
  ])('they have none when %s', async (_, options) => {
    const { out } = await against([page], ['history'], options);
    expect(out).not.toContain('\u001b');
  });
});

describe('when somebody has to sign in', () => {
  it('the token for the scope goes along with each request, and is asked for once', async () => {
    const scopes: string[] = [];
    const token = async (scope: string) => {
      scopes.push(scope);
      return 'the-token';
    };
    const found = [{ json: { items: [entry('1')], cursor: 'x' } }, { json: { items: [] } }];
    const ran = await against(found, ['history', '--all', '--scope', 'api://audit/.default'], { token });
    expect(ran.code).toBe(0);
    expect(scopes).toEqual(['api://audit/.default']);
    expect(service?.got.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer the-token',
      'Bearer the-token',
    ]);
  });

  it('the scope may come from the environment', async () => {
    const env = { ACR_AUDIT_SCOPE: 'api://audit/.default' };
    await against([{ json: { items: [] } }], ['history'], { env, token: async (scope) => scope });
    expect(service?.got[0]?.headers.authorization).toBe('Bearer api://audit/.default');
  });

  it('when nobody is, it says how to, and ends with 3', async () => {
    const ran = await against([{ json: {} }], ['status', '--scope', 'api://audit/.default']);
    expect(ran).toMatchObject({ code: 3, err: expect.stringContaining('run "az login"') });
    expect(service?.got).toEqual([]);
  });

  it('on one machine nobody does', async () => {
    await against([{ json: { items: [] } }], ['history', '--as', 'alice']);
    expect(service?.got[0]?.headers).toMatchObject({ 'x-dev-principal': 'alice' });
    expect(service?.got[0]?.headers.authorization).toBeUndefined();
  });

  it('nobody can be somebody else', async () => {
    const args = ['history', '--as', 'alice', '--scope', 'api://audit/.default'];
    expect((await against([{ json: {} }], args)).code).toBe(2);
  });

  it('the address may come from the environment', async () => {
    service = await scriptedService({ json: { items: [] } });
    expect(await runCommand(['history'], { env: { ACR_AUDIT_API: service.url } })).toMatchObject({
      code: 0,
      out: 'Nothing is known to have happened.\n',
    });
  });
});
