import {
  type Descriptor,
  describeBytes,
  mediaTypes,
  prepareImage,
  putManifest,
  type SampleManifest,
  sampleIndex,
} from '../../test/component/acr/image.ts';
import type { TestRegistry } from '../../test/component/acr/test-registry.ts';
import type { Journal } from './journal.ts';
import { oneOf, type SoakPlan } from './plan.ts';

/** What goes on in the registry. */
export interface Traffic {
  /** Pushes, moves, deletes and untags at a steady rate until told to stop; resolves when the last is done. */
  run(stop: AbortSignal): Promise<void>;
  /** An image that was pushed at least so many milliseconds ago, of the first of the repositories, with a tag that it has, if any. */
  anImage(
    olderThanMs: number,
    share?: number,
  ): { readonly repository: string; readonly digest: string; readonly tag?: string } | undefined;
  /** Has a repository for itself: nothing else happens in it meanwhile. */
  alone<T>(repository: string, work: () => Promise<T>): Promise<T>;
  /** Deletes a manifest; its status as answered. Only while having the repository for oneself. */
  remove(repository: string, digest: string): Promise<number>;
  readonly repositories: readonly string[];
}

interface Pushed extends SampleManifest {
  readonly pushedAt: number;
}

interface Repository {
  readonly name: string;
  readonly image: SampleManifest;
  readonly manifests: Map<string, Pushed>;
  readonly tags: Map<string, string>;
  /** What is done in it, one after another. */
  last: Promise<unknown>;
  waiting: number;
}

const stepMs = 20;
const movedShare = 0.1;

/**
 * How often what happens, each up to the next: a deletion, an untag, the same push again, a known digest under another tag,
 * a new digest without a tag, an index and its two parts; what is left is a new digest under a tag. A full repository loses as
 * many manifests as it gains.
 */
const shares = {
  growing: { deleted: 0.1, untagged: 0.15, repeated: 0.25, moved: 0.35, bare: 0.42, index: 0.47 },
  full: { deleted: 0.28, untagged: 0.33, repeated: 0.55, moved: 0.78, bare: 0.81, index: 0.83 },
};

/**
 * Drives the stand-in as its users would, over TLS. The blobs of images are pushed once for each repository, with an image
 * that is told like any other.
 */
export async function trafficOn(
  registry: TestRegistry,
  journal: Journal,
  random: () => number,
  plan: Pick<SoakPlan, 'rate' | 'repositories' | 'manifestsKept'>,
): Promise<Traffic> {
  const repositories: Repository[] = [];
  for (let number = 0; number < plan.repositories; number += 1) {
    const name = `team-${number}/app`;
    const image = await prepareImage(registry, name);
    const [manifests, tags] = [new Map<string, Pushed>(), new Map<string, string>()];
    repositories.push({ name, image, manifests, tags, last: Promise.resolve(), waiting: 0 });
  }
  for (const repository of repositories) await pushBase(repository);
  const named = new Map(repositories.map((one) => [one.name, one]));
  let [made, built] = [0, 0];

  function newImage({ image }: Repository): SampleManifest {
    made += 1;
    const text = JSON.stringify({ ...JSON.parse(image.text), annotations: { number: String(made) } });
    return { text, descriptor: describeBytes(mediaTypes.manifest, text) };
  }

  /** Whether it was accepted: what is locked is not changed. */
  function settle(status: number, expected: number): boolean {
    if (status === expected) {
      journal.accepted += 1;
      return true;
    }
    if (status !== 405) throw new Error(`The registry answered ${status}, not ${expected}`);
    journal.refused += 1;
    return false;
  }

  async function push(to: Repository, manifest: SampleManifest, tag?: string): Promise<boolean> {
    const { digest } = manifest.descriptor;
    const { status } = await putManifest(registry, to.name, tag ?? digest, manifest);
    if (!settle(status, 201)) return false;
    to.manifests.set(digest, { ...manifest, pushedAt: to.manifests.get(digest)?.pushedAt ?? Date.now() });
    if (tag !== undefined) to.tags.set(tag, digest);
    return true;
  }

  /** An image that stays, since its blobs would go with the last one that has them. */
  async function pushBase(to: Repository): Promise<void> {
    await push(to, to.image);
    to.manifests.delete(to.image.descriptor.digest);
  }

  async function pushIndex(to: Repository, tag: string): Promise<void> {
    const children: Descriptor[] = [];
    for (const architecture of ['amd64', 'arm64']) {
      const child = newImage(to);
      await push(to, child);
      children.push({ ...child.descriptor, ...{ platform: { os: 'linux', architecture } } });
    }
    await push(to, sampleIndex(children), tag);
  }

  async function remove(from: Repository, digest: string): Promise<number> {
    const { status } = await registry.call('DELETE', `/v2/${from.name}/manifests/${digest}`);
    if (status === 404) from.manifests.delete(digest);
    else if (settle(status, 202)) {
      from.manifests.delete(digest);
      for (const [tag, held] of from.tags) if (held === digest) from.tags.delete(tag);
    }
    return status;
  }

  async function untag(from: Repository, tag: string, digest: string): Promise<void> {
    const since = Date.now();
    const { status } = await registry.call('DELETE', `/acr/v1/${from.name}/_tags/${tag}`);
    if (status === 405) {
      journal.refused += 1;
      return;
    }
    if (status !== 202) throw new Error(`The registry answered ${status} to an untag`);
    from.tags.delete(tag);
    journal.untaggings.push({ repository: from.name, tag, digest, from: since, until: Date.now() });
  }

  /** Most builds have a tag of their own; some tags move from each to the next. */
  function aTag(): string {
    if (random() < movedShare) return oneOf(['latest', 'prod', 'main'], random) ?? '';
    built += 1;
    return `1.0.${built}`;
  }

  /** Something that happens, and how many events it makes. */
  function next(of: Repository): { readonly events: number; readonly act: () => Promise<unknown> } {
    const known = oneOf([...of.manifests.values()], random);
    const held = oneOf([...of.tags], random);
    const upTo = of.manifests.size > plan.manifestsKept ? shares.full : shares.growing;
    const chance = random();
    if (known !== undefined && chance < upTo.deleted) {
      return { events: 1, act: () => remove(of, known.descriptor.digest) };
    }
    if (held !== undefined && chance < upTo.untagged) return { events: 1, act: () => untag(of, ...held) };
    const heldManifest = held && of.manifests.get(held[1]);
    if (held !== undefined && heldManifest !== undefined && chance < upTo.repeated) {
      return { events: 1, act: () => push(of, heldManifest, held[0]) };
    }
    if (known !== undefined && chance < upTo.moved) return { events: 1, act: () => push(of, known, aTag()) };
    if (chance < upTo.bare) return { events: 1, act: () => push(of, newImage(of)) };
    if (chance < upTo.index) return { events: 3, act: () => pushIndex(of, aTag()) };
    return { events: 1, act: () => push(of, newImage(of), aTag()) };
  }

  function alone<T>(of: Repository, work: () => Promise<T>): Promise<T> {
    of.waiting += 1;
    const done = of.last.then(work).finally(() => {
      of.waiting -= 1;
    });
    of.last = done.catch(() => undefined);
    return done;
  }

  function existing(name: string): Repository {
    const found = named.get(name);
    if (found === undefined) throw new Error(`There is no ${name}`);
    return found;
  }

  async function run(stop: AbortSignal): Promise<void> {
    const failures: unknown[] = [];
    const began = performance.now();
    let begun = 0;
    while (!stop.aborted && failures.length === 0) {
      const owed = ((performance.now() - began) / 1000) * plan.rate;
      while (begun < owed) {
        const repository = oneOf(
          repositories.filter(({ waiting }) => waiting === 0),
          random,
        );
        if (repository === undefined) break;
        const { events, act } = next(repository);
        begun += events;
        alone(repository, act).catch((error: unknown) => failures.push(error));
      }
      await new Promise((resume) => setTimeout(resume, stepMs));
    }
    await Promise.all(repositories.map(({ last }) => last));
    if (failures.length > 0) throw failures[0];
  }

  return {
    run,
    repositories: repositories.map(({ name }) => name),
    alone: (name, work) => alone(existing(name), work),
    remove: (name, digest) => remove(existing(name), digest),
    anImage(olderThanMs, share = 1) {
      const repository = oneOf(repositories.slice(0, Math.ceil(repositories.length * share)), random);
      const before = Date.now() - olderThanMs;
      const old = [...(repository?.manifests.values() ?? [])].filter(({ pushedAt }) => pushedAt < before);
      const digest = oneOf(old, random)?.descriptor.digest;
      if (repository === undefined || digest === undefined) return undefined;
      const tag = [...repository.tags].find(([, held]) => held === digest)?.[0];
      return { repository: repository.name, digest, ...(tag === undefined ? {} : { tag }) };
    },
  };
}
