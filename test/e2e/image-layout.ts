import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** An image for several platforms on disk. */
export interface ImageLayout {
  readonly directory: string;
  /** The name under which the layout keeps its index. */
  readonly reference: string;
  /** Digest of the index of all platforms. */
  readonly digest: string;
  /** Digests of the images, in the order of the platforms. */
  readonly children: readonly string[];
}

const block = 512;

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** A tar archive of one file: the ustar format, https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html. */
function tarOf(name: string, content: string): Buffer {
  const header = Buffer.alloc(block);
  const octal = (value: number, width: number): string => value.toString(8).padStart(width - 1, '0');
  header.write(name, 0);
  header.write(`${octal(0o644, 8)}\0${octal(0, 8)}\0${octal(0, 8)}\0`, 100);
  header.write(`${octal(content.length, 12)}\0${octal(0, 12)}\0`, 124);
  header.write('        0', 148);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 7)}\0 `, 148);
  const padding = Buffer.alloc((block - (content.length % block)) % block);
  return Buffer.concat([header, Buffer.from(content), padding, Buffer.alloc(2 * block)]);
}

/**
 * Writes an OCI image layout with one small image for each architecture:
 * https://github.com/opencontainers/image-spec/blob/main/image-layout.md.
 */
export async function writeImageLayout(
  directory: string,
  architectures: readonly string[],
): Promise<ImageLayout> {
  const reference = 'latest';
  await mkdir(join(directory, 'blobs', 'sha256'), { recursive: true });

  async function put(mediaType: string, bytes: Buffer): Promise<Descriptor> {
    const digest = sha256(bytes);
    await writeFile(join(directory, 'blobs', ...digest.split(':')), bytes);
    return { mediaType, digest, size: bytes.length };
  }
  const putJson = (mediaType: string, value: object): Promise<Descriptor> =>
    put(mediaType, Buffer.from(JSON.stringify(value)));

  async function putImage(architecture: string) {
    const layer = tarOf('platform.txt', `${architecture}\n`);
    const config = await putJson('application/vnd.oci.image.config.v1+json', {
      architecture,
      os: 'linux',
      config: { Cmd: ['/bin/true'] },
      rootfs: { type: 'layers', diff_ids: [sha256(layer)] },
      history: [{ created: '2026-01-01T00:00:00Z', created_by: 'a test' }],
    });
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const manifest = await putJson(mediaType, {
      schemaVersion: 2,
      mediaType,
      config,
      layers: [await put('application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(layer))],
    });
    return { ...manifest, platform: { architecture, os: 'linux' } };
  }

  const children = await Promise.all(architectures.map(putImage));
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const index = await putJson(mediaType, { schemaVersion: 2, mediaType, manifests: children });
  await writeFile(
    join(directory, 'index.json'),
    JSON.stringify({
      schemaVersion: 2,
      manifests: [{ ...index, annotations: { 'org.opencontainers.image.ref.name': reference } }],
    }),
  );
  await writeFile(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  return { directory, reference, digest: index.digest, children: children.map(({ digest }) => digest) };
}
