import { quote } from '../registry/free-text.ts';
import type { TextReading } from './submitted-text.ts';
import { maxDepth } from './submitted-yaml-value.ts';

/**
 * The value of a JSON text, or `undefined` when it is none. A name that is twice in an object is a problem: `JSON.parse` takes
 * the last and says nothing of the other. Never throws.
 */
export function readJson(text: string): TextReading | undefined {
  const { depth, repeated } = lookOver(text);
  if (depth > maxDepth) {
    return {
      documents: [],
      problems: [{ where: 'the JSON', problem: `is nested more than ${maxDepth} deep` }],
      isStream: false,
    };
  }
  try {
    const value: unknown = JSON.parse(text);
    return {
      documents: value === null ? [] : [{ number: 1, value }],
      problems: repeated.map((name) => ({
        where: 'the JSON',
        problem: `has the name ${quote(name)} more than once in one object: only the last is read`,
      })),
      isStream: false,
    };
  } catch {
    return undefined;
  }
}

interface JsonOutline {
  readonly depth: number;
  /** Names that an object has more than once, at most ten of them. */
  readonly repeated: readonly string[];
}

/** Goes through a text from bracket to bracket and from string to string; of a text that is no JSON it may say anything. */
function lookOver(text: string): JsonOutline {
  const names: (Set<string> | undefined)[] = [];
  const repeated: string[] = [];
  let depth = 0;
  let lastString: string | undefined;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"') {
      const end = endOfString(text, at);
      lastString = text.slice(at, end + 1);
      at = end;
    } else if (char === '{' || char === '[') {
      names.push(char === '{' ? new Set() : undefined);
      depth = Math.max(depth, names.length);
      if (depth > maxDepth) break;
    } else if (char === '}' || char === ']') {
      names.pop();
    } else if (char === ':' && lastString !== undefined) {
      const name = unquoted(lastString);
      const known = names.at(-1);
      if (known?.has(name) === true && repeated.length < 10) repeated.push(name);
      known?.add(name);
    }
  }
  return { depth, repeated };
}

function endOfString(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
  return end;
}

/** Two spellings of one name are one name. */
function unquoted(string: string): string {
  if (!string.includes('\\')) return string.slice(1, -1);
  try {
    return String(JSON.parse(string));
  } catch {
    return string;
  }
}
