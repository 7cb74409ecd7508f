import { execFile, spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
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
    { curl = ':', args = [] }: { readonly curl?: string; readonly args?: readonly string[] } = {},
  ): Promise<Run> {
    const log = join(folder, 'calls');
    await writeFile(log, '');
    const programs = { az: `printf '%s\\n' "$*" >> '${log}'\n${az}`, sleep: ':', curl };
    for (const [name, body] of Object.entries(programs)) {
      await writeFile(join(folder, name), `#!/bin/sh\n${body}\n`);
      await chmod(join(folder, name), 0o755);
    }
    const env = { ...environment, PATH: `${folder}:${process.env['PATH'] ?? ''}` };
    const done = await new Promise<Omit<Run, 'calls'>>((settle) => {
      const options = { env, cwd: folder, timeout: 30_000 };
      const child = execFile('sh', [resolve(script), ...args], options, (error, stdout, stderr) =>
        settle({
          code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1,
          stdout,
          stderr,
        }),
      );
      // One that asks nothing may have ended before it is answered.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end('no\n');
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

  const live = {
    ...deployed,
    AZURE_RESOURCE_GROUP: 'rg-prod',
    ACR_AUDIT_APP_NAME: 'func-x',
    ACR_AUDIT_EVIDENCE_GROUP: 'rg-prod-evidence',
    ACR_AUDIT_EVIDENCE_STORAGE: 'stevidencex',
    ACR_AUDIT_AUTH_CLIENT_ID: '11111111-1111-1111-1111-111111111111',
  };
  // Answers as an app does that asks for a token: health alone is for everybody.
  const asked = `
head=; body=
while [ $# -gt 0 ]; do
  case $1 in -D) head=$2; shift ;; -o) body=$2; shift ;; *Bearer*) token=yes ;; *) url=$1 ;; esac
  shift
done
echo 'content-type: application/json' > "$head"
echo '{"items":[{"source":"event","kind":"deleted","subscription":"${deployed.AZURE_SUBSCRIPTION_ID}"}]}' > "$body"
case "$url$token" in *health*|*yes) printf 200 ;; *) printf 401 ;; esac`;
  const answers = `case "$*" in
    *get-access-token*) echo secret-token ;;
    *allowSharedKeyAccess*) echo false ;;
    *isVersioningEnabled*) echo true ;;
    *) echo ${deployed.AZURE_SUBSCRIPTION_ID} ;;
  esac`;

  it('when the smoke test is run against what is right, nothing fails, and the report names no subscription', async () => {
    const { code, stdout, calls } = await run('infra/smoke-test.sh', live, answers, { curl: asked });
    expect([code, stdout.split('\n').filter((line) => line.startsWith('FAIL'))]).toEqual([0, []]);
    expect(stdout).toContain('ok    1.2 history does not: 401');
    expect(stdout).not.toContain(deployed.AZURE_SUBSCRIPTION_ID);
    expect(stdout).not.toContain('secret-token');
    expect(calls.filter((call) => /import|delete|update|untag|create/.test(call))).toEqual([]);
  });

  it('when something is not as it has to be, the smoke test says what, and ends with 1', async () => {
    const open = asked.replace('printf 401', 'printf 200');
    const { code, stdout } = await run(
      'infra/smoke-test.sh',
      live,
      answers.replace('echo false', 'echo true'),
      {
        curl: open,
      },
    );
    expect(code).toBe(1);
    expect(stdout.split('\n').filter((line) => line.startsWith('FAIL'))).toEqual([
      'FAIL  1.2 history does not: expected [34]0[12], found 200',
      'FAIL  1.3 the webhook is excluded from sign-in, and asks for its key: expected 401, found 200',
      'FAIL  1.6 a forged principal is not believed: expected [34]0[12], found 200',
      'FAIL  3.1 shared keys are off: expected false, found true',
    ]);
  });

  it('when it may write, what the smoke test imports it takes away again', async () => {
    const { code, calls } = await run('infra/smoke-test.sh', live, answers, {
      curl: asked,
      args: ['--write'],
    });
    expect(code).toBe(0);
    const changes = calls.filter((call) => /acr (import|repository (delete|update|untag))/.test(call));
    expect(changes.every((call) => call.includes('acr-audit-smoke'))).toBe(true);
    expect(changes.at(-1)).toContain('repository delete --name contoso --repository acr-audit-smoke --yes');
  });

  it('when the policies are to be locked and the answer is not the name of the account, nothing is', async () => {
    const { code, calls, stderr } = await run('infra/lock-evidence.sh', live, 'echo etag');
    expect([code, calls]).toEqual([1, []]);
    expect(stderr).toContain('Nothing was locked');
  });
});
