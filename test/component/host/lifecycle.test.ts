import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type AppDirectory,
  bundleApp,
  eventually,
  type HostProcess,
  runHostProcess,
  startHostProcess,
  writeApp,
} from './host-process.ts';

let app: AppDirectory;
let host: HostProcess;
let env: Record<string, string>;

beforeAll(async () => {
  app = await bundleApp('lifecycle');
});
afterAll(async () => {
  await host?.stop();
  await app?.remove();
});

const call = (name: string) => fetch(`${host.url}/api/${name}`);
const trail = async () =>
  (await readFile(env['TRAIL'] ?? '', 'utf8').catch(() => '')).split('\n').filter(Boolean);

describe('a running app', () => {
  beforeAll(async () => {
    env = { TRAIL: join(app.root, 'hooks.txt') };
    host = await startHostProcess(app, { env });
  });
  afterAll(() => host.stop());

  it.each([
    ['replaces the handler', 'replaced', 200, 'replaced'],
    ['turns an error into a result', 'healed', 200, 'healed'],
    ['turns a result into an error', 'spoiled', 500, ''],
  ])('when a hook %s, that is what counts', async (_what, name, status, body) => {
    const response = await call(name);
    expect(response.status).toBe(status);
    expect(await response.text()).toBe(body);
  });

  it('when an HTTP function has a retry policy, it is ignored with a warning', async () => {
    expect((await call('retried')).status).toBe(500);
    expect((await trail()).filter((line) => line === 'retried ran')).toHaveLength(1);
    await host.logged(/warning\s+retried: Its retry policy is ignored/);
  });

  it('when a function is registered after the start, that throws', async () => {
    expect((await call('late')).status).toBe(500);
    await host.logged('only be registered during app startup');
  });
});

describe('stopping', () => {
  beforeEach(() => {
    env = { TRAIL: join(app.root, `${Math.random()}.txt`) };
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'when %s comes, what runs is finished, then the app is told',
    async (signal) => {
      host = await startHostProcess(app, { env });
      const slow = call('slow');
      await eventually(async () => ((await trail()).includes('slow began') ? true : undefined));
      host.kill(signal);
      expect(await (await slow).text()).toBe('slow');
      expect(await host.exited).toBe(0);
      expect(await trail()).toEqual(['appStart', 'slow began', 'slow ended', 'appTerminate true']);
      await expect(call('slow')).rejects.toThrow();
    },
  );

  it('when something runs for ever, the grace ends and the app is told', async () => {
    host = await startHostProcess(app, { env });
    const endless = call('endless').catch(() => undefined);
    await eventually(async () => ((await trail()).includes('endless began') ? true : undefined));
    host.kill('SIGTERM');
    expect(await host.exited).toBe(0);
    expect(host.stderr()).toContain('Stopped while endless was still running');
    expect(await trail()).toEqual(['appStart', 'endless began', 'appTerminate true']);
    await endless;
  });

  it.each([
    ['throws', 'crash', 'thrown outside an invocation'],
    ['leaves a rejection unhandled', 'reject', 'rejected outside an invocation'],
  ])(
    'when the app %s outside an invocation, the process ends with 1 and says why',
    async (_what, name, reason) => {
      host = await startHostProcess(app, { env });
      await call(name).catch(() => undefined);
      expect(await host.exited).toBe(1);
      expect(host.stderr()).toMatch(new RegExp(`critical\\s+host: The app crashed.*${reason}`));
    },
  );

  it('when a run exceeds functionTimeout, the process ends with 70 and names the function', async () => {
    const impatient = await bundleApp('lifecycle', { functionTimeout: '00:00:00.3' });
    host = await startHostProcess(impatient, { env });
    await call('endless').catch(() => undefined);
    expect(await host.exited).toBe(70);
    expect(host.stderr()).toMatch(/critical\s+host: endless \(\S+\) ran longer than functionTimeout/);
    await impatient.remove();
  });
});

describe('refusing to start', () => {
  async function refusal(
    text: string,
    hostJson: object = {},
    env: Record<string, string> = {},
  ): Promise<string> {
    const broken = await writeApp(text, hostJson);
    const { code, stderr } = await runHostProcess(broken, { env });
    await broken.remove();
    expect(code).toBe(1);
    return stderr;
  }

  it('when the port is taken, the message says what to do', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await eventually(() => (server.listening ? true : undefined));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { code, stderr } = await runHostProcess(app, { env, args: ['--port', String(port)] });
    server.close();
    expect(code).toBe(1);
    expect(stderr).toBe(
      `Port ${port} on 127.0.0.1 is in use. Choose another with --port, or let --port 0 pick a free one.\n`,
    );
  });

  it('when registrations break rules, every problem is listed', async () => {
    const register = (name: string, bindings: object) =>
      `core.registerFunction(${JSON.stringify({ name, bindings })}, () => undefined);`;
    const trigger = (type: string, rest: object = {}) => ({ t: { type, direction: 'in', ...rest } });
    const stderr = await refusal(`
      const core = require('@azure/functions-core');
      core.setProgrammingModel({ name: 'own', version: '1', getInvocationModel() {}, getCapabilities: async (c) => c });
      ${register('host', trigger('httpTrigger'))}
      ${register('1st', trigger('httpTrigger', { route: 'a' }))}
      ${register('twice', trigger('eventGridTrigger'))}
      ${register('TWICE', trigger('eventGridTrigger'))}
      ${register('binding', { 'a-b': { type: 'eventGridTrigger', direction: 'in' } })}
      ${register('none', { o: { type: 'http', direction: 'out' } })}
      ${register('two', { a: { type: 'httpTrigger' }, b: { type: 'timerTrigger' } })}
      ${register('blob', trigger('blobTrigger'))}
      ${register('output', { ...trigger('eventGridTrigger'), o: { type: 'queue', direction: 'out' } })}
      ${register('setting', trigger('timerTrigger', { schedule: '%NOWHERE%' }))}
      ${register('cron', trigger('timerTrigger', { schedule: 'often' }))}
      ${register('queue', trigger('queueTrigger', { queueName: 'Not A Queue', connection: 'NOWHERE' }))}
      ${register('reserved', trigger('httpTrigger', { route: 'admin/x' }))}
      ${register('template', trigger('httpTrigger', { route: '{*rest}/x' }))}
      ${register('here', trigger('httpTrigger', { route: 'same/{a}', methods: ['get'] }))}
      ${register('there', trigger('httpTrigger', { route: 'Same/{b}' }))}
    `);
    for (const expected of [
      /"host": the name must be/,
      /"1st": the name must be/,
      /"TWICE": the name is registered twice/,
      /"binding": the binding name "a-b" is not alphanumeric/,
      /"none": expected one trigger, found 0/,
      /"two": expected one trigger, found 2/,
      /"blob": this host has no trigger of type "blobTrigger"/,
      /"output": this host has no "queue" output binding/,
      /"setting": %NOWHERE% is not an app setting/,
      /"cron": the schedule "often" is neither NCRONTAB nor a TimeSpan/,
      /"queue": "Not A Queue" is not a queue name/,
      /"queue": the app setting NOWHERE \(a connection string\) is missing/,
      /"reserved": the route "admin\/x" belongs to the host/,
      /"template": the route "\{\*rest\}\/x": an optional or \{\*rest\} part must be last/,
      /"here" and "there" share the route/,
    ]) {
      expect(stderr).toMatch(expected);
    }
  });

  it.each([
    ['throws while loading', 'throw new Error("broken app");', /failed to load: Error: broken app/],
    ['registers nothing', '', /registered no function/],
    ['is not JavaScript', 'not javascript', /failed to load: .*SyntaxError/s],
    [
      'registers a log hook, which the worker on Azure refuses',
      'require("@azure/functions-core").registerHook("log", () => undefined);',
      /Unrecognized hook "log"/,
    ],
    [
      'streams over HTTP',
      `const core = require('@azure/functions-core');
       core.setProgrammingModel({ getInvocationModel() {}, getCapabilities: async () => ({ HttpUri: 'http://x/' }) });
       core.registerFunction({ name: 'f', bindings: { t: { type: 'httpTrigger' } } }, () => undefined);`,
      /enableHttpStream/,
    ],
  ])('when the app %s, the reason is printed', async (_what, text, reason) => {
    expect(await refusal(text)).toMatch(reason);
  });

  it('when host.json is not valid, every bad field is named', async () => {
    const stderr = await refusal('', { functionTimeout: 'soon', extensions: { queues: { batchSize: 64 } } });
    expect(stderr).toMatch(/functionTimeout: /);
    expect(stderr).toMatch(/extensions\.queues\.batchSize: /);
  });

  it.each(['--port x', '--port 65536', '--queue-lease 0', '--unknown', 'stray'])(
    'when the arguments are %s, the usage is printed',
    async (line) => {
      const { code, stderr } = await runHostProcess(app, { env, args: line.split(' ') });
      expect(code).toBe(1);
      expect(stderr).toContain('Usage: ');
    },
  );
});

describe('hosting from code', () => {
  it('when a second app is started in the process, that is refused and the first goes on until drained', async () => {
    const script = `
      import { startHost } from ${JSON.stringify(pathToFileURL(resolve('local/host/host.ts')).href)};
      const options = JSON.parse(process.env.OPTIONS);
      const host = await startHost(options);
      const second = await startHost(options).catch((error) => error.code);
      const { status } = await fetch(host.url + '/api/replaced');
      await host.drain();
      const after = await fetch(host.url + '/api/replaced').then(() => 'open', () => 'closed');
      process.stdout.write(JSON.stringify({ functions: host.functions.length, second, status, after }));
    `;
    const options = JSON.stringify({ appRoot: app.root, data: app.data, port: 0 });
    const args = ['--input-type=module', '--eval', script];
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      env: { ...env, OPTIONS: options },
    });
    expect(JSON.parse(stdout)).toEqual({
      functions: 9,
      second: 'already-started',
      status: 200,
      after: 'closed',
    });
  });
});
