import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileRoute, type Route } from '../../../local/host/route.ts';

function route(template: string): Route {
  const compiled = compileRoute(template);
  if (typeof compiled === 'string') throw new Error(compiled);
  return compiled;
}

describe('matching', () => {
  it.each([
    ['', '', {}],
    ['a/b', 'A/b/', {}],
    ['a/b', 'a//b', undefined],
    ['a/b', 'a/b/c', undefined],
    ['{x}', '', undefined],
    ['{x}', 'Value', { x: 'Value' }],
    ['{x}/{y?}', 'a', { x: 'a' }],
    ['{x}/{y?}', 'a/b', { x: 'a', y: 'b' }],
    ['a/{*rest}', 'a', {}],
    ['a/{*rest}', 'a/b/c', { rest: 'b/c' }],
    ['a/{**rest}', 'a/b/c', { rest: 'b/c' }],
    ['{name}.{ext}', 'archive.tar.gz', { name: 'archive.tar', ext: 'gz' }],
    ['v{major:int}', 'V12', { major: '12' }],
    ['v{major:int}', 'vx', undefined],
    ['a.b', 'axb', undefined],
    ['{id:guid}', '00000000-0000-0000-0000-000000000000', { id: '00000000-0000-0000-0000-000000000000' }],
    ['{n:int}', '2147483648', undefined],
    ['{n:long}', '2147483648', { n: '2147483648' }],
    ['{n:min(5):max(7)}', '6', { n: '6' }],
    ['{n:range(5,7)}', '8', undefined],
    ['{s:length(2,3)}', 'abcd', undefined],
    ['{s:minlength(2)}', 'ab', { s: 'ab' }],
    ['{s:maxlength(2)}', 'abc', undefined],
    ['{s:alpha}', 'a1', undefined],
    ['{s:bool?}', 'TRUE', { s: 'TRUE' }],
    ['{s:bool?}', '', {}],
    ['{d:decimal}', '-1.5', { d: '-1.5' }],
    ['{s:regex(^sha256:[0-9a-f]+$)}', 'sha256:0a', { s: 'sha256:0a' }],
    ['{__proto__}', 'x', Object.defineProperty({}, '__proto__', { value: 'x', enumerable: true })],
  ])('when the template is "%s" and the path "%s", the parameters are %j', (template, path, expected) => {
    const params = route(template).match(path);
    expect(params === undefined ? undefined : Object.entries(params)).toEqual(
      expected === undefined ? undefined : Object.entries(expected),
    );
  });

  it('when the path is arbitrary, matching does not throw', () => {
    const routes = ['{a}/{b?}', 'a/{*rest}', '{n:int}/{g:guid}', '{x}.{y}'].map(route);
    const path = fc.string({ unit: 'binary' });
    fc.assert(fc.property(path, (text) => void routes.map(({ match }) => match(text))));
  });
});

describe('precedence', () => {
  it('when several templates match, the more specific ranks first', () => {
    const templates = ['{*all}', 'a/{*rest}', '{x}/{y}', 'a/{y}', 'a/{y:int}', 'a/b'];
    const ranked = templates.map(route).toSorted((a, b) => (a.precedence < b.precedence ? -1 : 1));
    expect(ranked.map(({ template }) => template)).toEqual([
      'a/b',
      'a/{y:int}',
      'a/{y}',
      'a/{*rest}',
      '{x}/{y}',
      '{*all}',
    ]);
  });
});

describe('templates that are refused', () => {
  it.each([
    '{*a}/b',
    '{a?}/b',
    '{a}/{A}',
    '{a',
    'a}',
    '{}',
    '{a=1}',
    '{a:unknown}',
    '{a:regex([)}',
    'x{*a}',
    'x{a?}',
    '{a:int(x)}',
  ])('when the template is "%s", the reason is told', (template) => {
    expect(typeof compileRoute(template)).toBe('string');
  });

  it('when the template is arbitrary, it is compiled or refused, never thrown at', () => {
    fc.assert(fc.property(fc.string(), (template) => void compileRoute(template)));
    fc.assert(
      fc.property(fc.stringMatching(/^[{}*?:a/()]{0,12}$/), (template) => void compileRoute(template)),
    );
  });
});
