import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parseBicep } from '../../../infra/checks/bicep-parsing.ts';
import type { Expression } from '../../../infra/checks/bicep-syntax.ts';
import { BicepSyntaxError } from '../../../infra/checks/bicep-tokens.ts';
import { templateTexts } from './infra-files.ts';

/** An expression as text with every operation in parentheses. */
function shown(expression: Expression): string {
  switch (expression.kind) {
    case 'string':
      return `'${expression.parts.map((part) => (typeof part === 'string' ? part : `{${shown(part)}}`)).join('')}'`;
    case 'number':
    case 'boolean':
      return String(expression.value);
    case 'null':
      return 'null';
    case 'name':
      return expression.name;
    case 'object':
      return `{${expression.properties.map(({ name, value }) => `${name}: ${shown(value)}`).join(', ')}}`;
    case 'array':
      return `[${expression.items.map(shown).join(', ')}]`;
    case 'for':
      return `[for ${expression.loop.item} in ${shown(expression.loop.items)}: ${shown(expression.body)}]`;
    case 'call':
      return `${expression.name}(${expression.args.map(shown).join(', ')})`;
    case 'member':
      return `${shown(expression.of)}${expression.isSafe ? '.?' : '.'}${expression.member}`;
    case 'index':
      return `${shown(expression.of)}${expression.isSafe ? '[?' : '['}${shown(expression.index)}]`;
    case 'some':
      return `${shown(expression.of)}!`;
    case 'not':
      return `(!${shown(expression.of)})`;
    case 'negative':
      return `(-${shown(expression.of)})`;
    case 'binary':
      return `(${shown(expression.left)} ${expression.operator} ${shown(expression.right)})`;
    case 'ternary':
      return `(${shown(expression.condition)} ? ${shown(expression.whenTrue)} : ${shown(expression.whenFalse)})`;
    case 'lambda':
      return `((${expression.parameters.join(', ')}) => ${shown(expression.body)})`;
  }
}

function expressionOf(text: string): string {
  const [statement] = parseBicep('a.bicep', `var x = ${text}\n`).statements;
  return statement?.kind === 'var' ? shown(statement.value) : '';
}

describe('parseBicep', () => {
  it.each([
    ['1 + 2 * 3', '(1 + (2 * 3))'],
    ['a && !b || c', '((a && (!b)) || c)'],
    ['a == b ? c : d ? e : f', '((a == b) ? c : (d ? e : f))'],
    ['a\n  ? b\n  : c', '(a ? b : c)'],
    ["a.?b ?? 'c'", "(a.?b ?? 'c')"],
    ['a[0].b[?c]!.d', 'a[0].b[?c]!.d'],
    ['map(a, (b, c) => b.d)', 'map(a, ((b, c) => b.d))'],
    ['filter(\n  a,\n  b => !empty(b)\n)', 'filter(a, ((b) => (!empty(b))))'],
    ['[1, 2\n 3]', '[1, 2, 3]'],
    ['[for a in b: { c: a }]', '[for a in b: {c: a}]'],
    ["{ a: 1, 'b-c': true\n d: null }", '{a: 1, b-c: true, d: null}'],
    ['(1 + 2) * -3', '((1 + 2) * (-3))'],
    // With the dollar sign apart, for what is in it is Bicep's and not JavaScript's.
    [`'a$${'{b}'}c$${"{d['e']}"}'`, "'a{b}c{d['e']}'"],
    [`'it\\'s \\$${'{b}'}'`, `'it's $${'{b}'}'`],
  ])('when it reads %j, it is %s', (text, expected) => {
    expect(expressionOf(text)).toBe(expected);
  });

  it('when a resource is made for each of something, on a condition or within another, it says so', () => {
    const text = `
// a comment
@description('What')
param names array = []

resource one 'Microsoft.A/b@2024-01-01' = [for (name, index) in names: if (index > 0) {
  name: name
}]

resource two 'Microsoft.A/c@2024-01-01' existing = {
  name: 'two' /* and
  another */

  resource inner 'd' = {
    name: 'resource'
  }
}
`;
    const [param, one, two, inner] = parseBicep('a.bicep', text).statements;
    expect(param).toMatchObject({ kind: 'param', type: 'array', decorators: [{ name: 'description' }] });
    expect(one).toMatchObject({ loop: { item: 'name', index: 'index' }, condition: { operator: '>' } });
    expect(two).toMatchObject({
      type: 'Microsoft.A/c',
      isExisting: true,
      body: { properties: [{ name: 'name' }] },
    });
    expect(inner).toMatchObject({ type: 'Microsoft.A/c/d', apiVersion: '2024-01-01', within: 'two' });
  });

  it.each([
    ["var a = '''x'''", 'strings of several lines are not used'],
    ["var a = 'x", 'a string does not end'],
    [`var a = 'x$${'{b'}'`, 'a string does not end'],
    ["var a = '\\q'", 'an escape is not known'],
    ['var a = ~b', '"~" is not known'],
    ['var a = 1 2', 'a new line is expected'],
    ['var a = { b: 1 c: 2 }', 'a new line, "," or "}" is expected'],
    ['var a = { b: 1, b: 2 }', 'b is there twice'],
    [`var a = { '$${'{b}'}': 1 }`, 'a name that is not computed is expected'],
    ['var a = [for b in c: d', '"]" is expected'],
    ["param a 'x' | 'y'", '"|" is not known'],
    ['param a resourceInput', 'the type "resourceInput" is not used'],
    ['func a() string => b', '"func" begins no statement that is used'],
    ["resource a 'Microsoft.A/b' = {}", "'Microsoft.A/b' is no type with a version"],
    ["resource a 'Microsoft.A/b@2024-01-01' = {", 'an object does not end'],
    ['var a = {\n  ...b\n}', 'a name is expected'],
    ["targetScope = 'subscription'\ntargetScope = 'subscription'", 'targetScope is there twice'],
  ])('when it reads %j, it refuses', (text, problem) => {
    expect(() => parseBicep('a.bicep', text)).toThrow(BicepSyntaxError);
    expect(() => parseBicep('a.bicep', text)).toThrow(problem);
  });

  it('when a template is cut or changed anywhere, it is read or refused, and nothing else', () => {
    const texts = [...templateTexts().values()];
    const change = fc.record({
      text: fc.constantFrom(...texts),
      at: fc.nat(4_000),
      length: fc.nat(3),
      by: fc.constantFrom('', "'", '{', '}', '[', ']', '(', '?', '.', '\n', '$', '@', '=', 'resource '),
    });
    void fc.assert(
      fc.property(change, ({ text, at, length, by }) => {
        const changed = text.slice(0, at) + by + text.slice(at + length);
        try {
          parseBicep('a.bicep', changed);
        } catch (error) {
          expect(error).toBeInstanceOf(BicepSyntaxError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
