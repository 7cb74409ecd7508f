import type { HttpResponseInit } from '@azure/functions';
import { stringify } from 'csv-stringify/sync';
import { cursorOf } from './cursor.ts';

/** The forms a list can be asked for in. */
export type ListForm = 'json' | 'csv' | 'ndjson';

const formOf: ReadonlyMap<string, ListForm> = new Map([
  ['application/json', 'json'],
  ['application/*', 'json'],
  ['*/*', 'json'],
  ['text/csv', 'csv'],
  ['application/x-ndjson', 'ndjson'],
  ['application/ndjson', 'ndjson'],
]);

/**
 * The form an `Accept` header prefers, the first of equals; JSON when it names none of them.
 * Source: https://www.rfc-editor.org/rfc/rfc9110.html#section-12.5.1
 */
export function listForm(accept: string): ListForm {
  let best: { form: ListForm; weight: number } = { form: 'json', weight: 0 };
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const form = formOf.get(type);
    const weight = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
    if (form !== undefined && weight > best.weight) best = { form, weight };
  }
  return best.form;
}

/** A page of a list. */
export interface Listing<T> {
  readonly items: readonly T[];
  /** Position to go on from. */
  readonly next?: string;
}

/**
 * Answers with a page of a list. JSON carries `cursor` beside `items`; every form links the next page in a `Link` header
 * (RFC 8288). `cells` gives an item's cells for CSV, under the same names in the same order for every
 * item; `members` are beside the items in JSON alone.
 */
export function listingResponse<T>(
  { items, next }: Listing<T>,
  form: ListForm,
  url: string,
  columns: readonly string[],
  cells: (item: T) => Readonly<Record<string, string | number | undefined>>,
  members: Readonly<Record<string, unknown>> = {},
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
      return { headers, jsonBody: { items, ...(cursor === undefined ? {} : { cursor }), ...members } };
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
        // The one beginning that the library leaves as it is.
        cast: { string: (cell) => (cell.startsWith('\n') ? `'${cell}` : cell) },
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
