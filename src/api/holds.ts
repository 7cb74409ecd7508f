import * as z from 'zod/mini';
import { isApprovalId } from '../audit/approval-id.ts';
import type { HoldChange } from '../audit/holds.ts';
import type { Applicant } from '../protection/approval-judgement.ts';
import { type Hold, type HoldEvent, readHoldRequest } from '../protection/hold.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { applicantOf } from './approvals.ts';
import { getHoldsDocument, postHoldsDocument, postLiftDocument } from './documents/approvals.ts';
import { isoTime } from './history-entry.ts';
import { readScope } from './image-parameter.ts';
import { badBody, RequestProblem } from './problem.ts';
import { readReason } from './reason-body.ts';
import { route } from './route.ts';

/** What the routes of holds call. */
export interface HoldsUseCases {
  readonly place: (registry: string, request: Pick<Hold, 'scope' | 'reason'>, by: Applicant) => Promise<Hold>;
  readonly change: (
    registry: string,
    id: string,
    eventOf: (hold: Hold) => HoldEvent,
    by: Applicant,
    reason: string,
  ) => Promise<HoldChange>;
  readonly all: (registry: string) => Promise<readonly Hold[]>;
  /** The registry of an approval; `undefined` when there is no such approval. */
  readonly registryOf: (approval: string) => Promise<string | undefined>;
}

/** `POST holds`: keeps an approval, or everything approved in some repositories, without end. */
export function postHoldsRoute(registries: readonly AcceptedRegistry[], useCases: HoldsUseCases) {
  return route({
    name: 'postHolds',
    method: 'POST',
    path: 'holds',
    summary:
      'Keeps an approval, or everything approved in some repositories, until two people lift the hold.',
    document: postHoldsDocument,
    role: 'Release.Approve',
    query: z.strictObject({}),
    body: (json) => {
      const reading = readHoldRequest(json);
      return reading.ok ? { ok: true, value: reading.request } : reading;
    },
    async answer({ body: request, principal }) {
      const { scope } = request;
      const registry =
        scope.kind === 'repositories'
          ? readScope(scope.registry, registries).registry
          : isApprovalId(scope.approval)
            ? await useCases.registryOf(scope.approval)
            : undefined;
      if (registry === undefined) {
        throw badBody([
          { field: 'approval', problem: 'is not the id of an approval: expected one of GET approvals' },
        ]);
      }
      const hold = await useCases.place(registry, request, applicantOf(principal));
      return { status: 201, headers: { 'cache-control': 'no-store' }, jsonBody: holdItem(registry, hold) };
    },
  });
}

/** `GET holds`. */
export function getHoldsRoute(registries: readonly AcceptedRegistry[], useCases: HoldsUseCases) {
  return route({
    name: 'getHolds',
    method: 'GET',
    path: 'holds',
    summary: 'Legal holds, lifted ones included.',
    document: getHoldsDocument,
    role: 'Audit.Read',
    query: z.strictObject({}),
    async answer() {
      const items = [];
      for (const { loginServer } of registries) {
        for (const hold of await useCases.all(loginServer)) items.push(holdItem(loginServer, hold));
      }
      return { headers: { 'cache-control': 'no-store' }, jsonBody: { items } };
    },
  });
}

/** `POST holds/{id}/lift`: the first to ask asks for it, a second one lifts it. */
export function postLiftRoute(
  registries: readonly AcceptedRegistry[],
  useCases: HoldsUseCases,
  now: () => number,
) {
  return route({
    name: 'postHoldLift',
    method: 'POST',
    path: 'holds/{id}/lift',
    summary: 'Asks for a hold to be lifted, or, as another principal than who asked, lifts it.',
    document: postLiftDocument,
    role: 'Release.Approve',
    query: z.strictObject({}),
    body: readReason,
    async answer({ params, body: { reason }, principal }) {
      const by = applicantOf(principal);
      const id = params['id'] ?? '';
      const eventOf = ({ state }: Hold): HoldEvent =>
        state === 'lifting'
          ? { event: 'lift-agreed', by: by.id, at: now() }
          : { event: 'lift-asked', by: by.id };
      for (const { loginServer } of /^[0-9a-f]{12}$/.test(id) ? registries : []) {
        const change = await useCases.change(loginServer, id, eventOf, by, reason);
        if (change.outcome === 'unknown') continue;
        if (change.outcome === 'refused') {
          throw new RequestProblem({
            status: 409,
            type: 'hold-stays',
            title: 'The hold is not lifted',
            detail: change.problem,
          });
        }
        return { headers: { 'cache-control': 'no-store' }, jsonBody: holdItem(loginServer, change.hold) };
      }
      throw new RequestProblem({
        status: 404,
        type: 'hold-unknown',
        title: 'There is no such hold',
        detail: `No hold has the id ${JSON.stringify(id.slice(0, 64))}.`,
      });
    },
  });
}

function holdItem(registry: string, { placedAt, liftedAt, ...hold }: Hold) {
  return {
    registry,
    ...hold,
    placedAt: isoTime(placedAt),
    ...(liftedAt === undefined ? {} : { liftedAt: isoTime(liftedAt) }),
  };
}
