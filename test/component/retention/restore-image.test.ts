import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { deletedImages } from '../../../src/acr/deleted-images.ts';
import { AuditFault } from '../../../src/audit/fault.ts';
import type { RegistryContent } from '../../../src/audit/registry-content.ts';
import { restorableImages } from '../../../src/audit/restorable-images.ts';
import { type RestoreImagePorts, restoreImage } from '../../../src/audit/restore-image.ts';
import type { DeletedImages } from '../../../src/audit/restore-ports.ts';
import { readStatement } from '../../../src/ledger/recorded-leaf.ts';
import { type Digest, parseDigest } from '../../../src/registry/digest.ts';
import { storesOver } from '../../builders/history-stores.ts';
import { memoryTable } from '../../builders/memory-table.ts';
import { accessTo, credential } from '../../builders/registry-access.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { prepareImage, putManifest, type SampleManifest, sampleIndex } from '../acr/image.ts';
import { openTestRegistry, type TestRegistry } from '../acr/test-registry.ts';

let registry: TestRegistry;
let name = 'team/app';
let count = 0;

beforeAll(async () => {
  registry = await openTestRegistry({ softDelete: true });
});
afterAll(() => registry.dispose());
beforeEach(async () => {
  count += 1;
  name = `team/app-${count}`;
  // What is left alone, so that the repository stays.
  await put(await image('stays'), 'stays');
});

const image = (content: string, more: object = {}) => prepareImage(registry, name, { content, ...more });

async function put(manifest: SampleManifest, reference?: string): Promise<Digest> {
  const answer = await putManifest(registry, name, reference ?? manifest.descriptor.digest, manifest);
  const digest = parseDigest(manifest.descriptor.digest);
  if (answer.status !== 201 || digest === undefined) throw new Error(`refused with ${answer.status}`);
  return digest;
}

async function remove(...digests: readonly Digest[]): Promise<void> {
  for (const digest of digests) await registry.call('DELETE', `/v2/${name}/manifests/${digest}`);
}

/** Restores in the registry; `restoring` goes in place of what asks it. */
function restorer(over: Partial<RestoreImagePorts> = {}) {
  const tables = { repositories: memoryTable(), digests: memoryTable(), log: memoryTable() };
  const { content } = accessTo(registry);
  const deleted = deletedImages({ endpoint: registry.url, ca: registry.ca, credential: credential() });
  let made = 0;
  const ports: RestoreImagePorts = {
    ...storesOver(tables),
    clock: { now: () => Date.now() },
    ids: {
      random() {
        made += 1;
        return String(made).padStart(12, '0');
      },
      of: (text) => text.slice(0, 12),
    },
    contents: new Map([[registry.loginServer, content]]),
    deleted: new Map([[registry.loginServer, deleted]]),
    referrers: async () => [],
    tagsAt: async () => [],
    pause: async () => undefined,
    ...over,
  };
  const repository = { registry: registry.loginServer, repository: name };
  return {
    content,
    deleted,
    restore: (
      digest: Digest,
      more: { tags?: readonly string[]; tagsAt?: number } = {},
      signal?: AbortSignal,
    ) =>
      restoreImage(ports)(
        repository,
        { digest, by: { id: 'user-1', name: 'On call' }, reason: 'incident', ...more },
        signal,
      ),
    list: (limit = 100) => restorableImages(ports)(repository, limit),
    /** What was recorded, oldest first. */
    recorded: () =>
      tables.repositories
        .rows()
        .filter(({ rowKey }) => rowKey.startsWith('S|'))
        .flatMap(({ columns }) => readStatement(String(columns['leaf'])) ?? [])
        .sort((a, b) => (a.at.id < b.at.id ? -1 : 1))
        .map(({ kind, content: told }) => ({ kind, item: told['tag'] ?? told['digest'] })),
  };
}

/** An index of two, one of which is an index as well. */
async function nestedImage(tag: string) {
  const [leaf, deep] = [await image('leaf'), await image('deep')];
  const inner = sampleIndex([deep.descriptor]);
  const outer = sampleIndex([leaf.descriptor, inner.descriptor]);
  const digests = { leaf: await put(leaf), deep: await put(deep), inner: await put(inner) };
  return { ...digests, root: await put(outer, tag), descriptor: outer.descriptor };
}

/** The content, with some calls in place of others. */
function contents(over: Partial<RegistryContent>): Pick<RestoreImagePorts, 'contents'> {
  return { contents: new Map([[registry.loginServer, { ...accessTo(registry).content, ...over }]]) };
}

function deletedWith(restore: DeletedImages['restore']): Pick<RestoreImagePorts, 'deleted'> {
  return { deleted: new Map([[registry.loginServer, { ...restorer().deleted, restore }]]) };
}

describe('when an image is restored', () => {
  it('it is back whole, at every depth, then its tags, each recorded once', async () => {
    const { root, leaf, inner, deep } = await nestedImage('v1');
    await remove(root, inner, leaf, deep);
    const { restore, content, recorded } = restorer();
    const result = await restore(root, { tags: ['v1', 'rescued'] });
    const manifests = [root, leaf, inner, deep].map((digest) => ({ digest }));
    expect(result).toEqual({
      restored: [...manifests, { tag: 'v1', digest: root }, { tag: 'rescued', digest: root }],
      alreadyThere: [],
      notRestorable: [],
    });
    for (const { digest } of manifests) expect(await content.manifest(name, digest)).toBeDefined();
    expect(await content.tag(name, 'v1')).toMatchObject({ digest: root });
    expect(recorded().map(({ kind }) => kind)).toEqual([
      'restore-intended',
      ...result.restored.map(() => 'retention-restored'),
    ]);

    expect(await restore(root, { tags: ['v1', 'rescued'] })).toEqual({
      restored: [],
      alreadyThere: result.restored,
      notRestorable: [],
    });
    expect(recorded().filter(({ kind }) => kind === 'retention-restored')).toHaveLength(6);
  });

  it('parts that were never deleted are told as there', async () => {
    const { root, leaf, inner, deep } = await nestedImage('v1');
    await remove(root, inner);
    expect(await restorer().restore(root)).toEqual({
      restored: [{ digest: root }, { digest: inner }],
      alreadyThere: [{ digest: leaf }, { digest: deep }],
      notRestorable: [],
    });
  });

  it('what was about any part of it comes back, by history and by the tags that say so (F17)', async () => {
    const { root, leaf, inner, deep, descriptor } = await nestedImage('v1');
    const sbom = await put(await image('sbom', { subject: descriptor }));
    const signature = await put(await image('signature'), `${leaf.replace(':', '-')}.sig`);
    await remove(root, inner, leaf, deep, signature);
    const { restore, content } = restorer({
      referrers: async (_, digest) => (digest === root ? [sbom] : []),
    });
    const { restored, notRestorable } = await restore(root);
    expect(notRestorable).toEqual([]);
    expect(new Set(restored.map(({ tag, digest }) => tag ?? digest))).toEqual(
      new Set([root, leaf, inner, deep, sbom, signature, `${leaf.replace(':', '-')}.sig`]),
    );
    expect(await content.referrers(name, root)).toMatchObject([{ digest: sbom }]);
  });

  it('it gets the tags that it had at a time', async () => {
    const digest = await put(await image('one'), 'v1');
    await remove(digest);
    const asked: number[] = [];
    const { restore, content } = restorer({
      async tagsAt(_, __, at) {
        asked.push(at);
        return ['v1', 'prod'];
      },
    });
    expect((await restore(digest, { tags: ['v1'], tagsAt: 1_000 })).restored).toEqual([
      { digest },
      { tag: 'v1', digest },
      { tag: 'prod', digest },
    ]);
    expect(asked).toEqual([1_000]);
    expect(await content.tag(name, 'prod')).toMatchObject({ digest });
  });

  it('a tag alone comes back to an image that is there', async () => {
    const digest = await put(await image('one'), 'v1');
    await registry.call('DELETE', `/acr/v1/${name}/_tags/v1`);
    expect(await restorer().restore(digest, { tags: ['v1'] })).toEqual({
      restored: [{ tag: 'v1', digest }],
      alreadyThere: [{ digest }],
      notRestorable: [],
    });
  });
});

describe('when not all of an image can be restored', () => {
  it('a tag that points to something else stays there, even if it moves at the last moment', async () => {
    const digest = await put(await image('old'), 'v1');
    await remove(digest);
    const latest = await put(await image('new'), 'v1');
    const { restore, content } = restorer();
    expect(await restore(digest, { tags: ['v1'] })).toEqual({
      restored: [{ digest }],
      alreadyThere: [],
      notRestorable: [{ tag: 'v1', digest, because: `it points to ${latest} now` }],
    });
    const blind = restorer(contents({ tag: async () => undefined }));
    expect((await blind.restore(digest, { tags: ['v1'] })).notRestorable).toEqual([
      { tag: 'v1', digest, because: 'the registry refused (registry-409)' },
    ]);
    expect(await content.tag(name, 'v1')).toMatchObject({ digest: latest });
  });

  it('what soft delete keeps no more is told, and the rest comes back', async () => {
    const { root, leaf, inner, deep } = await nestedImage('v1');
    await remove(root, inner, leaf, deep);
    const real = restorer().deleted;
    const { restore } = restorer(
      deletedWith(async (repository, digest, tag) =>
        digest === inner ? { outcome: 'missing' } : real.restore(repository, digest, tag),
      ),
    );
    expect(await restore(root, { tags: ['v1'] })).toEqual({
      restored: [{ digest: root }, { digest: leaf }, { tag: 'v1', digest: root }],
      alreadyThere: [],
      notRestorable: [{ digest: inner, because: 'soft delete does not keep it' }],
    });
  });

  it('without the manifest there is no tag', async () => {
    const digest = digestOf('never pushed');
    const { restore, content, recorded } = restorer();
    expect(await restore(digest, { tags: ['v1'] })).toEqual({
      restored: [],
      alreadyThere: [],
      notRestorable: [
        { digest, because: 'soft delete does not keep it' },
        { tag: 'v1', digest, because: 'its manifest is not there' },
      ],
    });
    expect(await content.tag(name, 'v1')).toBeUndefined();
    expect(recorded().map(({ kind }) => kind)).toEqual(['restore-intended']);
  });

  it('an index that cannot be read is there, and told', async () => {
    const digest = await put(await image('one'), 'v1');
    await remove(digest);
    const { restore } = restorer(
      contents({
        document: async () => {
          throw new AuditFault('registry-unreadable', 'sent what is no manifest', { retryable: false });
        },
      }),
    );
    expect(await restore(digest, { tags: ['v1'] })).toEqual({
      restored: [{ digest }, { tag: 'v1', digest }],
      alreadyThere: [],
      notRestorable: [
        { digest, because: 'it is there, and what it lists cannot be read (registry-unreadable)' },
      ],
    });
  });

  it('a registry that says so and does not show it is not believed', async () => {
    const digest = await put(await image('one'), 'v1');
    await remove(digest);
    const waits: number[] = [];
    const { restore } = restorer({
      ...deletedWith(async () => ({ outcome: 'restored' })),
      pause: async (ms) => waits.push(ms),
    });
    expect((await restore(digest)).notRestorable).toEqual([
      { digest, because: 'the registry took the order and does not show it' },
    ]);
    expect(waits).toEqual([500, 2_000]);
  });

  it('where nothing restores, that is the fault', async () => {
    const { restore, list } = restorer({ deleted: new Map() });
    await expect(restore(digestOf('one'))).rejects.toMatchObject({ code: 'restore-off', retryable: false });
    await expect(list()).rejects.toMatchObject({ code: 'restore-off', retryable: false });
  });

  it('once it is to end, nothing more is restored', async () => {
    const digest = await put(await image('one'), 'v1');
    await remove(digest);
    const { restore, content } = restorer();
    const ended = new Error('ended');
    await expect(restore(digest, {}, AbortSignal.abort(ended))).rejects.toBe(ended);
    expect(await content.manifest(name, digest)).toBeUndefined();
  });
});

describe('when a restoration is cut off', () => {
  it('at any call, it may be repeated, and then the image is whole', async () => {
    for (let cutAt = 1; ; cutAt += 1) {
      count += 1;
      name = `team/app-${count}`;
      await put(await image('stays'), 'stays');
      const { root, leaf, inner, deep } = await nestedImage('v1');
      await remove(root, inner, leaf, deep);
      const real = restorer().deleted;
      let calls = 0;
      const cut = () => {
        calls += 1;
        if (calls === cutAt) throw new AuditFault('registry-silent', 'cut off', { retryable: true });
      };
      const { restore, content } = restorer(
        deletedWith(async (...told) => {
          cut();
          const outcome = await real.restore(...told);
          cut();
          return outcome;
        }),
      );
      const first = await restore(root, { tags: ['v1'] }).catch((error: unknown) => error);
      if (!(first instanceof Error)) {
        expect(cutAt).toBe(11);
        return;
      }
      const { restored, alreadyThere, notRestorable } = await restore(root, { tags: ['v1'] });
      expect(restored.length + alreadyThere.length).toBe(5);
      expect(notRestorable).toEqual([]);
      for (const digest of [root, leaf, inner, deep]) {
        expect(await content.manifest(name, digest)).toBeDefined();
      }
      expect(await content.tag(name, 'v1')).toMatchObject({ digest: root });
    }
  });
});

describe('when what can be restored is listed', () => {
  it('manifests come with their tags, what was deleted last first, and tags of others apart', async () => {
    const digests = [
      await put(await image('1'), 'b'),
      await put(await image('2')),
      await put(await image('3')),
    ];
    const [one, two, three] = digests;
    await put(await image('1'), 'a');
    await put(await image('stays'), 'gone');
    await remove(...digests);
    await registry.call('DELETE', `/acr/v1/${name}/_tags/gone`);
    const { list } = restorer();
    const all = await list();
    expect(new Map(all.manifests.map(({ digest, tags }) => [digest, tags]))).toEqual(
      new Map([
        [one, ['a', 'b']],
        [two, []],
        [three, []],
      ]),
    );
    const times = all.manifests.map(({ deletedAt = 0 }) => deletedAt);
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    expect(all.tags).toMatchObject([{ tag: 'gone' }]);
    expect(all.isCut).toBe(false);
    const some = await list(1);
    expect(some.manifests).toEqual(all.manifests.slice(0, 1));
    expect(some.isCut).toBe(true);
  });
});
