import { describe, expect, it } from '@jest/globals';
import { digestOf } from '../../builders/registry-event.ts';
import { imagesOf, problemsOf, refusalOf, submitted } from '../../builders/submission.ts';

const digest = digestOf('app');

describe('readSubmission of a kustomization', () => {
  it('when images are literals, claims what replaces them', () => {
    const text = `
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: shop
images:
  - {name: app, newName: contoso.azurecr.io/team/app, newTag: "1.4.2"}
  - {name: contoso.azurecr.io/team/api, newTag: 7}
  - {name: contoso.azurecr.io/team/job, digest: "${digest}"}
  - {name: both, newTag: v1, digest: "${digest}"}
`;
    const { complete, reading } = submitted('kustomize', text);
    expect(complete).toBe(true);
    expect(reading.problems).toEqual([]);
    expect(reading.claims[0]).toEqual({
      workload: { kind: 'Kustomization', name: 'app', namespace: 'shop' },
      state: 'desired',
      image: 'contoso.azurecr.io/team/app:1.4.2',
    });
    expect(reading.claims.map(({ image }) => image)).toEqual([
      'contoso.azurecr.io/team/app:1.4.2',
      'contoso.azurecr.io/team/api:7',
      `contoso.azurecr.io/team/job@${digest}`,
      `both:v1@${digest}`,
    ]);
  });

  it('when it names other files, that is one problem', () => {
    const text = JSON.stringify({
      kind: 'Kustomization',
      resources: ['../base'],
      components: ['x'],
      helmCharts: [{ name: 'y' }],
      patches: [],
      images: [{ name: 'app', newTag: '1' }],
    });
    expect(imagesOf('kustomize', text)).toEqual(['app:1']);
    expect(problemsOf('kustomize', text)).toEqual([
      'resources, components, helmCharts: are not in this file: submit the built output ("kustomize build") as kubernetes',
    ]);
    expect(submitted('kustomize', text).complete).toBe(false);
  });

  it.each([
    ['changes only the name', { name: 'app', newName: 'b' }, 'images.0: has neither newTag nor digest'],
    ['has a suffix of a tag', { name: 'app', newTag: '1', tagSuffix: '-a' }, 'images.0.tagSuffix: '],
    ['has a tag that is a fraction', { name: 'app', newTag: 1.1 }, 'images.0.newTag: is no text'],
    ['has a tag that tools write in several ways', { name: 'app', newTag: 20_260_502 }, 'images.0.newTag: '],
    ['has a digest that is a number', { name: 'app', digest: 7 }, 'images.0.digest: '],
    ['has a digest that is none', { name: 'app', digest: 'sha256:abc' }, 'images.0: "app@sha256:abc" has no'],
    ['has a new name that is a list', { name: 'app', newName: ['a'], newTag: '1' }, 'images.0.newName: '],
    ['has no name', { newTag: '1' }, 'images.0.name: '],
    ['is a text', 'app:1', 'images.0: '],
  ])('when an entry %s, that is a problem', (_, entry, problem) => {
    const text = JSON.stringify({ kind: 'Kustomization', images: [entry] });
    expect(imagesOf('kustomize', text)).toEqual([]);
    expect(problemsOf('kustomize', text)).toEqual([expect.stringContaining(problem)]);
  });

  it('when there are fields that are not known, those are problems beside the claims', () => {
    const text =
      '{"kind": "Kustomization", "image": "a:1", "images": [{"name": "b", "newTag": "1", "tag": "2"}]}';
    expect(imagesOf('kustomize', text)).toEqual(['b:1']);
    expect(problemsOf('kustomize', text)).toEqual([
      expect.stringMatching(/^image: /),
      expect.stringMatching(/^images\.0\.tag: /),
    ]);
  });

  it('when the images are not a list, that is a problem', () => {
    expect(problemsOf('kustomize', 'kind: Kustomization\nimages: {name: a}')).toEqual([
      'images: is not a list',
    ]);
  });

  it('when it has no images, nothing is claimed', () => {
    expect(submitted('kustomize', 'kind: Kustomization\nnamespace: shop\n')).toMatchObject({
      complete: true,
      reading: { claims: [], problems: [] },
    });
  });

  it.each([
    'kind: Deployment\napiVersion: apps/v1',
    'kind: Kustomization\napiVersion: kustomize.toolkit.fluxcd.io/v1\nspec: {}',
    'images: [a]',
    'a: 1',
  ])('when the body is %j, it is refused', (text) => {
    expect(refusalOf('kustomize', text)).toEqual([
      { field: '$', problem: expect.stringContaining('is no kustomization') },
    ]);
  });
});
