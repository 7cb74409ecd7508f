import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readImage, readScope, readTagImage } from '../../../src/api/image-parameter.ts';
import { RequestProblem } from '../../../src/api/problem.ts';
import { digestOf } from '../../builders/registry-event.ts';

const contoso = [{ loginServer: 'contoso.azurecr.io' }];
const several = [
  { loginServer: 'contoso.azurecr.io' },
  { loginServer: 'fabrikam-a1b2.azurecr.io' },
  { loginServer: 'localhost:5443' },
];
const digest = digestOf('one');

function reasonOf(read: () => unknown): string {
  try {
    return JSON.stringify(read());
  } catch (error) {
    const [parameter, ...others] = error instanceof RequestProblem ? (error.problem.parameters ?? []) : [];
    if (parameter?.name !== 'image' || others.length > 0) throw error;
    return parameter.reason;
  }
}

describe('scope', () => {
  it.each([
    [undefined, { registry: 'contoso.azurecr.io' }],
    ['contoso.azurecr.io', { registry: 'contoso.azurecr.io' }],
    ['Contoso.AzureCR.io', { registry: 'contoso.azurecr.io' }],
    ['edge1.contoso.azurecr.io', { registry: 'edge1.contoso.azurecr.io' }],
    ['contoso.westeurope.geo.azurecr.io', { registry: 'contoso.azurecr.io' }],
    ['contoso.azurecr.io:443/team/app', { registry: 'contoso.azurecr.io', repository: 'team/app' }],
    [
      'contoso.westeurope.geo.azurecr.io/app:1',
      { registry: 'contoso.azurecr.io', repository: 'app', tag: '1' },
    ],
    ['team/app', { registry: 'contoso.azurecr.io', repository: 'team/app' }],
    ['app', { registry: 'contoso.azurecr.io', repository: 'app' }],
    ['contoso.azurecr.io/team/app', { registry: 'contoso.azurecr.io', repository: 'team/app' }],
    ['team/app:prod', { registry: 'contoso.azurecr.io', repository: 'team/app', tag: 'prod' }],
    [
      'edge1.contoso.azurecr.io/app:prod',
      { registry: 'edge1.contoso.azurecr.io', repository: 'app', tag: 'prod' },
    ],
    [`team/app@${digest}`, { registry: 'contoso.azurecr.io', repository: 'team/app', digest }],
    [
      `docker-pullable://contoso.azurecr.io/app:1@${digest}`,
      { registry: 'contoso.azurecr.io', repository: 'app', tag: '1', digest },
    ],
  ])('when one registry is audited, %j means %j', (image, scope) => {
    expect(readScope(image, contoso)).toEqual(scope);
  });

  it.each([
    ['localhost:5443', { registry: 'localhost:5443' }],
    ['localhost:5443/team/app:prod', { registry: 'localhost:5443', repository: 'team/app', tag: 'prod' }],
    ['fabrikam-a1b2.azurecr.io/app', { registry: 'fabrikam-a1b2.azurecr.io', repository: 'app' }],
  ])('when several registries are audited, %j means %j', (image, scope) => {
    expect(readScope(image, several)).toEqual(scope);
  });

  it('when several registries are audited and none is named, all are offered', () => {
    const names = 'contoso.azurecr.io, fabrikam-a1b2.azurecr.io, localhost:5443';
    expect(reasonOf(() => readScope(undefined, several))).toBe(`is missing: give one of ${names}`);
    expect(reasonOf(() => readScope('team/app', several))).toBe(
      `names no registry: begin with one of ${names}`,
    );
  });

  it.each([
    'fabrikam.azurecr.io/team/app',
    'contoso.azurecr.io.example/team/app',
    'notcontoso.azurecr.io/team/app',
    'a.b.contoso.azurecr.io/team/app',
    '.contoso.azurecr.io',
    'fabrikam.azurecr.io',
    'contoso.azurecr.cn',
    'localhost:5443/team/app',
  ])('when the registry of %j is not audited, that is said, never answered with nothing', (image) => {
    expect(reasonOf(() => readScope(image, contoso))).toMatch(
      /is not among the audited registries: contoso\.azurecr\.io|is no host name|has no repository name/,
    );
  });

  it.each([
    '',
    ' ',
    'https://contoso.azurecr.io/team/app',
    'Team/App',
    'team/app:',
    'team/app@sha256:1',
    '@',
    ':',
  ])('when the image is %j, the reason says what is wrong', (image) => {
    expect(reasonOf(() => readScope(image, contoso))).toMatch(/^(is|has|names|\S+ is) /);
  });

  it('when a tag has 128 characters it is read, and with 129 refused', () => {
    const tag = 'a'.repeat(128);
    expect(readScope(`app:${tag}`, contoso)).toEqual({
      registry: 'contoso.azurecr.io',
      repository: 'app',
      tag,
    });
    expect(reasonOf(() => readScope(`app:${tag}a`, contoso))).toContain('up to 128');
  });

  it('when the image is arbitrary text, it is read or refused by name, in bounded time', () => {
    const hosts = fc.constantFrom('contoso.azurecr.io', 'localhost:5443', 'edge.contoso.azurecr.io', '');
    const text = fc.string({ unit: 'binary', maxLength: 2000 });
    fc.assert(
      fc.property(hosts, text, (host, rest) => {
        expect(reasonOf(() => readScope(`${host}/${rest}`, several))).not.toBe('');
        expect(reasonOf(() => readScope(rest, several))).not.toBe('');
      }),
    );
  });
});

describe('an image that names a repository at least', () => {
  it('when only a registry is given, it is refused', () => {
    expect(reasonOf(() => readImage('localhost:5443', several))).toMatch(/registry|repository/);
  });
});

describe('an image that names a tag', () => {
  it('when it does, it is read', () => {
    expect(readTagImage('edge1.contoso.azurecr.io/app:prod', several)).toEqual({
      registry: 'edge1.contoso.azurecr.io',
      repository: 'app',
      tag: 'prod',
    });
  });

  it('when it names none, or a digest too, the reason says how to mend it', () => {
    expect(reasonOf(() => readTagImage('app', contoso))).toContain('names no tag');
    expect(reasonOf(() => readTagImage(`app@${digest}`, contoso))).toContain('names no tag');
    expect(reasonOf(() => readTagImage(`app:prod@${digest}`, contoso))).toContain('leave it out');
  });
});
