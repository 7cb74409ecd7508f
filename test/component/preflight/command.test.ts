import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as z from 'zod/mini';
import { pushImage } from '../acr/image.ts';
import { openTestRegistry, type TestRegistry } from '../acr/test-registry.ts';

const failed = z.object({ code: z.number(), stdout: z.string(), stderr: z.string() });
const ids = { ACR_AUDIT_LOCKER_CLIENT_ID: 'locker', ACR_AUDIT_DELETER_CLIENT_ID: 'deleter' };

let registry: TestRegistry;
beforeAll(async () => {
  registry = await openTestRegistry({
    identities: {
      auditor: { password: 'unused', actions: ['catalog', 'pull', 'metadata_read', 'deleted_read'] },
      pusher: { password: 'unused', actions: ['catalog', 'pull', 'push', 'metadata_read', 'deleted_read'] },
    },
    softDelete: true,
  });
  await pushImage(registry, 'team/app', 'v1');
});
afterAll(() => registry.dispose());

/** Runs the command with the app's settings, as one of the stand-in's identities. */
async function run(token: string, args: readonly string[], changed: Readonly<Record<string, string>> = {}) {
  const env = {
    PATH: process.env['PATH'],
    NODE_EXTRA_CA_CERTS: registry.caFile,
    REGISTRIES: registry.loginServer,
    AuditStorage: 'UseDevelopmentStorage=true',
    ACR_AUDIT_AUTH: 'development',
    ACR_AUDIT_REGISTRY_TOKEN: token,
    ...ids,
    ...changed,
  };
  const command = promisify(execFile)(process.execPath, ['src/preflight.ts', ...args], { env });
  return command.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: unknown) => failed.parse(error),
  );
}

describe('when the command is run', () => {
  it('with the right grants, it says so', async () => {
    const { code, stdout } = await run('auditor', ['--only', 'auditor']);
    expect(stdout).toBe('8 right, 0 missing, 0 too much, 0 unknown\n');
    expect(code).toBe(0);
  });

  it('with one that is too much, it names it and fails', async () => {
    const { code, stdout } = await run('pusher', ['--only', 'auditor']);
    expect(stdout).toMatch(/^TOO MUCH {2}the auditor may push images of localhost:\d+: take away AcrPush, /);
    expect(stdout).toMatch(/7 right, 0 missing, 1 too much, 0 unknown\n$/);
    expect(code).toBe(1);
  });

  it('as JSON, every identity is told of', async () => {
    const { code, stdout } = await run('auditor', ['--json']);
    const report: unknown = JSON.parse(stdout);
    expect(report).toMatchObject({
      at: expect.stringMatching(/^\d{4}-/),
      missing: [
        expect.stringContaining('the deleter may not delete tags and manifests'),
        expect.stringContaining('the deleter may not restore'),
        expect.stringContaining('the locker may not set locks'),
      ],
      tooMuch: [
        expect.stringContaining('the deleter may pull manifests'),
        expect.stringContaining('the locker may pull manifests'),
      ],
    });
    expect(code).toBe(1);
  });

  it('with a registry that is away, it says that it is not known', async () => {
    const { code, stdout } = await run('auditor', ['--only', 'locker'], { REGISTRIES: 'localhost:1' });
    expect(stdout).toMatch(/^UNKNOWN {3}whether the locker may .* could not be reached/);
    expect(code).toBe(3);
  });

  it('with what it does not know, or without settings, it says how it is used or what is missing', async () => {
    const [other, unset, help] = await Promise.all([
      run('auditor', ['--only', 'somebody']),
      run('auditor', [], { REGISTRIES: '' }),
      run('auditor', ['--help']),
    ]);
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining('"somebody" is no identity') });
    expect(unset).toMatchObject({ code: 2, stderr: expect.stringContaining('REGISTRIES is missing') });
    expect(help).toMatchObject({ code: 0, stderr: expect.stringContaining('Usage: npm run preflight') });
  });
});
