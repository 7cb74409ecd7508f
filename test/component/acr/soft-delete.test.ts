import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { prepareImage, pushImage, putManifest, setAttributes } from './image.ts';
import { openTestRegistry, type TestRegistry } from './test-registry.ts';

describe('when soft delete is on', () => {
  let registry: TestRegistry;

  beforeAll(async () => {
    registry = await openTestRegistry({ softDelete: true });
  });
  afterAll(() => registry.dispose());

  const restore = (path: string, body: unknown, query = '') =>
    registry.call('POST', `/acr/v1/_deleted/${path}${query}`, { body: JSON.stringify(body) });

  it('lists a deleted repository, its manifests and tags', async () => {
    const digest = await pushImage(registry, 'soft/repository', 'v1');
    await registry.call('DELETE', '/acr/v1/soft/repository');
    expect((await registry.call('GET', '/acr/v1/_deleted/_catalog?n=100')).json).toEqual({
      repositories: [
        {
          repository: 'soft/repository',
          createdAt: expect.stringMatching(/\.\d{7}Z$/),
          deletedAt: expect.stringMatching(/\.\d{7}Z$/),
        },
      ],
    });
    expect((await registry.call('GET', '/acr/v1/_deleted/soft/repository/_manifests')).json).toMatchObject({
      manifests: [{ digest, deletedAt: expect.any(String) }],
    });
    expect((await registry.call('GET', '/acr/v1/_deleted/soft%2Frepository/_tags')).json).toMatchObject({
      tags: [{ tag: 'v1', digest, deletedAt: expect.any(String) }],
    });
    expect((await registry.call('GET', '/acr/v1/soft/repository')).status).toBe(404);
  });

  it('restores a manifest with the tag that is named', async () => {
    const digest = await pushImage(registry, 'soft/restored', 'v1');
    await registry.call('DELETE', `/v2/soft/restored/manifests/${digest}`);
    const answer = await restore(`soft/restored/_manifests/${digest}`, { tag: 'v1' }, '?force=false');
    expect(answer.status).toBe(200);
    expect((await registry.call('GET', '/v2/soft/restored/manifests/v1')).headers).toMatchObject({
      'docker-content-digest': digest,
    });
    expect((await registry.call('GET', '/acr/v1/_deleted/soft/restored/_manifests')).json).toMatchObject({
      manifests: [],
    });
  });

  it('keeps a tag that was removed alone', async () => {
    const digest = await pushImage(registry, 'soft/untagged', 'v1');
    await registry.call('DELETE', '/acr/v1/soft/untagged/_tags/v1');
    expect((await registry.call('GET', '/acr/v1/_deleted/soft/untagged/_tags')).json).toMatchObject({
      tags: [{ tag: 'v1', digest }],
    });
    expect((await restore(`soft/untagged/_manifests/${digest}`, { tag: 'v1' })).status).toBe(200);
    expect((await registry.call('GET', '/v2/soft/untagged/tags/list')).json).toMatchObject({ tags: ['v1'] });
  });

  it('overwrites a tag only when forced', async () => {
    const digest = await pushImage(registry, 'soft/forced', 'v1', { content: 'old' });
    await registry.call('DELETE', `/v2/soft/forced/manifests/${digest}`);
    await pushImage(registry, 'soft/forced', 'v1', { content: 'new' });
    const path = `soft/forced/_manifests/${digest}`;
    expect((await restore(path, { tag: 'v1' })).status).toBe(409);
    expect((await restore(path, { tag: 'v1' }, '?force=true')).status).toBe(200);
  });

  it('refuses to push a deleted digest again', async () => {
    const manifest = await prepareImage(registry, 'soft/pushed');
    await putManifest(registry, 'soft/pushed', 'v1', manifest);
    await pushImage(registry, 'soft/pushed', 'other');
    await registry.call('DELETE', `/v2/soft/pushed/manifests/${manifest.descriptor.digest}`);
    expect((await putManifest(registry, 'soft/pushed', 'v1', manifest)).status).toBe(405);
  });

  it('keeps it all over a restart', async () => {
    const digest = await pushImage(registry, 'soft/kept', 'v1');
    await registry.call('DELETE', `/v2/soft/kept/manifests/${digest}`);
    registry = await registry.restart();
    expect((await registry.call('GET', '/acr/v1/_deleted/soft/kept/_manifests')).json).toMatchObject({
      manifests: [{ digest }],
    });
  });

  it('refuses what it can not restore', async () => {
    const digest = await pushImage(registry, 'soft/refused', 'v1');
    await setAttributes(registry, 'soft/refused', { deleteEnabled: true });
    const absent = digest.replace(/.{4}$/, '0000');
    expect((await restore(`soft/refused/_manifests/${absent}`, {})).status).toBe(404);
    expect((await restore(`soft/nowhere/_manifests/${digest}`, {})).status).toBe(404);
    expect((await restore(`soft/refused/_manifests/${digest}`, { tag: '../x' })).status).toBe(400);
    expect((await restore(`soft/refused/_manifests/${digest}`, [])).status).toBe(400);
  });
});

describe('when soft delete is off', () => {
  it('keeps nothing', async () => {
    const registry = await openTestRegistry();
    try {
      await pushImage(registry, 'hard', 'v1');
      await registry.call('DELETE', '/acr/v1/hard');
      expect((await registry.call('GET', '/acr/v1/_deleted/_catalog')).json).toEqual({ repositories: [] });
    } finally {
      await registry.dispose();
    }
  });
});
