import * as z from 'zod/mini';
import type { RefreshSummary } from '../audit/refresh-source.ts';
import type { Actor } from '../findings/lifecycle.ts';
import type { FieldProblem } from '../registry/field-problem.ts';
import { type SourceCoverage, wholeCoverage } from '../workloads/coverage.ts';
import { applicantOf } from './approvals.ts';
import { described } from './document.ts';
import { getInventoryDocument, postRetireDocument, putInventoryDocument } from './documents/inventory.ts';
import { isoTime } from './history-entry.ts';
import { listForm, listingResponse } from './listing.ts';
import { badBody, RequestProblem } from './problem.ts';
import { readReason } from './reason-body.ts';
import { route } from './route.ts';
import { timeParameter } from './time-parameter.ts';

/** A snapshot as somebody submits it. */
export interface Submission {
  readonly text: string;
  readonly contentType: string;
  readonly format?: string;
  /** The environment of workloads that say none. */
  readonly environment?: string;
  /** When what it names was deployed, in epoch milliseconds, where that is not said of each. */
  readonly since?: number;
  /** Whether it is all there is, where the format has no place to say so. */
  readonly isWhole: boolean;
}

/** What became of a snapshot. */
export type SubmissionOutcome =
  | { readonly outcome: 'taken'; readonly summary: RefreshSummary }
  | { readonly outcome: 'unknown-source'; readonly names: readonly string[] }
  | { readonly outcome: 'unsupported'; readonly problem: string }
  | { readonly outcome: 'unreadable'; readonly problems: readonly FieldProblem[] };

/** What the routes of inventories call. */
export interface InventoryUseCases {
  readonly submit: (source: string, submission: Submission) => Promise<SubmissionOutcome>;
  readonly coverage: () => Promise<readonly SourceCoverage[]>;
  readonly retire: (
    source: string,
    by: Actor,
    reason: string,
  ) => Promise<'retired' | 'unknown' | 'still-configured'>;
}

/** Characters of a snapshot: a cluster of some ten thousand pods as its API gives it. */
const mostSent = 32 * 1024 * 1024;

const sourceParams = z.strictObject({
  source: z.string().check(
    z.regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, {
      error: 'is not the name of a source: 1 to 63 lower-case letters, digits and "-"',
    }),
  ),
});
const flag = z.enum(['true', 'false'], { error: 'must be true or false' });

/** `PUT inventory/{source}`: a snapshot that takes the place of the source's earlier one. */
export function putInventoryRoute({ submit }: Pick<InventoryUseCases, 'submit'>) {
  return route({
    name: 'putInventory',
    method: 'PUT',
    path: 'inventory/{source}',
    summary: 'Takes a snapshot of what a source uses; it takes the place of the earlier one.',
    document: putInventoryDocument,
    role: 'Inventory.Submit',
    params: sourceParams,
    query: z.strictObject({
      format: z.optional(
        described(z.string().check(z.maxLength(20)), 'What it is, where its content type does not tell.'),
      ),
      environment: z.optional(
        z.string().check(
          z.regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, {
            error: 'is not an environment: 1 to 63 lower-case letters, digits and "-"',
          }),
        ),
      ),
      since: described(z.optional(timeParameter), 'When all that says no time was deployed.'),
      complete: z.optional(flag),
    }),
    mostSent,
    async answer({ params: { source }, query: { format, environment, since, complete }, sent }) {
      const submission: Submission = {
        text: sent?.text ?? '',
        contentType: sent?.contentType ?? '',
        isWhole: complete !== 'false',
        ...(format === undefined ? {} : { format }),
        ...(environment === undefined ? {} : { environment }),
        ...(since === undefined ? {} : { since }),
      };
      const outcome = await submit(source, submission);
      switch (outcome.outcome) {
        case 'taken':
          return { headers: { 'cache-control': 'no-store' }, jsonBody: summaryItem(outcome.summary) };
        case 'unreadable':
          throw badBody(outcome.problems);
        case 'unsupported':
          throw new RequestProblem({
            status: 415,
            type: 'not-a-snapshot',
            title: 'The body is of no form that is read',
            detail: outcome.problem,
          });
        case 'unknown-source':
          throw new RequestProblem({
            status: 404,
            type: 'source-unknown',
            title: 'No source of this name may submit',
            detail: `Sources of type submitted in inventory.json: ${outcome.names.join(', ') || 'none'}.`,
          });
      }
    },
  });
}

function summaryItem({ source, isComplete, claims, begun, ended, problems, problemCount }: RefreshSummary) {
  return { source, complete: isComplete, references: claims, begun, ended, problemCount, problems };
}

/** `GET inventory`: the sources, and what may be concluded from each. */
export function getInventoryRoute({ coverage }: Pick<InventoryUseCases, 'coverage'>) {
  return route({
    name: 'getInventory',
    method: 'GET',
    path: 'inventory',
    summary: 'The sources that say what is used: when each was last read completely, and what failed.',
    document: getInventoryDocument,
    role: 'Audit.Read',
    query: z.strictObject({}),
    async answer({ accept, url }) {
      const sources = await coverage();
      const items = sources.map(sourceItem);
      return listingResponse({ items }, listForm(accept), url, sourceColumns, sourceCells, {
        coverage: wholeCoverage(sources),
      });
    },
  });
}

/** `POST inventory/{source}/retire`: a source that was removed from the settings is gone for good. */
export function postRetireRoute({ retire }: Pick<InventoryUseCases, 'retire'>) {
  return route({
    name: 'postInventoryRetire',
    method: 'POST',
    path: 'inventory/{source}/retire',
    summary: 'Says that a source which is in no settings any more is gone for good: what it used ends.',
    document: postRetireDocument,
    role: 'Findings.Manage',
    params: sourceParams,
    query: z.strictObject({}),
    body: readReason,
    async answer({ params: { source }, body: { reason }, principal }) {
      const by = applicantOf(principal);
      const outcome = await retire(source, { id: by.id, name: by.name }, reason);
      if (outcome === 'retired') return { status: 204 };
      throw outcome === 'unknown'
        ? new RequestProblem({
            status: 404,
            type: 'source-unknown',
            title: 'There is no such source',
            detail: `No source of the name ${source} has reported.`,
          })
        : new RequestProblem({
            status: 409,
            type: 'source-configured',
            title: 'The source is still in inventory.json',
            detail: `Remove ${source} from inventory.json first: it would report again.`,
          });
    },
  });
}

const sourceColumns = [
  'source',
  'type',
  'condition',
  'environment',
  'completeAt',
  'lookedAt',
  'freshUntil',
  'references',
  'problemCount',
  'problems',
] as const;

/** A source as the API gives it. */
export function sourceItem({ source, settings, condition, freshUntil, state }: SourceCoverage) {
  const { completeAt, lookedAt, claims, problems = [], problemCount = 0 } = state ?? {};
  return {
    source,
    type: typeOf(settings?.access.type),
    condition,
    ...(settings?.environment === undefined ? {} : { environment: settings.environment }),
    ...(completeAt === undefined ? {} : { completeAt: isoTime(completeAt) }),
    ...(lookedAt === undefined ? {} : { lookedAt: isoTime(lookedAt) }),
    ...(freshUntil === undefined ? {} : { freshUntil: isoTime(freshUntil) }),
    ...(claims === undefined ? {} : { references: claims }),
    problemCount,
    problems,
  };
}

function typeOf(access: string | undefined): string {
  if (access === undefined) return 'removed';
  return access === 'aks' || access === 'kubeconfig' ? 'kubernetes' : access;
}

function sourceCells({ problems, ...item }: ReturnType<typeof sourceItem>) {
  return { ...item, problems: problems.map(({ where, problem }) => `${where}: ${problem}`).join('; ') };
}
