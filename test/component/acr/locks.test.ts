import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { prepareImage, pushImage, putManifest, sampleIndex, setAttributes } from './image.ts';
import { openTestRegistry, type TestRegistry } from './test-registry.ts';

type Operation =
  | 'push-new-tag'
  | 'move-tag'
  | 'push-same'
  | 'retag'
  | 'untag'
  | 'delete-manifest'
  | 'delete-repository'
  | 'pull';

interface LockCase {
  readonly lock: 'tag' | 'manifest' | 'repository';
  readonly attributes: Readonly<Record<string, boolean>>;
  readonly refused: readonly Operation[];
}

const operations: readonly Operation[] = [
  'push-new-tag',
  'move-tag',
  'push-same',
  'retag',
  'untag',
  'delete-manifest',
  'delete-repository',
  'pull',
];

const cases: readonly LockCase[] = [
  {
    lock: 'tag',
    attributes: { writeEnabled: false },
    refused: ['move-tag', 'push-same', 'untag', 'delete-repository'],
  },
  { lock: 'tag', attributes: { deleteEnabled: false }, refused: ['untag', 'delete-repository'] },
  {
    lock: 'tag',
    attributes: { writeEnabled: false, deleteEnabled: false },
    refused: ['move-tag', 'push-same', 'untag', 'delete-repository'],
  },
  { lock: 'tag', attributes: { readEnabled: false }, refused: ['pull'] },
  {
    lock: 'manifest',
    attributes: { writeEnabled: false },
    refused: ['push-same', 'retag', 'delete-manifest', 'delete-repository'],
  },
  {
    lock: 'manifest',
    attributes: { deleteEnabled: false },
    refused: ['delete-manifest', 'delete-repository'],
  },
  { lock: 'manifest', attributes: { readEnabled: false }, refused: ['pull'] },
  { lock: 'manifest', attributes: { listEnabled: false }, refused: [] },
  {
    lock: 'repository',
    attributes: { writeEnabled: false },
    refused: [
      'push-new-tag',
      'move-tag',
      'push-same',
      'retag',
      'untag',
      'delete-manifest',
      'delete-repository',
    ],
  },
  { lock: 'repository', attributes: { deleteEnabled: false }, refused: ['delete-repository'] },
  { lock: 'repository', attributes: { readEnabled: false }, refused: ['pull'] },
];

describe('when something is locked', () => {
  let registry: TestRegistry;
  let next = 0;

  beforeAll(async () => {
    registry = await openTestRegistry();
  });
  afterAll(() => registry.dispose());

  async function perform(operation: Operation, repository: string, digest: string): Promise<number> {
    const known = await prepareImage(registry, repository, { content: 'known' });
    const other = await prepareImage(registry, repository, { content: 'other' });
    switch (operation) {
      case 'push-new-tag':
        return (await putManifest(registry, repository, 'v2', other)).status;
      case 'move-tag':
        return (await putManifest(registry, repository, 'v1', other)).status;
      case 'push-same':
        return (await putManifest(registry, repository, 'v1', known)).status;
      case 'retag':
        return (await putManifest(registry, repository, 'v3', known)).status;
      case 'untag':
        return (await registry.call('DELETE', `/acr/v1/${repository}/_tags/v1`)).status;
      case 'delete-manifest':
        return (await registry.call('DELETE', `/v2/${repository}/manifests/${digest}`)).status;
      case 'delete-repository':
        return (await registry.call('DELETE', `/acr/v1/${repository}`)).status;
      case 'pull':
        return (await registry.call('GET', `/v2/${repository}/manifests/v1`)).status;
    }
  }

  const table = cases.flatMap(({ lock, attributes, refused }) =>
    operations.map((operation) => ({
      lock,
      attributes,
      operation,
      expected: refused.includes(operation) ? 'refuses' : 'allows',
    })),
  );

  it.each(table)(
    'with $attributes on a $lock it $expected $operation',
    async ({ lock, attributes, operation, expected }) => {
      next += 1;
      const repository = `locks/case-${next}`;
      const digest = await pushImage(registry, repository, 'v1', { content: 'known' });
      const path = {
        tag: `${repository}/_tags/v1`,
        manifest: `${repository}/_manifests/${digest}`,
        repository,
      }[lock];
      expect((await setAttributes(registry, path, attributes)).status).toBe(200);
      const status = await perform(operation, repository, digest);
      expect(status === 405 ? 'refuses' : 'allows').toBe(expected);
      expect([200, 201, 202, 405]).toContain(status);
    },
  );

  it('refuses with the code and message of the service, and changes nothing', async () => {
    const digest = await pushImage(registry, 'locks/refused', 'v1');
    await setAttributes(registry, `locks/refused/_manifests/${digest}`, { deleteEnabled: false });
    const answer = await registry.call('DELETE', `/v2/locks/refused/manifests/${digest}`);
    expect(answer.json).toEqual({
      errors: [
        {
          code: 'REGISTRY_DISALLOWED_OPERATION',
          message: expect.stringContaining('https://aka.ms/acr/faq/'),
          detail: {},
        },
      ],
    });
    expect((await registry.call('GET', '/v2/locks/refused/manifests/v1')).status).toBe(200);
  });

  it('lets a manifest go whose tag alone is locked', async () => {
    const digest = await pushImage(registry, 'locks/tag-only', 'v1');
    await setAttributes(registry, 'locks/tag-only/_tags/v1', { deleteEnabled: false, writeEnabled: false });
    expect((await registry.call('DELETE', `/v2/locks/tag-only/manifests/${digest}`)).status).toBe(202);
    expect((await registry.call('GET', '/v2/locks/tag-only/manifests/v1')).status).toBe(404);
  });

  it('lets the tag of a locked manifest move and go', async () => {
    const digest = await pushImage(registry, 'locks/manifest-only', 'v1');
    await setAttributes(registry, `locks/manifest-only/_manifests/${digest}`, { deleteEnabled: false });
    const other = await pushImage(registry, 'locks/manifest-only', 'v1', { content: 'moved' });
    expect(other).not.toBe(digest);
    expect((await registry.call('DELETE', '/acr/v1/locks/manifest-only/_tags/v1')).status).toBe(202);
  });

  it('does not protect the children of a locked index', async () => {
    const child = await prepareImage(registry, 'locks/index');
    await putManifest(registry, 'locks/index', child.descriptor.digest, child);
    const index = sampleIndex([child.descriptor]);
    await putManifest(registry, 'locks/index', 'latest', index);
    await setAttributes(registry, `locks/index/_manifests/${index.descriptor.digest}`, {
      deleteEnabled: false,
      writeEnabled: false,
    });
    const path = `/v2/locks/index/manifests/${child.descriptor.digest}`;
    expect((await registry.call('DELETE', path)).status).toBe(202);
  });

  it('keeps the lock of a tag that moves', async () => {
    await pushImage(registry, 'locks/moving', 'v1');
    await setAttributes(registry, 'locks/moving/_tags/v1', { deleteEnabled: false });
    await pushImage(registry, 'locks/moving', 'v1', { content: 'moved' });
    expect((await registry.call('GET', '/acr/v1/locks/moving/_tags/v1')).json).toMatchObject({
      tag: { changeableAttributes: { deleteEnabled: false, writeEnabled: true } },
    });
  });

  it.each([
    ['{"deleteEnabled":"no"}', 400],
    ['[]', 400],
    ['null', 400],
    ['not json', 400],
    ['', 400],
    ['{}', 200],
    ['{"unknown":1,"writeEnabled":false}', 200],
  ])('reads the body %s of a PATCH as %i', async (body, status) => {
    const digest = await pushImage(registry, 'locks/bodies', 'v1');
    const answer = await registry.call('PATCH', `/acr/v1/locks/bodies/_manifests/${digest}`, { body });
    expect(answer.status).toBe(status);
    await setAttributes(registry, `locks/bodies/_manifests/${digest}`, { writeEnabled: true });
  });

  it('hides what may not be listed', async () => {
    const digest = await pushImage(registry, 'locks/hidden', 'v1');
    await pushImage(registry, 'locks/hidden', 'v2');
    await setAttributes(registry, 'locks/hidden/_tags/v1', { listEnabled: false });
    await setAttributes(registry, `locks/hidden/_manifests/${digest}`, { listEnabled: false });
    expect((await registry.call('GET', '/v2/locks/hidden/tags/list')).json).toMatchObject({ tags: ['v2'] });
    expect((await registry.call('GET', '/acr/v1/locks/hidden/_manifests')).json).toMatchObject({
      manifests: [{ tags: ['v2'] }],
    });
    await setAttributes(registry, 'locks/hidden', { listEnabled: false });
    expect((await registry.call('GET', '/v2/_catalog?n=1000')).bytes.toString()).not.toContain(
      'locks/hidden',
    );
  });
});
