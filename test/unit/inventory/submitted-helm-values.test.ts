import { describe, expect, it } from '@jest/globals';
import { digestOf } from '../../builders/registry-event.ts';
import { imagesOf, problemsOf, refusalOf, submitted } from '../../builders/submission.ts';

const digest = digestOf('app');

describe('readSubmission of Helm values', () => {
  it('when images are literals, claims them by their path', () => {
    const text = `
api:
  image:
    registry: contoso.azurecr.io
    repository: team/api
    tag: "1.4.2"
    pullPolicy: IfNotPresent
sidecars:
  - {name: proxy, image: "contoso.azurecr.io/proxy:3"}
  - {repository: contoso.azurecr.io/agent, digest: "${digest}", tag: ""}
initImage: contoso.azurecr.io/init@${digest}
worker:
  repository: contoso.azurecr.io/worker
  tag: 7
images:
  web: contoso.azurecr.io/web:1
  pullPolicy: Always
  job: {repository: contoso.azurecr.io/job, tag: v1@${digest}}
replicas: 0
pushImage: false
imagePullSecrets: [{name: acr}]
source: {repository: "https://github.com/contoso/app"}
`;
    const { complete, reading } = submitted('helm', text);
    expect(reading.problems).toEqual([]);
    expect(complete).toBe(true);
    expect(reading.claims.map(({ workload, image }) => [workload.name, image])).toEqual([
      ['api.image', 'contoso.azurecr.io/team/api:1.4.2'],
      ['sidecars.0.image', 'contoso.azurecr.io/proxy:3'],
      ['sidecars.1', `contoso.azurecr.io/agent@${digest}`],
      ['initImage', `contoso.azurecr.io/init@${digest}`],
      ['worker', 'contoso.azurecr.io/worker:7'],
      ['images.web', 'contoso.azurecr.io/web:1'],
      ['images.job', `contoso.azurecr.io/job:v1@${digest}`],
    ]);
    expect(
      reading.claims.every(({ workload, state }) => workload.kind === 'HelmValues' && state === 'desired'),
    ).toBe(true);
  });

  it.each([
    ['a mapping has no tag', { image: { repository: 'a/b' } }, 'image: has neither tag nor digest'],
    [
      'a mapping has an empty tag',
      { image: { repository: 'a/b', tag: '' } },
      'image: has neither tag nor digest',
    ],
    ['a text has no tag', { image: 'contoso.azurecr.io/a' }, 'image: has neither tag nor digest'],
    ['a text is empty', { sideImage: '' }, 'sideImage: is empty'],
    ['a text is a template', { image: 'a:{{ .Values.tag }}' }, 'image: is a template'],
    [
      'a tag is a template',
      { image: { repository: 'a', tag: '{{ .Chart.AppVersion }}' } },
      'image.tag: is a template',
    ],
    ['a tag is a fraction', { image: { repository: 'a', tag: 1.1 } }, 'image.tag: is no text'],
    ['there is only a tag', { image: { tag: '1' } }, 'image: has no repository'],
    ['there is only a name', { api: { image: { name: 'a', tag: '1' } } }, 'api.image: has no repository'],
    ['it is a number', { image: 7 }, 'image: is no text'],
    ['it is a URL', { image: { repository: 'https://contoso.azurecr.io/a', tag: '1' } }, 'image: "https:'],
    ['it is no reference', { image: 'A B:1' }, 'image: "A B:1" has no repository name'],
    ['another key has the tag', { imageTag: '1.2' }, 'imageTag: is a part of an image'],
    ['a registry replaces that of others', { global: { imageRegistry: 'x.io' } }, 'global.imageRegistry: '],
    ['a text among images is none', { images: { registry: 'x.io' } }, 'images.registry: has neither tag'],
    ['a list of images has a bare name', { images: ['a'] }, 'images.0: has neither tag'],
  ])('when %s, that is a problem and nothing is claimed', (_, values, problem) => {
    const text = JSON.stringify({ ...values, other: { image: 'b:1' } });
    expect(imagesOf('helm', text)).toEqual(['b:1']);
    expect(problemsOf('helm', text)).toEqual([expect.stringContaining(problem)]);
    expect(submitted('helm', text).complete).toBe(false);
  });

  it('when the values themselves are an image, it is claimed', () => {
    expect(submitted('helm', 'repository: a/b\ntag: "1"').reading.claims).toEqual([
      { workload: { kind: 'HelmValues', name: 'the values' }, state: 'desired', image: 'a/b:1' },
    ]);
  });

  it('when an image has only how to pull it, there is nothing to claim', () => {
    expect(imagesOf('helm', 'image: {pullPolicy: Always, pullSecrets: []}\nb: {image: "b:1"}')).toEqual([
      'b:1',
    ]);
  });

  it.each(['replicas: 1', 'a text', '[1]', 'image: {pullPolicy: Always}'])(
    'when the body is %j, it is refused: it names no image',
    (text) => {
      expect(refusalOf('helm', text)).toEqual([{ field: '$', problem: expect.any(String) }]);
    },
  );

  it('when paths are long, names are bounded', () => {
    const key = 'k'.repeat(1_000);
    const [claim] = submitted('helm', JSON.stringify({ [key]: { [key]: { image: 'a:1' } } })).reading.claims;
    expect(claim?.workload.name).toBe('k'.repeat(253));
  });
});
