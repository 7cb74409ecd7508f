import { isAlias, isMap, isScalar, isSeq, type YAMLMap } from 'yaml';
import { quote } from '../registry/free-text.ts';

/** The deepest nesting that is read. */
export const maxDepth = 100;

/** A place in a text that cannot be read. */
export class TextRefusal extends Error {
  readonly offset: number;

  constructor(offset: number, problem: string) {
    super(problem);
    this.offset = offset;
  }
}

/** How many values may still be made, with everything that aliases and merge keys repeat counted again. */
export interface ValueBudget {
  left: number;
}

/**
 * The value of a composed YAML node. The library's own conversion bounds how often an alias repeats, but not how much a merge
 * key copies, and looks through all keys of a mapping for each; here everything repeated comes out of one budget.
 * @throws TextRefusal for a key that is there twice, an alias of nothing, and what is too deep or too much.
 */
export function yamlValue(node: unknown, budget: ValueBudget): unknown {
  const anchors = new Map<string, { readonly value: unknown; readonly size: number }>();

  function spend(count: number, at: unknown): void {
    budget.left -= count;
    if (budget.left < 0)
      throw new TextRefusal(offsetOf(at), 'is too much, with what aliases and merge keys repeat');
  }

  function read(at: unknown, depth: number): unknown {
    if (depth > maxDepth) throw new TextRefusal(offsetOf(at), `is nested more than ${maxDepth} deep`);
    if (isAlias(at)) {
      const anchored = anchors.get(at.source);
      if (anchored === undefined) {
        throw new TextRefusal(
          offsetOf(at),
          `is an alias of ${quote(at.source)}, which is no anchor before it`,
        );
      }
      spend(anchored.size, at);
      return anchored.value;
    }
    const before = budget.left;
    spend(1, at);
    const value = plainOf(at, depth);
    const anchor = isScalar(at) || isMap(at) || isSeq(at) ? at.anchor : undefined;
    if (anchor !== undefined) anchors.set(anchor, { value, size: before - budget.left });
    return value;
  }

  function plainOf(at: unknown, depth: number): unknown {
    if (isMap(at)) return objectOf(at, depth);
    if (isSeq(at)) return at.items.map((item) => read(item, depth + 1));
    return isScalar(at) ? at.value : null;
  }

  function objectOf(map: YAMLMap, depth: number): Readonly<Record<string, unknown>> {
    const entries = new Map<string, unknown>();
    const merged: (readonly object[])[] = [];
    for (const { key, value } of map.items) {
      const name = isScalar(key) ? key.value : undefined;
      if (typeof name !== 'string') throw new TextRefusal(offsetOf(key ?? map), 'is a key that is no text');
      const content = read(value, depth + 1);
      if (name === '<<' && isScalar(key) && key.type === 'PLAIN') {
        merged.push(mergeSources(content, value ?? key));
      } else if (entries.has(name)) {
        throw new TextRefusal(offsetOf(key), `is the key ${quote(name)} again: keys have to differ`);
      } else {
        entries.set(name, content);
      }
    }
    for (const source of merged.flat()) {
      for (const [name, value] of Object.entries(source)) {
        spend(1, map);
        if (!entries.has(name)) entries.set(name, value);
      }
    }
    // Defines every property as its own, so that one called `__proto__` is nothing special.
    return Object.fromEntries(entries);
  }

  return read(node, 0);
}

/** The mappings that a merge key names. Source: https://yaml.org/type/merge.html */
function mergeSources(value: unknown, at: unknown): readonly object[] {
  const sources: readonly unknown[] = Array.isArray(value) ? value : [value];
  return sources.map((source) => {
    if (typeof source === 'object' && source !== null && !Array.isArray(source)) return source;
    throw new TextRefusal(offsetOf(at), 'is merged by "<<", but is no mapping');
  });
}

function offsetOf(node: unknown): number {
  const isNode = isAlias(node) || isScalar(node) || isMap(node) || isSeq(node);
  return (isNode ? node.range?.[0] : undefined) ?? 0;
}
