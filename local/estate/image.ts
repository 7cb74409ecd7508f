import { gzipSync } from 'node:zlib';
import { ContainerRegistryContentClient } from '@azure/container-registry';
import type { RunningRegistry } from '../acr/registry-server.ts';

/** Pushes images to one repository of the stand-in, with the Azure SDK. */
export interface Pusher {
  /** Pushes an image for one platform under a tag; gives its digest. */
  push(tag: string | undefined, text: string, architecture?: string): Promise<string>;
  /** Pushes an image for each of the architectures, and an index of them under a tag. */
  pushIndex(tag: string, text: string, architectures: readonly string[]): Promise<PushedIndex>;
  delete(digest: string): Promise<void>;
}

/** The digest of an index, and of each image that it lists. */
export interface PushedIndex {
  readonly digest: string;
  readonly children: readonly string[];
}

const types = {
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
} as const;

/** A client for a repository; every pusher has its own, as a client's token is good for one repository. */
export function pusherOf(registry: Pick<RunningRegistry, 'url' | 'ca'>, repository: string): Pusher {
  // The stand-in takes any Entra token, as it has no Entra to ask.
  const credential = {
    getToken: () => Promise.resolve({ token: 'local', expiresOnTimestamp: Date.now() + 3_600_000 }),
  };
  const client = new ContainerRegistryContentClient(registry.url, repository, credential, {
    tlsOptions: { ca: registry.ca },
  });

  async function blob(mediaType: string, content: Buffer) {
    const { digest, sizeInBytes } = await client.uploadBlob(content);
    return { mediaType, digest, size: sizeInBytes };
  }

  async function image(tag: string | undefined, text: string, architecture: string) {
    const layer = await blob(types.layer, gzipSync(`${text}\n`));
    const config = await blob(
      types.config,
      Buffer.from(
        JSON.stringify({
          architecture,
          os: 'linux',
          config: { Cmd: ['echo', text] },
          rootfs: { type: 'layers', diff_ids: [layer.digest] },
        }),
      ),
    );
    const content = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: types.manifest, config, layers: [layer] }),
    );
    const options = { mediaType: types.manifest, ...(tag === undefined ? {} : { tag }) };
    const { digest } = await client.setManifest(content, options);
    return { mediaType: types.manifest, digest, size: content.length };
  }

  return {
    push: async (tag, text, architecture = 'amd64') => (await image(tag, text, architecture)).digest,
    async pushIndex(tag, text, architectures) {
      const manifests = [];
      for (const architecture of architectures) {
        const child = await image(undefined, `${text} ${architecture}`, architecture);
        manifests.push({ ...child, platform: { os: 'linux', architecture } });
      }
      const content = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: types.index, manifests }));
      const { digest } = await client.setManifest(content, { tag, mediaType: types.index });
      return { digest, children: manifests.map((child) => child.digest) };
    },
    delete: (digest) => client.deleteManifest(digest),
  };
}
