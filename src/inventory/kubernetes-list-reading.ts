import { fieldsOf } from '../registry/fields.ts';
import { noFindings } from '../registry/findings.ts';
import { quote } from '../registry/free-text.ts';
import type { ReadingProblem } from '../workloads/claim.ts';
import type { ClusterConnection } from './kubernetes-access.ts';
import { type ClusterCall, parsedJson } from './kubernetes-call.ts';
import { reduced } from './kubernetes-reduction.ts';
import { type ListedResource, nameOf, pathOf } from './kubernetes-resources.ts';

/** What could be read of a list, and why it isn't all. */
export interface ListReading {
  /** Lists as they were sent, one of each page, reduced. */
  readonly pages: readonly unknown[];
  readonly problem?: ReadingProblem;
}

export interface ListReadingPorts {
  readonly connection: ClusterConnection;
  readonly call: ClusterCall;
  /** Objects of one page. */
  readonly pageSize: number;
}

/** A million objects in pages of 500. */
const maxPages = 2_000;

/**
 * Reads a whole list, page by page. A token for the next page that has expired (410) begins the list anew, once. A page
 * that is too long is asked for in smaller ones.
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
 */
export async function readList(
  listed: ListedResource,
  { connection, call, pageSize }: ListReadingPorts,
  signal: AbortSignal,
): Promise<ListReading> {
  const pages: unknown[] = [];
  const tokens = new Set<string>();
  let next = '';
  let limit = pageSize;
  let hasBegunAnew = false;

  const broken = (problem: string): ListReading => ({ pages, problem: { where: nameOf(listed), problem } });

  while (pages.length < maxPages) {
    const query = new URLSearchParams({ limit: String(limit), ...(next === '' ? {} : { continue: next }) });
    const url = `${connection.server}${pathOf(listed)}?${query}`;
    const answer = await call(
      { method: 'GET', url, authorize: connection.authorize, allowInsecureConnection: true },
      signal,
    );
    if (!answer.ok) {
      if (answer.isTooLong === true && limit > 1) {
        limit = Math.ceil(limit / 8);
      } else if (answer.status === 410 && next !== '' && !hasBegunAnew) {
        hasBegunAnew = true;
        pages.length = 0;
        tokens.clear();
        next = '';
      } else {
        return broken(answer.problem);
      }
      continue;
    }
    const page = readPage(answer.text, listed);
    if ('problem' in page) return broken(page.problem);
    pages.push(page.list);
    if (page.next === '') return { pages };
    if (tokens.has(page.next))
      return broken('goes in a circle: a page names itself or an earlier one as the next');
    tokens.add(page.next);
    next = page.next;
  }
  return broken(`has more than ${maxPages} pages`);
}

/** A token of a real server is a few hundred characters. */
const maxTokenLength = 8_192;

type Page = { readonly list: unknown; readonly next: string } | { readonly problem: string };

function readPage(text: string, { kind }: ListedResource): Page {
  const sent = parsedJson(text);
  const list = fieldsOf(sent, '', noFindings());
  const listKind = list.sent('kind');
  if (listKind !== `${kind}List`) {
    const found = typeof listKind === 'string' ? quote(listKind) : 'something else';
    return {
      problem: `was answered by ${sent === undefined ? 'what is not JSON' : found}: expected a ${kind}List`,
    };
  }
  const items = list.sent('items') ?? [];
  if (!Array.isArray(items)) return { problem: 'was answered by a list whose items are not an array' };
  const next = list.optionalObject('metadata').sent('continue') ?? '';
  if (typeof next !== 'string' || next.length > maxTokenLength) {
    return { problem: 'was answered by a page whose metadata.continue is not a token' };
  }
  const apiVersion = list.sent('apiVersion');
  return {
    next,
    list: {
      kind: `${kind}List`,
      ...(typeof apiVersion === 'string' ? { apiVersion } : {}),
      items: items.map(reduced),
    },
  };
}
