import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as z from 'zod/mini';
import { allEnabled, type Change } from '../local/acr/change.ts';
import { createContentStore, digestOf } from '../local/acr/content-store.ts';
import { startChild } from '../local/child.ts';

/** The stand-in, a process of its own, with one repository. */
export interface SeededRegistry {
  readonly url: string;
  /** File of the authority to trust. */
  readonly caFile: string;
  /** Indexes among the manifests: their documents have to be read. */
  readonly indexes: number;
  stop(): Promise<void>;
}

const ociImage = 'application/vnd.oci.image.manifest.v1+json';
const ociIndex = 'application/vnd.oci.image.index.v1+json';
const ready = z.object({ component: z.literal('registry'), url: z.string(), ca: z.string() });

/** Images in a group of ten manifests: one index with two children, and seven images by themselves. */
const groupSize = 10;

/**
 * Starts the stand-in over a journal that was written beforehand, as if `manifests` had been pushed to the repository: of
 * each ten, seven images with a tag, and an index with a tag and two children.
 */
export async function seededRegistry(repository: string, manifests: number): Promise<SeededRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'acr-audit-registry-'));
  await mkdir(folder, { recursive: true });
  const content = createContentStore(join(folder, 'content'));
  await pipeline(
    journalOf(repository, manifests, content),
    createWriteStream(join(folder, 'journal.jsonl'), { mode: 0o600 }),
  );
  const started = Promise.withResolvers<z.output<typeof ready>>();
  const child = startChild({
    name: 'registry',
    command: process.execPath,
    args: ['local/acr/main.ts', '--data', folder, '--port', '0'],
    onLine: (line) => started.resolve(ready.parse(JSON.parse(line))),
  });
  void child.ended.then((code) => started.reject(new Error(`the registry ended with ${code}`)));
  const { url, ca } = await started.promise;
  return {
    url,
    caFile: ca,
    indexes: Math.floor(manifests / groupSize),
    async stop() {
      await child.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function* journalOf(
  repository: string,
  manifests: number,
  content: ReturnType<typeof createContentStore>,
): AsyncGenerator<string> {
  const start = Date.UTC(2026, 0, 1);
  const at = (index: number) => ({
    createdTime: new Date(start + index * 1_000).toISOString(),
    lastUpdateTime: new Date(start + index * 1_000).toISOString(),
    changeableAttributes: allEnabled,
  });
  yield lineOf([{ op: 'repository', name: repository, ...at(0) }]);

  function image(index: number): Extract<Change, { op: 'manifest' }> {
    const digest = `sha256:${createHash('sha256').update(`manifest ${index}`).digest('hex')}`;
    const platform = { architecture: index % 2 === 0 ? 'amd64' : 'arm64', os: 'linux' };
    const sizes = { size: 1_024, imageSize: 30_000_000 + index };
    return {
      op: 'manifest',
      repository,
      manifest: { digest, mediaType: ociImage, ...sizes, ...platform, ...at(index) },
    };
  }
  const tagged = (name: string, digest: string, index: number): Change => ({
    op: 'tag',
    repository,
    tag: { name, digest, ...at(index) },
  });

  for (let index = 0; index < manifests; index += 1) {
    const place = index % groupSize;
    if (place < groupSize - 1) {
      const one = image(index);
      // The last two images of a group are the children of its index.
      const isChild = place >= groupSize - 3;
      yield lineOf(isChild ? [one] : [one, tagged(`1.0.${index}`, one.manifest.digest, index)]);
      continue;
    }
    const children = [index - 2, index - 1].map((child) => image(child).manifest);
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: ociIndex,
        manifests: children.map(({ digest, size, architecture, os }) => ({
          mediaType: ociImage,
          digest,
          size,
          platform: { architecture, os },
        })),
      }),
    );
    const digest = digestOf(bytes);
    await content.put(digest, bytes);
    const sizes = { size: bytes.length, imageSize: bytes.length };
    const references = children.map(({ digest: child }) => ({ digest: child }));
    const manifest = { digest, mediaType: ociIndex, ...sizes, references, ...at(index) };
    yield lineOf([{ op: 'manifest', repository, manifest }, tagged(`1.0.${index}`, digest, index)]);
  }
}

function lineOf(changes: readonly Change[]): string {
  return `${JSON.stringify(changes)}\n`;
}
