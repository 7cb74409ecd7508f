import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  formatReference,
  maxReferenceLength,
  parseReference,
  type Reference,
} from '../../../src/registry/reference.ts';
import { digestOf } from '../../builders/registry-event.ts';

const digest = digestOf('app');
const short = { registry: 'contoso.azurecr.io', repository: 'team/app' };

function read(text: string): Reference {
  const reading = parseReference(text);
  if (!reading.ok) {
    throw new Error(`${text} ${reading.problem}`);
  }
  return reading.reference;
}

describe('parseReference', () => {
  it.each<[string, Reference]>([
    ['contoso.azurecr.io/team/app', short],
    ['contoso.azurecr.io/team/app:1.4.2', { ...short, tag: '1.4.2' }],
    [`contoso.azurecr.io/team/app@${digest}`, { ...short, digest }],
    [`contoso.azurecr.io/team/app:1.4.2@${digest}`, { ...short, tag: '1.4.2', digest }],
    ['Contoso.AzureCR.io/team/app', short],
    ['CONTOSO/app', { registry: 'contoso', repository: 'app' }],
    ['localhost/app', { registry: 'localhost', repository: 'app' }],
    ['localhost:5000/a/b/c:x', { registry: 'localhost:5000', repository: 'a/b/c', tag: 'x' }],
    ['127.0.0.1:5000/app', { registry: '127.0.0.1:5000', repository: 'app' }],
    ['[2001:DB8::1]:5000/app:1', { registry: '[2001:db8::1]:5000', repository: 'app', tag: '1' }],
    ['[::1]/app', { registry: '[::1]', repository: 'app' }],
    ['registry:5000/app', { registry: 'registry:5000', repository: 'app' }],
    ['team/app', { repository: 'team/app' }],
    ['app', { repository: 'app' }],
    ['app:5000', { repository: 'app', tag: '5000' }],
    ['localhost', { repository: 'localhost' }],
    ['localhost:5000', { repository: 'localhost', tag: '5000' }],
    ['a.b', { repository: 'a.b' }],
    ['a__b/c--d_e.f', { repository: 'a__b/c--d_e.f' }],
    ['xn--n3h.example/app', { registry: 'xn--n3h.example', repository: 'app' }],
    [`${'a'.repeat(64)}/app`, { repository: `${'a'.repeat(64)}/app` }],
  ])('when the text is %s, reads its parts', (text, expected) => {
    expect(read(text)).toStrictEqual(expected);
  });

  it.each(['docker-pullable', 'docker', 'containerd', 'cri-o', 'oci'])(
    'when a container runtime reports it with %s://, reads what follows',
    (scheme) => {
      expect(read(`${scheme}://contoso.azurecr.io/team/app@${digest}`)).toEqual({ ...short, digest });
    },
  );

  it.each([
    digest,
    `docker://${digest}`,
    digest.slice(7),
    `containerd://${digest}`,
    digest.toUpperCase().replace('SHA', 'sha'),
  ])('when the text is the image id %s, calls it unresolvable', (text) => {
    expect(parseReference(text)).toEqual({
      ok: false,
      problem: 'is an image id, which names no repository',
      unresolvable: true,
    });
  });

  it.each([
    '',
    ' ',
    '/app',
    'app/',
    'a//b',
    ':tag',
    'app:',
    'app:a:b',
    'app@',
    'app@sha256:abc',
    `app@${digest.toUpperCase()}`,
    `app@sha384:${'a'.repeat(96)}`,
    `app@${digest}@${digest}`,
    `app@${digest}:tag`,
    `@${digest}`,
    'App',
    'team/App',
    'contoso.azurecr.io/',
    'contoso.azurecr.io/Team/app',
    'my_registry.example/app',
    '-a.example/app',
    'a-.example/app',
    'a..example/app',
    'contoso.azurecr.io:/app',
    'contoso.azurecr.io:x/app',
    '[::1/app',
    '[fe80::1%eth0]/app',
    '[]/app',
    '../app',
    'app:<b>',
    'app\n',
    'app :1',
    'contoso.azurecr.io/app:1\u202E',
    'https://contoso.azurecr.io/app',
    'docker://docker://app',
    'contoso.azurecr.io/docker://app',
    `app:${'x'.repeat(129)}`,
    'x'.repeat(256),
  ])('when the text is %j, refuses it for what it is', (text) => {
    const reading = parseReference(text);
    expect(reading).toEqual({ ok: false, problem: expect.stringMatching(/^(is|has) /) });
  });

  it.each([
    ['https://contoso.azurecr.io/app', /^is a URL: .* such as contoso\.azurecr\.io\/team\/app:1\.4\.2$/],
    ['contoso.azurecr.io/app@https://sha256', /^has no sha256 or sha512 digest .* after the "@"$/],
    ['@1.4.2', /^has no sha256 or sha512 digest .* after the "@"$/],
    ['my_registry.example/app', /^has a registry that is no host name/],
    ['contoso.azurecr.io/Team/app', /^has no repository name: .* separated by "\/", at most 255 characters$/],
    ['app:', /^has no tag after the ":": expected up to 128 letters/],
  ])('when the text is %s, says what is wrong with it', (text, problem) => {
    expect(parseReference(text)).toEqual({ ok: false, problem: expect.stringMatching(problem) });
  });

  it('when the text is as long as one may be, reads it', () => {
    const registry = `${'a'.repeat(maxReferenceLength - '.b/c'.length)}.b`;
    expect(read(`${registry}/c`)).toEqual({ registry, repository: 'c' });
    expect(parseReference(`a${registry}/c`).ok).toBe(false);
  });

  it('when the repository alone keeps to 255 characters, doesn’t count the registry', () => {
    expect(read(`contoso.azurecr.io/${'x'.repeat(255)}`).repository).toHaveLength(255);
    expect(parseReference(`contoso.azurecr.io/${'x'.repeat(256)}`).ok).toBe(false);
  });

  it('when the text is hostile and long, refuses it unread', () => {
    for (const atom of ['a', 'a.', 'a/', 'a-', 'a_', ':', '@', '[', 'a.a:1/', 'docker://']) {
      expect(parseReference(atom.repeat(200_000))).toEqual({
        ok: false,
        problem: `is longer than ${maxReferenceLength} characters`,
      });
      expect(parseReference(`${atom.repeat(500)}!`).ok).toBe(false);
      expect(parseReference(`${atom.repeat(Math.floor(1_000 / atom.length))}!/a`).ok).toBe(false);
    }
  });

  it('when the text is anything, gives a reading; and a reference only for what formats to the same meaning', () => {
    const likely = fc.array(
      fc.constantFrom('a', 'B', '9', '.', '/', ':', '@', '-', '_', '__', '[', ']', digest, '://'),
      {
        maxLength: 14,
      },
    );
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      likely.map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const reading = parseReference(text);
        if (reading.ok) {
          expect(read(formatReference(reading.reference))).toEqual(reading.reference);
        } else {
          expect(reading.problem).not.toBe('');
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('formatReference', () => {
  const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  const component = fc
    .tuple(word, fc.array(fc.tuple(fc.constantFrom('.', '_', '__', '-', '---'), word), { maxLength: 2 }))
    .map(([first, rest]) => [first, ...rest.flat()].join(''));
  const repository = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  const host = fc.oneof(
    fc.array(word, { minLength: 2, maxLength: 4 }).map((labels) => labels.join('.')),
    fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/),
    fc.constantFrom('localhost', '[::1]', '[2001:db8::1]', '10.0.0.1'),
  );
  const registry = fc
    .tuple(host, fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }))
    .map(([name, port]) => (port === undefined ? name : `${name}:${port}`));
  const suffix = fc.record(
    {
      tag: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/),
      digest: fc.string().map(digestOf),
    },
    { requiredKeys: [] },
  );
  const references: fc.Arbitrary<Reference> = fc.oneof(
    fc.record({ registry, repository }).chain((name) => suffix.map((rest) => ({ ...name, ...rest }))),
    fc
      .tuple(
        repository.filter((name) => !/^(localhost|[^/]*\.[^/]*)\//.test(name)),
        suffix,
      )
      .map(([name, rest]) => ({ repository: name, ...rest })),
  );

  it('when a reference is formatted, parses to the same again', () => {
    fc.assert(
      fc.property(references, (reference) => {
        expect(parseReference(formatReference(reference))).toEqual({ ok: true, reference });
      }),
      { numRuns: 500 },
    );
  });

  it('when the registry is a single word, keeps it apart from the repository', () => {
    expect(formatReference({ registry: 'contoso', repository: 'app' })).toBe('CONTOSO/app');
  });
});
