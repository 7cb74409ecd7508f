import { type Fields, fieldsOf } from '../registry/fields.ts';
import type { Findings } from '../registry/findings.ts';
import type { Form } from '../registry/form.ts';
import { quote } from '../registry/free-text.ts';
import { type Pattern, readPattern } from '../registry/pattern.ts';
import { parseDuration } from './duration.ts';

/** How many items a list may have. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
  /** Whether the list may be left out though it may not be empty. */
  readonly optional?: boolean;
}

/**
 * The fields of an object that people write, where a slip must not pass for a default: fields that are not known, `null`
 * and empty texts are problems, unlike in {@link fieldsOf}.
 */
export interface StrictFields extends Pick<Fields, 'required' | 'optional' | 'problem'> {
  /** Whether the field is there, whatever it holds. */
  has(name: string): boolean;
  /** A nested object that may be left out; `undefined` when it is. */
  optionalObject(name: string, known: readonly string[]): StrictFields | undefined;
  /** The items of a list that can be read. */
  list<T>(name: string, form: Form<T>, bounds: Bounds): readonly T[];
  /** A list of objects, as {@link list}. */
  objects(name: string, known: readonly string[], bounds: Bounds): readonly StrictFields[];
  /** A pattern that must be there. */
  pattern(name: string): Pattern | undefined;
  /** A list of patterns, as {@link list}. */
  patterns(name: string, bounds: Bounds): readonly Pattern[];
}

/** The fields of what should be an object with no other fields than the known ones; `path` as in {@link fieldsOf}. */
export function strictFieldsOf(
  value: unknown,
  path: string,
  findings: Findings,
  known: readonly string[],
): StrictFields {
  const fields = fieldsOf(value, path, findings);
  const pathOf = (name: string) => (path === '' ? name : `${path}.${name}`);
  const ownNames =
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
  const sentNames = new Set(ownNames);
  const isKnown = new Set(known);
  for (const name of ownNames) {
    if (!isKnown.has(name)) {
      findings.problem(pathOf(quotedName(name)), `is not a known field: expected one of ${known.join(', ')}`);
    } else if (fields.sent(name) === undefined) {
      findings.problem(pathOf(name), 'is empty: leave it out or give it a value');
    }
  }

  function items(name: string, { min, max, optional = min === 0 }: Bounds): readonly unknown[] {
    const sent = fields.sent(name);
    if (sent === undefined) {
      if (!optional && !sentNames.has(name))
        fields.problem(name, `is missing: expected a list of ${min} to ${max}`);
      return [];
    }
    if (!Array.isArray(sent) || sent.length < min || sent.length > max) {
      fields.problem(
        name,
        `is ${Array.isArray(sent) ? `a list of ${sent.length}` : 'no list'}: expected a list of ${min} to ${max}`,
      );
      return [];
    }
    return sent;
  }

  function list<T>(name: string, form: Form<T>, bounds: Bounds): readonly T[] {
    return items(name, bounds).flatMap((item, index) => {
      const read = fieldsOf({ [index]: item }, pathOf(name), findings).required(String(index), form);
      return read === undefined ? [] : [read];
    });
  }

  function readPatternAt(at: Pick<Fields, 'required' | 'problem'>, name: string): Pattern | undefined {
    const text = at.required(name, patternText);
    const reading = text === undefined ? undefined : readPattern(text);
    if (reading?.ok === false) at.problem(name, reading.problem);
    return reading?.ok === true ? reading.pattern : undefined;
  }

  // What was sent empty is told already.
  const required: Fields['required'] = (name, form) =>
    sentNames.has(name) ? fields.optional(name, form) : fields.required(name, form);

  return {
    problem: fields.problem,
    optional: fields.optional,
    required,
    has: (name) => sentNames.has(name),
    optionalObject(name, knownInside) {
      const sent = fields.sent(name);
      return sent === undefined ? undefined : strictFieldsOf(sent, pathOf(name), findings, knownInside);
    },
    list,
    objects: (name, knownInside, bounds) =>
      items(name, bounds).map((item, index) =>
        strictFieldsOf(item, `${pathOf(name)}.${index}`, findings, knownInside),
      ),
    pattern: (name) => readPatternAt({ required, problem: fields.problem }, name),
    patterns: (name, bounds) =>
      items(name, bounds).flatMap((item, index) => {
        const at = fieldsOf({ [index]: item }, pathOf(name), findings);
        return readPatternAt(at, String(index)) ?? [];
      }),
  };
}

const patternText: Form<string> = {
  expected: 'a regular expression that the whole text has to match',
  read: (value) => (typeof value === 'string' ? value : undefined),
};

/** A name nobody knows may be of any length and kind. */
function quotedName(name: string): string {
  return /^[\w$-]{1,40}$/.test(name) ? name : quote(name);
}

/** A whole number in bounds. */
export function wholeNumber(min: number, max: number): Form<number> {
  return {
    expected: `a whole number from ${min} to ${max}`,
    read: (value) =>
      typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
        ? value
        : undefined,
  };
}

/** `true` or `false`. */
export const truth: Form<boolean> = {
  expected: 'true or false',
  read: (value) => (typeof value === 'boolean' ? value : undefined),
};

/** An ISO 8601 duration in bounds, which are told as texts; its milliseconds. */
export function durationBetween(min: string, max: string): Form<number> {
  const [least = 0, most = 0] = [min, max].map(parseDuration);
  return {
    expected: `an ISO 8601 duration in weeks, or in days, hours, minutes and seconds, from ${min} to ${max}`,
    read(value) {
      const duration = typeof value === 'string' ? parseDuration(value) : undefined;
      return duration !== undefined && duration >= least && duration <= most ? duration : undefined;
    },
  };
}

/** One of the given texts. */
export function oneOf<T extends string>(values: readonly T[]): Form<T> {
  return {
    expected: `one of ${values.join(', ')}`,
    read: (value) => values.find((known) => known === value),
  };
}
