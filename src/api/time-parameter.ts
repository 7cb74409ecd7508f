import * as z from 'zod/mini';
import { parseTimestamp } from '../registry/timestamp.ts';
import { described } from './document.ts';

const form = 'is not an RFC 3339 time: write it like 2026-05-02T14:03:00Z';

/** A time parameter: RFC 3339 in, epoch milliseconds out. A `+` that arrived as a space is taken for a `+`. */
export const timeParameter = described(
  z.pipe(
    z.pipe(
      z.string(),
      z.transform((text) => parseTimestamp(text.trim().replace(/ (\d\d:\d\d)$/, '+$1'))),
    ),
    z.custom<number>((value) => value !== undefined, { error: form }),
  ),
  'RFC 3339.',
  { format: 'date-time' },
);
