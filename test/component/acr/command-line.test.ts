import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { readArguments } from '../../../local/acr/arguments.ts';
import { basic } from './test-registry.ts';

const readyLine = z.strictObject({
  component: z.literal('registry'),
  url: z.string(),
  loginServer: z.string(),
  ca: z.string(),
  username: z.string(),
  password: z.string(),
  resourceId: z.string(),
});
type Ready = z.infer<typeof readyLine>;

interface Command {
  readonly child: ChildProcess;
  readonly ready: Promise<Ready>;
  readonly ended: Promise<{ readonly code: number | null; readonly errors: string }>;
}

describe('when the registry is run as a command', () => {
  let directory: string;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'registry-command-'));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      child.kill('SIGKILL');
    }
    await rm(directory, { recursive: true, force: true });
  });

  function run(...args: readonly string[]): Command {
    const child = spawn(process.execPath, ['--no-warnings', 'local/acr/main.ts', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    let errors = '';
    child.stderr.on('data', (chunk) => {
      errors += String(chunk);
    });
    const ready = new Promise<Ready>((resolve) => {
      createInterface(child.stdout).once('line', (line) => resolve(readyLine.parse(JSON.parse(line))));
    });
    return {
      child,
      ready,
      ended: new Promise((resolve) => child.on('exit', (code) => resolve({ code, errors }))),
    };
  }

  async function call(ready: Ready, method: string, path: string, body?: string): Promise<number> {
    const ca = await readFile(ready.ca, 'utf8');
    return new Promise((resolve, reject) => {
      request(
        `${ready.url}${path}`,
        {
          method,
          ca,
          agent: false,
          headers: {
            Authorization: basic(ready.username, ready.password),
            'Content-Type': 'application/vnd.oci.image.index.v1+json',
          },
        },
        (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        },
      )
        .on('error', reject)
        .end(body);
    });
  }

  it.each(['SIGINT', 'SIGTERM'] as const)('prints one line when ready and stops on %s', async (signal) => {
    const command = run('--port', '0', '--data', directory, '--name', 'contoso');
    const ready = await command.ready;
    expect(await call(ready, 'GET', '/v2/')).toBe(200);
    expect(ready.resourceId).toMatch(/\/registries\/contoso$/);
    command.child.kill(signal);
    expect((await command.ended).code).toBe(0);
    expect(existsSync(ready.ca)).toBe(true);
  });

  it('leaves nothing behind when it is ephemeral', async () => {
    const command = run('--port', '0', '--ephemeral');
    const { ca } = await command.ready;
    const data = dirname(dirname(ca));
    expect(existsSync(data)).toBe(true);
    command.child.kill('SIGTERM');
    await command.ended;
    expect(existsSync(data)).toBe(false);
  });

  it('has lost nothing it answered for when it is killed', async () => {
    const first = run('--port', '0', '--data', directory);
    const ready = await first.ready;
    const answered: string[] = [];
    const index = '{"schemaVersion":2,"manifests":[]}';
    const pushing = Array.from({ length: 50 }, async (_, number) => {
      const path = `/v2/team/app/manifests/t${number}`;
      if ((await call(ready, 'PUT', path, index)) === 201) {
        answered.push(path);
        if (answered.length === 20) {
          first.child.kill('SIGKILL');
        }
      }
    });
    await Promise.allSettled(pushing);
    await first.ended;
    const second = await run('--port', '0', '--data', directory).ready;
    expect(answered.length).toBeGreaterThanOrEqual(20);
    for (const path of answered) {
      expect(await call(second, 'GET', path)).toBe(200);
    }
  });

  it('says when the port is taken', async () => {
    const { url } = await run('--port', '0', '--data', directory).ready;
    const { port } = new URL(url);
    const { code, errors } = await run('--port', port, '--ephemeral').ended;
    expect(code).toBe(1);
    expect(errors).toContain(`Port ${port} is taken. Choose another with --port.`);
  });

  it('does not share its data with another process', async () => {
    await run('--port', '0', '--data', directory).ready;
    const { code, errors } = await run('--port', '0', '--data', directory).ended;
    expect(code).toBe(1);
    expect(errors).toMatch(/Process \d+ already runs a registry/);
  });

  it('explains itself when it is misused', async () => {
    const { code, errors } = await run('--bogus').ended;
    expect(code).toBe(2);
    expect(errors).toContain('--bogus');
    expect(errors).toContain('Usage: npm run registry');
  });

  it.each([
    ['--port', 'x'],
    ['--port', '70000'],
    ['--name', 'a/b'],
    ['--schema', 'xml'],
    ['--events', 'ftp://contoso.example'],
    ['--events', 'nonsense'],
    ['stray'],
  ])('refuses %s %s', (...args) => {
    expect(readArguments(args)).toHaveProperty('problem');
  });

  it('has defaults', () => {
    expect(readArguments([])).toEqual({
      arguments: {
        port: 5443,
        dataDirectory: '.local/registry',
        ephemeral: false,
        name: 'local',
        location: 'local',
      },
    });
    expect(readArguments(['--events', 'http://localhost:7071/x', '--schema', 'cloudevents'])).toMatchObject({
      arguments: { events: { endpoint: 'http://localhost:7071/x', schema: 'cloudevents' } },
    });
  });
});
