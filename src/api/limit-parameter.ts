import * as z from 'zod/mini';
import { described } from './document.ts';

/** How many items a page of a list may have: 1 to 1,000. */
export const limitParameter = described(
  z.pipe(
    z.pipe(
      z.string(),
      z.transform((text) => (/^\d{1,4}$/.test(text) ? Number(text) : 0)),
    ),
    z
      .number()
      .check(
        z.gte(1, { error: 'must be a whole number from 1 to 1000' }),
        z.lte(1000, { error: 'must be a whole number from 1 to 1000' }),
      ),
  ),
  'How many items at most; 100 unless told.',
  { type: 'integer', minimum: 1, maximum: 1_000, default: 100 },
);

/** Where to go on in a list. */
export const cursorParameter = described(z.string(), 'Where to go on, from an earlier answer.');
