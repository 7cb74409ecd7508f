import { describe, expect, it } from '@jest/globals';
import { reconcileRepository } from '../../../src/audit/reconcile-repository.ts';
import { knownContent } from '../../../src/storage/known-content.ts';
import { auditApp } from '../../builders/audit-app.ts';
import { recorderOver, storesOver } from '../../builders/history-stores.ts';
import { memoryRegistryContent } from '../../builders/memory-registry-content.ts';
import { digestOf } from '../../builders/registry-event.ts';

const start = Date.UTC(2026, 4, 2, 14);
const at = (minute: number) => new Date(start + minute * 60_000).toISOString();
const [index, arm, amd, signature] = [
  digestOf('index'),
  digestOf('arm'),
  digestOf('amd'),
  digestOf('signature'),
];
const open = { deleteEnabled: true, writeEnabled: true, readEnabled: true, listEnabled: true };

/** The app, after a comparison with a registry that holds a signed index, locked by hand. */
async function compared() {
  const app = auditApp();
  const registry = memoryRegistryContent();
  const repository = registry.repository('team/app');
  repository.push(undefined, arm, start);
  repository.push(undefined, amd, start);
  repository.pushIndex('prod', index, [arm, amd], start + 60_000);
  repository.push(undefined, signature, start + 120_000, {
    subject: { digest: index },
    artifactType: 'application/vnd.cncf.notary.signature',
  });
  repository.lock({ digest: index }, { canDelete: false, canWrite: false });
  repository.lock({ tag: 'prod' }, { canWrite: false });
  await reconcileRepository({
    ...storesOver(app),
    content: registry.content,
    known: knownContent(app.repositories),
    record: recorderOver(app),
    clock: { now: () => start + 600_000 },
    log: { info: () => {}, warn: () => {}, error: () => {} },
  })({ registry: 'contoso.azurecr.io', repository: 'team/app', source: 'reconcile' });
  return async (query: string) => {
    const response = await app.get(`digests?${query}`);
    return { status: response.status, body: await response.json() };
  };
}

describe('digests', () => {
  it('when a comparison saw an index, the answer has its tags, children, referrers and locks', async () => {
    const ask = await compared();
    expect(await ask(`image=team/app@${index}`)).toEqual({
      status: 200,
      body: {
        image: `contoso.azurecr.io/team/app@${index}`,
        registry: 'contoso.azurecr.io',
        repository: 'team/app',
        digest: index,
        presence: 'present',
        lastChange: at(1),
        isDescribed: true,
        mediaType: 'application/vnd.oci.image.index.v1+json',
        children: 2,
        locks: { ...open, deleteEnabled: false, writeEnabled: false },
        tags: [{ tag: 'prod', since: at(1), lastPush: at(1), locks: { ...open, writeEnabled: false } }],
        platforms: [],
        closure: {
          children: [arm, amd].sort().map((digest) => ({ digest })),
          parents: [],
          referrers: [{ digest: signature, artifactType: 'application/vnd.cncf.notary.signature' }],
        },
        approvals: [],
        uses: [],
        usesCoverage: { complete: false, fresh: false },
        findings: [],
      },
    });
    expect(await ask(`image=team/app@${arm}`)).toMatchObject({
      body: { closure: { parents: [index] }, tags: [] },
    });
  });

  it('when nothing is known of it, the answer is 404', async () => {
    const ask = await compared();
    expect(await ask(`image=team/app@${digestOf('other')}`)).toMatchObject({
      status: 404,
      body: { type: 'urn:acr-audit:problem:digest-unknown' },
    });
  });

  it('when no digest is named, the answer says so', async () => {
    const ask = await compared();
    expect(await ask('image=team/app:prod')).toMatchObject({
      status: 400,
      body: { parameters: [{ name: 'image', reason: expect.stringContaining('names no digest') }] },
    });
  });
});
