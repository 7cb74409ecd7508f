import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type KeptRegistry, keptRegistry } from '../builders/kept-registry.ts';
import { day } from '../builders/retention-app.ts';
import { policyOf, ruleOf } from '../builders/retention-content.ts';
import { openTestRegistry, type TestRegistry } from '../component/acr/test-registry.ts';

let registry: TestRegistry;
let kept: KeptRegistry;
let count = 0;

beforeAll(async () => {
  registry = await openTestRegistry();
});
afterAll(() => registry.dispose());
beforeEach(() => {
  count += 1;
  kept = keptRegistry(registry, `team/app-${count}`);
});

const digestsOf = (manifests: readonly { readonly descriptor: { readonly digest: string } }[]) =>
  manifests.map(({ descriptor }) => descriptor.digest);

/** Pushes an index of two platforms, by digest alone unless a tag is given. */
async function multiArch(name: string, tag?: string) {
  const parts = [
    await kept.image(`${name} amd64`),
    await kept.image(`${name} arm64`, { architecture: 'arm64' }),
  ];
  for (const part of parts) await kept.put(part);
  const index = kept.index(...parts);
  await kept.put(index, tag);
  return { index, parts, all: digestsOf([index, ...parts]) };
}

describe('F1: when lists of manifests name no children of indexes', () => {
  it('the children of a tagged index survive, and an index without a tag goes whole', async () => {
    expect(registry.faults.emptyBulkReferences).toBe(true);
    const [tagged, left] = [await multiArch('tagged', 'v1'), await multiArch('left')];
    kept.app.policy.policy = policyOf({ rules: [ruleOf({ untaggedOlderThan: 14 * day })] });
    await kept.age(400);
    const { run } = await kept.cleanUp();
    expect(run).toMatchObject({ state: 'done', done: { deleted: 3, spared: 0 } });
    expect(await kept.survivors('v1', ...tagged.all, ...left.all)).toEqual(['v1', ...tagged.all]);
  });

  it('nothing goes while an index is not read: it may list anything', async () => {
    const left = await multiArch('left');
    await kept.age(400);
    // Pushed since, told by its event alone: no comparison has read it.
    const late = kept.index(...left.parts);
    const digest = await kept.put(late, 'late');
    await kept.app.record({
      registry: 'contoso.azurecr.io',
      repository: kept.repository,
      fact: {
        at: { time: kept.app.clock.now(), id: 'late.late' },
        action: 'push',
        digest,
        tag: 'late',
        mediaType: 'application/vnd.oci.image.index.v1+json',
        recordedAt: kept.app.clock.now(),
        source: 'event',
        eventId: 'late',
        client: {},
      },
    });
    const { plan } = await kept.cleanUp();
    expect(plan.counts).toMatchObject({ delete: 0 });
    expect(await kept.survivors('late', ...left.all)).toEqual(['late', ...left.all]);
  });
});

describe('F2 and F17: when what is untagged belongs to something tagged', () => {
  it('children of nested indexes and referrers survive with it, and go with what goes', async () => {
    const nested = await multiArch('nested');
    const top = kept.index(nested.index);
    await kept.put(top, 'v1');
    const subject = { subject: top.descriptor };
    const [sbom, part] = [await kept.image('sbom', subject), await kept.image('attestation')];
    for (const one of [sbom, part]) await kept.put(one);
    const referrers = { ...kept.index(part) };
    await kept.put(referrers, undefined);
    const gone = await kept.image('gone');
    await kept.put(gone);
    const signature = await kept.image('signature', { subject: gone.descriptor });
    await kept.put(signature);
    await kept.lock(`_tags/v1`);
    kept.app.policy.policy = policyOf({ rules: [ruleOf({ untaggedOlderThan: 14 * day })] });
    await kept.age(400);
    const { run } = await kept.cleanUp();
    const staying = [...digestsOf([top]), ...nested.all, ...digestsOf([sbom])];
    const going = digestsOf([referrers, part, gone, signature]);
    expect(run).toMatchObject({ state: 'done' });
    expect(await kept.survivors(...staying, ...going)).toEqual(staying);
  });
});

describe('F3: when an index is locked and its children are not', () => {
  it('they survive: what is locked is kept with all that it lists', async () => {
    const locked = await multiArch('locked');
    await kept.lock(`_manifests/${locked.index.descriptor.digest}`);
    const left = await multiArch('left');
    await kept.age(400);
    expect(await kept.cleanUp()).toMatchObject({ run: { state: 'done', done: { deleted: 3 } } });
    expect(await kept.survivors(...locked.all, ...left.all)).toEqual(locked.all);
  });
});

describe('F4: when a manifest is locked and its tag is not, or the other way round', () => {
  it('neither goes', async () => {
    const [one, two, three] = [await kept.image('1'), await kept.image('2'), await kept.image('3')];
    await kept.put(one, 'by-digest');
    await kept.put(two, 'by-tag');
    await kept.put(three, 'open');
    await kept.lock(`_manifests/${one.descriptor.digest}`);
    await kept.lock('_tags/by-tag');
    await kept.age(400);
    expect(await kept.cleanUp()).toMatchObject({ run: { state: 'done', done: { untagged: 1 } } });
    expect(await kept.survivors('by-digest', 'by-tag', 'open', ...digestsOf([one, two, three]))).toEqual([
      'by-digest',
      'by-tag',
      ...digestsOf([one, two, three]),
    ]);
  });
});

describe('F16: when the newest N are kept', () => {
  it('images are counted, not their parts', async () => {
    const images = [];
    for (const name of ['v1', 'v2', 'v3']) images.push(await multiArch(name, name));
    kept.app.policy.policy = policyOf({ rules: [ruleOf({ keepNewest: 2, untaggedOlderThan: 14 * day })] });
    await kept.age(400);
    expect(await kept.cleanUp()).toMatchObject({ run: { done: { untagged: 1, deleted: 0 } } });
    expect(await kept.survivors('v1', 'v2', 'v3')).toEqual(['v2', 'v3']);
    // After the grace, the first one goes whole; the others stay whole.
    await kept.age(15);
    expect(await kept.cleanUp()).toMatchObject({ run: { state: 'done', done: { untagged: 0, deleted: 3 } } });
    const [first, ...others] = images.map(({ all }) => all);
    expect(await kept.survivors('v2', 'v3', ...others.flat(), ...(first ?? []))).toEqual([
      'v2',
      'v3',
      ...others.flat(),
    ]);
  });
});
