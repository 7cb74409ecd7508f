import { AuditFault } from '../audit/fault.ts';
import { type ListShape, type Page, readPage } from './page-reading.ts';
import { ask, type OperationOptions } from './raw-answer.ts';
import type { RegistryCall } from './registry-call.ts';
import type { Question } from './registry-fault.ts';

interface PageSettings {
  readonly continuationToken?: string;
  readonly maxPageSize: number;
}

export interface Listing<T> {
  readonly question: Question;
  readonly shape: ListShape<T>;
  readonly pageSize: number;
  /** Such as `https://contoso.azurecr.io`. */
  readonly endpoint: string;
  /** Opens a list of the SDK at a page. */
  open(options: OperationOptions, settings: PageSettings): AsyncIterable<unknown>;
}

/** The most pages followed: ten million items in pages of 1,000. */
const maxPages = 10_000;

/**
 * A list page by page, each asked for by itself, so that each has its own deadline and is repeated alone. Nothing when
 * the first page says that the repository isn't there.
 */
export async function* listPages<T>(
  call: RegistryCall,
  { question, shape, pageSize, endpoint, open }: Listing<T>,
): AsyncGenerator<readonly T[], void, undefined> {
  const followed = new Set<string>();
  let next: string | undefined;
  do {
    const settings = { maxPageSize: pageSize, ...(next === undefined ? {} : { continuationToken: next }) };
    const page: Page<T> | undefined = await ask(call, {
      question,
      absences: shape.repository === undefined ? [] : ['NAME_UNKNOWN'],
      send: (options) => open(options, settings)[Symbol.asyncIterator]().next(),
      read: (answer) => readPage(answer, shape, question, endpoint),
    });
    if (page === undefined && next === undefined) return;
    if (page === undefined) throw vanished(question);
    if (page.items.length > 0) yield page.items;
    next = page.next;
    if (next !== undefined && (followed.has(next) || followed.size >= maxPages)) throw endless(question);
    if (next !== undefined) followed.add(next);
  } while (next !== undefined);
}

/** Ending the list here would make it look complete. */
function vanished({ registry, doing }: Question): AuditFault {
  return new AuditFault(
    'registry-changed',
    `${registry} lost the repository between two pages when asked to ${doing}`,
    { retryable: true },
  );
}

function endless({ registry, doing }: Question): AuditFault {
  return new AuditFault(
    'registry-endless-list',
    `${registry} answered pages without end when asked to ${doing}`,
    { retryable: false },
  );
}
