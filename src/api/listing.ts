import type { HttpResponseInit } from '@azure/functions';
import { stringify } from 'csv-stringify/sync';
import { cursorOf } from './cursor.ts';

/** The forms a list can be asked for in. */
export type ListForm = 'json' | 'csv' | 'ndjson';

/** The form an `Accept` header asks for; JSON unless it names another. */
export function listForm(accept: string): ListForm {
  if (/\btext\/csv\b/i.test(accept)) return 'csv';
  if (/\bapplication\/(x-)?ndjson\b/i.test(accept)) return 'ndjson';
  return 'json';
}

/** A page of a list. */
export interface Listing<T> {
  readonly items: readonly T[];
  /** Position to go on from. */
  readonly next?: string;
}

/**
 * Answers with a page of a list. JSON carries `cursor` beside `items`; every form links the next page in a `Link` header
 * (RFC 8288). `cells` gives an item's cells for CSV, under the same names in the same order for every item.
 */
export function listingResponse<T>(
  { items, next }: Listing<T>,
  form: ListForm,
  url: string,
  columns: readonly string[],
  cells: (item: T) => Readonly<Record<string, string | number | undefined>>,
): HttpResponseInit {
  const cursor = next === undefined ? undefined : cursorOf(next);
  const headers = {
    'cache-control': 'no-store',
    vary: 'accept',
    'x-content-type-options': 'nosniff',
    ...(cursor === undefined ? {} : { link: `<${nextUrl(url, cursor)}>; rel="next"` }),
  };
  switch (form) {
    case 'json':
      return { headers, jsonBody: cursor === undefined ? { items } : { items, cursor } };
    case 'ndjson': {
      const body = items.map((item) => `${JSON.stringify(item)}\n`).join('');
      return { headers: { ...headers, 'content-type': 'application/x-ndjson' }, body };
    }
    case 'csv': {
      // A cell that begins like a formula is prefixed with a quote, so that a spreadsheet shows it as text:
      // https://owasp.org/www-community/attacks/CSV_Injection
      const body = stringify(items.map(cells), {
        header: true,
        columns: [...columns],
        escape_formulas: true,
      });
      return { headers: { ...headers, 'content-type': 'text/csv; charset=utf-8; header=present' }, body };
    }
  }
}

function nextUrl(url: string, cursor: string): string {
  const next = new URL(url);
  next.searchParams.set('cursor', cursor);
  return `${next.pathname}${next.search}`;
}
