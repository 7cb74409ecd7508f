import type { Findings } from './findings.ts';
import type { Form } from './form.ts';
import { quote } from './free-text.ts';

/**
 * Reads the fields of one object of outside data. A field that can't be read is reported to the shared
 * {@link Findings} and read as `undefined`, so that one pass finds every problem. Fields that are missing, `null`
 * or an empty string count as absent: senders differ in how they leave a field out.
 */
export interface Fields {
  required<T>(name: string, form: Form<T>): T | undefined;
  optional<T>(name: string, form: Form<T>): T | undefined;
  /**
   * A nested object that must be there; `decode` turns what was sent into one where that may be encoded. When it
   * isn't there, that's one problem, and none for its fields.
   */
  object(name: string, decode?: (sent: unknown) => unknown): Fields;
  /** A nested object that may be left out. */
  optionalObject(name: string): Fields;
  /** The objects of a nested array that may be left out. */
  objects(name: string): readonly Fields[];
  /** The field as it was sent, or `undefined` when absent. */
  sent(name: string): unknown;
  /** Reports a problem with one of the fields. */
  problem(name: string, problem: string): void;
}

const absentFields: Fields = {
  required: () => undefined,
  optional: () => undefined,
  object: () => absentFields,
  optionalObject: () => absentFields,
  objects: () => [],
  sent: () => undefined,
  problem: () => undefined,
};

/** The fields of what should be an object; `path` is its own dotted path, empty for the outermost object. */
export function fieldsOf(value: unknown, path: string, findings: Findings): Fields {
  if (!isRecord(value)) {
    findings.problem(path === '' ? '$' : path, `${describe(value)}: expected an object`);
    return absentFields;
  }

  const pathOf = (name: string) => (path === '' ? name : `${path}.${name}`);

  function sent(name: string): unknown {
    const field = isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
    return field === null || field === '' ? undefined : field;
  }

  function optional<T>(name: string, form: Form<T>): T | undefined {
    const field = sent(name);
    if (field === undefined) {
      return undefined;
    }
    const read = form.read(field, (repair) => findings.note(`${pathOf(name)} ${repair}`));
    if (read === undefined) {
      findings.problem(pathOf(name), `${describe(field)}: expected ${form.expected}`);
    }
    return read;
  }

  return {
    optional,
    sent,
    required(name, form) {
      if (sent(name) === undefined) {
        findings.problem(pathOf(name), `is missing: expected ${form.expected}`);
      }
      return optional(name, form);
    },
    object: (name, decode = (value) => value) => fieldsOf(decode(sent(name)), pathOf(name), findings),
    optionalObject(name) {
      const field = sent(name);
      return field === undefined ? absentFields : fieldsOf(field, pathOf(name), findings);
    },
    objects(name) {
      const field = sent(name) ?? [];
      if (!Array.isArray(field)) {
        findings.problem(pathOf(name), `${describe(field)}: expected an array of objects`);
        return [];
      }
      return field.map((item: unknown, index) => fieldsOf(item, `${pathOf(name)}.${index}`, findings));
    },
    problem(name, problem) {
      findings.problem(pathOf(name), problem);
    },
  };
}

/** What was sent, as the beginning of a sentence. */
function describe(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return 'is missing';
    case 'string':
      return `is ${quote(value)}`;
    case 'number':
    case 'boolean':
      return `is ${value}`;
    default:
      return value === null ? 'is null' : `is ${Array.isArray(value) ? 'an array' : 'an object'}`;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
