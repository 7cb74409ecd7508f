import { AuditFault } from '../audit/fault.ts';
import { type ListShape, type Page, readPage } from './page-reading.ts';
import { ask, type OperationOptions } from './raw-answer.ts';
import type { RegistryCall } from './registry-call.ts';
import type { Question } from './registry-fault.ts';

export interface Listing<T> {
  readonly question: Question;
  readonly shape: ListShape<T>;
  /** Such as `https://contoso.azurecr.io`. */
  readonly endpoint: string;
  /** The most pages followed, 10,000 unless told: ten million items in pages of 1,000. */
  readonly maxPages?: number;
  /** Asks for one page by an operation of the SDK: the first, or the one at this path and query. */
  send(options: OperationOptions, next: string | undefined): Promise<unknown>;
}

/**
 * A list page by page, each asked for by itself, so that each has its own deadline and is repeated alone. Nothing when
 * the first page says that what it belongs to isn't there.
 */
export async function* listPages<T>(
  call: RegistryCall,
  { question, shape, endpoint, maxPages = 10_000, send }: Listing<T>,
): AsyncGenerator<readonly T[], void, undefined> {
  const followed = new Set<string>();
  let next: string | undefined;
  do {
    const at = next;
    const page: Page<T> | undefined = await ask(call, {
      question,
      absences: shape.absences,
      send: (options) => send(options, at),
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

/** The fault of a list that goes on and on. */
export function endless({ registry, doing }: Question): AuditFault {
  return new AuditFault(
    'registry-endless-list',
    `${registry} answered pages without end when asked to ${doing}`,
    { retryable: false },
  );
}
