import * as z from 'zod/mini';
import { approvalIdForm, isApprovalId } from '../audit/approval-id.ts';
import type { ApprovalChange, ApprovalOutcome } from '../audit/approvals.ts';
import type { ProtectionIndex } from '../audit/protection-ports.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { ApprovalEvent } from '../protection/approval.ts';
import type { Applicant } from '../protection/approval-judgement.ts';
import { type ApprovalRequest, readApprovalRequest } from '../protection/approval-request.ts';
import type { ApprovalWindow } from '../protection/rollback-window.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { formatReference } from '../registry/reference.ts';
import { approvalCells, approvalColumns, approvalItem } from './approval-item.ts';
import { readCursor } from './cursor.ts';
import { described } from './document.ts';
import {
  getApprovalDocument,
  getApprovalsDocument,
  postApprovalsDocument,
  postOutcomeDocument,
  postReleaseDocument,
} from './documents/approvals.ts';
import { readScope } from './image-parameter.ts';
import { cursorParameter, limitParameter } from './limit-parameter.ts';
import { listForm, listingResponse } from './listing.ts';
import type { Principal } from './principal.ts';
import { badParameters, type Problem, RequestProblem } from './problem.ts';
import { readOutcome, readReason } from './reason-body.ts';
import { route } from './route.ts';

/** What the routes of approvals call. */
export interface ApprovalsUseCases {
  /** Absent without a policy: nothing can be approved. */
  readonly approve: ((request: ApprovalRequest, by: Applicant) => Promise<ApprovalOutcome>) | undefined;
  readonly change: (
    repository: RepositoryId,
    id: string,
    event: ApprovalEvent,
    by: string,
  ) => Promise<ApprovalChange>;
  /** All approvals of a repository with their windows at this instant. */
  readonly windows: (repository: RepositoryId) => Promise<readonly ApprovalWindow[]>;
  /** Sets the locks now, as far as that can be done at once; what cannot is done soon. */
  readonly enforce: (repository: RepositoryId) => Promise<void>;
  readonly index: Pick<ProtectionIndex, 'repositoryOf' | 'page'>;
}

/** `POST approvals`: approves an image for an environment, and protects it. */
export function postApprovalsRoute(registries: readonly AcceptedRegistry[], useCases: ApprovalsUseCases) {
  return route({
    name: 'postApprovals',
    method: 'POST',
    path: 'approvals',
    summary: 'Approves what an image is at this instant for an environment, and locks it.',
    document: postApprovalsDocument,
    role: 'Release.Approve',
    query: z.strictObject({}),
    body: (json) => {
      const reading = readApprovalRequest(json);
      return reading.ok ? { ok: true, value: reading.request } : reading;
    },
    async answer({ body: request, principal }) {
      const { registry, repository } = request.image;
      readScope(registry, registries);
      if (useCases.approve === undefined) throw noPolicy();
      const outcome = await useCases.approve(request, applicantOf(principal));
      if (outcome.outcome !== 'approved') throw new RequestProblem(notApproved(request, outcome));
      await useCases.enforce({ registry, repository });
      const item = await itemOf(useCases, { registry, repository }, outcome.approval.id);
      return {
        status: 201,
        headers: { 'cache-control': 'no-store', location: `/api/v1/approvals/${outcome.approval.id}` },
        jsonBody: item,
      };
    },
  });
}

/** The problem of a service that nobody has told what to protect. */
export function noPolicy(): RequestProblem {
  return new RequestProblem({
    status: 409,
    type: 'no-policy',
    title: 'There is no policy',
    detail: 'Deploy a policy.json that says what may be approved, for which environments and by whom.',
  });
}

/** `GET approvals`: approvals of the registries, newest first. */
export function getApprovalsRoute(registries: readonly AcceptedRegistry[], useCases: ApprovalsUseCases) {
  return route({
    name: 'getApprovals',
    method: 'GET',
    path: 'approvals',
    summary: 'Approvals of a registry or repository, newest first, with their state and window.',
    document: getApprovalsDocument,
    role: 'Audit.Read',
    query: z.strictObject({
      image: z.optional(described(z.string(), 'A registry, repository or digest.')),
      environment: z.optional(z.string().check(z.maxLength(63))),
      state: z.optional(z.string().check(z.maxLength(20))),
      limit: z.optional(limitParameter),
      cursor: z.optional(cursorParameter),
    }),
    async answer({ query: { image, environment, state, limit = 100, cursor }, accept, url }) {
      const { registry, repository, tag, digest } = readScope(image, registries);
      if (tag !== undefined) {
        throw badParameters([
          { name: 'image', reason: 'names a tag: give a registry, repository or digest' },
        ]);
      }
      const after = cursor === undefined ? undefined : readCursor(cursor, approvalIdForm);
      const page = await useCases.index.page(registry, limit, after);
      const wanted = page.items.filter((item) => repository === undefined || item.repository === repository);
      const byRepository = Map.groupBy(wanted, (item) => item.repository);
      const windows = new Map<string, ApprovalWindow>();
      for (const name of byRepository.keys()) {
        for (const window of await useCases.windows({ registry, repository: name })) {
          windows.set(window.approval.id, window);
        }
      }
      const items = wanted
        .flatMap(({ approval }) => windows.get(approval) ?? [])
        .filter(({ approval }) => digest === undefined || approval.digest === digest)
        .filter(({ approval }) => environment === undefined || approval.environment === environment)
        .filter(({ approval }) => state === undefined || approval.state === state)
        .map(approvalItem);
      const listing = { items, ...(page.next === undefined ? {} : { next: page.next }) };
      return listingResponse(listing, listForm(accept), url, approvalColumns, approvalCells);
    },
  });
}

/** `GET approvals/{id}`. */
export function getApprovalRoute(registries: readonly AcceptedRegistry[], useCases: ApprovalsUseCases) {
  return route({
    name: 'getApproval',
    method: 'GET',
    path: 'approvals/{id}',
    summary: 'One approval with its evidence, state and window.',
    document: getApprovalDocument,
    role: 'Audit.Read',
    query: z.strictObject({}),
    async answer({ params }) {
      const { repository, id } = await placeOf(registries, useCases, params['id']);
      return {
        headers: { 'cache-control': 'no-store' },
        jsonBody: await itemOf(useCases, repository, id),
      };
    },
  });
}

/** `POST approvals/{id}/release`: ends an approval's window before its time. */
export function postReleaseRoute(
  registries: readonly AcceptedRegistry[],
  useCases: ApprovalsUseCases,
  now: () => number,
) {
  return route({
    name: 'postApprovalRelease',
    method: 'POST',
    path: 'approvals/{id}/release',
    summary: 'Ends the window of an approval now; its locks go when nothing needs them.',
    document: postReleaseDocument,
    role: 'Release.Approve',
    query: z.strictObject({}),
    body: readReason,
    answer: ({ params, body: { reason }, principal }) =>
      changed(registries, useCases, params['id'], principal, (by) => ({
        event: 'ended-early',
        by: by.id,
        at: now(),
        reason,
      })),
  });
}

/** `POST approvals/{id}/outcome`: says whether the release turned out good, or failed. */
export function postOutcomeRoute(registries: readonly AcceptedRegistry[], useCases: ApprovalsUseCases) {
  return route({
    name: 'postApprovalOutcome',
    method: 'POST',
    path: 'approvals/{id}/outcome',
    summary:
      'Says whether a release was good or failed: failed ones do not count as something to go back to.',
    document: postOutcomeDocument,
    role: 'Release.Approve',
    query: z.strictObject({}),
    body: readOutcome,
    answer: ({ params, body: { outcome }, principal }) =>
      changed(registries, useCases, params['id'], principal, () => ({ event: 'judged', outcome })),
  });
}

async function changed(
  registries: readonly AcceptedRegistry[],
  useCases: ApprovalsUseCases,
  named: string | undefined,
  principal: Principal | undefined,
  eventOf: (by: Applicant) => ApprovalEvent,
) {
  const { repository, id } = await placeOf(registries, useCases, named);
  const by = applicantOf(principal);
  const change = await useCases.change(repository, id, eventOf(by), by.id);
  if (change.outcome === 'unknown') throw unknown(id);
  if (change.outcome === 'refused') {
    throw new RequestProblem({
      status: 409,
      type: 'approval-over',
      title: 'The approval can no longer be changed',
      detail: change.problem,
    });
  }
  await useCases.enforce(repository);
  return { headers: { 'cache-control': 'no-store' }, jsonBody: await itemOf(useCases, repository, id) };
}

async function placeOf(
  registries: readonly AcceptedRegistry[],
  { index }: ApprovalsUseCases,
  id = '',
): Promise<{ readonly repository: RepositoryId; readonly id: string }> {
  if (!isApprovalId(id)) throw unknown(id);
  for (const { loginServer: registry } of registries) {
    const repository = await index.repositoryOf(registry, id);
    if (repository !== undefined) return { repository: { registry, repository }, id };
  }
  throw unknown(id);
}

function unknown(id: string): RequestProblem {
  return new RequestProblem({
    status: 404,
    type: 'approval-unknown',
    title: 'There is no such approval',
    detail: `No approval has the id ${JSON.stringify(id.slice(0, 64))}.`,
  });
}

async function itemOf({ windows }: ApprovalsUseCases, repository: RepositoryId, id: string) {
  const window = (await windows(repository)).find(({ approval }) => approval.id === id);
  if (window === undefined) throw unknown(id);
  return approvalItem(window);
}

/** The caller; a route with a role has one. */
export function applicantOf(principal: Principal | undefined): Applicant {
  if (principal === undefined) throw new Error('a route that needs a principal has no role');
  return { id: principal.id, name: principal.name, roles: [...principal.roles] };
}

function notApproved(
  { image }: ApprovalRequest,
  outcome: Exclude<ApprovalOutcome, { outcome: 'approved' }>,
): Problem {
  const name = formatReference(image);
  switch (outcome.outcome) {
    case 'moved':
      return {
        status: 409,
        type: 'tag-moved',
        title: 'The tag points to another digest',
        detail: `${name}: the tag points to ${outcome.found}, not to ${outcome.asked}. Look again, and approve what you saw.`,
        members: { asked: outcome.asked, found: outcome.found },
      };
    case 'missing':
      return {
        status: 404,
        type: 'image-missing',
        title: 'The registry does not have the image',
        detail: `${name}: there is no such ${outcome.what}.`,
        members: { what: outcome.what },
      };
    case 'refused':
      return {
        status: 403,
        type: 'policy-refuses',
        title: 'The policy does not allow this approval',
        detail: outcome.refusals.map(({ detail }) => detail).join('; '),
        members: { refusals: outcome.refusals },
      };
  }
}
