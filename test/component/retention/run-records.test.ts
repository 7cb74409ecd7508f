import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AuditFault } from '../../../src/audit/fault.ts';
import { rebuildRepository } from '../../../src/audit/rebuild-repository.ts';
import type { RegistryContent } from '../../../src/audit/registry-content.ts';
import { readStatement } from '../../../src/ledger/recorded-leaf.ts';
import { type Digest, parseDigest } from '../../../src/registry/digest.ts';
import { retellings } from '../../../src/storage/retelling.ts';
import { cutOff, goingManifest, goingTag, retentionRun } from '../../builders/retention-run.ts';
import {
  type ImageOptions,
  prepareImage,
  putManifest,
  type SampleManifest,
  sampleIndex,
} from '../acr/image.ts';
import { openTestRegistry, type TestRegistry } from '../acr/test-registry.ts';

let repository = 'team/app';
let registry: TestRegistry;
let count = 0;

beforeAll(async () => {
  registry = await openTestRegistry();
});
afterAll(() => registry.dispose());
beforeEach(nextRepository);

function nextRepository(): void {
  count += 1;
  repository = `team/app-${count}`;
  registry.faults.referrers = true;
}

const image = (content: string, more: ImageOptions = {}) =>
  prepareImage(registry, repository, { content, ...more });

async function put(manifest: SampleManifest, reference?: string): Promise<Digest> {
  const answer = await putManifest(registry, repository, reference ?? manifest.descriptor.digest, manifest);
  const digest = parseDigest(manifest.descriptor.digest);
  if (answer.status !== 201 || digest === undefined) throw new Error(`refused with ${answer.status}`);
  return digest;
}

const runOf = (options: Parameters<typeof retentionRun>[1] = {}) =>
  retentionRun(registry, { repository, ...options });

/** What the ledger will seal, by kind and item, whatever became of it. */
function announced(run: ReturnType<typeof runOf>): readonly string[] {
  return run.tables.log
    .rows()
    .filter(({ rowKey }) => rowKey.startsWith('~s|'))
    .flatMap(({ columns }) => readStatement(String(columns['leaf'])) ?? [])
    .flatMap(({ kind, content }) => {
      const items: readonly { tag?: string; digest: string; outcome: string }[] = JSON.parse(
        JSON.stringify(content['items'] ?? []),
      );
      return items.map(({ tag, digest, outcome }) => `${kind} ${tag ?? digest} ${outcome}`);
    });
}

describe('when a registry deletes what is about a manifest along with it', () => {
  async function signed() {
    const subject = await image('subject');
    const signature = await image('signature', { subject: subject.descriptor });
    const countersignature = await image('counter', { subject: signature.descriptor });
    return [await put(subject), await put(signature), await put(countersignature)] as const;
  }

  it('all of it is reported as deleted', async () => {
    const run = runOf();
    const digests = await signed();
    await put(await image('stays'), 'stays');
    await run.plan(digests.map((digest, order) => goingManifest(digest, order)));
    expect(await run.run()).toMatchObject({ state: 'done', done: { deleted: 3, spared: 0 } });
  });

  it('also after the run was cut off, at the deletion or far from it', async () => {
    for (const between of [0, 45]) {
      nextRepository();
      const run = runOf();
      await put(await image('stays'), 'stays');
      const [subject, ...others] = await signed();
      const many: Digest[] = [];
      for (let one = 0; one < between; one += 1) many.push(await put(await image(`many ${one}`)));
      const digests = [subject, ...many, ...others];
      await run.plan(digests.map((digest, order) => goingManifest(digest, order)));
      const [real] = run.ports.deletions.values();
      if (real === undefined) throw new Error('nothing deletes');
      const deletions = {
        ...real,
        async deleteManifest(name: string, digest: Digest) {
          await real.deleteManifest(name, digest);
          throw cutOff();
        },
      };
      await expect(run.run({ deletions })).rejects.toMatchObject({ code: 'cut-off' });
      expect(await run.run()).toMatchObject({ done: { deleted: digests.length, spared: 0 } });
    }
  });
});

describe('when tags say what is about a manifest', () => {
  it.each(['.sig', '.att', '.sbom', ''])('one that is there (sha256-…%s) keeps it', async (suffix) => {
    for (const referrers of [true, false]) {
      nextRepository();
      const run = runOf();
      const digest = await put(await image('signed'));
      await run.plan([goingManifest(digest, 0)]);
      registry.faults.referrers = referrers;
      await put(await image('signature'), `${digest.replace(':', '-')}${suffix}`);
      expect(await run.run()).toMatchObject({ done: { deleted: 0, spared: 1 } });
    }
  });
});

describe('when a plan removes a signature along with its image (F17)', () => {
  const tagOf = (digest: Digest) => `${digest.replace(':', '-')}.sig`;

  it('the tag goes after what it is about', async () => {
    const run = runOf();
    const digest = await put(await image('signed'));
    const signature = await put(await image('signature'), tagOf(digest));
    await run.plan([goingTag(tagOf(digest), signature), goingManifest(digest, 0)]);
    expect(await run.run()).toMatchObject({ state: 'done', done: { untagged: 1, deleted: 1, spared: 0 } });
    expect(run.reported().map(({ outcome }) => outcome)).toEqual(['deleted', 'untagged']);
  });

  it('an image that stays after all keeps it, without a surprise of its own', async () => {
    const run = runOf({ mostSurprises: 1 });
    const manifest = await image('signed');
    const digest = await put(manifest);
    const signature = await put(await image('signature'), tagOf(digest));
    await run.plan([goingTag(tagOf(digest), signature), goingManifest(digest, 0)]);
    await put(manifest, 'back');
    expect(await run.run()).toMatchObject({ state: 'done', done: { untagged: 0, deleted: 0, spared: 2 } });
    expect(await run.content.tag(repository, tagOf(digest))).toMatchObject({ digest: signature });
  });

  it('a signature that stays after all keeps its image', async () => {
    const run = runOf();
    const digest = await put(await image('signed'));
    const signature = await put(await image('signature'), tagOf(digest));
    await run.plan([goingTag(tagOf(digest), signature), goingManifest(digest, 0)]);
    run.keeps.set(tagOf(digest), [{ code: 'in-use', detail: 'aks-prod' }]);
    expect(await run.run()).toMatchObject({ state: 'done', done: { untagged: 0, deleted: 0, spared: 2 } });
    expect(await run.content.manifest(repository, digest)).toBeDefined();
  });
});

describe('when clocks of replicas differ', () => {
  it('an index that was pushed meanwhile keeps what it lists, however old it seems', async () => {
    const run = runOf();
    const child = await image('child');
    const digests = [await put(child), await put(await image('other'))];
    await run.plan(digests.map((digest, order) => goingManifest(digest, 1 - order)));
    let isLate = false;
    const content: RegistryContent = {
      ...run.content,
      async manifest(name, digest) {
        if (!isLate) await put(sampleIndex([child.descriptor]));
        isLate = true;
        return run.content.manifest(name, digest);
      },
      async *newestManifests(name) {
        const known = new Set<string>(digests);
        for await (const page of run.content.newestManifests(name)) {
          const told = page.map((one) => (known.has(one.digest) ? one : { ...one, updatedAt: 1_000 }));
          yield told.sort((a, b) => b.updatedAt - a.updatedAt);
        }
      },
    };
    expect(await run.run({ content })).toMatchObject({ done: { deleted: 1, spared: 1 } });
  });
});

describe('when what an index lists cannot be had', () => {
  it('nothing goes: a document that is missing from a manifest that is there is not an empty one', async () => {
    const run = runOf();
    const child = await image('child');
    const digest = await put(child);
    await run.plan([goingManifest(digest, 0)]);
    const index = await put(sampleIndex([child.descriptor]));
    const content: RegistryContent = {
      ...run.content,
      document: async (name, asked) => (asked === index ? undefined : run.content.document(name, asked)),
    };
    expect(await run.run({ content })).toMatchObject({ state: 'stopped' });
    expect(await run.content.manifest(repository, digest)).toBeDefined();
  });
});

describe('when a run is cut off again and again', () => {
  it('surprises of all its parts count together', async () => {
    const run = runOf({ mostSurprises: 1 });
    const digests: Digest[] = [];
    for (let one = 0; one < 45; one += 1) digests.push(await put(await image(`one ${one}`)));
    await run.plan(digests.map((digest, order) => goingManifest(digest, order)));
    for (const one of [0, 21, 42]) {
      const digest = digests[one];
      if (digest !== undefined) run.keeps.set(digest, [{ code: 'approved', detail: 'one' }]);
    }
    let calls = 0;
    const [real] = run.ports.deletions.values();
    if (real === undefined) throw new Error('nothing deletes');
    const deletions = {
      ...real,
      async deleteManifest(name: string, digest: Digest) {
        calls += 1;
        if (calls % 20 === 0) throw cutOff();
        return real.deleteManifest(name, digest);
      },
    };
    let header: unknown;
    for (let tries = 0; tries < 5 && header === undefined; tries += 1) {
      header = await run.run({ deletions }).catch(() => undefined);
    }
    expect(header).toMatchObject({
      state: 'stopped',
      stoppedBecause: expect.stringMatching(/^2 items/),
      done: { spared: 2 },
    });
  });

  it('what it was about to say is so, whatever has changed since', async () => {
    const run = runOf();
    const digest = await put(await image('used'));
    await run.plan([goingManifest(digest, 0)]);
    run.keeps.set(digest, [{ code: 'in-use', detail: 'aks-prod' }]);
    const { writer } = run.ports;
    let commits = 0;
    run.ports.writer = {
      ...writer,
      async commit(...told) {
        commits += 1;
        // The report has been announced by then.
        if (commits === 2) throw cutOff();
        return writer.commit(...told);
      },
    };
    await expect(run.run()).rejects.toMatchObject({ code: 'cut-off' });
    run.keeps.clear();
    expect(await run.run()).toMatchObject({ state: 'done', done: { deleted: 0, spared: 1 } });
    expect(run.reported()).toMatchObject([{ digest, outcome: 'spared', because: 'in-use: aks-prod' }]);
    expect(await run.content.manifest(repository, digest)).toBeDefined();
  });

  it('whatever call fails, each item is announced as intended and as done once, and so is the end', async () => {
    for (let cutAt = 1; ; cutAt += 1) {
      nextRepository();
      const run = runOf();
      const old = await put(await image('old'), 'old');
      const digests = [await put(await image('1')), await put(await image('2'))];
      await run.plan([goingTag('old', old), ...digests.map((digest, order) => goingManifest(digest, order))]);
      const { writer, outbox, plans } = run.ports;
      let time = Date.now();
      run.ports.clock = {
        now() {
          time += 1;
          return time;
        },
      };
      const [real] = run.ports.deletions.values();
      if (real === undefined) throw new Error('nothing deletes');
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
      run.ports.writer = { ...writer, commit: (...told) => cutting(() => writer.commit(...told)) };
      run.ports.outbox = {
        ...outbox,
        announceStatements: (told) => cutting(() => outbox.announceStatements(told)),
      };
      run.ports.plans = { ...plans, put: (...told) => cutting(() => plans.put(...told)) };
      const first = await run
        .run({
          deletions: {
            untag: (...told) => cutting(() => real.untag(...told)),
            deleteManifest: (...told) => cutting(() => real.deleteManifest(...told)),
          },
        })
        .catch((error: unknown) => error);
      if (!(first instanceof AuditFault)) {
        expect(cutAt).toBeGreaterThan(12);
        return;
      }
      Object.assign(run.ports, { writer, outbox, plans });
      expect(await run.run()).toMatchObject({ state: 'done', done: { untagged: 1, deleted: 2, spared: 0 } });
      const items = ['old', ...digests];
      expect({ cutAt, told: announced(run).toSorted() }).toEqual({
        cutAt,
        told: [
          ...items.map((item) => `retention-intended ${item} intended`),
          ...items.map((item) => `retention-done ${item} ${item === 'old' ? 'untagged' : 'deleted'}`),
        ].toSorted(),
      });
      // What is recorded is what will be sealed.
      const leaves = ({ rows }: Pick<typeof run.tables.log, 'rows'>) =>
        rows()
          .filter(({ rowKey }) => !rowKey.startsWith('~q|'))
          .flatMap(({ columns }) => (columns['leaf'] === undefined ? [] : String(columns['leaf'])));
      expect(leaves(run.tables.repositories).toSorted()).toEqual(leaves(run.tables.log).toSorted());
      expect(run.statements('_registry').map(({ kind }) => kind)).toEqual(['retention-finished']);
    }
  });
});

describe('when what a run did is told again from its records', () => {
  it('the state of each item is as it was, even after it was lost', async () => {
    const run = runOf();
    const old = await put(await image('old'), 'old');
    const digests = [await put(await image('1')), await put(await image('2'))];
    await run.plan([goingTag('old', old), ...digests.map((digest, order) => goingManifest(digest, order))]);
    run.keeps.set('old', [{ code: 'in-use', detail: 'aks-prod' }]);
    await run.run();
    const { repositories } = run.tables;
    const states = () => repositories.rows().filter(({ rowKey }) => rowKey.startsWith('w|'));
    const before = states().map(({ rowKey, columns }) => [rowKey, columns]);
    expect(before).toHaveLength(3);
    const rebuild = rebuildRepository({ begin: retellings(run.tables), log: run.ports.log });
    const id = { registry: registry.loginServer, repository };
    expect((await rebuild(id, { dryRun: true })).differences).toEqual([]);
    for (const { partitionKey, rowKey } of states()) {
      await repositories.transact([{ operation: 'remove', row: { partitionKey, rowKey } }]);
    }
    await rebuild(id, { dryRun: false });
    expect(states().map(({ rowKey, columns }) => [rowKey, columns])).toEqual(before);
  });
});
