import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RunningRegistry, startRegistry } from '../../local/acr/registry-server.ts';
import { type ImageLayout, writeImageLayout } from './image-layout.ts';

const program = 'skopeo';
const installed = spawnSync(program, ['--version']).status === 0;
const describeWithSkopeo = installed ? describe : describe.skip;
const run = promisify(execFile);

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

describeWithSkopeo('when skopeo works with the registry over TLS', () => {
  let directory: string;
  let registry: RunningRegistry;
  let layout: ImageLayout;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'skopeo-test-'));
    registry = await startRegistry({ dataDirectory: join(directory, 'registry'), port: 0 });
    layout = await writeImageLayout(join(directory, 'layout'), ['amd64', 'arm64']);
  });
  afterAll(async () => {
    await registry.close();
    await rm(directory, { recursive: true, force: true });
  });

  const image = (reference: string): string => `docker://${registry.loginServer}/${reference}`;

  /** The flags that say whom to trust and who asks; skopeo prefixes them when it copies. */
  function access(side: '' | 'src-' | 'dest-' = ''): readonly string[] {
    const credentials = `${registry.username}:${registry.password}`;
    return [`--${side}cert-dir`, dirname(registry.caFile), `--${side}creds`, credentials];
  }

  async function skopeo(command: string, ...args: readonly string[]): Promise<string> {
    const { stdout } = await run(program, ['--insecure-policy', command, ...args]);
    return stdout;
  }

  function push(reference: string): Promise<string> {
    const source = `oci:${layout.directory}:${layout.reference}`;
    return skopeo('copy', '--all', ...access('dest-'), source, image(reference));
  }

  it('pushes an image of two platforms under the digests it had on disk', async () => {
    await push('team/app:v1');
    const index = await skopeo('inspect', '--raw', ...access(), image('team/app:v1'));
    expect(digestOf(index)).toBe(layout.digest);
    for (const digest of layout.children) {
      const child = await skopeo('inspect', '--raw', ...access(), image(`team/app@${digest}`));
      expect(digestOf(child)).toBe(digest);
    }
  });

  it('inspects the image of a platform', async () => {
    await push('team/inspected:v1');
    const [amd64 = ''] = layout.children;
    const described = JSON.parse(await skopeo('inspect', ...access(), image(`team/inspected@${amd64}`)));
    expect(described).toMatchObject({ Architecture: 'amd64', Os: 'linux', RepoTags: ['v1'] });
  });

  it('copies it back unchanged, and to another repository', async () => {
    await push('team/source:v1');
    const back = join(directory, 'back');
    const source = image('team/source:v1');
    await skopeo('copy', '--all', ...access('src-'), source, `oci:${back}:${layout.reference}`);
    expect(JSON.parse(await readFile(join(back, 'index.json'), 'utf8'))).toMatchObject({
      manifests: [{ digest: layout.digest }],
    });
    const target = image('team/target:v2');
    await skopeo('copy', '--all', ...access('src-'), ...access('dest-'), source, target);
    expect(digestOf(await skopeo('inspect', '--raw', ...access(), target))).toBe(layout.digest);
  });

  it('lists tags, and deletes them with their digest', async () => {
    await push('team/deleted:v1');
    await push('team/deleted:v2');
    const tags = async () => JSON.parse(await skopeo('list-tags', ...access(), image('team/deleted')));
    expect(await tags()).toMatchObject({ Tags: ['v1', 'v2'] });
    await skopeo('delete', ...access(), image('team/deleted:v1'));
    // The digest is gone, and with it every tag it had.
    expect(await tags()).toMatchObject({ Tags: [] });
  });

  it('is refused with a wrong password', async () => {
    const creds = `${registry.username}:wrong`;
    const certificates = dirname(registry.caFile);
    await expect(
      skopeo('inspect', '--cert-dir', certificates, '--creds', creds, image('team/app:v1')),
    ).rejects.toThrow(/unauthorized|authentication required/);
  });

  it('does not trust the registry without its authority', async () => {
    await expect(skopeo('inspect', image('team/app:v1'))).rejects.toThrow(/certificate/);
  });
});
