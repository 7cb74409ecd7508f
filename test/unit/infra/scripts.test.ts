import { execFile, spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const scripts = globSync('infra/**/*.sh').sort();
const hasShell = spawnSync('sh', ['-c', 'true']).status === 0;
const shellcheck = 'shellcheck';
const hasShellcheck = isThere(shellcheck);
const powerShell = 'pwsh';
const hasPowerShell = isThere(powerShell);

/** Whether a program can be run here. */
function isThere(program: string): boolean {
  return spawnSync(program, ['--version']).status === 0;
}

describe('scripts for sh', () => {
  (hasShell ? it : it.skip)('when sh reads them without running them, they are right', () => {
    expect(scripts.length).toBeGreaterThanOrEqual(6);
    for (const path of scripts) {
      const { status, stderr } = spawnSync('sh', ['-n', path], { encoding: 'utf8' });
      expect([path, status, stderr]).toEqual([path, 0, '']);
    }
  });

  (hasShellcheck ? it : it.skip)(
    'when shellcheck looks at them, it finds nothing (skipped where it is not installed)',
    () => {
      const { status, stdout } = spawnSync(shellcheck, ['--shell=sh', ...scripts], { encoding: 'utf8' });
      expect([status, stdout]).toEqual([0, '']);
    },
  );
});

describe('scripts for PowerShell', () => {
  (hasPowerShell ? it : it.skip)(
    'when PowerShell parses them, it finds nothing (skipped where it is not installed)',
    () => {
      for (const path of globSync('infra/**/*.ps1')) {
        const parse = `$e = $null; [void][Management.Automation.Language.Parser]::ParseFile('${path}', [ref]$null, [ref]$e); $e.Count`;
        expect([
          path,
          spawnSync(powerShell, ['-NoProfile', '-Command', parse], { encoding: 'utf8' }).stdout.trim(),
        ]).toEqual([path, '0']);
      }
    },
  );
});

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What `az` was called with, call by call. */
  readonly calls: readonly string[];
}

const id =
  '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/Contoso/providers/Microsoft.ContainerRegistry/registries/contoso';
const deployed = {
  AZURE_ENV_NAME: 'prod',
  AZURE_LOCATION: 'westeurope',
  AZURE_SUBSCRIPTION_ID: '00000000-0000-0000-0000-000000000000',
  ACR_AUDIT_REGISTRY_IDS: id,
  ACR_AUDIT_APP_HOST: 'contoso.azurewebsites.net',
  ACR_AUDIT_EVENT_SUBSCRIPTION: 'acr-audit-x',
};

(hasShell ? describe : describe.skip)('the hooks, with a stand-in for az', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'acr-audit-hooks-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function run(
    script: string,
    environment: Readonly<Record<string, string>>,
    az: string,
  ): Promise<Run> {
    const log = join(folder, 'calls');
    await writeFile(log, '');
    const programs = { az: `printf '%s\\n' "$*" >> '${log}'\n${az}`, sleep: ':' };
    for (const [name, body] of Object.entries(programs)) {
      await writeFile(join(folder, name), `#!/bin/sh\n${body}\n`);
      await chmod(join(folder, name), 0o755);
    }
    const env = { ...environment, PATH: `${folder}:${process.env['PATH'] ?? ''}` };
    const done = await new Promise<Omit<Run, 'calls'>>((settle) => {
      execFile('sh', [script], { env }, (error, stdout, stderr) =>
        settle({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
      );
    });
    const calls = (await readFile(log, 'utf8')).split('\n').filter((line) => line !== '');
    return { ...done, calls };
  }

  it('when the foundation is deployed, it is with every parameter and without what was not asked for', async () => {
    const { code, calls } = await run('infra/hooks/preprovision.sh', deployed, 'exit 0');
    expect([code, calls.length]).toEqual([0, 1]);
    expect(calls[0]).toContain('deployment sub create --name acr-audit-foundation-prod');
    expect(calls[0]).toContain(`registryIds=${id}`);
    expect(calls[0]).toContain('deleterEnabled=false privateNetwork=false');
  });

  it('when the foundation fails once, it is tried again, and twice is the end', async () => {
    const once = await run(
      'infra/hooks/preprovision.sh',
      deployed,
      `[ "$(wc -l < '${folder}/calls')" -gt 1 ]`,
    );
    expect([once.code, once.calls.length]).toEqual([0, 2]);
    const never = await run('infra/hooks/preprovision.sh', deployed, 'exit 1');
    expect([never.code, never.calls.length]).toEqual([1, 2]);
  });

  it('when no registry is named, nothing is deployed and it is said what to do', async () => {
    const { ACR_AUDIT_REGISTRY_IDS: _, ...unnamed } = deployed;
    const { code, calls, stderr } = await run('infra/hooks/preprovision.sh', unnamed, 'exit 0');
    expect(code).not.toBe(0);
    expect(calls).toEqual([]);
    expect(stderr).toContain('azd env set ACR_AUDIT_REGISTRY_IDS');
  });

  it('when the app has not started yet, the events are subscribed to at a later attempt', async () => {
    const az = `[ "$(wc -l < '${folder}/calls')" -gt 2 ]`;
    const { code, calls, stdout } = await run('infra/hooks/postdeploy.sh', deployed, az);
    expect([code, calls.length]).toEqual([0, 3]);
    expect(stdout).toBe('https://contoso.azurewebsites.net/api/v1/health\n');
    const never = await run('infra/hooks/postdeploy.sh', deployed, 'exit 1');
    expect([never.code, never.calls.length]).toEqual([1, 4]);
  });

  it('when all is taken down, only the topics of the registries are, and of them only ours', async () => {
    const az = `case "$*" in *list*)
      printf 'evgt-acr-audit-contoso\\t${id.toLowerCase()}\\nevgt-acr-audit-other\\t/subscriptions/x\\ntheirs\\t${id}\\n' ;;
    esac`;
    const { code, calls } = await run('infra/hooks/predown.sh', deployed, az);
    expect(code).toBe(0);
    const deletions = calls.filter((call) => call.includes(' delete '));
    expect(deletions).toEqual([
      expect.stringMatching(
        /event-subscription delete .*--system-topic-name evgt-acr-audit-contoso --name acr-audit-x$/,
      ),
      expect.stringMatching(/system-topic delete .*--name evgt-acr-audit-contoso$/),
      expect.stringMatching(/event-subscription delete .*--system-topic-name theirs --name acr-audit-x$/),
    ]);
  });

  it('when nothing was deployed, nothing is taken down', async () => {
    const { ACR_AUDIT_EVENT_SUBSCRIPTION: _, ...early } = deployed;
    expect(await run('infra/hooks/predown.sh', early, 'exit 1')).toMatchObject({ code: 0, calls: [] });
  });
});
