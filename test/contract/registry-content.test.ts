import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuditFault } from '../../src/audit/fault.ts';
import type { ManifestSeen, RegistryContent } from '../../src/audit/registry-content.ts';
import { type Digest, parseDigest } from '../../src/registry/digest.ts';
import { present } from '../../src/registry/present.ts';
import { memoryRegistryContent } from '../builders/memory-registry-content.ts';
import { accessTo, gathered, pagesOf } from '../builders/registry-access.ts';
import { digestOf } from '../builders/registry-event.ts';
import {
  mediaTypes,
  prepareImage,
  pushImage,
  putManifest,
  sampleIndex,
  setAttributes,
} from '../component/acr/image.ts';
import { openTestRegistry, type TestRegistry } from '../component/acr/test-registry.ts';

/** A registry to change, and the port to read it by. Image names stand for contents. */
interface Subject {
  readonly content: RegistryContent;
  /** The same registry, read in pages of two. */
  readonly inPairs: RegistryContent;
  push(repository: string, tag: string | undefined, image: string): Promise<Digest>;
  pushIndex(repository: string, tag: string, children: readonly Digest[]): Promise<Digest>;
  /** Pushes by digest what is about another manifest: of an artifact type, or else known by its configuration's type. */
  pushReferrer(
    repository: string,
    subject: Digest,
    image: string,
    artifactType: string | undefined,
  ): Promise<Digest>;
  /** Makes the registry one without the API that lists referrers, or with it again. */
  lackReferrers(on: boolean): void;
  untag(repository: string, tag: string): Promise<void>;
  deleteManifest(repository: string, digest: Digest): Promise<void>;
  /** Locks a tag or a manifest against deletion and change. */
  lock(repository: string, what: { tag: string } | { digest: Digest }): Promise<void>;
  close(): Promise<void>;
}

function theDigest(text: string): Digest {
  const digest = parseDigest(text);
  if (digest === undefined) throw new Error(`${text} is no digest`);
  return digest;
}

async function required(answer: ReturnType<TestRegistry['call']>): Promise<void> {
  const { status, bytes } = await answer;
  if (status >= 300) throw new Error(`The registry answered ${status}: ${bytes.toString('utf8')}`);
}

async function standIn(): Promise<Subject> {
  const registry = await openTestRegistry();
  const pathOf = (what: { tag: string } | { digest: Digest }) =>
    'tag' in what ? `_tags/${what.tag}` : `_manifests/${what.digest}`;
  return {
    content: accessTo(registry).content,
    inPairs: accessTo(registry, { pageSize: 2 }).content,
    push: async (repository, tag, image) =>
      theDigest(await pushImage(registry, repository, tag, { content: image })),
    async pushIndex(repository, tag, children) {
      const { descriptor } = await prepareImage(registry, repository);
      const index = sampleIndex(children.map((digest) => ({ ...descriptor, digest })));
      await required(putManifest(registry, repository, tag, index));
      return theDigest(index.descriptor.digest);
    },
    async pushReferrer(repository, subject, content, artifactType) {
      const { descriptor } = await prepareImage(registry, repository);
      const referrer = await prepareImage(registry, repository, {
        content,
        subject: { ...descriptor, digest: subject },
        ...(artifactType === undefined ? {} : { artifactType }),
      });
      await required(putManifest(registry, repository, referrer.descriptor.digest, referrer));
      return theDigest(referrer.descriptor.digest);
    },
    lackReferrers(on) {
      registry.faults.referrers = !on;
    },
    untag: (repository, tag) => required(registry.call('DELETE', `/acr/v1/${repository}/_tags/${tag}`)),
    deleteManifest: (repository, digest) =>
      required(registry.call('DELETE', `/v2/${repository}/manifests/${digest}`)),
    lock: (repository, what) =>
      required(
        setAttributes(registry, `${repository}/${pathOf(what)}`, {
          deleteEnabled: false,
          writeEnabled: false,
        }),
      ),
    close: () => registry.dispose(),
  };
}

async function memory(): Promise<Subject> {
  const registry = memoryRegistryContent();
  // Pages are a matter of the registry here, so the registry in pairs is another that is told the same.
  const pairs = memoryRegistryContent({ pageSize: 2 });
  let at = Date.UTC(2026, 4, 2);
  const tell = (repository: string, what: (of: ReturnType<typeof registry.repository>) => void) => {
    at += 1;
    for (const each of [registry, pairs]) what(each.repository(repository));
  };
  return {
    content: registry.content,
    inPairs: pairs.content,
    async push(repository, tag, image) {
      tell(repository, (of) => of.push(tag, digestOf(image), at));
      return digestOf(image);
    },
    async pushIndex(repository, tag, children) {
      const digest = digestOf(children.join());
      tell(repository, (of) => of.pushIndex(tag, digest, children, at));
      return digest;
    },
    async pushReferrer(repository, subject, referrer, artifactType) {
      const config = { digest: digestOf('config'), mediaType: mediaTypes.config };
      const document = present({ subject: { digest: subject }, config, artifactType });
      tell(repository, (of) => of.push(undefined, digestOf(referrer), at, document));
      return digestOf(referrer);
    },
    lackReferrers(on) {
      for (const { faults } of [registry, pairs]) faults.lacksReferrers = on;
    },
    async untag(repository, tag) {
      tell(repository, (of) => of.untag(tag));
    },
    async deleteManifest(repository, digest) {
      tell(repository, (of) => of.deleteManifest(digest));
    },
    async lock(repository, what) {
      tell(repository, (of) => of.lock(what, { canDelete: false, canWrite: false }));
    },
    close: async () => undefined,
  };
}

const unlocked = { canDelete: true, canWrite: true, canRead: true, canList: true };

describe.each([
  ['a registry', standIn],
  ['memory', memory],
])('when the content of %s is read', (_, make) => {
  let subject: Subject;
  let content: RegistryContent;

  beforeAll(async () => {
    subject = await make();
    content = subject.content;
  });
  afterAll(() => subject.close());

  it('lists no repositories of an empty registry, and nothing of a repository that is not there', async () => {
    const fresh = await make();
    try {
      expect(await gathered(fresh.content.repositories())).toEqual([]);
      expect(await gathered(fresh.content.tags('team/absent'))).toEqual([]);
      expect(await gathered(fresh.content.manifests('team/absent'))).toEqual([]);
    } finally {
      await fresh.close();
    }
  });

  it('lists repositories, nested ones too, by name', async () => {
    for (const repository of ['names/b', 'names/a', 'names/a/c/d', 'names/a__b.c-d']) {
      await subject.push(repository, 'v1', repository);
    }
    const names = await gathered(content.repositories());
    expect(names.filter((name) => name.startsWith('names/'))).toEqual([
      'names/a',
      'names/a/c/d',
      'names/a__b.c-d',
      'names/b',
    ]);
  });

  it('lists tags and manifests as single reads tell them', async () => {
    const one = await subject.push('team/listed', 'v1', 'one');
    const two = await subject.push('team/listed', 'V1', 'two');
    const tags = await gathered(content.tags('team/listed'));
    const manifests = await gathered(content.manifests('team/listed'));
    expect(tags.map(({ tag, digest }) => [tag, digest])).toEqual([
      ['V1', two],
      ['v1', one],
    ]);
    expect(manifests.map(({ digest }) => digest)).toEqual([one, two].sort());
    expect(await Promise.all(tags.map(({ tag }) => content.tag('team/listed', tag)))).toEqual(tags);
    expect(await Promise.all(manifests.map(({ digest }) => content.manifest('team/listed', digest)))).toEqual(
      manifests,
    );
    expect(manifests.map(({ mediaType }) => mediaType)).toEqual([
      'application/vnd.oci.image.manifest.v1+json',
      'application/vnd.oci.image.manifest.v1+json',
    ]);
  });

  it('keeps when a tag was created as it moves, and says when it was updated', async () => {
    const before = await subject.push('team/moved', 'prod', 'before');
    const first = await content.tag('team/moved', 'prod');
    const after = await subject.push('team/moved', 'prod', 'after');
    const moved = await content.tag('team/moved', 'prod');
    expect(first).toMatchObject({ tag: 'prod', digest: before, updatedAt: first?.createdAt });
    expect(moved).toMatchObject({ tag: 'prod', digest: after, createdAt: first?.createdAt });
    expect(moved?.updatedAt).toBeGreaterThanOrEqual(Number(first?.updatedAt));
    expect(await content.manifest('team/moved', before)).toMatchObject({ digest: before });
  });

  it('tells the locks of a tag and of its manifest apart, and their times as they were', async () => {
    const digest = await subject.push('team/locks', 'tag-locked', 'locked by tag');
    const other = await subject.push('team/locks', 'open', 'locked by digest');
    const before = await content.tag('team/locks', 'tag-locked');
    await subject.lock('team/locks', { tag: 'tag-locked' });
    await subject.lock('team/locks', { digest: other });
    const locked = { ...unlocked, canDelete: false, canWrite: false };
    expect(await content.tag('team/locks', 'tag-locked')).toEqual({ ...before, locks: locked });
    expect(await content.manifest('team/locks', digest)).toMatchObject({ locks: unlocked });
    expect(await content.tag('team/locks', 'open')).toMatchObject({ locks: unlocked });
    expect(await content.manifest('team/locks', other)).toMatchObject({ locks: locked });
    expect((await gathered(content.tags('team/locks'))).map(({ locks }) => locks)).toEqual([
      unlocked,
      locked,
    ]);
  });

  it('says that an untagged tag is gone while its manifest stays', async () => {
    const digest = await subject.push('team/untagged', 'v1', 'untagged');
    await subject.untag('team/untagged', 'v1');
    expect(await content.tag('team/untagged', 'v1')).toBeUndefined();
    expect(await gathered(content.tags('team/untagged'))).toEqual([]);
    expect(await content.manifest('team/untagged', digest)).toMatchObject({ digest });
    expect(await content.document('team/untagged', digest)).toMatchObject({ kind: 'image' });
  });

  it('says that a deleted manifest is gone with its tags', async () => {
    const kept = await subject.push('team/deleted', 'kept', 'kept');
    const gone = await subject.push('team/deleted', 'gone', 'gone');
    await subject.deleteManifest('team/deleted', gone);
    expect(await content.manifest('team/deleted', gone)).toBeUndefined();
    expect(await content.document('team/deleted', gone)).toBeUndefined();
    expect(await content.tag('team/deleted', 'gone')).toBeUndefined();
    expect((await gathered(content.tags('team/deleted'))).map(({ digest }) => digest)).toEqual([kept]);
  });

  it('finds nothing in a repository that went with its last manifest', async () => {
    const digest = await subject.push('team/emptied', 'v1', 'last');
    await subject.deleteManifest('team/emptied', digest);
    expect(await gathered(content.tags('team/emptied'))).toEqual([]);
    expect(await gathered(content.manifests('team/emptied'))).toEqual([]);
    expect(await content.tag('team/emptied', 'v1')).toBeUndefined();
    expect(await content.manifest('team/emptied', digest)).toBeUndefined();
    expect(await content.document('team/emptied', digest)).toBeUndefined();
    expect(await gathered(content.repositories())).not.toContain('team/emptied');
  });

  it('reads the children of an index from its document, those that are gone too', async () => {
    const child = await subject.push('team/index', undefined, 'child');
    const gone = await subject.push('team/index', undefined, 'gone child');
    const index = await subject.pushIndex('team/index', 'latest', [child, gone]);
    await subject.deleteManifest('team/index', gone);
    const document = await content.document('team/index', index);
    expect(document).toMatchObject({ kind: 'index', mediaType: 'application/vnd.oci.image.index.v1+json' });
    expect(document?.children.map(({ digest }) => digest)).toEqual([child, gone]);
    expect(await content.document('team/index', child)).toMatchObject({ kind: 'image', children: [] });
  });

  it('lists what names a manifest as its subject, and nothing else', async () => {
    const signed = await subject.push('team/signed', 'v1', 'signed');
    const other = await subject.push('team/signed', 'v2', 'other');
    expect(await content.referrers('team/signed', signed)).toEqual([]);
    const signature = await subject.pushReferrer('team/signed', signed, 'signature', 'application/vnd.sig');
    const untyped = await subject.pushReferrer('team/signed', signed, 'untyped', undefined);
    const ofSignature = await subject.pushReferrer('team/signed', signature, 'counter', 'application/vnd.c');
    const listed = (await content.referrers('team/signed', signed)) ?? [];
    expect(listed.toSorted((a, b) => (a.digest < b.digest ? -1 : 1))).toEqual(
      [
        { digest: signature, artifactType: 'application/vnd.sig' },
        { digest: untyped, artifactType: mediaTypes.config },
      ].sort((a, b) => (a.digest < b.digest ? -1 : 1)),
    );
    expect(await content.referrers('team/signed', signature)).toEqual([
      { digest: ofSignature, artifactType: 'application/vnd.c' },
    ]);
    expect(await content.referrers('team/signed', other)).toEqual([]);
    await subject.deleteManifest('team/signed', untyped);
    expect(await content.referrers('team/signed', signed)).toHaveLength(1);
  });

  it('lists the referrers of a manifest that is not there yet', async () => {
    const awaited = digestOf('awaited');
    const early = await subject.pushReferrer('team/early', awaited, 'early', 'application/vnd.sig');
    expect(await content.referrers('team/early', awaited)).toEqual([
      { digest: early, artifactType: 'application/vnd.sig' },
    ]);
  });

  it('lists no referrers of what nobody knows', async () => {
    await subject.push('team/known', 'v1', 'known');
    expect(await content.referrers('team/known', digestOf('unknown'))).toEqual([]);
    expect(await content.referrers('team/absent', digestOf('unknown'))).toEqual([]);
  });

  it('says that the registry cannot list referrers, which is not that there are none', async () => {
    const digest = await subject.push('team/without', 'v1', 'without');
    subject.lackReferrers(true);
    expect(await content.referrers('team/without', digest)).toBeUndefined();
    expect(await content.document('team/without', digest)).toMatchObject({ kind: 'image' });
    subject.lackReferrers(false);
    expect(await content.referrers('team/without', digest)).toEqual([]);
  });

  it('reads lists page by page, in order and each item once', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names) await subject.push('team/pages', name, `image ${name}`);
    const tags = await pagesOf(subject.inPairs.tags('team/pages'));
    const manifests = await pagesOf(subject.inPairs.manifests('team/pages'));
    const repositories = await pagesOf(subject.inPairs.repositories());
    expect(tags.map((page) => page.map(({ tag }) => tag))).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    expect(manifests.map((page) => page.length)).toEqual([2, 2, 1]);
    expect(new Set(manifests.flat().map(({ digest }) => digest)).size).toBe(5);
    expect(repositories.every((page) => page.length <= 2)).toBe(true);
    expect(repositories.flat()).toEqual(await gathered(content.repositories()));
  });

  it('lists the manifests first that changed last', async () => {
    const digests: Digest[] = [];
    for (const name of ['x', 'y', 'z']) digests.push(await subject.push('team/newest', name, `new ${name}`));
    const newest = (pages: AsyncIterable<readonly ManifestSeen[]>) => gathered(pages);
    const listed = (await newest(content.newestManifests('team/newest'))).map(({ updatedAt }) => updatedAt);
    expect(listed).toEqual([...listed].sort((a, b) => b - a));
    expect(
      (await newest(subject.inPairs.newestManifests('team/newest'))).map(({ digest }) => digest).sort(),
    ).toEqual(digests.sort());
    expect(await newest(content.newestManifests('team/nowhere'))).toEqual([]);
  });

  it('lets a list be left before its end', async () => {
    for (const name of ['a', 'b', 'c']) await subject.push('team/left', name, `image ${name}`);
    for await (const page of subject.inPairs.tags('team/left')) {
      expect(page.map(({ tag }) => tag)).toEqual(['a', 'b']);
      break;
    }
    expect(await gathered(subject.inPairs.tags('team/left'))).toHaveLength(3);
  });
});

describe('when memory is told to misbehave', () => {
  function twoTags() {
    const registry = memoryRegistryContent({ pageSize: 1 });
    const repository = registry.repository('team/app');
    repository.push('v1', digestOf('one'), 1);
    repository.push('v2', digestOf('two'), 2);
    return { ...registry, repository };
  }

  it('fails the calls it is told to, and counts every call', async () => {
    const { content, faults, calls } = twoTags();
    const fault = new AuditFault('registry-401', 'no', { retryable: false });
    faults.fail = (call) => (call.startsWith('tag ') ? fault : undefined);
    await expect(content.tag('team/app', 'v1')).rejects.toBe(fault);
    expect(await content.document('team/app', digestOf('one'))).toMatchObject({ kind: 'image' });
    expect(calls).toEqual(['tag team/app:v1', `document team/app@${digestOf('one')}`]);
  });

  it('lists what was there before, and reads what is there now', async () => {
    const { content, faults, repository } = twoTags();
    faults.staleLists = true;
    repository.untag('v1');
    repository.push('v2', digestOf('three'), 3);
    expect((await gathered(content.tags('team/app'))).map(({ digest }) => digest)).toEqual([
      digestOf('one'),
      digestOf('two'),
    ]);
    expect(await content.tag('team/app', 'v1')).toBeUndefined();
    expect(await content.tag('team/app', 'v2')).toMatchObject({ digest: digestOf('three') });
    faults.staleLists = false;
    expect((await gathered(content.tags('team/app'))).map(({ tag }) => tag)).toEqual(['v2']);
  });

  it('leaves items out of lists that look complete, or breaks lists off', async () => {
    const { content, faults } = twoTags();
    faults.hides = (item) => item === 'v1' || item === digestOf('two');
    expect((await gathered(content.tags('team/app'))).map(({ tag }) => tag)).toEqual(['v2']);
    expect((await gathered(content.manifests('team/app'))).map(({ digest }) => digest)).toEqual([
      digestOf('one'),
    ]);
    expect(await content.tag('team/app', 'v1')).toMatchObject({ tag: 'v1' });
    faults.hides = () => false;
    faults.breakOffAfterPages = 1;
    const seen: string[] = [];
    const reading = async () => {
      for await (const page of content.tags('team/app')) seen.push(...page.map(({ tag }) => tag));
    };
    await expect(reading()).rejects.toMatchObject({ name: 'AuditFault', retryable: true });
    expect(seen).toEqual(['v1']);
  });
});
