import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AuditFault } from '../../../src/audit/fault.ts';
import type { RegistryContent } from '../../../src/audit/registry-content.ts';
import type { RegistryDeletions } from '../../../src/audit/retention-ports.ts';
import { type Digest, parseDigest } from '../../../src/registry/digest.ts';
import { cutOff, goingManifest, goingTag, kept, retentionRun } from '../../builders/retention-run.ts';
import {
  prepareImage,
  pushImage,
  putManifest,
  type SampleManifest,
  sampleIndex,
  setAttributes,
} from '../acr/image.ts';
import { openTestRegistry, type TestRegistry } from '../acr/test-registry.ts';

let repository = 'team/app';
let registry: TestRegistry;
let count = 0;

beforeAll(async () => {
  registry = await openTestRegistry();
});
afterEach(() => {
  Object.assign(registry.faults, {
    throttled: false,
    unavailable: false,
    failurePath: null,
    referrers: true,
  });
});
afterAll(() => registry.dispose());
// Each test has a repository for itself: locks keep one from being deleted.
beforeEach(nextRepository);

function nextRepository(): void {
  count += 1;
  repository = `team/app-${count}`;
}

function theDigest(text: string): Digest {
  const digest = parseDigest(text);
  if (digest === undefined) throw new Error(`${text} is no digest`);
  return digest;
}

async function push(content: string, tag?: string): Promise<Digest> {
  return theDigest(await pushImage(registry, repository, tag, { content }));
}

async function put(manifest: SampleManifest, reference?: string): Promise<Digest> {
  const answer = await putManifest(registry, repository, reference ?? manifest.descriptor.digest, manifest);
  if (answer.status !== 201) throw new Error(`refused with ${answer.status}`);
  return theDigest(manifest.descriptor.digest);
}

/** An image that is not pushed yet, by its content. */
const prepared = (content: string) => prepareImage(registry, repository, { content });

async function present(...digests: readonly Digest[]): Promise<readonly boolean[]> {
  const { content } = retentionRun(registry, { repository });
  return Promise.all(digests.map(async (one) => (await content.manifest(repository, one)) !== undefined));
}

describe('when a plan is carried out', () => {
  it('its tags and manifests go, and nothing else, each reported once', async () => {
    const run = retentionRun(registry, { repository });
    const [old, stays] = [await push('old', 'old'), await push('stays', 'stays')];
    const [child, other] = [await prepared('child'), await prepared('other')];
    for (const one of [child, other]) await put(one);
    const index = await put(sampleIndex([child.descriptor, other.descriptor]));
    const parts = [child, other].map(({ descriptor }) => theDigest(descriptor.digest));
    await run.plan([
      goingTag('old', old),
      kept(old),
      kept(stays),
      goingManifest(index, 0),
      ...parts.map((part, place) => goingManifest(part, place + 1)),
    ]);
    expect(await run.run()).toMatchObject({ state: 'done', done: { untagged: 1, deleted: 3, spared: 0 } });
    expect(await present(old, stays, index, ...parts)).toEqual([true, true, false, false, false]);
    expect(await run.content.tag(repository, 'old')).toBeUndefined();
    expect(run.reported().map(({ tag, digest, outcome }) => [tag ?? digest, outcome])).toEqual([
      ['old', 'untagged'],
      [index, 'deleted'],
      ...parts.map((part) => [part, 'deleted']),
    ]);
    expect(run.statements('_registry').map(({ kind }) => kind)).toEqual(['retention-finished']);
    // What was intended was recorded first.
    expect(run.statements().map(({ kind }) => kind)).toEqual(['retention-intended', 'retention-done']);
    expect(await run.run()).toMatchObject({ state: 'done' });
    expect(run.reported()).toHaveLength(4);
  });

  it('nothing happens to a plan that nobody has had run, nor without an identity that may delete', async () => {
    const run = retentionRun(registry, { repository });
    const digest = await push('one');
    await run.plan([goingManifest(digest, 0)]);
    const stored = await run.ports.plans.get(registry.loginServer, '8232000000000-0123456789ab');
    if (stored === undefined) throw new Error('no plan');
    await run.ports.plans.put({ ...stored.header, state: 'approved' }, stored.version);
    expect(await run.run()).toMatchObject({ state: 'approved' });
    expect(await present(digest)).toEqual([true]);

    const off = retentionRun(registry, { repository });
    await off.plan([goingManifest(digest, 0)]);
    off.ports.deletions.clear();
    expect(await off.run()).toMatchObject({
      state: 'stopped',
      stoppedBecause: expect.stringMatching(/no identity/),
    });
    expect(await present(digest)).toEqual([true]);
  });
});

describe('when something has changed since the plan', () => {
  it('what was tagged again stays (F5)', async () => {
    const run = retentionRun(registry, { repository });
    const digest = await push('again');
    await run.plan([goingManifest(digest, 0)]);
    await push('again', 'back');
    expect(await run.run()).toMatchObject({ state: 'done', done: { spared: 1, deleted: 0 } });
    expect(run.reported()).toMatchObject([{ outcome: 'spared', because: 'it was tagged again' }]);
    expect(await present(digest)).toEqual([true]);
  });

  it('a tag that moved, was locked, or whose manifest was locked, stays', async () => {
    const run = retentionRun(registry, { repository });
    const [one, two, three] = [await push('1', 'moved'), await push('2', 'locked'), await push('3', 'kept')];
    await run.plan([goingTag('moved', one), goingTag('locked', two), goingTag('kept', three), kept(one)]);
    await push('4', 'moved');
    await setAttributes(registry, `${repository}/_tags/locked`, { deleteEnabled: false });
    await setAttributes(registry, `${repository}/_manifests/${three}`, { writeEnabled: false });
    expect(await run.run()).toMatchObject({ done: { untagged: 0, spared: 3 } });
    expect(run.reported().map(({ because }) => because)).toEqual([
      expect.stringMatching(/^it points to sha256:/),
      'it is locked',
      'its manifest is locked',
    ]);
    expect(await run.content.tag(repository, 'locked')).toMatchObject({ locks: { canDelete: false } });
  });

  it('what a new index lists stays, with what that lists, whenever it came (F1, F2)', async () => {
    const run = retentionRun(registry, { repository });
    const [child, deep, late] = [await prepared('child'), await prepared('deep'), await prepared('late')];
    for (const one of [child, deep, late]) await put(one);
    const nested = sampleIndex([deep.descriptor]);
    const nestedDigest = await put(nested);
    const digests = [child, deep, late].map(({ descriptor }) => theDigest(descriptor.digest));
    await run.plan([
      goingManifest(nestedDigest, 0),
      ...digests.map((digest, place) => goingManifest(digest, place + 1)),
    ]);
    await put(sampleIndex([child.descriptor, nested.descriptor]), 'new');
    let isLate = false;
    const deletions: RegistryDeletions = {
      ...[...run.ports.deletions.values()][0],
      untag: async () => ({ outcome: 'absent' }),
      deleteManifest: async () => ({ outcome: 'absent' }),
    };
    const content: RegistryContent = {
      ...run.content,
      // Pushed after the run has begun, right before the last deletion.
      async manifest(name, digest) {
        if (digest === digests[2] && !isLate) {
          isLate = true;
          await put(sampleIndex([late.descriptor]), 'later');
        }
        return run.content.manifest(name, digest);
      },
    };
    expect(await run.run({ content, deletions })).toMatchObject({ done: { deleted: 0, spared: 4 } });
    expect(run.reported().every(({ because }) => because?.endsWith('lists it, or is about it'))).toBe(true);
  });

  it('what is signed since by something that stays is not deleted along with it', async () => {
    const run = retentionRun(registry, { repository });
    const image = await prepared('signed');
    const digest = await put(image);
    await run.plan([goingManifest(digest, 0)]);
    await pushImage(registry, repository, undefined, { content: 'signature', subject: image.descriptor });
    expect(await run.run()).toMatchObject({ done: { deleted: 0, spared: 1 } });
    expect(await present(digest)).toEqual([true]);
  });

  it('a signature that was tagged since keeps what it signs', async () => {
    const run = retentionRun(registry, { repository });
    const image = await prepared('signed');
    const digest = await put(image);
    const options = { content: 'signature', subject: image.descriptor };
    const signature = theDigest(await pushImage(registry, repository, undefined, options));
    await run.plan([goingManifest(digest, 0), goingManifest(signature, 1)]);
    await pushImage(registry, repository, 'audit', options);
    expect(await run.run()).toMatchObject({ done: { deleted: 0, spared: 2 } });
    expect(await present(digest, signature)).toEqual([true, true]);
  });

  it('a subject goes with its signatures, and what is left of them is counted once', async () => {
    const run = retentionRun(registry, { repository });
    const image = await prepared('signed');
    const digest = await put(image);
    const options = { content: 'signature', subject: image.descriptor };
    const signature = theDigest(await pushImage(registry, repository, undefined, options));
    await run.plan([goingManifest(digest, 0), goingManifest(signature, 1)]);
    expect(await run.run()).toMatchObject({ state: 'done' });
    expect(await present(digest, signature)).toEqual([false, false]);
    expect(run.reported()).toHaveLength(2);
  });

  it('without an API for referrers, the tag that lists them is looked for', async () => {
    const run = retentionRun(registry, { repository });
    const digest = await push('signed');
    await run.plan([goingManifest(digest, 0)]);
    registry.faults.referrers = false;
    const signature = await prepared('signature');
    await put(signature);
    await put(sampleIndex([signature.descriptor]), digest.replace(':', '-'));
    expect(await run.run()).toMatchObject({ done: { deleted: 0, spared: 1 } });
    expect(await present(digest)).toEqual([true]);
  });

  it('an index that stays keeps its parts, which are no surprises of their own', async () => {
    const run = retentionRun(registry, { repository, mostSurprises: 1 });
    const parts = await Promise.all(['a', 'b', 'c'].map(prepared));
    for (const part of parts) await put(part);
    const index = await put(sampleIndex(parts.map(({ descriptor }) => descriptor)));
    const digests = parts.map(({ descriptor }) => theDigest(descriptor.digest));
    await run.plan([goingManifest(index, 0), ...digests.map((one, place) => goingManifest(one, place + 1))]);
    run.keeps.set(index, [{ code: 'in-use', detail: 'aks-prod Deployment shop/web' }]);
    expect(await run.run()).toMatchObject({ state: 'done', done: { deleted: 0, spared: 4 } });
    expect(run.reported()[0]).toMatchObject({ because: 'in-use: aks-prod Deployment shop/web' });
  });
});

describe('when a run has to end', () => {
  it('more surprises than the policy allows end it', async () => {
    const run = retentionRun(registry, { repository, mostSurprises: 1 });
    const digests = [await push('1'), await push('2'), await push('3')];
    await run.plan(digests.map((digest, order) => goingManifest(digest, order)));
    for (const digest of digests.slice(0, 2)) run.keeps.set(digest, [{ code: 'approved', detail: 'one' }]);
    expect(await run.run()).toMatchObject({
      state: 'stopped',
      stoppedBecause: expect.stringMatching(/^2 items had changed since the plan/),
      done: { deleted: 0, spared: 2 },
    });
    expect(await present(...digests)).toEqual([true, true, true]);
    expect(run.statements('_registry').map(({ kind }) => kind)).toEqual(['retention-stopped']);
  });

  it.each(['coverage-incomplete', 'source-stale'] as const)('a doubt (%s) ends it at once', async (code) => {
    const run = retentionRun(registry, { repository });
    const [one, two] = [await push('1'), await push('2')];
    await run.plan([goingManifest(one, 0), goingManifest(two, 1)]);
    run.keeps.set(two, [{ code, detail: 'aks-prod' }]);
    expect(await run.run()).toMatchObject({ state: 'stopped', stoppedBecause: `${code}: aks-prod` });
    expect(await present(one, two)).toEqual([false, true]);
    expect(run.reported().map(({ outcome }) => outcome)).toEqual(['deleted']);
  });

  it('an identity without the right ends it, and a lock that came in between spares one item', async () => {
    const run = retentionRun(registry, { repository });
    const [one, two] = [await push('1'), await push('2')];
    await run.plan([goingManifest(one, 0), goingManifest(two, 1)]);
    const refusing = (code: string): RegistryDeletions => ({
      untag: async () => ({ outcome: 'refused', code }),
      deleteManifest: async () => ({ outcome: 'refused', code }),
    });
    const stopped = await run.run({ deletions: refusing('registry-401') });
    expect(stopped).toMatchObject({
      state: 'stopped',
      stoppedBecause: expect.stringMatching(/^registry-401/),
    });
    const other = retentionRun(registry, { repository });
    await other.plan([goingManifest(one, 0), goingManifest(two, 1)]);
    expect(await other.run({ deletions: refusing('registry-405') })).toMatchObject({ done: { spared: 2 } });
    expect(await present(one, two)).toEqual([true, true]);
  });

  it('a new index that cannot be read ends it before anything goes (F1)', async () => {
    const run = retentionRun(registry, { repository });
    const [digest, unread] = [await push('1'), await push('2', 'new')];
    await run.plan([goingManifest(digest, 0)]);
    const content: RegistryContent = {
      ...run.content,
      document: async (name, asked) => {
        if (asked !== unread) return run.content.document(name, asked);
        throw new AuditFault('registry-unreadable', 'sent what is no manifest', { retryable: false });
      },
    };
    expect(await run.run({ content })).toMatchObject({
      state: 'stopped',
      stoppedBecause: expect.stringMatching(/^registry-unreadable/),
    });
    expect(await present(digest)).toEqual([true]);
    expect(run.reported()).toEqual([]);
  });

  it('its turn ends before a function has to, and the next goes on', async () => {
    const run = retentionRun(registry, { repository });
    const [one, two] = [await push('1'), await push('2')];
    await run.plan([goingManifest(one, 0), goingManifest(two, 1)]);
    const [real] = run.ports.deletions.values();
    if (real === undefined) throw new Error('nothing deletes');
    let passed = 0;
    run.ports.clock.now = () => Date.now() + passed;
    const deletions: RegistryDeletions = {
      ...real,
      async deleteManifest(name, digest) {
        passed += 21 * 60_000;
        return real.deleteManifest(name, digest);
      },
    };
    expect(await run.run({ deletions })).toMatchObject({ state: 'running' });
    expect(run.handedOn).toHaveLength(1);
    expect(await present(one, two)).toEqual([false, true]);
    expect(await run.run({ deletions })).toMatchObject({ state: 'done', done: { deleted: 2 } });
    expect(run.reported()).toHaveLength(2);
  });

  it('one that goes on for longer than a plan may be old is stopped', async () => {
    const run = retentionRun(registry, { repository });
    const digest = await push('1');
    await run.plan([goingManifest(digest, 0)]);
    run.ports.clock.now = () => Date.now() + 25 * 3_600_000;
    expect(await run.run()).toMatchObject({
      state: 'stopped',
      stoppedBecause: expect.stringMatching(/too old/),
    });
    expect(await present(digest)).toEqual([true]);
  });

  it('a busy registry ends it for now, and it goes on later', async () => {
    const run = retentionRun(registry, { repository });
    const [one, two] = [await push('1'), await push('2')];
    await run.plan([goingManifest(one, 0), goingManifest(two, 1)]);
    let left = 1;
    const [real] = run.ports.deletions.values();
    if (real === undefined) throw new Error('nothing deletes');
    const deletions: RegistryDeletions = {
      ...real,
      async deleteManifest(name, digest) {
        if (left === 0) throw cutOff();
        left -= 1;
        return real.deleteManifest(name, digest);
      },
    };
    await expect(run.run({ deletions })).rejects.toMatchObject({ retryable: true });
    expect(await run.header()).toMatchObject({ state: 'running' });
    expect(await run.run()).toMatchObject({ state: 'done', done: { deleted: 2, spared: 0 } });
    expect(run.reported()).toHaveLength(2);
  });

  it('cut off at any call, it goes on: all goes that is planned, nothing else, each reported once', async () => {
    for (let cutAt = 1; ; cutAt += 1) {
      nextRepository();
      const run = retentionRun(registry, { repository });
      const stays = await push('stays', 'stays');
      const digests = [await push('1'), await push('2'), await push('old', 'old')];
      const [one, two, old] = digests as [Digest, Digest, Digest];
      await run.plan([
        goingTag('old', old),
        kept(old),
        kept(stays),
        goingManifest(one, 0),
        goingManifest(two, 1),
      ]);
      let calls = 0;
      const cutting = async <T>(call: () => Promise<T>): Promise<T> => {
        calls += 1;
        if (calls === cutAt) throw cutOff();
        const result = await call();
        calls += 1;
        // The answer is lost with the process.
        if (calls === cutAt) throw cutOff();
        return result;
      };
      const [real] = run.ports.deletions.values();
      if (real === undefined) throw new Error('nothing deletes');
      const { writer, outbox } = run.ports;
      run.ports.writer = { ...writer, commit: (...told) => cutting(() => writer.commit(...told)) };
      run.ports.outbox = {
        ...outbox,
        announceStatements: (told) => cutting(() => outbox.announceStatements(told)),
      };
      const deletions: RegistryDeletions = {
        untag: (...told) => cutting(() => real.untag(...told)),
        deleteManifest: (...told) => cutting(() => real.deleteManifest(...told)),
      };
      const first = await run.run({ deletions }).catch((error: unknown) => error);
      if (!(first instanceof Error)) {
        // Further calls there are none.
        expect(cutAt).toBeGreaterThan(8);
        return;
      }
      run.ports.writer = writer;
      run.ports.outbox = outbox;
      await run.run();
      expect(await run.header()).toMatchObject({ state: 'done' });
      expect(await present(stays, old, one, two)).toEqual([true, true, false, false]);
      expect(await run.content.tag(repository, 'old')).toBeUndefined();
      const told = run.reported().map(({ tag, digest, outcome }) => `${tag ?? digest} ${outcome}`);
      expect(told.sort()).toEqual(['old untagged', `${one} deleted`, `${two} deleted`].sort());
    }
  });
});
