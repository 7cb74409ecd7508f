import { describe, expect, it } from '@jest/globals';
import { digestOf } from '../../builders/registry-event.ts';
import { imagesOf, problemsOf, refusalOf, submitted, submittedAt } from '../../builders/submission.ts';

const image = 'contoso.azurecr.io/team/app:1.4.2';
const pinned = `contoso.azurecr.io/team/app@${digestOf('app')}`;
const list = (...references: readonly unknown[]) => JSON.stringify({ complete: true, references });

describe('readSubmission of a list of references', () => {
  it('when every field is given, claims the image by them', () => {
    const reference = {
      ...{ image, workload: 'web', kind: 'Service', container: 'app', environment: 'production' },
      ...{
        namespace: 'shop',
        owner: 'team-a',
        state: 'running',
        since: '2026-05-01T10:00:00Z',
        revision: 'r7',
      },
    };
    expect(
      submitted('references', JSON.stringify({ complete: true, ttl: 'PT1H', references: [reference] })),
    ).toEqual({
      ok: true,
      complete: true,
      ttl: 3_600_000,
      reading: {
        problems: [],
        claims: [
          {
            workload: {
              ...{ kind: 'Service', name: 'web', namespace: 'shop', container: 'app' },
              ...{ environment: 'production', owner: 'team-a' },
            },
            state: 'running',
            image,
            since: Date.UTC(2026, 4, 1, 10),
            revision: 'r7',
          },
        ],
      },
    });
  });

  it('when only the image and the workload are given, the image is desired', () => {
    expect(submitted('references', list({ image, workload: 'web' }))).toEqual({
      ok: true,
      complete: true,
      reading: {
        problems: [],
        claims: [{ workload: { kind: 'Reference', name: 'web' }, state: 'desired', image }],
      },
    });
  });

  it('when the list says that it is not complete, it is not', () => {
    const text = JSON.stringify({ complete: false, references: [{ image, workload: 'web' }] });
    expect(submitted('references', text)).toMatchObject({ complete: false, reading: { problems: [] } });
  });

  it('when there are no references, that is complete', () => {
    expect(submitted('references', list())).toEqual({
      ok: true,
      complete: true,
      reading: { claims: [], problems: [] },
    });
  });

  it('when it is written in YAML, reads the same', () => {
    const text = `# by hand\ncomplete: true\nreferences:\n  - {image: "${image}", workload: web}\n`;
    expect(submitted('references', text)).toEqual(submitted('references', list({ image, workload: 'web' })));
  });

  it.each([
    ['is none', 'contoso.azurecr.io/Team App:1', 'has no repository name'],
    ['is an image id', digestOf('app'), 'is an image id'],
    ['is too long', `contoso.azurecr.io/${'a'.repeat(1_024)}`, 'is longer than 1024 characters'],
    ['is a URL', 'https://contoso.azurecr.io/app', 'is a URL'],
  ])('when an image %s, that is a problem, and the others are claimed', (_, wrong, problem) => {
    const { complete, reading } = submitted(
      'references',
      list({ image, workload: 'a' }, { image: wrong, workload: 'b' }, { image: pinned, workload: 'c' }),
    );
    expect(complete).toBe(false);
    expect(reading.claims.map((claim) => claim.image)).toEqual([image, pinned]);
    expect(reading.problems).toEqual([
      { where: 'references.1.image', problem: expect.stringContaining(problem) },
    ]);
  });

  it('when fields are wrong, names all of them at once', () => {
    const text = JSON.stringify({
      complete: 'yes',
      ttl: 'PT10S',
      cluster: 'a',
      references: [
        { image: 7, workload: '' },
        { workload: 'a\nb', environment: 'Production', state: 'stopped', since: 'yesterday', colour: 1 },
        'x',
      ],
    });
    expect(
      refusalOf('references', text)
        .map(({ field }) => field)
        .sort(),
    ).toEqual([
      'cluster',
      'complete',
      'references.0.image',
      'references.0.workload',
      'references.1.colour',
      'references.1.environment',
      'references.1.image',
      'references.1.since',
      'references.1.state',
      'references.1.workload',
      'references.2',
      'ttl',
    ]);
  });

  it.each(['PT59S', 'P31D', '1h', 'P1Y', 60])('when the ttl is %s, it is refused', (ttl) => {
    expect(refusalOf('references', JSON.stringify({ complete: true, ttl, references: [] }))).toEqual([
      { field: 'ttl', problem: expect.stringContaining('from PT1M to P30D') },
    ]);
  });

  it.each([
    ['an array', '[]', '$'],
    ['a text', '"x: y"', '$'],
    ['an object without references', '{"complete": true}', 'references'],
    ['an object without complete', '{"references": []}', 'complete'],
    ['neither JSON nor YAML', '{"complete": tru', '$'],
    ['a Kubernetes object', '{"apiVersion": "v1", "kind": "List", "items": []}', 'apiVersion'],
    ['null', '{"complete": true, "references": null}', 'references'],
  ])('when the body is %s, it is refused', (_, text, field) => {
    expect(refusalOf('references', text).map((problem) => problem.field)).toContain(field);
  });

  it.each(['', '\n', '\uFEFF', '# only a comment\n', '---\n', 'null', '~\n', '""'])(
    'when the body is empty as %j, it is refused: that may be a command that failed',
    (text) => {
      expect(refusalOf('references', text)).toHaveLength(1);
    },
  );

  it('when there are 50,000 references, reads them, and refuses one more', () => {
    const references = Array.from({ length: 50_000 }, (_, index) => ({
      image: `app:${index}`,
      workload: 'w',
    }));
    expect(submitted('references', list(...references)).reading.claims).toHaveLength(50_000);
    expect(refusalOf('references', list(...references, references[0]))).toEqual([
      { field: 'references', problem: expect.stringContaining('expected a list of 0 to 50000') },
    ]);
  });

  it('when a time is in the future, it is not used: what tags held until now may have been pulled', () => {
    const { complete, reading } = submitted(
      'references',
      list(
        { image, workload: 'a', since: '2026-05-02T12:04:00Z' },
        { image, workload: 'b', since: '2026-05-02T12:06:00Z' },
      ),
    );
    expect(reading.claims.map(({ since }) => since)).toEqual([submittedAt + 240_000, undefined]);
    expect(reading.problems).toEqual([{ where: 'references.1.since', problem: expect.any(String) }]);
    expect(complete).toBe(false);
  });

  it('when it was said since when all is deployed, claims without a time of their own have that', () => {
    const since = submittedAt - 1_000;
    const text = list({ image, workload: 'a', since: '2026-05-01T10:00:00Z' }, { image, workload: 'b' });
    expect(submitted('references', text, { since }).reading.claims.map((claim) => claim.since)).toEqual([
      Date.UTC(2026, 4, 1, 10),
      since,
    ]);
  });

  it('when that is in the future, it is not used', () => {
    const { complete, reading } = submitted('references', list({ image, workload: 'a' }), {
      since: submittedAt + 3_600_000,
    });
    expect(complete).toBe(false);
    expect(reading.claims).toEqual([expect.not.objectContaining({ since: expect.anything() })]);
    expect(reading.problems).toEqual([{ where: 'since', problem: 'is in the future: it is not used' }]);
  });

  it('when a name is twice in an object, that is a problem: only one of them is read', () => {
    const text = `{"complete": true, "references": [{"image": "a:1", "workload": "a"}], "r\\u0065ferences": []}`;
    expect(problemsOf('references', text)).toEqual([
      'the JSON: has the name "references" more than once in one object: only the last is read',
    ]);
  });

  it.each(['__proto__', 'constructor', 'toString'])('when a field is called %s, it is not known', (name) => {
    const text = `{"complete": true, "references": [], "${name}": {"complete": false}}`;
    expect(refusalOf('references', text)).toEqual([
      { field: name, problem: expect.stringContaining('is not a known field') },
    ]);
    expect(Object.prototype).not.toHaveProperty('complete');
  });
});

describe('readSubmission of lines', () => {
  it('when the first is of a registry with an IPv6 address, it is no bracket of a document', () => {
    expect(imagesOf('references', '[::1]:5000/app:1\n')).toEqual(['[::1]:5000/app:1']);
  });

  it.each(['\n', '\r\n', '\r'])('when lines end in %j, each is a reference', (end) => {
    const text = ['\uFEFF# production', '', ` ${image}\t# the shop`, pinned, 'redis', ''].join(end);
    expect(submitted('references', text)).toEqual({
      ok: true,
      complete: true,
      reading: {
        problems: [],
        claims: [
          { workload: { kind: 'Reference', name: 'team/app' }, state: 'desired', image },
          { workload: { kind: 'Reference', name: 'team/app' }, state: 'desired', image: pinned },
          { workload: { kind: 'Reference', name: 'redis' }, state: 'desired', image: 'redis' },
        ],
      },
    });
  });

  it('when one does not parse, that is a problem, and the others are claimed', () => {
    const text = `${image}\n${image} extra\n\n<html>\nredis:7`;
    expect(imagesOf('references', text)).toEqual([image, 'redis:7']);
    expect(problemsOf('references', text)).toEqual([
      expect.stringMatching(/^line 2: /),
      expect.stringMatching(/^line 4: /),
    ]);
    expect(submitted('references', text).complete).toBe(false);
  });

  it('when there are more than 50,000, says how many were left out', () => {
    const { complete, reading } = submitted('references', 'app:1\n'.repeat(50_003));
    expect(reading.claims).toHaveLength(50_000);
    expect(complete).toBe(false);
    expect(reading.problems).toEqual([
      { where: 'the submission', problem: expect.stringContaining('has 3 claims more') },
    ]);
  });

  it('when no line can be read, lists 500 problems and how many there were beside them', () => {
    const { reading } = submitted('references', 'A B\n'.repeat(1_000));
    expect(reading.claims).toEqual([]);
    expect(reading.problems).toHaveLength(501);
    expect(reading.problems.at(-1)).toEqual({ where: 'the submission', problem: 'has 500 problems more' });
  });

  it('when there are more characters than are read, it is refused', () => {
    expect(refusalOf('references', 'app:1\n'.repeat(10), { maxJsonLength: 50, maxYamlLength: 40 })).toEqual([
      { field: '$', problem: expect.stringContaining('is longer than') },
    ]);
  });
});
