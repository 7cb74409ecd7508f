import type { Fields } from '../registry/fields.ts';
import { fieldsOf } from '../registry/fields.ts';
import { type Findings, noFindings } from '../registry/findings.ts';
import { repositoryForm, textThat } from '../registry/form.ts';
import { quote } from '../registry/free-text.ts';
import { parsedJson, type RawAnswer } from './raw-answer.ts';
import { type Question, unreadable } from './registry-fault.ts';

/** A list of the registry. */
export interface ListShape<T> {
  /** Its path, decoded; links to further pages keep it. */
  readonly path: string;
  /** The field that holds it. */
  readonly field: string;
  /** The repository that the answer has to name as its own; some lists name none. */
  readonly repository?: string;
  /** Codes of a 404 that say that what it belongs to isn't there. */
  readonly absences: readonly string[];
  readItems(body: Fields, findings: Findings): readonly (T | undefined)[];
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Path and query of the next page. */
  readonly next?: string;
}

/** The catalog of repositories. */
export const catalogShape: ListShape<string> = {
  path: '/acr/v1/_catalog',
  field: 'repositories',
  absences: [],
  readItems(body, findings) {
    const sent = body.sent('repositories') ?? [];
    if (!Array.isArray(sent)) {
      body.problem('repositories', 'is no array: expected an array of repository names');
      return [];
    }
    const names = fieldsOf(Object.fromEntries(sent.entries()), 'repositories', findings);
    return sent.map((_, index) => names.required(String(index), repositoryForm));
  },
};

/** A list of objects that belong to a repository. */
export function listIn<T>(
  repository: string,
  field: 'tags' | 'manifests',
  read: (item: Fields) => T | undefined,
): ListShape<T> {
  return {
    path: `/acr/v1/${repository}/_${field}`,
    field,
    repository,
    absences: ['NAME_UNKNOWN'],
    readItems: (body) => body.objects(field).map(read),
  };
}

/** Reads a page whole. @throws AuditFault that names every field that cannot be read. */
export function readPage<T>(
  { text, link }: RawAnswer,
  shape: ListShape<T>,
  question: Question,
  endpoint: string,
): Page<T> {
  const findings = noFindings();
  const json = parsedJson(text, question);
  const body = fieldsOf(json, '', findings);
  const isEmpty = body.sent(shape.field) === undefined;
  if (shape.repository === undefined) {
    // `{"repositories":null}` is how an empty registry answers; `{}` could be anybody's answer.
    if (isEmpty && !hasField(json, shape.field)) body.problem(shape.field, 'is missing');
  } else {
    requireOwner(body, shape.repository, isEmpty);
  }
  const items = shape.readItems(body, findings);
  const next = link === undefined ? undefined : readNext(link, shape.path, endpoint);
  if (next === unfollowed) {
    findings.problem('Link', `is ${quote(link ?? '')}: expected the next page of the same list`);
  } else if (next !== undefined && isEmpty) {
    findings.problem('Link', `names a next page where ${shape.field} has ended`);
  }
  if (findings.problems.length > 0) throw unreadable(question, findings.problems);
  return {
    items: items.filter((item) => item !== undefined),
    ...(next === undefined || next === unfollowed ? {} : { next }),
  };
}

/** An answer without the list, as for a repository without tags, must at least say whose it is. */
export function requireOwner(body: Fields, repository: string, always = true): void {
  const form = textThat(quote(repository), (text) => text === repository);
  if (always) body.required('imageName', form);
  else body.optional('imageName', form);
}

const unfollowed = Symbol('a link that is not followed');

/**
 * The next page by the `Link` header of https://www.rfc-editor.org/rfc/rfc8288#section-3. The SDK follows whatever is
 * in its angle brackets, to other hosts too and with the access token, so only the same list is accepted here.
 */
function readNext(link: string, path: string, endpoint: string): string | typeof unfollowed {
  const target = /^\s*<([^<>]*)>\s*;\s*rel="?next"?\s*(?:;|$)/.exec(link)?.[1];
  if (target === undefined || !URL.canParse(target, endpoint)) return unfollowed;
  const { origin, pathname, search } = new URL(target, endpoint);
  return origin === new URL(endpoint).origin && decoded(pathname) === path
    ? `${pathname}${search}`
    : unfollowed;
}

function decoded(pathname: string): string | undefined {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return undefined;
  }
}

function hasField(body: unknown, field: string): boolean {
  return typeof body === 'object' && body !== null && Object.hasOwn(body, field);
}
