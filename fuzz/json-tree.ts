import type { Random } from './random.ts';

/** JSON as it is written: names may be there twice, and literals may be any text. */
export type JsonNode =
  | { readonly kind: 'object'; readonly entries: [name: string, node: JsonNode][] }
  | { readonly kind: 'array'; readonly items: JsonNode[] }
  | { readonly kind: 'literal'; readonly text: string };

const mostDepth = 200;

/** The tree of a JSON text, or `undefined` when it is none, or deeper than trees are changed. */
export function treeOf(text: string): JsonNode | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return nodeOf(JSON.parse(text), 0);
  } catch {
    return undefined;
  }
}

function nodeOf(value: unknown, depth: number): JsonNode {
  if (depth > mostDepth) throw new RangeError('too deep');
  if (Array.isArray(value)) {
    return { kind: 'array', items: value.map((item: unknown) => nodeOf(item, depth + 1)) };
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([name, part]): [string, JsonNode] => [
      name,
      nodeOf(part, depth + 1),
    ]);
    return { kind: 'object', entries };
  }
  return { kind: 'literal', text: JSON.stringify(value) };
}

/** The text of a tree. */
export function textOfTree(node: JsonNode): string {
  switch (node.kind) {
    case 'literal':
      return node.text;
    case 'array':
      return `[${node.items.map(textOfTree).join()}]`;
    case 'object':
      return `{${node.entries.map(([name, part]) => `${JSON.stringify(name)}:${textOfTree(part)}`).join()}}`;
  }
}

type Inner = Exclude<JsonNode, { kind: 'literal' }>;

function innerNodes(node: JsonNode, found: Inner[] = []): readonly Inner[] {
  if (node.kind === 'literal') return found;
  found.push(node);
  const parts = node.kind === 'array' ? node.items : node.entries.map(([, part]) => part);
  for (const part of parts) innerNodes(part, found);
  return found;
}

const oddLiterals = [
  ...[
    'null',
    'true',
    'false',
    '0',
    '-0',
    '-1',
    '1',
    '2',
    '0.5',
    '1e21',
    '1e999',
    '-1e999',
    '9007199254740993',
  ],
  ...['1e-400', '123456789012345678901234567890', '""', '" "', '[]', '{}', '[[]]', '[null]', '{"":null}'],
  ...['{"__proto__":{"polluted":1}}', '{"constructor":{"prototype":{"polluted":1}}}', '{"toString":1}'],
  ...['"\\u0000"', '"\\ud800"', '"\\u202e"', '"\\u2028"', '"__proto__"', '"constructor"', '{"length":1e9}'],
];

const oddNames = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'length',
  'then',
  '',
];

/** Changes a tree in one place. */
export function changeTree(tree: JsonNode, random: Random, words: readonly string[]): void {
  const inner = innerNodes(tree);
  if (inner.length === 0) return;
  const at = random.pick(inner);
  if (at.kind === 'array') changeItems(at.items, random, words);
  else changeEntries(at.entries, inner, random, words);
}

function changeItems(items: JsonNode[], random: Random, words: readonly string[]): void {
  const place = random.below(items.length + 1);
  const [item] = items.slice(place);
  switch (random.below(5)) {
    case 0:
      items.splice(place, 1);
      return;
    case 1:
      if (item !== undefined)
        items.splice(place, 0, ...Array.from({ length: 1 + random.below(8) }, () => item));
      return;
    case 2:
      items.reverse();
      return;
    default:
      items.splice(place, 1, oddNode(random, words));
  }
}

function changeEntries(
  entries: [string, JsonNode][],
  others: readonly Inner[],
  random: Random,
  words: readonly string[],
): void {
  const place = random.below(entries.length + 1);
  const [entry] = entries.slice(place);
  const name = entry?.[0] ?? random.pick(oddNames);
  switch (random.below(7)) {
    case 0:
      entries.splice(place, 1);
      return;
    case 1:
      entries.splice(place, 1, [
        random.once(2) ? random.pick(oddNames) : wordOf(random, words),
        oddNode(random, words),
      ]);
      return;
    case 2:
      // The same name again.
      entries.push([name, oddNode(random, words)]);
      return;
    case 3: {
      const other = random.pick(others);
      entries.splice(place, 1, [
        name,
        JSON.stringify(other).length > 20_000 ? oddNode(random, words) : copyOf(other),
      ]);
      return;
    }
    default:
      entries.splice(place, 1, [name, oddNode(random, words)]);
  }
}

/** Not the node itself: it may be the one that it is put into. */
function copyOf(node: JsonNode): JsonNode {
  return { kind: 'literal', text: textOfTree(node) };
}

function oddNode(random: Random, words: readonly string[]): JsonNode {
  return { kind: 'literal', text: oddLiteral(random, words) };
}

function oddLiteral(random: Random, words: readonly string[]): string {
  if (random.once(40)) {
    const depth = 2 ** (4 + random.below(11));
    return `${'['.repeat(depth)}${']'.repeat(depth)}`;
  }
  if (random.once(40)) return JSON.stringify('a'.repeat(2 ** (4 + random.below(11))));
  return random.once(2) ? random.pick(oddLiterals) : JSON.stringify(wordOf(random, words));
}

function wordOf(random: Random, words: readonly string[]): string {
  return words.length === 0 ? random.pick(oddNames) : random.pick(words);
}
