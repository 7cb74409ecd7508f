import type { ListOrder, PageQuery } from './ordered-entries.ts';
import { badRequest } from './problem.ts';

/** Page size when none is asked for. */
const defaultPageSize = 100;

/** Page size that is never exceeded, whatever `n` says: https://github.com/Azure/acr/issues/749. */
const maxPageSize = 1000;

export type Page = Pick<PageQuery<unknown>, 'last' | 'order' | 'limit'> & { readonly orderby: string };

function readLimit(text: string | null): number {
  if (text === null || text === '') {
    return defaultPageSize;
  }
  if (!/^\d{1,9}$/.test(text)) {
    throw badRequest('PAGINATION_NUMBER_INVALID', 'invalid number of results requested', { n: text });
  }
  return Math.min(Number(text), maxPageSize);
}

function readOrder(text: string): ListOrder {
  switch (text) {
    case '':
    case 'none':
      return 'name';
    case 'timeasc':
    case 'timedesc':
      return text;
    default:
      throw badRequest('UNSUPPORTED', 'orderby must be timeasc or timedesc', { orderby: text });
  }
}

/** Reads `n`, `last` and `orderby`. */
export function readPage(query: URLSearchParams): Page {
  const orderby = query.get('orderby') ?? '';
  const last = query.get('last') ?? '';
  return {
    limit: readLimit(query.get('n')),
    last: last === '' ? undefined : last,
    order: readOrder(orderby),
    orderby,
  };
}

/**
 * The `Link` header of a page that isn't the last, relative and with every parameter: clients such as the
 * Azure CLI keep only its query.
 */
export function nextLink(
  path: string,
  page: Page,
  last: string | undefined,
  more: boolean,
  extra: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  if (!more || last === undefined) {
    return {};
  }
  const parameters = [
    ...Object.entries(extra).map(([name, value]) => `${name}=${encodeURIComponent(value)}`),
    `last=${encodeURIComponent(last)}`,
    `n=${page.limit}`,
    `orderby=${page.orderby}`,
  ];
  return { Link: `<${path}?${parameters.join('&')}>; rel="next"` };
}
