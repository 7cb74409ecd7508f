import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { parseDigest } from '../../../src/registry/digest.ts';
import { accessTo, gathered } from '../../builders/registry-access.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { type ScriptedRegistry, startScriptedRegistry } from './scripted-registry.ts';

// What the real service was recorded to answer, in publicly available recordings kept beside the project.
const folder = join(process.cwd(), '..', 'shared', 'fixtures', 'acr');
const describeRecorded = existsSync(folder) ? describe : describe.skip;

const recording = z.object({
  entries: z.array(
    z.object({
      url: z.string(),
      status: z.number(),
      responseHeaders: z.record(z.string(), z.string()).default({}),
      responseBody: z.unknown(),
    }),
  ),
});

const repository = 'library/hello-world';
const open = { canDelete: true, canWrite: true, canRead: true, canList: true };

describeRecorded('when the service answers as it was recorded', () => {
  let registry: ScriptedRegistry;

  beforeEach(async () => {
    registry = await startScriptedRegistry();
  });
  afterEach(() => registry.close());

  /** Answers with the recorded answers, and with the end of the list where the recording ends. */
  function replay(file: string): number {
    const { entries } = recording.parse(JSON.parse(readFileSync(join(folder, file), 'utf8')));
    registry.answer(({ target }) => {
      const known = entries.find(({ url }) => url === target);
      return known === undefined
        ? { body: { registry: 'myregistry.azurecr.io', imageName: repository, tags: null } }
        : { status: known.status, headers: known.responseHeaders, body: known.responseBody };
    });
    return entries.length;
  }

  it('reads tags by pages', async () => {
    const pages = replay('sdk-js-2023-list-tags-by-pages.json');
    const tags = await gathered(accessTo(registry, { pageSize: 1 }).content.tags(repository));
    expect(tags).toHaveLength(pages);
    expect(tags[0]).toMatchObject({
      tag: 'latest',
      createdAt: Date.UTC(2023, 2, 2, 23, 15, 59, 801),
      locks: open,
    });
    expect(registry.requests).toHaveLength(pages + 1);
  });

  it('reads manifests by pages, with quarantine and all', async () => {
    const pages = replay('sdk-js-2023-list-manifests-by-pages.json');
    const manifests = await gathered(accessTo(registry, { pageSize: 1 }).content.manifests(repository));
    expect(manifests).toHaveLength(pages);
    expect(manifests[0]).toMatchObject({
      architecture: 'arm',
      os: 'linux',
      mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
      size: 5_001,
      locks: open,
    });
  });

  it('reads a tag and its index', async () => {
    replay('sdk-js-2023-tag-then-index-properties.json');
    const { content } = accessTo(registry);
    const tag = await content.tag(repository, 'test1');
    const manifest = await content.manifest(repository, parseDigest(tag?.digest ?? '') ?? digestOf('none'));
    expect(manifest).toMatchObject({
      digest: tag?.digest,
      mediaType: 'application/vnd.docker.distribution.manifest.list.v2+json',
      size: 228_854_998,
    });
  });
});
