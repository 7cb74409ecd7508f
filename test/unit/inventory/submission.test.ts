import { describe, expect, it } from '@jest/globals';
import {
  imagesOf,
  problemsOf,
  readFlatObjects,
  refusalOf,
  submitted,
  submittedAt,
} from '../../builders/submission.ts';

const pod = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', name, image: `${name}:1` });

function objectsGivenFor(text: string): readonly unknown[] {
  const given: unknown[] = [];
  submitted('kubernetes', text, {
    readKubernetesObjects: (objects) => {
      given.push(...objects);
      return { claims: [], problems: [] };
    },
  });
  return given;
}

describe('readSubmission of Kubernetes objects', () => {
  it.each([
    ['one object', JSON.stringify(pod('a')), [pod('a')]],
    [
      'a list',
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [pod('a')] }),
      [{ apiVersion: 'v1', kind: 'List', items: [pod('a')] }],
    ],
    ['a typed list', '{"kind": "PodList", "items": []}', [{ kind: 'PodList', items: [] }]],
    ['an array of objects', JSON.stringify([pod('a'), pod('b')]), [pod('a'), pod('b')]],
    [
      'YAML documents',
      '---\napiVersion: v1\nkind: Pod\nname: a\nimage: "a:1"\n---\n# none\n---\n{apiVersion: v1, kind: Pod, name: b, image: "b:1"}\n',
      [pod('a'), pod('b')],
    ],
  ])('when the body is %s, gives all of them to their reader', (_, text, objects) => {
    expect(objectsGivenFor(text)).toEqual(objects);
  });

  it('when objects are read, gives the time and the label of owners, and takes what is read of them', () => {
    const asked: unknown[] = [];
    const reading = submitted('kubernetes', JSON.stringify([pod('a'), pod('b')]), {
      ownerLabel: 'team',
      since: submittedAt - 1,
      readKubernetesObjects: (objects, options) => {
        asked.push(options);
        return { ...readFlatObjects(objects), problems: [{ where: 'Pod b', problem: 'is half-read' }] };
      },
    });
    expect(asked).toEqual([{ now: submittedAt, ownerLabel: 'team' }]);
    expect(reading.complete).toBe(false);
    expect(reading.reading.problems).toEqual([{ where: 'Pod b', problem: 'is half-read' }]);
    expect(reading.reading.claims.map(({ image, since }) => [image, since])).toEqual([
      ['a:1', submittedAt - 1],
      ['b:1', submittedAt - 1],
    ]);
  });

  it('when one of several is no object, that is a problem, and the others are read', () => {
    const text = JSON.stringify([pod('a'), null, 'x', { items: [] }]);
    expect(imagesOf('kubernetes', text)).toEqual(['a:1']);
    expect(problemsOf('kubernetes', text)).toEqual([
      'item 1: the document: is not an object: expected a document',
      'item 2: the document: is not an object: expected a document',
      'item 3: the document: is no Kubernetes object: it has no kind',
    ]);
  });

  it('when a kustomization is among them, it was not built: what it names elsewhere is a problem', () => {
    const text = `kind: Pod\nname: a\nimage: "a:1"\n---\nkind: Kustomization\nresources: [x]\n`;
    expect(problemsOf('kubernetes', text)).toEqual([
      expect.stringMatching(/^document 2: resources: are not in/),
    ]);
  });

  it.each(['{}', '[]', '{"complete": true, "references": []}', 'a', '[1]'])(
    'when the body is %s, it is refused',
    (text) => {
      expect(refusalOf('kubernetes', text).length).toBeGreaterThan(0);
    },
  );
});

describe('readSubmission of YAML by its structure', () => {
  it('when documents are of several kinds, reads each as what it is', () => {
    const text = `
apiVersion: v1
kind: Pod
name: a
image: "a:1"
---
services: {b: {image: "b:1"}}
---
kind: Kustomization
images: [{name: c, newTag: "1"}]
---
images: [{name: d, newTag: "1"}]
---
{complete: true, ttl: PT2H, references: [{image: "e:1", workload: e}]}
---
{complete: true, ttl: PT1H, references: []}
---
f: {image: {repository: f, tag: "1"}}
`;
    const { complete, ttl, reading } = submitted('yaml', text);
    expect(reading.problems).toEqual([]);
    expect({ complete, ttl }).toEqual({ complete: true, ttl: 3_600_000 });
    expect(reading.claims.map(({ workload, image }) => `${workload.kind} ${image}`)).toEqual([
      ...['Compose b:1', 'Kustomization c:1', 'Kustomization d:1', 'Reference e:1', 'HelmValues f:1'],
      'Pod a:1',
    ]);
  });

  it('when one is not recognised, that is a problem, and the others are read', () => {
    const text = 'services: {b: {image: "b:1"}}\n---\nreplicas: 1\n---\njust text\n';
    expect(imagesOf('yaml', text)).toEqual(['b:1']);
    expect(problemsOf('yaml', text)).toEqual([
      expect.stringMatching(/^document 2: the document: is not recognised/),
      expect.stringMatching(/^document 3: the document: is not an object/),
    ]);
    expect(submitted('yaml', text).complete).toBe(false);
  });

  it('when none is, the body is refused, with where each is', () => {
    expect(refusalOf('yaml', 'replicas: 1\n---\njust text\n').map(({ field }) => field)).toEqual([
      'documents.1',
      'documents.2',
    ]);
    expect(refusalOf('yaml', 'replicas: 1\n').map(({ field }) => field)).toEqual(['$']);
  });

  it('when a list of references among them has wrong fields, the body is refused, with where they are', () => {
    const text = 'services: {b: {image: "b:1"}}\n---\ncomplete: yes\nreferences: [{image: 1, workload: w}]\n';
    expect(refusalOf('yaml', text).map(({ field }) => field)).toEqual([
      'documents.2.complete',
      'documents.2.references.0.image',
    ]);
  });

  it('when one of several lists is not complete, the submission is not', () => {
    const text = '{complete: true, references: []}\n---\n{complete: false, references: []}\n';
    expect(submitted('yaml', text).complete).toBe(false);
  });

  it('when values have services of their own, what is beside them is not passed over', () => {
    const text = 'services: {api: {port: 80}}\nimage: {repository: a, tag: "1"}\n';
    expect(problemsOf('yaml', text)).toEqual([
      expect.stringMatching(/^image: /),
      expect.stringMatching(/^services\.api: /),
    ]);
  });
});
