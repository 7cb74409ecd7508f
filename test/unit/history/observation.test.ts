import { describe, expect, it } from '@jest/globals';
import {
  type DescribedManifest,
  type LocksSeen,
  type ManifestDescription,
  type Observed,
  observedBy,
  statedDescription,
  statedLocks,
} from '../../../src/history/observation.ts';
import type { JsonContent, Statement } from '../../../src/history/statement.ts';
import { canonicalStatement } from '../../../src/ledger/canonical-record.ts';
import { readStatement } from '../../../src/ledger/recorded-leaf.ts';
import { unlocked } from '../../../src/registry/lock-state.ts';
import type { ManifestChild } from '../../../src/registry/manifest.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { repository, sighting } from './sightings.ts';

const [index, arm, amd] = [digestOf('index'), digestOf('arm'), digestOf('amd')];
const shortOf = (digest: string) => digest.slice('sha256:'.length, 'sha256:'.length + 32);

function childrenOf(count: number): readonly ManifestChild[] {
  return Array.from({ length: count }, (_, place) => ({ digest: digestOf(`child ${place}`) }));
}

function statedOf(children: readonly ManifestChild[]): readonly Statement[] {
  return statedDescription(repository, { description: { digest: index }, children }, sighting);
}

describe('when a manifest was described', () => {
  const whole: ManifestDescription = {
    digest: arm,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    size: 7_000_000_000,
    architecture: 'arm64',
    os: 'linux',
    artifactType: 'application/vnd.cncf.notary.signature',
    subject: amd,
    children: 0,
    unreadable: 'registry-unreadable',
  };

  it('it is stated at its creation, by its digest, so that stating it again says the same', () => {
    expect(statedDescription(repository, { description: whole, children: [] }, sighting)).toEqual([
      {
        ...repository,
        at: { time: sighting.at, id: `described.${shortOf(arm)}` },
        recordedAt: sighting.recordedAt,
        kind: 'manifest-described',
        content: { digest: arm, source: 'reconcile', description: whole },
      },
    ]);
  });

  it.each<[string, DescribedManifest]>([
    ['an image', { description: whole, children: [] }],
    ['what nothing is known of', { description: { digest: amd }, children: [] }],
    [
      'an index',
      {
        description: { digest: index, children: 3 },
        children: [
          {
            digest: arm,
            mediaType: 'application/vnd.oci.image.manifest.v1+json',
            size: 1_234,
            platform: { os: 'linux', architecture: 'arm', variant: 'v7' },
          },
          { digest: amd, platform: { architecture: 'amd64' } },
          { digest: digestOf('attestation') },
        ],
      },
    ],
  ])('it is read from its leaf as it was: %s', (_, manifest) => {
    const [statement] = statedDescription(repository, manifest, sighting);
    const read = statement && readStatement(canonicalStatement(statement));
    expect(read && observedBy(read)).toEqual({ ...manifest, index: manifest.description.digest });
  });

  it('an index of many is stated in parts that each fit a transaction, of which the last describes it', () => {
    const children = childrenOf(51);
    const parts = statedOf(children);
    expect(parts.map(({ at }) => at.id)).toEqual(
      ['', '.1', '.2'].map((part) => `described.${shortOf(index)}${part}`),
    );
    const observed = parts.map(observedBy);
    expect(observed.map((part) => part.children?.length)).toEqual([25, 25, 1]);
    expect(observed.flatMap((part) => part.children ?? [])).toEqual(children);
    expect(observed.map(({ description }) => description)).toEqual([undefined, undefined, { digest: index }]);
    expect(statedOf(childrenOf(50))).toHaveLength(2);
  });

  it('what an index lists twice is stated once, as it is listed first', () => {
    const [first, second] = ['amd64', 'unknown'].map((architecture) => ({
      digest: arm,
      platform: { architecture },
    }));
    if (first === undefined || second === undefined) throw new Error('two are listed');
    const [statement] = statedOf([first, { digest: amd }, second]);
    const stated = statement && observedBy(statement).children;
    expect(stated).toHaveLength(2);
    expect(stated).toEqual(expect.arrayContaining([first, { digest: amd }]));
  });
});

describe('when locks were seen', () => {
  const locks = { canDelete: false, canWrite: false, canRead: true, canList: true };

  it.each<[string, LocksSeen['of'], string]>([
    ['a tag', { tag: 'prod' }, 'locks.prod'],
    ['a manifest', { digest: arm }, `locks.${shortOf(arm)}`],
  ])('it is stated what they are and were, in their window, and read as it was: %s', (_, of, id) => {
    const statement = statedLocks(repository, { of, locks, before: unlocked }, { ...sighting, notBefore: 5 });
    expect(statement).toEqual({
      ...repository,
      at: { time: sighting.at, id },
      notBefore: 5,
      recordedAt: sighting.recordedAt,
      kind: 'locks-seen',
      content: { ...of, source: 'reconcile', locks, before: unlocked },
    });
    expect(observedBy(statement)).toEqual({ locks: { of, locks } });
  });

  it('when they are seen first there is no window', () => {
    const statement = statedLocks(repository, { of: { tag: 'prod' }, locks, before: unlocked }, sighting);
    expect(statement).not.toHaveProperty('notBefore');
  });
});

describe('when a statement cannot be read', () => {
  const locks = { ...unlocked };

  it.each<[string, string, JsonContent, Observed]>([
    ['another kind', 'approval-changed', { tag: 'prod', locks }, {}],
    ['locks of nothing', 'locks-seen', { locks }, {}],
    ['no locks', 'locks-seen', { tag: 'prod' }, {}],
    ...Object.keys(locks).map((name): [string, string, JsonContent, Observed] => [
      `no ${name}`,
      'locks-seen',
      { tag: 'prod', locks: { ...locks, [name]: 'yes' } },
      {},
    ]),
    ['a description of nothing', 'manifest-described', { description: { os: 'linux' } }, { children: [] }],
    [
      'a child without a digest',
      'manifest-described',
      { digest: index, manifests: [{ os: 'linux' }, { digest: arm }] },
      { index, children: [{ digest: arm }] },
    ],
    [
      'a size that is none',
      'manifest-described',
      { digest: arm, description: { size: -1, os: 'linux' } },
      { index: arm, children: [], description: { digest: arm, os: 'linux' } },
    ],
  ])('it says only what can be: %s', (_, kind, content, observed) => {
    const at = { time: sighting.at, id: 'stated' };
    const statement = { ...repository, at, recordedAt: sighting.recordedAt, kind, content };
    expect(observedBy(statement)).toEqual(observed);
  });
});
