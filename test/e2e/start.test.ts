import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { start } from '../builders/started.ts';

/** Ids of running processes whose command line holds a text, where the system tells (`/proc`). */
async function processesNaming(text: string): Promise<readonly number[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')));
  return ids.filter((_, index) => lines[index]?.replaceAll('\0', ' ').includes(text)).map(Number);
}

const whereProcessesAreTold = existsSync('/proc/self/cmdline') ? it : it.skip;

describe('when everything is started with the story, once', () => {
  const run = start('--once');
  let code: unknown;
  beforeAll(async () => {
    code = await run.ended;
  });
  afterAll(() => void run.child.kill('SIGKILL'));

  it('ends well', () => {
    expect({ code, last: run.told.slice(-3) }).toMatchObject({ code: 0 });
  });

  it('prints one line of JSON for each part', () => {
    expect([...run.components.keys()]).toEqual(['storage', 'registry', 'kubernetes', 'azure', 'host']);
    expect(run.components.get('registry')).toMatchObject({
      url: expect.stringMatching(/^https:\/\/localhost:\d+$/),
      ca: expect.stringMatching(/\.crt$/),
      username: expect.any(String),
      password: expect.any(String),
    });
    const functions = run.components.get('host')?.['functions'];
    expect(functions).toEqual(
      expect.arrayContaining(['registryEvents', 'reconcileRegistries', 'getHistory']),
    );
  });

  it('asks nine questions and answers them from what it pushed', () => {
    const text = run.told.join('\n');
    const answers = text.split(/\n\n\d\. /).slice(1);
    expect(answers).toHaveLength(9);
    const second = /The second version is (sha256:[0-9a-f]{64})/.exec(text)?.[1];
    const index = /gateway's index (sha256:[0-9a-f]{64})/.exec(text)?.[1];
    const [now, before, moves, first, gateway, deployed, used, going, proven] = answers;
    expect(now).toContain(`→ ${second}, since `);
    const firstDigest = /→ (sha256:[0-9a-f]{64}), since .*, until /.exec(before ?? '')?.[1];
    expect(firstDigest).not.toBe(second);
    expect(moves).toMatch(new RegExp(`prod moved ${second}[^]*prod created ${firstDigest}`));
    expect(first).toMatch(new RegExp(`deleted ${firstDigest}[^]*created ${firstDigest}`));
    expect(gateway).toContain(`created ${index}`);
    expect(gateway?.match(/→/g)).toHaveLength(3);
    expect(deployed).toMatch(/→ approval \d{13}-[0-9a-f]{12}: protected/);
    expect(deployed).toContain('refused with 405');
    expect(deployed).toContain('→ verdict: pass');
    expect(used).toMatch(/→ cluster: Deployment web, running \(exact\)/);
    expect(used).toMatch(/→ compose: Compose preview, desired \(inferred\)/);
    expect(used).toMatch(
      /ALERT critical DeletedDigestInUse opened, .*team\/app@sha256:.*Deployment shop\/web/,
    );
    expect(used).toContain('The way back: ');
    expect(going).toMatch(/→ .*team\/app:prod: no: .*in-use \(/);
    expect(going).toMatch(/→ .*team\/gateway@sha256:\S+: no: .*part-of-kept/);
    expect(proven).toMatch(/→ record \d+ of \d+, proven by \d+ hashes and a signed checkpoint/);
    expect(going).toMatch(/A plan of everything that may go: 0 of \d+ tags, 0 of \d+ manifests/);
  });

  whereProcessesAreTold('leaves no process', async () => {
    const table = String(run.components.get('storage')?.['tableEndpoint']).split(':')[2]?.split('/')[0];
    expect(await processesNaming(`--tablePort ${table}`)).toEqual([]);
  });
});

describe('when it is interrupted', () => {
  it('stops everything and ends well', async () => {
    const run = start('--no-story');
    await run.ready;
    const host = String(run.components.get('host')?.['url']);
    expect((await fetch(`${host}/api/v1/health`)).status).toBe(200);
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(0);
    await expect(fetch(`${host}/api/v1/health`)).rejects.toThrow();
    const port = new URL(host).port;
    if (existsSync('/proc/self/cmdline')) expect(await processesNaming(`--port ${port}`)).toEqual([]);
  });

  whereProcessesAreTold('starts the host again when a function ended it', async () => {
    const run = start('--no-story');
    await run.ready;
    const host = String(run.components.get('host')?.['url']);
    const [id] = await processesNaming(`host/main.ts --port ${new URL(host).port}`);
    process.kill(id ?? Number.NaN, 'SIGKILL');
    const answered = async () => (await fetch(`${host}/api/v1/health`).catch(() => undefined))?.status;
    let status = await answered();
    for (let tries = 0; status !== 200 && tries < 100; tries += 1) {
      await new Promise((done) => setTimeout(done, 100));
      status = await answered();
    }
    expect({ status, told: run.told }).toMatchObject({ status: 200 });
    expect(run.told.join('\n')).toContain('is started again');
    run.child.kill('SIGTERM');
    expect(await run.ended).toBe(0);
  });
});

describe('when the command line is wrong', () => {
  it.each([
    [['--port', 'http'], '--port http is not a port'],
    [['--host', 'docker'], '--host docker is neither embedded nor func'],
    [['--prot', '1'], "Unknown option '--prot'"],
    [['--no-story', '--once'], '--once needs the story'],
  ])('says what is wrong with %j, how it is used, and ends with 2', async (args, reason) => {
    const run = start(...args);
    expect(await run.ended).toBe(2);
    expect(run.told.join('\n')).toContain(reason);
    expect(run.told.join('\n')).toContain('Usage: npm start');
  });
});
