import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { usedRegistry } from '../builders/in-use-app.ts';
import { digestOf } from '../builders/registry-event.ts';
import { type SurveyedApp, surveyedApp } from '../builders/surveyed-app.ts';

/** References to one image as platforms and people write them; `D` is its digest. */
const references: readonly (readonly [image: string, repository: string])[] = [
  ['contoso.azurecr.io/app@D', 'app'],
  ['contoso.azurecr.io/team/app@D', 'team/app'],
  ['contoso.azurecr.io/nested/team/app@D', 'nested/team/app'],
  ['contoso.azurecr.io/a/b/c/d/e/f/app@D', 'a/b/c/d/e/f/app'],
  ['contoso.azurecr.io/nested/team/app:1.0@D', 'nested/team/app'],
  ['contoso.azurecr.io/team/my__app.v2-x:v1.0_rc-1@D', 'team/my__app.v2-x'],
  ['contoso.azurecr.io:443/team/app:1.0@D', 'team/app'],
  ['contoso.westeurope.geo.azurecr.io/team/app:1.0@D', 'team/app'],
  ['Contoso.AzureCR.io/team/app@D', 'team/app'],
  ['docker-pullable://contoso.azurecr.io/nested/team/app@D', 'nested/team/app'],
];

/** The same image, known by a tag, as runtimes say what they pulled for it. */
const pulls: readonly (readonly [pulled: string, repository: string])[] = [
  ['contoso.azurecr.io/nested/team/app@D', 'nested/team/app'],
  ['docker-pullable://contoso.azurecr.io/nested/team/app@D', 'nested/team/app'],
  ['contoso.azurecr.io:443/team/app:1.0@D', 'team/app'],
];

const digest = digestOf('used');
const named = (text: string) => text.replace('D', digest);
let app: SurveyedApp;

beforeEach(() => {
  app = surveyedApp();
});
afterEach(() => app.close());

/** Sources that use nothing but what a test has them use. */
async function surveyed({ besides }: { readonly besides: string }) {
  const cluster = await app.cluster('aks-prod');
  await app.azure('azure');
  if (besides !== 'compose') await app.submitNothing('compose');
  return cluster;
}

/** Deletes the image, and another of the same repository that nothing uses. */
async function deleteBoth(repository: string): Promise<void> {
  await app.survey();
  const { coverage, uses } = await app
    .useCases()
    .uses.of({ registry: usedRegistry, repository }, [digest, digestOf('unused')]);
  expect(coverage).toEqual({ complete: true, fresh: true });
  expect([...uses.values()]).toEqual(['used', 'unused']);
  await app.remove(repository, digest);
  await app.remove(repository, digestOf('unused'));
  await app.settle();
}

async function pushed(repository: string): Promise<void> {
  await app.push(repository, undefined, digestOf('unused'));
  await app.push(repository, undefined, digest);
}

const found = (repository: string, workload: string) => [
  {
    kind: 'DeletedDigestInUse',
    severity: 'critical',
    subject: { registry: usedRegistry, repository, digest },
    detail: { workloads: [workload], workloadCount: 1 },
  },
];

describe('F6: when an image is deleted that something uses by a reference that is easily misread', () => {
  it.each(references)('such as the %s of a pod, its workload is named', async (image, repository) => {
    const cluster = await surveyed({ besides: 'aks-prod' });
    await pushed(repository);
    cluster.put('pods', {
      metadata: { namespace: 'shop', name: 'web' },
      spec: { containers: [{ name: 'app', image: named(image) }] },
      status: { phase: 'Running', containerStatuses: [{ name: 'app', imageID: '' }] },
    });
    await deleteBoth(repository);
    expect(await app.gone()).toMatchObject(
      found(repository, 'aks-prod Pod shop/web container app (running, exact)'),
    );
  });

  it.each(pulls)('such as the %s that a node pulled, its workload is named', async (pulled, repository) => {
    const cluster = await surveyed({ besides: 'aks-prod' });
    await pushed(repository);
    // The tag has moved on: what it holds now is not what runs.
    await app.push(repository, '1.0', digestOf('newer'));
    cluster.put('pods', {
      metadata: { namespace: 'shop', name: 'web' },
      spec: { containers: [{ name: 'app', image: `contoso.azurecr.io/${repository}:1.0` }] },
      status: { phase: 'Running', containerStatuses: [{ name: 'app', imageID: named(pulled) }] },
    });
    await deleteBoth(repository);
    expect(await app.gone()).toMatchObject(
      found(repository, 'aks-prod Pod shop/web container app (running, exact)'),
    );
  });

  it.each(references)('such as the %s of a container group, it is named', async (image, repository) => {
    await app.cluster('aks-prod');
    const arm = await app.azure('azure');
    await app.submitNothing('compose');
    await pushed(repository);
    arm.addContainerGroup({
      name: 'orders',
      state: 'Running',
      containers: [{ name: 'api', image: named(image) }],
    });
    await deleteBoth(repository);
    expect(await app.gone()).toMatchObject([
      { kind: 'DeletedDigestInUse', severity: 'critical', subject: { repository, digest } },
    ]);
  });

  it.each(references)('such as the %s of a Compose file, its service is named', async (image, repository) => {
    await surveyed({ besides: 'compose' });
    await pushed(repository);
    await app.submit('compose', 'application/yaml', `services:\n  cache:\n    image: ${named(image)}\n`);
    await deleteBoth(repository);
    expect(await app.gone()).toMatchObject(found(repository, 'compose Compose cache (desired, exact)'));
  });

  it.each(references)('such as the %s in a plain list, its line is named', async (image, repository) => {
    await surveyed({ besides: 'compose' });
    await pushed(repository);
    await app.submit('compose', 'text/plain', `# what runs\n${named(image)} # pinned\n`);
    await deleteBoth(repository);
    expect(await app.gone()).toMatchObject(
      found(repository, `compose Reference ${repository} (desired, exact)`),
    );
  });

  it('while the same name in a registry at another port is another image', async () => {
    await surveyed({ besides: 'compose' });
    await pushed('team/app');
    await app.submit('compose', 'text/plain', named('contoso.azurecr.io:5000/team/app@D\n'));
    await app.survey();
    await app.remove('team/app', digest);
    await app.settle();
    expect(await app.gone()).toEqual([]);
    expect(app.statements('team/app').at(-1)).toMatchObject({ content: { digest, answer: 'unused' } });
  });
});
