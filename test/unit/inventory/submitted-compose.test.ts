import { describe, expect, it } from '@jest/globals';
import { readCompose } from '../../../src/inventory/submitted-compose.ts';
import { imagesOf, problemsOf, refusalOf, submitted } from '../../builders/submission.ts';

const shop = `
name: shop
x-defaults: &defaults
  image: contoso.azurecr.io/team/app:1.4.2
  restart: always
services:
  web:
    <<: *defaults
    labels: {owner: team-a}
  worker:
    <<: [*defaults, {image: unused:1}]
    image: contoso.azurecr.io/team/worker:2
    labels: ["owner=team-b"]
    profiles: [batch]
    deploy: {replicas: 0}
  tool:
    build: .
networks: {default: {}}
`;

const opening = `\${A:-`;

describe('readSubmission of a Compose file', () => {
  it('when services have images, each is desired, whatever its profile and replicas', () => {
    const workload = { kind: 'Compose', namespace: 'shop' };
    expect(submitted('compose', shop, { ownerLabel: 'owner' })).toEqual({
      ok: true,
      complete: true,
      reading: {
        problems: [],
        claims: [
          {
            workload: { ...workload, name: 'web', owner: 'team-a' },
            state: 'desired',
            image: 'contoso.azurecr.io/team/app:1.4.2',
          },
          {
            workload: { ...workload, name: 'worker', owner: 'team-b' },
            state: 'desired',
            image: 'contoso.azurecr.io/team/worker:2',
          },
        ],
      },
    });
  });

  it.each([
    [`contoso.azurecr.io/app:\${TAG:-1.4}`, 'contoso.azurecr.io/app:1.4'],
    [`contoso.azurecr.io/app:\${TAG-1.4}`, 'contoso.azurecr.io/app:1.4'],
    [`\${REGISTRY:-contoso.azurecr.io}/app:\${TAG:-\${DEFAULT_TAG:-1}}`, 'contoso.azurecr.io/app:1'],
    [`app\${SUFFIX:-}:1`, 'app:1'],
  ])('when an image is %s, its defaults are used', (image, expected) => {
    const text = JSON.stringify({ services: { a: { image } } });
    expect(imagesOf('compose', text)).toEqual([expected]);
    expect(submitted('compose', text).complete).toBe(true);
  });

  it.each([
    ['app:$TAG', 'needs the variable "TAG"'],
    [`app:\${TAG}`, 'needs the variable "TAG"'],
    [`app:\${TAG:?which}`, 'needs the variable "TAG"'],
    [`app:\${TAG?}`, 'needs the variable "TAG"'],
    [`app:\${TAG:+1}`, 'needs the variable "TAG"'],
    [`app:\${TAG+1}`, 'needs the variable "TAG"'],
    [`app:\${TAG:-$OTHER}`, 'needs the variable "OTHER"'],
    [`app:\${TAG:-1`, 'has no variable at'],
    [`app:\${TAG/a/b}`, 'has no variable at'],
    [`app:\${}`, 'has no variable at'],
    ['app:$', 'has no variable at'],
    ['app:$1', 'has no variable at'],
    ['app:$$TAG', 'has no tag'],
    [`app:\${A:-$$}`, 'has no tag'],
    [`app:${opening.repeat(1_000)}`, 'is longer than 2048 characters'],
    [opening.repeat(400), 'has no variable at'],
  ])('when an image is %s, it is not known', (image, problem) => {
    const text = JSON.stringify({ services: { a: { image }, b: { image: 'redis:7' } } });
    expect(imagesOf('compose', text)).toEqual(['redis:7']);
    expect(problemsOf('compose', text)).toEqual([expect.stringContaining(problem)]);
    expect(submitted('compose', text).complete).toBe(false);
  });

  it.each([
    ['includes other files', { include: ['more.yaml'], services: {} }, 'include: '],
    [
      'extends another file',
      { services: { a: { image: 'a:1', extends: { file: 'b.yaml', service: 'b' } } } },
      'services.a.extends: ',
    ],
    ['extends nothing', { services: { a: { extends: 'b' } } }, 'services.a.extends: '],
    ['extends itself', { services: { a: { extends: { service: 'a' } } } }, 'services.a.extends: '],
    ['has a service without an image', { services: { a: { command: 'x' } } }, 'services.a: '],
    ['has a service that is a text', { services: { a: 'x' } }, 'services.a: '],
    ['has an image that is a number', { services: { a: { image: 7 } } }, 'services.a.image: '],
    ['has an image that is empty', { services: { a: { image: '' } } }, 'services.a.image: '],
    ['has elements that Compose does not know', { services: {}, image: 'a:1' }, 'image: '],
    [
      'has volumes that are a text',
      { services: { a: { image: 'a:1', volumes: 'x' } } },
      'services.a.volumes: ',
    ],
    [
      'has a volume of some type',
      { services: { a: { image: 'a:1', volumes: [{ type: '$T' }] } } },
      'services.a.volumes.0.type: ',
    ],
    ['has a model without its image', { services: {}, models: { m: {} } }, 'models.m.model: '],
    ['has models in a list', { services: {}, models: [] }, 'models: '],
  ])('when it %s, that is a problem', (_, file, where) => {
    const text = JSON.stringify(file);
    expect(problemsOf('compose', text)).toEqual([expect.stringMatching(`^${where}`)]);
    expect(submitted('compose', text).complete).toBe(false);
  });

  it('when a service extends another of the file, it has its image', () => {
    const text =
      'services: {a: {image: "app:1"}, b: {extends: {service: a}}, c: {extends: b, image: "app:2"}}';
    expect(imagesOf('compose', text)).toEqual(['app:1', 'app:1', 'app:2']);
    expect(submitted('compose', text).complete).toBe(true);
  });

  it('when volumes and models are images, they are claimed', () => {
    const text = JSON.stringify({
      services: {
        a: {
          image: 'a:1',
          volumes: [
            'data:/x',
            { type: 'bind', source: '/data', target: '/z' },
            { type: 'image', source: 'files:2', target: '/y' },
          ],
        },
      },
      models: { llm: { model: 'ai/small:3' } },
    });
    expect(submitted('compose', text).reading.claims.map(({ image, workload }) => [image, workload])).toEqual(
      [
        ['a:1', { kind: 'Compose', name: 'a' }],
        ['files:2', { kind: 'Compose', name: 'a', container: '/y' }],
        ['ai/small:3', { kind: 'Compose', name: 'llm', container: 'model' }],
      ],
    );
  });

  it('when a provider stands for the service, or an image is built, there may be none', () => {
    const text = 'services: {a: {provider: {type: cloud}}, b: {build: ., image: "contoso.azurecr.io/b:1"}}';
    expect(imagesOf('compose', text)).toEqual(['contoso.azurecr.io/b:1']);
    expect(submitted('compose', text).complete).toBe(true);
  });

  it.each(['services: []', 'version: "3"', 'just text', '[]'])(
    'when the body is %s, it is refused',
    (text) => {
      expect(refusalOf('compose', text)).toEqual([{ field: '$', problem: expect.any(String) }]);
    },
  );

  it('when its name needs a variable, the services have no namespace', () => {
    const { complete, reading } = submitted('compose', `name: "\${P}"\nservices: {a: {image: "a:1"}}`);
    expect(reading.claims).toEqual([
      { workload: { kind: 'Compose', name: 'a' }, state: 'desired', image: 'a:1' },
    ]);
    expect(complete).toBe(true);
  });

  it('when a service is called __proto__, it is claimed as any other', () => {
    const text = 'services:\n  __proto__: {image: "a:1"}\n  constructor: {image: "b:1"}\n';
    expect(imagesOf('compose', text)).toEqual(['a:1', 'b:1']);
  });

  it('when names are long or forge lines, they are bounded and cleaned', () => {
    const text = JSON.stringify({ services: { [`a\n${'b'.repeat(1_000)}`]: { image: 'a:1' } } });
    const [claim] = submitted('compose', text).reading.claims;
    expect(claim?.workload.name).toBe(`a\uFFFD${'b'.repeat(251)}`);
  });
});

describe('readCompose', () => {
  it('when the file can be read, gives the images by service', () => {
    expect(readCompose(shop)).toEqual({
      images: [
        { service: 'web', image: 'contoso.azurecr.io/team/app:1.4.2' },
        { service: 'worker', image: 'contoso.azurecr.io/team/worker:2' },
      ],
      problems: [],
    });
  });

  it.each([
    ['', 'the file: is empty'],
    ['services: {a: {image: "app:$TAG"}}', 'services.a.image: needs the variable "TAG"'],
    ['services: {a: {image: "A B"}}', 'services.a.image: "A B" has no repository name'],
    ['services: [', 'line 1, column'],
    ['- a', 'the file: is not a mapping'],
    ['name: x', 'services: is not a mapping'],
  ])('when the file is %j, says what is wrong', (text, problem) => {
    expect(readCompose(text)).toEqual({ images: [], problems: [expect.stringContaining(problem)] });
  });
});
