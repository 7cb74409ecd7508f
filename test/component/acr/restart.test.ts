import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { digestOf, prepareImage, pushImage, putManifest, setAttributes } from './image.ts';
import { openTestRegistry, type TestRegistry } from './test-registry.ts';

describe('when the registry starts again on its data', () => {
  let registry: TestRegistry;

  beforeEach(async () => {
    registry = await openTestRegistry();
  });
  afterEach(() => registry.dispose());

  const journal = (): string => join(registry.directory, 'journal.jsonl');

  /** Everything a client can read of a repository, without the registry's own address. */
  async function everything(repository: string): Promise<unknown> {
    const paths = [
      '/v2/_catalog',
      `/acr/v1/${repository}`,
      `/acr/v1/${repository}/_tags`,
      `/acr/v1/${repository}/_manifests`,
      `/v2/${repository}/manifests/v1`,
    ];
    const answers = await Promise.all(paths.map((path) => registry.call('GET', path)));
    return answers.map(({ status, bytes }) => [
      status,
      bytes.toString().replaceAll(registry.loginServer, '<registry>'),
    ]);
  }

  it('answers exactly as before', async () => {
    const subject = await prepareImage(registry, 'team/app');
    await putManifest(registry, 'team/app', 'v1', subject);
    await putManifest(registry, 'team/app', 'latest', subject);
    await pushImage(registry, 'team/app', undefined, { content: 'sbom', subject: subject.descriptor });
    const gone = await pushImage(registry, 'team/app', 'gone');
    await registry.call('DELETE', `/v2/team/app/manifests/${gone}`);
    await registry.call('DELETE', '/acr/v1/team/app/_tags/latest');
    await setAttributes(registry, 'team/app/_tags/v1', { deleteEnabled: false });
    await pushImage(registry, 'team/deleted', 'v1');
    await registry.call('DELETE', '/acr/v1/team/deleted');
    const before = await everything('team/app');
    registry = await registry.restart();
    expect(await everything('team/app')).toEqual(before);
    const referrers = `/v2/team/app/referrers/${subject.descriptor.digest}`;
    expect((await registry.call('GET', referrers)).json).toHaveProperty('manifests.length', 1);
  });

  it('goes on with an unfinished upload', async () => {
    const started = await registry.call('POST', '/v2/team/app/blobs/uploads/');
    const location = String(started.headers['location']);
    await registry.call('PATCH', location, { body: 'first ' });
    registry = await registry.restart();
    expect((await registry.call('GET', location)).headers).toMatchObject({ range: '0-5' });
    const finished = await registry.call('PUT', `${location}?digest=${digestOf('first second')}`, {
      body: 'second',
    });
    expect(finished.status).toBe(201);
  });

  it('drops a last line that was cut off, and goes on writing after it', async () => {
    await pushImage(registry, 'team/app', 'v1');
    await appendFile(journal(), '[{"op":"tag-removed","repository":"team/app","ta');
    registry = await registry.restart();
    await pushImage(registry, 'team/app', 'v2');
    registry = await registry.restart();
    expect((await registry.call('GET', '/v2/team/app/tags/list')).json).toMatchObject({
      tags: ['v1', 'v2'],
    });
  });

  it('refuses to start on a journal it can not read', async () => {
    await pushImage(registry, 'team/app', 'v1');
    const kept = await readFile(journal(), 'utf8');
    await writeFile(journal(), `${kept}{"op":"nonsense"}\n`);
    await expect(registry.restart()).rejects.toThrow(/journal\.jsonl:\d+ is not a journal line/);
    await writeFile(journal(), kept);
    registry = await registry.restart();
    expect((await registry.call('GET', '/v2/team/app/manifests/v1')).status).toBe(200);
  });
});
