import fc from 'fast-check';
import type { Digest } from '../../../src/registry/digest.ts';
import { parseDigest } from '../../../src/registry/digest.ts';
import { prepareImage, putManifest, type SampleManifest, sampleIndex } from '../acr/image.ts';
import type { Answer, TestRegistry } from '../acr/test-registry.ts';

/** What somebody asks of a registry, some milliseconds after what was asked before. */
export type Step = { readonly waitMs: number } & (
  | { readonly asks: 'push'; readonly artifact: number; readonly tag: string | undefined }
  | { readonly asks: 'untag'; readonly tag: string }
  | { readonly asks: 'delete'; readonly artifact: number }
);

/** What a registry did, at its own time in epoch milliseconds. A deletion ends every tag of the manifest. */
export interface Deed {
  readonly at: number;
  readonly action: 'push' | 'untag' | 'delete';
  readonly tag?: string;
  readonly digest: Digest;
}

/** What became of a repository: all that happened, in order, and what is there now. */
export interface Life {
  readonly deeds: readonly Deed[];
  readonly tags: ReadonlyMap<string, { readonly digest: Digest; readonly pushedAt: number }>;
  readonly manifests: ReadonlySet<Digest>;
}

const tags = ['prod', '1.0', 'latest'];
/** Images for three architectures; the artifact after them is an index of the first two. */
const architectures = ['amd64', 'arm64', 's390x'];

/** Few tags and few artifacts, so that they are pushed again, moved, removed and back. */
export function arbitrarySteps(waitMs: fc.Arbitrary<number>, most: number): fc.Arbitrary<readonly Step[]> {
  const artifact = fc.integer({ min: 0, max: architectures.length });
  const tag = fc.constantFrom(...tags);
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        asks: fc.constant('push'),
        artifact,
        tag: fc.option(tag, { nil: undefined }),
        waitMs,
      }),
    },
    { weight: 2, arbitrary: fc.record({ asks: fc.constant('untag'), tag, waitMs }) },
    { weight: 2, arbitrary: fc.record({ asks: fc.constant('delete'), artifact, waitMs }) },
  );
  return fc.array(step, { minLength: 1, maxLength: most, size: 'max' });
}

/** Asks the steps of the registry, whose clock this is, and tells what it did: what isn't there isn't asked to go. */
export async function live(
  registry: TestRegistry,
  repository: string,
  steps: readonly Step[],
  clock: { time: number },
): Promise<Life> {
  const deeds: Deed[] = [];
  const pointers = new Map<string, { digest: Digest; pushedAt: number }>();
  const manifests = new Set<Digest>();
  let artifacts: readonly SampleManifest[] = [];

  async function push(manifest: SampleManifest, tag: string | undefined): Promise<void> {
    const { digest } = identified(manifest);
    accepted(await putManifest(registry, repository, tag ?? digest, manifest));
    manifests.add(digest);
    if (tag !== undefined) pointers.set(tag, { digest, pushedAt: clock.time });
    deeds.push({ at: clock.time, action: 'push', digest, ...(tag === undefined ? {} : { tag }) });
  }
  async function untag(tag: string): Promise<void> {
    const pointer = pointers.get(tag);
    if (pointer === undefined) return;
    accepted(await registry.call('DELETE', `/acr/v1/${repository}/_tags/${tag}`));
    pointers.delete(tag);
    deeds.push({ at: clock.time, action: 'untag', tag, digest: pointer.digest });
  }
  async function remove(manifest: SampleManifest): Promise<void> {
    const { digest } = identified(manifest);
    if (!manifests.delete(digest)) return;
    accepted(await registry.call('DELETE', `/v2/${repository}/manifests/${digest}`));
    for (const [tag, pointer] of pointers) if (pointer.digest === digest) pointers.delete(tag);
    deeds.push({ at: clock.time, action: 'delete', digest });
  }

  for (const step of steps) {
    clock.time += step.waitMs;
    // The layers of a repository go with its last manifest.
    if (manifests.size === 0) artifacts = await prepare(registry, repository);
    if (step.asks === 'untag') {
      await untag(step.tag);
      continue;
    }
    const manifest = artifacts[step.artifact];
    if (manifest === undefined) throw new Error(`no artifact ${step.artifact}`);
    if (step.asks === 'push') await push(manifest, step.tag);
    else await remove(manifest);
  }
  return { deeds, tags: pointers, manifests };
}

async function prepare(registry: TestRegistry, repository: string): Promise<readonly SampleManifest[]> {
  const images = [];
  for (const architecture of architectures) {
    images.push(await prepareImage(registry, repository, { architecture }));
  }
  return [...images, sampleIndex(images.slice(0, 2).map(({ descriptor }) => descriptor))];
}

function identified({ descriptor }: SampleManifest): { readonly digest: Digest } {
  const digest = parseDigest(descriptor.digest);
  if (digest === undefined) throw new Error(`${descriptor.digest} is no digest`);
  return { digest };
}

function accepted({ status, bytes }: Answer): void {
  if (status >= 300) throw new Error(`The registry answered ${status}: ${bytes.toString('utf8')}`);
}
