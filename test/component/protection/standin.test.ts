import { ContainerRegistryClient } from '@azure/container-registry';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseDigest } from '../../../src/registry/digest.ts';
import { type ProtectionApp, protectedId, protectionApp } from '../../builders/protection-app.ts';
import { accessTo, credential, locksOf } from '../../builders/registry-access.ts';
import { mediaTypes, prepareImage, putManifest, type SampleManifest, sampleIndex } from '../acr/image.ts';
import { openTestRegistry, type TestRegistry } from '../acr/test-registry.ts';

const { repository } = protectedId;

describe('F3: when a multi-arch image is approved by tag', () => {
  let registry: TestRegistry;
  let app: ProtectionApp;
  let index: SampleManifest;
  let children: readonly SampleManifest[];
  let signature: SampleManifest;
  let client: ContainerRegistryClient;

  beforeAll(async () => {
    registry = await openTestRegistry();
    children = await Promise.all(
      ['amd64', 'arm64'].map((architecture) =>
        prepareImage(registry, repository, { architecture, content: architecture }),
      ),
    );
    for (const child of children) await putManifest(registry, repository, child.descriptor.digest, child);
    index = sampleIndex(children.map(({ descriptor }) => descriptor));
    await putManifest(registry, repository, 'prod', index);
    signature = await prepareImage(registry, repository, {
      content: 'signature',
      subject: index.descriptor,
      artifactType: 'application/vnd.cncf.notary.signature',
    });
    await putManifest(registry, repository, signature.descriptor.digest, signature);
    app = protectionApp({ content: accessTo(registry).content, locks: locksOf(registry).locks });
    client = new ContainerRegistryClient(registry.url, credential(), { tlsOptions: { ca: registry.ca } });
  });
  afterAll(() => registry.dispose());

  const closure = () => [...children, index, signature].map(({ descriptor }) => descriptor.digest);
  const artifact = (digest: string) => client.getArtifact(repository, digest);

  async function flags() {
    const manifests = await Promise.all(
      closure().map(async (digest) => {
        const { canDelete, canWrite } = await artifact(digest).getManifestProperties();
        return [digest, canDelete, canWrite] as const;
      }),
    );
    const tag = await artifact(index.descriptor.digest).getTagProperties('prod');
    return [...manifests, ['prod', tag.canDelete, tag.canWrite] as const];
  }

  it('the index, its children, its signature and the tag are locked, and it is protected', async () => {
    const outcome = await app.approve('team/app:prod');
    expect(outcome).toMatchObject({
      outcome: 'approved',
      approval: {
        digest: index.descriptor.digest,
        tag: 'prod',
        state: 'requested',
        approver: { id: 'release-manager' },
      },
    });
    expect(await app.enforce()).toEqual({ locked: 5, unlocked: 0, kept: 0, findings: 0, failed: 0 });
    expect(await flags()).toEqual([
      ...closure().map((digest) => [digest, false, false]),
      ['prod', false, false],
    ]);
    expect(await app.approvals()).toMatchObject([{ state: 'protected' }]);
    expect(await app.findings()).toEqual([]);
  });

  it('deleting any of them, removing the tag and moving it are refused with 405', async () => {
    const refused = { statusCode: 405 };
    for (const digest of closure()) await expect(artifact(digest).delete()).rejects.toMatchObject(refused);
    await expect(artifact(index.descriptor.digest).deleteTag('prod')).rejects.toMatchObject(refused);
    const other = await prepareImage(registry, repository, { content: 'other' });
    const moved = await registry.call('PUT', `/v2/${repository}/manifests/prod`, {
      headers: { 'Content-Type': mediaTypes.manifest },
      body: other.text,
    });
    expect(moved.status).toBe(405);
  });

  it('every change is an audit record with what was before and after, for whom and by whom', async () => {
    const changes = app.statements().filter(({ kind }) => kind === 'lock-set');
    expect(changes).toHaveLength(5);
    const [{ id = '' } = {}] = await app.approvals();
    expect(changes.at(-1)?.content).toMatchObject({
      tag: 'prod',
      by: 'enforcement',
      approvals: [id],
      before: { canDelete: true, canWrite: true },
      after: { canDelete: false, canWrite: false },
    });
    // Children before the index, the tag last.
    const order = changes.map(({ content }) => content['tag'] ?? content['digest']);
    expect(order.at(-1)).toBe('prod');
    expect(order.indexOf(index.descriptor.digest)).toBe(3);
    expect(app.statements().map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['approval-requested', 'approval-begun', 'approval-protected', 'lock-intended']),
    );
  });

  it('one lock undone by hand is set again by the next run, and a finding names it', async () => {
    const [child] = children;
    const digest = parseDigest(child?.descriptor.digest ?? '');
    await artifact(digest ?? '').updateManifestProperties({ canDelete: true, canWrite: true });
    app.clock.time += 60_000;
    expect(await app.enforce()).toMatchObject({ locked: 1, findings: 1 });
    expect(await flags()).toContainEqual([digest, false, false]);
    expect(await app.findings()).toMatchObject([
      {
        kind: 'LockRemoved',
        severity: 'high',
        subject: { ...protectedId, digest },
        detail: { opened: ['delete', 'write'] },
      },
    ]);
    app.clock.time += 60_000;
    expect(await app.enforce()).toMatchObject({ locked: 0, findings: 0 });
  });

  it('a deployment of its digest passes, and one of another does not', async () => {
    const verdictOf = async (image: string) => (await app.verify('production', [image])).items[0];
    expect(await verdictOf(`contoso.azurecr.io/team/app@${index.descriptor.digest}`)).toMatchObject({
      verdict: 'pass',
      reasons: [],
    });
    expect(await verdictOf('contoso.azurecr.io/team/app:prod')).toMatchObject({
      verdict: 'warn',
      reasons: [{ code: 'not-pinned' }],
    });
    const other = await prepareImage(registry, repository, { content: 'unapproved' });
    await putManifest(registry, repository, 'other', other);
    expect(await verdictOf(`contoso.azurecr.io/team/app:other@${other.descriptor.digest}`)).toMatchObject({
      verdict: 'fail',
      reasons: [{ code: 'not-approved' }],
    });
    expect(await verdictOf(`contoso.azurecr.io/team/app:prod@${other.descriptor.digest}`)).toMatchObject({
      verdict: 'fail',
    });
    expect(await verdictOf('contoso.azurecr.io/team/app:gone')).toMatchObject({ verdict: 'fail' });
  });
});
