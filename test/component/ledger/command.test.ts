import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { evidenceArchive } from '../../../src/api/evidence-archive.ts';
import type { EvidencePack } from '../../../src/ledger/evidence-pack.ts';
import { verifierKeyText } from '../../../src/ledger/signed-note.ts';
import { type Azurite, startAzurite } from '../../builders/azurite.ts';
import { registry, sealedLog, sizesIn } from '../../builders/built-log.ts';
import { evidencePacks } from '../../builders/evidence-pack.ts';
import { writtenLog } from '../../builders/log-folder.ts';
import { noteSigner } from '../../builders/note-signer.ts';

const { files, key, size } = sealedLog(600, 250, 'ed25519');
const origin = `acr-audit/${registry}`;
const vkey = verifierKeyText(key.keyOf(origin));
const sizes = sizesIn(files);
const noteOf = (at: number) => Buffer.from(files.get(`checkpoints/${at}`) ?? []);

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

let folder: string;
let kept: string;
beforeAll(async () => {
  folder = await writtenLog(files);
  kept = await mkdtemp(join(tmpdir(), 'acr-audit-kept-'));
  await writeFile(join(kept, 'newest'), noteOf(size));
  await writeFile(join(kept, 'other'), noteOf(size).toString().replaceAll(registry, 'fabrikam.azurecr.io'));
  await writeFile(join(kept, 'keys'), `# of the log\n\n${vkey}\n`);
});
afterAll(() => Promise.all([folder, kept].map((path) => rm(path, { recursive: true, force: true }))));

/** Runs the command as a process of its own. */
async function verify(args: readonly string[], settings: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, ['src/verify.ts', ...args], {
    env: settings,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [[code], stdout, stderr] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ]);
  const answer: unknown = stdout === '' ? undefined : JSON.parse(stdout);
  return { code, answer, stderr };
}

/** A folder with one file that is another. */
async function withFile(path: string, bytes: Uint8Array): Promise<string> {
  return writtenLog(new Map(files).set(path, bytes));
}

describe('the command, on a folder', () => {
  it('when the log is as it was signed, says what it has and passes', async () => {
    const { code, answer, stderr } = await verify(['--from', folder, '--key', vkey, '--checkpoint', kept]);
    expect(answer).toMatchObject({
      registry,
      ok: true,
      summary: {
        size,
        records: 600,
        kept: 1,
        areSignaturesVerified: true,
        sealedAt: expect.stringMatching(isoTime),
      },
      warnings: [],
    });
    expect(stderr).toContain(`${registry}: ${size} entries, 600 records`);
    expect(code).toBe(0);
  });

  it('when the key is in a file and the log below a folder of its registry, finds both', async () => {
    const below = await writtenLog(
      new Map([...files].map(([path, bytes]) => [`${registry}/${path}`, bytes])),
    );
    const { code, answer } = await verify(['--from', below, '--key', join(kept, 'keys')]);
    expect(answer).toMatchObject({
      ok: true,
      warnings: [expect.stringContaining('was not cut off is not shown')],
    });
    expect(code).toBe(0);
    await rm(below, { recursive: true });
  });

  it('when no key is given, says loudly that nothing is trusted, and does not pass unless told to', async () => {
    const { code, answer, stderr } = await verify(['--from', folder]);
    expect(answer).toMatchObject({ ok: true, summary: { areSignaturesVerified: false } });
    expect(stderr).toContain('NO KEY WAS GIVEN');
    expect(code).toBe(1);
    expect(await verify(['--from', folder, '--no-key'])).toMatchObject({ code: 0 });
  });

  it('when a record was edited, names it and fails', async () => {
    const path = 'tile/entries/001';
    const edited = Buffer.from(
      Buffer.from(files.get(path) ?? [])
        .toString('latin1')
        .replace('1.0.300"', '1.0.301"'),
      'latin1',
    );
    const tampered = await withFile(path, edited);
    const { code, answer, stderr } = await verify(['--from', tampered, '--key', vkey]);
    expect(answer).toMatchObject({ ok: false, problem: { code: 'entry-changed', path, index: 301 } });
    expect(stderr).toContain('FAILED entry-changed: entry 301');
    expect(code).toBe(1);
    await rm(tampered, { recursive: true });
  });

  it('when the tail was cut off, a kept checkpoint tells, and files that were left are told of', async () => {
    const left = new Map(files);
    left.delete(`checkpoints/${size}`);
    const cut = await writtenLog(left);
    const { code, answer } = await verify([
      '--from',
      cut,
      '--key',
      vkey,
      '--checkpoint',
      join(kept, 'newest'),
    ]);
    expect(answer).toMatchObject({
      ok: false,
      problem: { code: 'older-than-witnessed' },
      warnings: [expect.stringContaining('beyond the newest checkpoint')],
    });
    expect(code).toBe(1);
    await rm(cut, { recursive: true });
  });

  it('when a named checkpoint is of another log, or another key is trusted, fails', async () => {
    const other = await verify(['--from', folder, '--key', vkey, '--checkpoint', join(kept, 'other')]);
    expect(other).toMatchObject({ code: 1, answer: { problem: { code: 'wrong-origin' } } });
    const stranger = verifierKeyText(noteSigner().keyOf(origin));
    expect(await verify(['--from', folder, '--key', stranger])).toMatchObject({
      code: 1,
      answer: { problem: { code: 'unknown-key' } },
    });
  });

  it('when a record has a name that turns the direction of writing, prints none of it', async () => {
    const path = 'tile/entries/001';
    const hostile = Buffer.from(files.get(path) ?? []);
    const at = hostile.indexOf('team/app-');
    Buffer.from('\u202e\u001b[2J').copy(hostile, at);
    const tampered = await withFile(path, hostile);
    const { code, stderr } = await verify(['--from', tampered, '--key', vkey]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^[\n -~]*$/);
    await rm(tampered, { recursive: true });
  });

  it.each([
    [[], '--from is missing'],
    [['--from', 'nowhere'], 'is no folder'],
    [['--from', '.', '--nonsense'], 'nonsense'],
    [['--from', '.', '--key', 'nothing'], 'neither a key nor a file'],
    [['--from', '.', '--key', 'package.json'], 'a line that is no key'],
    [['--from', '.', '--key', vkey, '--no-key'], 'exclude each other'],
    [['--from', '.', '--key', vkey, '--checkpoint', 'nowhere'], 'is not there'],
    [['--from', 'src'], '--registry is missing'],
    [['--from', 'http://'], 'is no URL'],
  ])('when it is misused (%#), says how it is used', async (args, problem) => {
    const { code, stderr } = await verify(args);
    expect(stderr).toContain(problem);
    expect(code).toBe(2);
  });

  it('when there is no log in the folder, does not pass', async () => {
    const { code, answer } = await verify(['--from', 'src', '--key', vkey]);
    expect(answer).toMatchObject({ ok: false, problem: { code: 'no-checkpoint' } });
    expect(code).toBe(1);
  });
});

describe('the command, on a service', () => {
  let server: Server;
  let url: string;
  let head: number;
  let busy: number;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = (request.url ?? '').replace(`/api/v1/ledger/logs/${registry}/`, '');
      if (request.headers.authorization !== 'Bearer secret') return void response.writeHead(401).end();
      if (busy > 0) {
        busy -= 1;
        return void response.writeHead(503).end();
      }
      const served =
        { checkpoint: noteOf(head), checkpoints: JSON.stringify(sizes) }[path] ?? files.get(path);
      if (served === undefined) return void response.writeHead(404).end();
      response.end(served);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/api/v1/ledger/logs/${registry}`;
  });
  afterAll(() => void server.close());

  it('when the log is as it was signed, passes, though an answer is late', async () => {
    [head, busy] = [size, 1];
    const { code, answer } = await verify(['--from', url, '--key', vkey], { ACR_AUDIT_TOKEN: 'secret' });
    expect(answer).toMatchObject({ ok: true, summary: { size, kept: 1 } });
    expect(code).toBe(0);
  });

  it('when it shows an old checkpoint, fails', async () => {
    [head, busy] = [sizes[0] ?? 0, 0];
    const { code, answer } = await verify(['--from', url, '--key', vkey], { ACR_AUDIT_TOKEN: 'secret' });
    expect(answer).toMatchObject({ ok: false, problem: { code: 'replayed-checkpoint', path: 'checkpoint' } });
    expect(code).toBe(1);
  });

  it('when it does not let the caller in, or does not answer, tells that apart from a failure', async () => {
    [head, busy] = [size, 0];
    const refused = await verify(['--from', url, '--key', vkey]);
    expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('answers 401') });
    expect(await verify(['--from', 'http://127.0.0.1:1/', '--key', vkey])).toMatchObject({ code: 3 });
  });

  it('when the token would be sent in the clear, sends nothing', async () => {
    const { code, stderr } = await verify(['--from', 'http://contoso.example/', '--key', vkey], {
      ACR_AUDIT_TOKEN: 'secret',
    });
    expect(stderr).toContain('https only');
    expect(code).toBe(2);
  });
});

describe('the command, with rows', () => {
  let azurite: Azurite;
  beforeAll(async () => {
    azurite = await startAzurite();
  });
  afterAll(() => azurite.stop());

  it('when the tables have none of the rows, names those that are missing, and counts all', async () => {
    const settings = { AuditStorage: azurite.connectionString, REGISTRIES: registry };
    const { code, answer } = await verify(['--from', folder, '--key', vkey, '--rows'], settings);
    expect(answer).toMatchObject({
      ok: false,
      rows: {
        ok: false,
        same: 0,
        wrong: 1_200,
        problems: expect.arrayContaining([
          expect.objectContaining({ code: 'row-missing', index: 0, repository: 'team/app-0' }),
        ]),
      },
    });
    expect(code).toBe(1);
  });

  it('when the settings do not audit the registry, or say nothing, is misused', async () => {
    const other = { AuditStorage: azurite.connectionString, REGISTRIES: 'fabrikam.azurecr.io' };
    const args = ['--from', folder, '--key', vkey, '--rows'];
    expect(await verify(args, other)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('REGISTRIES'),
    });
    expect(await verify(args)).toMatchObject({ code: 2 });
  });
});

describe('the command, on evidence', () => {
  let pack: EvidencePack;
  let trusted: string;
  beforeAll(async () => {
    const packs = await evidencePacks();
    pack = await packs.pack();
    trusted = verifierKeyText(packs.key);
  });

  async function file(name: string, content: string | Uint8Array): Promise<string> {
    const path = join(kept, name);
    await writeFile(path, content);
    return path;
  }

  it('when it is as it was signed, says what it proves and passes', async () => {
    const { code, answer, stderr } = await verify([
      ...['--evidence', await file('release.zip', evidenceArchive(pack)), '--key', trusted],
    ]);
    expect({ code, answer }).toMatchObject({ code: 0, answer: { ok: true, hasSummary: true } });
    expect(stderr).toContain('records proven');
  });

  it('when a record in it was edited, says where and fails', async () => {
    const edited = JSON.stringify(pack).replace('prod', 'test');
    const { code, answer, stderr } = await verify([
      ...['--evidence', await file('edited.json', edited), '--key', trusted],
    ]);
    expect({ code, answer }).toMatchObject({ code: 1, answer: { ok: false } });
    expect(stderr).toContain('FAILED');
  });

  it('when no key is trusted, or it is none, does not pass', async () => {
    const path = await file('other.zip', 'no evidence');
    expect((await verify(['--evidence', path])).code).toBe(2);
    expect((await verify(['--evidence', path, '--key', trusted])).code).toBe(1);
    expect((await verify(['--evidence', join(kept, 'nothing'), '--key', trusted])).code).toBe(3);
  });
});
