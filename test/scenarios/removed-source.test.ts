import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RunningKubernetes } from '../../local/kubernetes/kubernetes-server.ts';
import { sourcesOf, usedRegistry } from '../builders/in-use-app.ts';
import { digestOf } from '../builders/registry-event.ts';
import { type SurveyedApp, surveyedApp } from '../builders/surveyed-app.ts';

const repository = 'team/app';
const id = { registry: usedRegistry, repository };
const image = `${usedRegistry}/${repository}`;
const [used, unused] = [digestOf('used'), digestOf('unused')];
const by = { id: 'platform-lead', name: 'Platform lead' };

const cluster = (name: string) => ({ name, type: 'kubernetes', kubeconfig: name, environment: 'production' });
const files = (name: string) => ({ name, type: 'submitted', freshness: 'P1D' });
/** What inventory.json may say. */
const both = sourcesOf(cluster('aks-old'), files('compose'));
const renamed = sourcesOf(cluster('aks-new'), files('compose'));
const withoutCluster = sourcesOf(files('compose'));
const withoutFiles = sourcesOf(cluster('aks-old'));

let app: SurveyedApp;
let old: RunningKubernetes;

beforeEach(async () => {
  app = surveyedApp({ sources: both });
  for (const digest of [used, unused]) await app.push(repository, undefined, digest);
  old = await app.cluster('aks-old');
  old.deploy({ namespace: 'shop', name: 'web', image: `${image}@${used}`, digest: used });
  await app.submitNothing('compose');
  await app.survey();
  expect(await answers()).toEqual(['used', 'unused']);
});
afterEach(() => app.close());

const answers = async () => [...(await app.useCases().uses.of(id, [used, unused])).uses.values()];

async function told(): Promise<readonly string[]> {
  return (await app.gone())
    .map(({ kind, subject }) => `${kind} ${subject.digest === used ? 'used' : 'unused'}`)
    .sort();
}

/** The sources from which nothing can be concluded, and why. */
async function stale(): Promise<readonly string[]> {
  return (await app.estate()).map(({ detail }) => `${detail['source']} ${detail['condition']}`).sort();
}

async function deleteBoth(): Promise<void> {
  for (const digest of [used, unused]) await app.remove(repository, digest);
  await app.settle();
}

describe('when a source is taken out of inventory.json', () => {
  it('what it used stays used, and nothing is unused, however long nobody asks it', async () => {
    app.settings.sources = withoutCluster;
    const asked = old.requests.length;
    for (let day = 0; day < 3; day += 1) {
      app.wait(24 * 60);
      await app.submitNothing('compose');
      await app.survey();
      expect(await answers()).toEqual(['used', 'unknown']);
    }
    expect(old.requests).toHaveLength(asked);
    expect(await stale()).toEqual(['aks-old removed']);
    await deleteBoth();
    expect(await told()).toEqual(['DeletedDigestInUse used', 'DeletedDigestUseUnknown unused']);
    expect(await app.gone()).toContainEqual(
      expect.objectContaining({ detail: expect.objectContaining({ sources: ['aks-old'] }) }),
    );
  });

  it('and retired, what it used ends, and so does what was found because of it', async () => {
    app.settings.sources = withoutCluster;
    await deleteBoth();
    expect(await app.useCases().retire('aks-old', by, 'the cluster was taken down')).toBe('retired');
    await app.settle();
    expect(await answers()).toEqual(['unused', 'unused']);
    expect(await told()).toEqual([]);
    expect(await stale()).toEqual([]);
    expect(app.statements('inventory', '_estate')).toContainEqual(
      expect.objectContaining({
        kind: 'source-retired',
        content: expect.objectContaining({
          source: 'aks-old',
          by: 'platform-lead',
          reason: 'the cluster was taken down',
        }),
      }),
    );
  });

  it('nobody can retire it before that, by mistake', async () => {
    expect(await app.useCases().retire('aks-old', by, 'a mistake')).toBe('still-configured');
    expect(await answers()).toEqual(['used', 'unused']);
    expect(app.statements('inventory', '_estate').map(({ kind }) => kind)).not.toContain('source-retired');
  });

  it('as the only one that was left, what it used stays used all the same', async () => {
    app.settings.sources = [];
    await app.useCases().retire('compose', by, 'no longer used');
    expect(await answers()).toEqual(['used', 'unknown']);
    await deleteBoth();
    expect(await told()).toEqual(['DeletedDigestInUse used', 'DeletedDigestUseUnknown unused']);
  });

  it('by mistake, and put back, all is as it was', async () => {
    app.settings.sources = withoutCluster;
    app.wait(5);
    await app.survey();
    await app.useCases().assessSources();
    expect(await stale()).toEqual(['aks-old removed']);
    app.settings.sources = both;
    await app.survey();
    expect(await stale()).toEqual([]);
    expect(await answers()).toEqual(['used', 'unused']);
  });

  it('and comes back by another name, the old name keeps what it used until it is retired', async () => {
    app.settings.sources = renamed;
    const now = await app.cluster('aks-new');
    now.deploy({ namespace: 'shop', name: 'web', image: `${image}@${unused}`, digest: unused });
    await app.survey();
    expect(await answers()).toEqual(['used', 'used']);
    await app.useCases().retire('aks-old', by, 'it is aks-new now');
    expect(await answers()).toEqual(['unused', 'used']);
  });

  it('a source that submits is no other: what it used stays used, and nobody can submit for it', async () => {
    await app.submit('compose', 'application/yaml', `services:\n  cache:\n    image: ${image}@${unused}\n`);
    app.settings.sources = withoutFiles;
    expect(await answers()).toEqual(['used', 'used']);
    await app.submitNothing('compose');
    expect(await answers()).toEqual(['used', 'used']);
    await app.remove(repository, unused);
    await app.settle();
    expect(await app.gone()).toMatchObject([
      {
        kind: 'DeletedDigestInUse',
        detail: { workloads: ['compose Compose cache (desired, exact)'] },
      },
    ]);
    await app.useCases().retire('compose', by, 'moved to the cluster');
    await app.settle();
    expect(await told()).toEqual([]);
  });

  it('and put back after it was retired, it has to report before anything is unused again', async () => {
    app.settings.sources = withoutCluster;
    await app.useCases().retire('aks-old', by, 'it was thought to be gone');
    expect(await answers()).toEqual(['unused', 'unused']);
    app.settings.sources = both;
    expect(await answers()).toEqual(['unknown', 'unknown']);
    await app.survey();
    expect(await answers()).toEqual(['used', 'unused']);
  });
});
