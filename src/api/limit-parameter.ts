import * as z from 'zod/mini';

/** How many items a page of a list may have: 1 to 1,000. */
export const limitParameter = z.pipe(
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
);
