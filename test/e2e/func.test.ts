import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as z from 'zod/mini';
import { coreTools } from '../../local/core-tools.ts';
import { startFunctionsHost } from '../../local/functions-host.ts';
import { start } from '../builders/started.ts';

const whereThereAreCoreTools = coreTools() === undefined ? describe.skip : describe;
if (coreTools() === undefined) {
  process.stderr.write(
    '\nSKIPPED: Azure Functions Core Tools are not installed here, so the service was not tried in them (test/e2e/func.test.ts).\n' +
      'npm install azure-functions-core-tools, or have func on the PATH.\n\n',
  );
}

const functions = z.array(z.object({ name: z.string() }));

whereThereAreCoreTools(
  'when Azure Functions Core Tools run the service (skipped where they are not installed)',
  () => {
    it('the story ends well: events, timers, queues and routes do in them what they do in the embedded host', async () => {
      const run = start('--once', '--host', 'func');
      try {
        const code = await run.ended;
        expect({ code, last: run.told.slice(-10) }).toMatchObject({ code: 0 });
        expect(run.told.join('\n').split(/\n\n\d\. /)).toHaveLength(9);
      } finally {
        run.child.kill('SIGKILL');
      }
    }, 600_000);

    it('they tell of every function that the embedded host tells of, and stop when asked', async () => {
      const [func, embedded] = [start('--no-story', '--host', 'func'), start('--no-story')];
      try {
        await Promise.all([func.ready, embedded.ready]);
        const answer = await fetch(`${func.components.get('host')?.['url']}/admin/functions`);
        const names = functions.parse(await answer.json()).map(({ name }) => name);
        expect(names.sort()).toEqual(
          z.array(z.string()).parse(embedded.components.get('host')?.['functions']).toSorted(),
        );
        func.child.kill('SIGINT');
        expect(await func.ended).toBe(0);
      } finally {
        func.child.kill('SIGKILL');
        embedded.child.kill('SIGTERM');
        await embedded.ended;
      }
    }, 300_000);
  },
);

/** What stands in for Core Tools: it answers that it is healthy, and what it was started with. */
const standIn = `#!${process.execPath}
const { createServer } = require('node:http');
const [verb, flag, port] = process.argv.slice(2);
createServer((request, response) => {
  const { FUNCTIONS_WORKER_RUNTIME: runtime, REGISTRIES: registries } = process.env;
  response.end(JSON.stringify({ path: request.url, verb, flag, runtime, registries }));
}).listen(Number(port), '127.0.0.1');
`;

describe('when the host is to be func', () => {
  const path = process.env['PATH'] ?? '';
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'acr-audit-func-'));
  });
  afterAll(async () => {
    process.env['PATH'] = path;
    await rm(folder, { recursive: true, force: true });
  });

  // One that the project has goes first.
  const whereItIsFirst = coreTools('') === undefined ? it : it.skip;
  whereItIsFirst(
    'one on the PATH is found and started with the settings, and is waited for and stopped',
    async () => {
      await writeFile(join(folder, 'func'), standIn);
      await chmod(join(folder, 'func'), 0o755);
      process.env['PATH'] = `${folder}${delimiter}${path}`;
      expect(coreTools()).toBe(join(folder, 'func'));
      const host = await startFunctionsHost({
        ...{ host: 'func', port: 0, data: folder, settings: { REGISTRIES: 'contoso.azurecr.io' } },
        onLog: () => undefined,
      });
      const answer: unknown = await (await fetch(`${host.url}/api/v1/health`)).json();
      await host.stop();
      expect(answer).toEqual({
        ...{ path: '/api/v1/health', verb: 'start', flag: '--port' },
        ...{ runtime: 'node', registries: 'contoso.azurecr.io' },
      });
      await expect(fetch(`${host.url}/api/v1/health`)).rejects.toThrow();
    },
  );
});
