import { quote } from '../registry/free-text.ts';

/** A text with its variables filled in, or why that cannot be. */
export type Interpolation =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: string };

/** Longer ones are no image's, and a default in a default in a default is read by recursion. */
const maxLength = 2_048;

/**
 * Fills in the variables of a Compose value as where none is set: `${VAR:-default}` and `${VAR-default}` are their default,
 * `$$` is a dollar sign. A variable without a default cannot be known.
 * Source: https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md
 */
export function interpolate(text: string): Interpolation {
  if (!text.includes('$')) return { ok: true, text };
  if (text.length > maxLength) return { ok: false, problem: `is longer than ${maxLength} characters` };
  const { value, end, problem } = filledIn(text, 0, false);
  if (problem !== undefined) return { ok: false, problem };
  return end === text.length ? { ok: true, text: value } : { ok: false, problem: invalid(text, end) };
}

interface Filled {
  readonly value: string;
  /** Where reading ended: the end of the text, or the brace that closes a default. */
  readonly end: number;
  readonly problem?: string;
}

function filledIn(text: string, start: number, isDefault: boolean): Filled {
  let value = '';
  let at = start;
  while (at < text.length && !(isDefault && text[at] === '}')) {
    if (text[at] !== '$') {
      value += text[at];
      at += 1;
    } else if (text[at + 1] === '$') {
      value += '$';
      at += 2;
    } else {
      const filled = variableAt(text, at);
      if (filled.problem !== undefined) return filled;
      value += filled.value;
      at = filled.end;
    }
  }
  return { value, end: at };
}

const variable = /\$(?:(?<bare>[A-Za-z_]\w*)|\{(?<braced>[A-Za-z_]\w*)(?<operator>:?[-?+]|(?=\})))/y;

function variableAt(text: string, at: number): Filled {
  variable.lastIndex = at;
  const found = variable.exec(text);
  const { bare, braced, operator } = found?.groups ?? {};
  const name = bare ?? braced;
  if (found === null || name === undefined) return { value: '', end: at, problem: invalid(text, at) };
  if (operator !== '-' && operator !== ':-') {
    return {
      value: '',
      end: at,
      problem: `needs the variable ${quote(name)}, which has no default: submit what "docker compose config" says`,
    };
  }
  const filled = filledIn(text, at + found[0].length, true);
  if (filled.problem !== undefined) return filled;
  return text[filled.end] === '}'
    ? { value: filled.value, end: filled.end + 1 }
    : { value: '', end: at, problem: invalid(text, at) };
}

function invalid(text: string, at: number): string {
  return `has no variable at ${quote(text.slice(at))}: expected \${NAME:-default}, or $$ for a dollar sign`;
}
