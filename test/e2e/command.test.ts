import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as z from 'zod/mini';
import { originOf } from '../../src/ledger/checkpoint.ts';
import { ed25519Key, verifierKeyText } from '../../src/ledger/signed-note.ts';
import { type CommandRun, type CommandRunOptions, runCommand } from '../builders/command-run.ts';
import { type HostedEstate, hostedEstate } from '../builders/hosted-estate.ts';

/** Milliseconds on a machine that is busy with other things. */
const timeout = 240_000;

let estate: HostedEstate;
let repository: string;
/** The key that the log is signed with, and a record of the log. */
let key: string;
let record: string;

beforeAll(async () => {
  estate = await hostedEstate();
  repository = `${estate.registry.loginServer}/team/app`;
  await estate.seal();
  const ask = async (path: string) => (await fetch(`${estate.address}/api/v1/${path}`)).json();
  key = z.object({ keys: z.array(z.string()) }).parse(await ask('ledger/keys')).keys[0] ?? '';
  const entries = z.object({ items: z.array(z.object({ recordId: z.string() })) });
  record = entries.parse(await ask('history')).items[0]?.recordId ?? '';
}, timeout);
afterAll(async () => {
  await estate?.stop();
}, timeout);

const run = (args: readonly string[], options: CommandRunOptions = {}) =>
  runCommand(args, { env: { ACR_AUDIT_API: estate.address }, ...options });

/** What a command answers as JSON; throws when it ends with something else than told. */
async function told<T>(schema: z.ZodMiniType<T>, args: readonly string[], code = 0): Promise<T> {
  const ran = await run([...args, '--output', 'json']);
  expect(ran).toMatchObject({ code });
  return schema.parse(JSON.parse(ran.out));
}

const approvalForm = z.object({ id: z.string(), environment: z.string(), digest: z.string() });
const verdictForm = z.object({ verdict: z.string(), items: z.array(z.object({ verdict: z.string() })) });
const planForm = z.object({
  id: z.string(),
  state: z.string(),
  hash: z.string(),
  done: z.optional(z.object({ deleted: z.number() })),
});
const findingForm = z.object({ status: z.string(), waiver: z.optional(z.object({ owner: z.string() })) });

describe('when everybody asks', () => {
  /** Commands that only read, by name; what their tables have to say, and what one line of their data has. */
  const reading: readonly (readonly [string, () => readonly string[], string, () => string])[] = [
    ['history of a tag', () => ['history', `${repository}:1.4.2`], 'OCCURRED AT', () => estate.digest],
    ['history by kind', () => ['history', '--kind', 'deleted'], 'deleted', () => estate.gone],
    ['resolve', () => ['resolve', `${repository}:1.4.2`], 'DIGEST', () => estate.digest],
    ['digest by digest', () => ['digest', `${repository}@${estate.digest}`], 'Uses', () => estate.digest],
    ['digest by tag', () => ['digest', 'team/app:1.4.2'], 'Tags', () => estate.digest],
    ['uses', () => ['uses', `${repository}@${estate.digest}`], 'Reference web', () => 'compose'],
    ['findings list', () => ['findings', 'list'], 'DeletedDigestInUse', () => estate.finding],
    ['findings show', () => ['findings', 'show', estate.finding], 'REMEDY', () => estate.finding],
    [
      'retention check',
      () => ['retention', 'check', `${repository}@${estate.digest}`],
      'in-use',
      () => 'in-use',
    ],
    ['status', () => ['status'], 'Registries', () => 'complete'],
    ['verify', () => ['verify', repository, '--environment', 'production'], 'fail', () => 'not-approved'],
    ['ledger checkpoint', () => ['ledger', 'checkpoint', '--key', key], 'ORIGIN', () => 'acr-audit/'],
    ['ledger proof', () => ['ledger', 'proof', record, '--key', key], 'PROVEN', () => record],
    ['retention plans', () => ['retention', 'plans'], 'There is no plan.', () => ''],
  ];
  const ends: ReadonlyMap<string, number> = new Map([
    ['retention check', 1],
    ['verify', 1],
  ]);

  describe.each(reading)('%s', (name, args, table, value) => {
    let runs: ReadonlyMap<string, CommandRun>;
    beforeAll(async () => {
      const forms = ['table', 'json', 'csv', 'ndjson'];
      const all = await Promise.all(
        forms.map(async (form) => [form, await run([...args(), '--output', form, '--wide'])] as const),
      );
      runs = new Map(all);
    });
    const out = (form: string) => runs.get(form)?.out ?? '';

    it('ends as it should, with nothing to complain about, in each form', () => {
      for (const ran of runs.values()) expect(ran).toMatchObject({ code: ends.get(name) ?? 0, err: '' });
    });

    it('is a table of plain text', () => {
      expect(out('table')).toContain(table);
      expect(out('table')).toContain(value());
      expect(out('table')).not.toContain('\u001b');
    });

    it('is one JSON', () => {
      expect(JSON.stringify(JSON.parse(out('json')))).toContain(value());
    });

    it('is one JSON a line, which are those of the whole', () => {
      const lines = out('ndjson')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line));
      const whole = z.looseObject({ items: z.optional(z.array(z.unknown())) }).parse(JSON.parse(out('json')));
      expect(timeless(lines)).toEqual(timeless(whole.items ?? [whole]));
    });

    it('is CSV with a heading and as many cells on every line', () => {
      const rows = cellsOf(out('csv'));
      expect(rows.length).toBeGreaterThan(0);
      expect(new Set(rows.map((cells) => cells.length)).size).toBe(1);
    });
  });

  it('resolve tells what a tag was before it moved, and ends with 1 before it was there', async () => {
    const at = z.object({ since: z.string(), digest: z.string() });
    const { since } = await told(at, ['resolve', 'team/app:1.4.2']);
    const before = new Date(Date.parse(since) - 1).toISOString();
    expect(await told(at, ['resolve', 'team/app:1.4.2', '--at', before])).toMatchObject({
      digest: estate.older,
    });
    expect(await run(['resolve', 'team/app:1.4.2', '--at', '2001-01-01T00:00:00Z'])).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('is before that'),
    });
    expect(await run(['resolve', 'team/app:1.3.0'])).toMatchObject({ code: 1 });
  });

  it('what the service cannot read is of usage', async () => {
    expect(await run(['history', '--from', 'yesterday'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('from: is not an RFC 3339 time'),
    });
    expect(await run(['history', 'fabrikam.azurecr.io/x'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('is not among the audited registries'),
    });
  });
});

describe('when a release manager approves', () => {
  it('it is approved, and then verified', async () => {
    const pinned = `${repository}@${estate.digest}`;
    const verify = ['verify', pinned, '--environment', 'production'];
    expect(await told(verdictForm, verify, 1)).toMatchObject({ verdict: 'fail' });
    const args = [
      ...['approve', `${repository}:1.4.2`, '--environment', 'production', '--reason', 'release 1.4.2'],
      ...['--ticket', 'CHG-1042', '--build', '77', '--commit', 'abcdef0123', '--retain-for', 'P90D'],
      ...['--retain-releases', '2', '--lock-tag', '--notes', 'as discussed', '--scan-tool', 'scanner'],
      ...['--scan-status', 'passed', '--rollback-digest', estate.older, '--monitoring-window', 'PT2H'],
    ];
    const made = await told(
      z.object({
        ...approvalForm.shape,
        ticket: z.string(),
        lockTag: z.boolean(),
        retainReleases: z.number(),
      }),
      args,
    );
    expect(made).toMatchObject({
      digest: estate.digest,
      ticket: 'CHG-1042',
      lockTag: true,
      retainReleases: 2,
    });
    const files = { 'release.txt': `# of this release\n${pinned}\n\n` };
    expect(
      await run(['verify', '--file', 'release.txt', '--environment', 'production'], { files }),
    ).toMatchObject({ code: 0, out: expect.stringContaining('pass') });
    const byTag = ['verify', `${repository}:1.4.2`, '--environment', 'production'];
    expect(await told(verdictForm, byTag)).toMatchObject({ verdict: 'warn' });
    expect(await run([...byTag, '--strict'])).toMatchObject({ code: 1 });
  });

  it('what moved meanwhile is refused with 1', async () => {
    const args = [
      'approve',
      `${repository}:1.4.2@${estate.older}`,
      '--environment',
      'production',
      '--reason',
      'r',
    ];
    expect(await run(args)).toMatchObject({
      code: 1,
      err: expect.stringContaining('points to another digest'),
    });
  });
});

describe('when a finding is worked on', () => {
  it('it is acknowledged, waived, resolved and reopened', async () => {
    const change = (verb: string, ...more: readonly string[]) =>
      told(findingForm, ['findings', verb, estate.finding, '--reason', 'because', ...more]);
    expect(await change('acknowledge')).toMatchObject({ status: 'acknowledged' });
    const until = new Date(Date.now() + 86_400_000).toISOString();
    expect(await change('waive', '--owner', 'ops', '--until', until)).toMatchObject({
      status: 'waived',
      waiver: { owner: 'ops' },
    });
    expect(await run(['findings', 'list'])).toMatchObject({
      out: expect.not.stringContaining(estate.finding),
    });
    expect(await change('resolve')).toMatchObject({ status: 'resolved' });
    expect(await change('reopen')).toMatchObject({ status: 'open' });
    expect(await run(['findings', 'show', estate.finding])).toMatchObject({
      out: expect.stringContaining('DeletedDigestInUse'),
    });
    expect(await run(['findings', 'show', 'f'.repeat(32)])).toMatchObject({ code: 1 });
  });
});

describe('when what may go is planned, approved and removed', () => {
  it(
    'each step is a command, and two people are needed',
    async () => {
      const made = await run(['retention', 'plan', '--output', 'json'], { isTerminal: true });
      expect(made).toMatchObject({ code: 0, err: expect.stringMatching(/ is making: \d+ repositories/) });
      const { id, hash } = planForm.parse(JSON.parse(made.out));
      expect(await told(planForm, ['retention', 'show', id])).toMatchObject({ state: 'ready', hash });
      const items = await run(['retention', 'items', id, '--action', 'delete', '-o', 'csv']);
      // Three that were left, and what the tag pointed to before, which is kept to go back to.
      expect(cellsOf(items.out)).toHaveLength(4);
      expect((await run(['retention', 'plans'])).out).toContain(id);

      const decision = [id, '--hash', hash, '--reason', 'weekly'];
      expect((await run(['retention', 'approve', id, '--hash', '0'.repeat(64), '--reason', 'r'])).code).toBe(
        1,
      );
      const approved = ['retention', 'approve', ...decision, '--as', 'alice'];
      expect(await told(planForm, approved)).toMatchObject({ state: 'approved' });
      expect(await run(['retention', 'execute', ...decision, '--as', 'alice'])).toMatchObject({ code: 1 });
      const executed = ['retention', 'execute', ...decision, '--as', 'bob', '--wait'];
      expect(await told(planForm, executed)).toMatchObject({ state: 'done', done: { deleted: 3 } });
    },
    timeout,
  );
});

describe('when the bundle is run', () => {
  const bundle = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    new Promise<{ readonly code: unknown; readonly out: string; readonly err: string }>((done) => {
      const child = execFile(
        process.execPath,
        ['dist/cli.cjs', ...args],
        { env: { PATH: process.env['PATH'] ?? '', ...env } },
        (error, out, err) => done({ code: error === null ? 0 : error.code, out, err }),
      );
      child.stdin?.end('team/app:1.4.2\n');
    });

  it('answers, and ends as its answers are', async () => {
    const env = { ACR_AUDIT_API: estate.address };
    expect(await bundle(['resolve', 'team/app:1.4.2', '-o', 'json'], env)).toMatchObject({
      code: 0,
      out: expect.stringContaining(estate.digest),
      err: '',
    });
    expect(await bundle(['retention', 'check', '--file', '-'], env)).toMatchObject({ code: 1 });
    expect(await bundle(['histry'], env)).toMatchObject({ code: 2 });
    expect(await bundle(['status', '--api', 'http://127.0.0.1:1'])).toMatchObject({ code: 3 });
  });

  it('loads what signs in only when somebody has to', async () => {
    const args = ['status', '--api', estate.address, '--scope', 'api://audit/.default'];
    // Nobody is signed in here: every way of it fails.
    expect(await bundle(args, { AZURE_TOKEN_CREDENTIALS: 'EnvironmentCredential' })).toMatchObject({
      code: 3,
      err: expect.stringContaining('EnvironmentCredential'),
    });
  });
});

/** Without the times of asking. */
function timeless(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (name, inner) => (['at', 'since'].includes(name) ? undefined : inner)),
  );
}

/** Cells of CSV by lines; quoted cells may hold commas and quotes, and no line feeds. */
function cellsOf(csv: string): readonly (readonly string[])[] {
  return csv
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => [...line.matchAll(/(?:^|,)("(?:[^"]|"")*"|[^,]*)/g)].map(([, cell = '']) => cell));
}

describe('when the log is verified', () => {
  const forms = ['table', 'json', 'csv', 'ndjson'];
  const kept = async () => (await run(['ledger', 'checkpoint', '--note', '--key', key])).out;

  it.each(forms)('it is as it was signed, and says so as %s', async (form) => {
    const files = { kept: await kept(), keys: `# ours\n${key}\n` };
    const given = ['--key', 'keys', '--checkpoint', 'kept', '--output', form];
    const ran = await run(['ledger', 'verify', ...given], { files });
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain(estate.registry.loginServer);
    // When it was sealed, as people and programs read it.
    expect(ran.out).toMatch(/\d{4}-\d\d-\d\dT[\d:.]+Z/);
  });

  it('a checkpoint that is kept is the note as it was signed', async () => {
    const served = await fetch(`${estate.address}/api/v1/ledger/checkpoint`);
    expect(await kept()).toBe(await served.text());
  });

  it('without a key it fails, unless that is asked for, and says what is not shown', async () => {
    const blind = await run(['ledger', 'verify']);
    expect(blind).toMatchObject({ code: 1, err: expect.stringContaining('NO KEY WAS GIVEN') });
    expect(blind.err).toContain('not cut off is not shown');
    expect(await run(['ledger', 'verify', '--no-key'])).toMatchObject({ code: 0 });
  });

  it('another key, or a checkpoint of a longer or another log, is a failure that has a name', async () => {
    const other = ed25519Key(originOf(estate.registry.loginServer), generateKeyPairSync('ed25519').publicKey);
    const stranger = ['--key', verifierKeyText(other)];
    const verified = await run(['ledger', 'verify', ...stranger, '--output', 'json']);
    expect(verified).toMatchObject({ code: 1, out: expect.stringContaining('unknown-key') });
    for (const args of [
      ['checkpoint', ...stranger],
      ['proof', record, ...stranger],
    ]) {
      expect(await run(['ledger', ...args])).toMatchObject({
        code: 1,
        err: expect.stringContaining('unknown-key'),
      });
    }
    const [origin, size, ...rest] = (await kept()).split('\n');
    const longer = [origin, Number(size) + 1_000, ...rest].join('\n');
    const cut = await run(['ledger', 'verify', '--no-key', '--checkpoint', 'longer', '--output', 'json'], {
      files: { longer },
    });
    expect(cut).toMatchObject({ code: 1, out: expect.stringContaining('older-than-witnessed') });
  });

  it('what cannot be read is a fault of usage, and what is not there is a no', async () => {
    for (const args of [
      ['verify', '--key', 'nothing'],
      ['verify', '--checkpoint', 'nothing', '--no-key'],
      ['verify', '--registry', 'fabrikam.azurecr.io'],
    ])
      expect(await run(['ledger', ...args])).toMatchObject({ code: 2 });
    expect(await run(['ledger', 'proof', 'nothing'])).toMatchObject({ code: 1 });
  });
});
