import type { Form } from '../registry/form.ts';
import { wholeNumber } from './strict-fields.ts';

/**
 * Text as it was stored, of any length: what was once accepted has to stay readable when the rules for new texts change.
 */
export const storedText: Form<string> = {
  expected: 'text',
  read: (value) => (typeof value === 'string' ? value : undefined),
};

/** A time in epoch milliseconds, or a length of time in milliseconds. */
export const milliseconds = wholeNumber(0, Number.MAX_SAFE_INTEGER);

/** A list of which every item has a form. */
export function listOf<T>(form: Form<T>): Form<readonly T[]> {
  return {
    expected: `a list, each item ${form.expected}`,
    read(value, note) {
      if (!Array.isArray(value)) return undefined;
      const items = value.map((item: unknown) => form.read(item, note));
      return items.every((item) => item !== undefined) ? items : undefined;
    },
  };
}
