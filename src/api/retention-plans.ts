import * as z from 'zod/mini';
import { approvalIdForm, isApprovalId } from '../audit/approval-id.ts';
import type { DecisionPage, DecisionPlace, DecisionQuery } from '../audit/list-decisions.ts';
import type { PlanDecided, PlanDecision } from '../audit/plan-decisions.ts';
import type { PlanHeader, Plans } from '../audit/retention-ports.ts';
import type { Applicant } from '../protection/approval-judgement.ts';
import { strictFieldsOf } from '../protection/strict-fields.ts';
import { type AcceptedRegistry, acceptedNamed, loginServersOf } from '../registry/accepted-registry.ts';
import { noFindings } from '../registry/findings.ts';
import { identifier } from '../registry/form.ts';
import { applicantOf } from './approvals.ts';
import { readCursor } from './cursor.ts';
import {
  getPlanDocument,
  getPlanItemsDocument,
  getPlansDocument,
  postPlanApproveDocument,
  postPlanExecuteDocument,
  postPlansDocument,
} from './documents/retention.ts';
import { cursorParameter, limitParameter } from './limit-parameter.ts';
import { listForm, listingResponse } from './listing.ts';
import { decisionCells, decisionColumns, decisionOf, planCells, planColumns, planOf } from './plan-item.ts';
import { badParameters, RequestProblem } from './problem.ts';
import { readDecision } from './reason-body.ts';
import { type BodyReading, type ReadRequest, route } from './route.ts';

/** What the routes of plans call. */
export interface RetentionPlansUseCases {
  readonly plans: Pick<Plans, 'get' | 'page'>;
  readonly decisions: (registry: string, id: string, query: DecisionQuery) => Promise<DecisionPage>;
  /** Absent where the policy does not say what may go: then there is nothing to plan. */
  readonly planning: Planning | undefined;
}

/** What makes plans and decides on them. */
export interface Planning {
  readonly begin: (registry: string, repositories: string | undefined, by: Applicant) => Promise<PlanHeader>;
  readonly approve: Decide;
  readonly execute: Decide;
}

type Decide = (registry: string, id: string, decision: PlanDecision) => Promise<PlanDecided>;

const noStore = { 'cache-control': 'no-store' };

/** `POST retention/plans`: begins a plan. */
export function postPlansRoute(
  registries: readonly AcceptedRegistry[],
  { planning }: Pick<RetentionPlansUseCases, 'planning'>,
) {
  return route({
    name: 'postRetentionPlans',
    method: 'POST',
    path: 'retention/plans',
    summary:
      'Begins a plan of what may go of a registry, or of some of its repositories; nothing is removed.',
    document: postPlansDocument,
    role: 'Retention.Plan',
    query: z.strictObject({}),
    body: (json) => readAsked(json, registries),
    async answer({ body: { registry, repositories }, principal }) {
      const { begin } = planning ?? noRetention();
      const plan = await begin(registry, repositories, applicantOf(principal));
      return {
        status: 202,
        headers: { ...noStore, location: `/api/v1/retention/plans/${plan.id}` },
        jsonBody: planOf(plan),
      };
    },
  });
}

/** `GET retention/plans`: plans of a registry, newest first. */
export function getPlansRoute(
  registries: readonly AcceptedRegistry[],
  { plans }: Pick<RetentionPlansUseCases, 'plans'>,
) {
  return route({
    name: 'getRetentionPlans',
    method: 'GET',
    path: 'retention/plans',
    summary: 'Plans of a registry, newest first, with what became of them.',
    document: getPlansDocument,
    role: 'Audit.Read',
    query: z.strictObject({
      registry: z.optional(z.string()),
      limit: z.optional(limitParameter),
      cursor: z.optional(cursorParameter),
    }),
    async answer({ query: { registry: named, limit = 100, cursor }, accept, url }) {
      const registry = acceptedNamed(named, registries);
      if (registry === undefined) {
        throw badParameters([{ name: 'registry', reason: `must be one of ${loginServersOf(registries)}` }]);
      }
      const after = cursor === undefined ? undefined : readCursor(cursor, approvalIdForm);
      const { items, next } = await plans.page(registry, limit, after);
      const listing = { items: items.map(planOf), ...(next === undefined ? {} : { next }) };
      return listingResponse(listing, listForm(accept), url, planColumns, planCells);
    },
  });
}

/** `GET retention/plans/{id}`. */
export function getPlanRoute(
  registries: readonly AcceptedRegistry[],
  { plans }: Pick<RetentionPlansUseCases, 'plans'>,
) {
  return route({
    name: 'getRetentionPlan',
    method: 'GET',
    path: 'retention/plans/{id}',
    summary: 'One plan: what it rests on, how much would go, and what keeps it from running.',
    document: getPlanDocument,
    role: 'Audit.Read',
    query: z.strictObject({}),
    async answer({ params }) {
      return { headers: noStore, jsonBody: planOf(await planNamed(registries, plans, params['id'])) };
    },
  });
}

/** `GET retention/plans/{id}/items`: what becomes of every tag and manifest, and why. */
export function getPlanItemsRoute(
  registries: readonly AcceptedRegistry[],
  { plans, decisions }: Pick<RetentionPlansUseCases, 'plans' | 'decisions'>,
) {
  return route({
    name: 'getRetentionPlanItems',
    method: 'GET',
    path: 'retention/plans/{id}/items',
    summary: 'What becomes of every tag and manifest by a plan, and every reason that keeps one.',
    document: getPlanItemsDocument,
    role: 'Audit.Read',
    query: z.strictObject({
      action: z.optional(
        z.enum(['keep', 'untag', 'delete'], { error: 'must be one of keep, untag, delete' }),
      ),
      limit: z.optional(limitParameter),
      cursor: z.optional(cursorParameter),
    }),
    async answer({ params, query: { action, limit = 100, cursor }, accept, url }) {
      const plan = await planNamed(registries, plans, params['id']);
      if (plan.state === 'making') throw notMade(plan.id);
      const from = cursor === undefined ? undefined : placeIn(readCursor(cursor, placeForm));
      const page = await decisions(plan.registry, plan.id, {
        limit,
        ...(action === undefined ? {} : { action }),
        ...(from === undefined ? {} : { from }),
      });
      const items = page.items.map(({ of, item }) => decisionOf(of, item));
      const { next } = page;
      const listing = { items, ...(next === undefined ? {} : { next: `${next.repository}|${next.item}` }) };
      const members = { plan: plan.id, hash: plan.hash };
      return listingResponse(listing, listForm(accept), url, decisionColumns, decisionCells, members);
    },
  });
}

/** `POST retention/plans/{id}/approve`: lets somebody else run it. */
export function postPlanApproveRoute(
  registries: readonly AcceptedRegistry[],
  useCases: Pick<RetentionPlansUseCases, 'plans' | 'planning'>,
) {
  return route({
    name: 'postRetentionPlanApprove',
    method: 'POST',
    path: 'retention/plans/{id}/approve',
    summary: 'Approves a plan as its hash says that it was looked at; another principal may run it then.',
    document: postPlanApproveDocument,
    role: 'Retention.Plan',
    query: z.strictObject({}),
    body: readDecision,
    answer: async (request) => ({
      headers: noStore,
      jsonBody: planOf(await decided(registries, useCases, 'approve', request)),
    }),
  });
}

/** `POST retention/plans/{id}/execute`: has it run, looking at everything again right before it goes. */
export function postPlanExecuteRoute(
  registries: readonly AcceptedRegistry[],
  useCases: Pick<RetentionPlansUseCases, 'plans' | 'planning'>,
) {
  return route({
    name: 'postRetentionPlanExecute',
    method: 'POST',
    path: 'retention/plans/{id}/execute',
    summary: 'Has an approved plan run, by another principal than who approved it.',
    document: postPlanExecuteDocument,
    role: 'Retention.Execute',
    query: z.strictObject({}),
    body: readDecision,
    answer: async (request) => ({
      status: 202,
      headers: noStore,
      jsonBody: planOf(await decided(registries, useCases, 'execute', request)),
    }),
  });
}

async function decided(
  registries: readonly AcceptedRegistry[],
  { plans, planning }: Pick<RetentionPlansUseCases, 'plans' | 'planning'>,
  decision: 'approve' | 'execute',
  { params, body: { hash, reason }, principal }: ReadRequest<object, { hash: string; reason: string }>,
): Promise<PlanHeader> {
  const decide = (planning ?? noRetention())[decision];
  const { registry, id } = await planNamed(registries, plans, params['id']);
  const outcome = await decide(registry, id, { by: applicantOf(principal), hash, reason });
  if (outcome.outcome === 'decided') return outcome.plan;
  if (outcome.outcome === 'unknown') throw unknownPlan(id);
  const { code, detail } = outcome.refusal;
  const title = decision === 'approve' ? 'The plan is not approved' : 'The plan is not run';
  throw new RequestProblem({ status: 409, type: 'plan-refused', title, detail, members: { code } });
}

/** The plan of an id, which does not name the registry that it is of: there are few. Throws a problem when there is none. */
export async function planNamed(
  registries: readonly AcceptedRegistry[],
  plans: Pick<Plans, 'get'>,
  id = '',
): Promise<PlanHeader> {
  for (const { loginServer } of isApprovalId(id) ? registries : []) {
    const stored = await plans.get(loginServer, id);
    if (stored !== undefined) return stored.header;
  }
  throw unknownPlan(id);
}

function readAsked(
  json: unknown,
  registries: readonly AcceptedRegistry[],
): BodyReading<{ readonly registry: string; readonly repositories: string | undefined }> {
  const findings = noFindings();
  const fields = strictFieldsOf(json, '', findings, ['registry', 'repositories']);
  const registry = acceptedNamed(fields.optional('registry', identifier), registries);
  const repositories = fields.has('repositories') ? fields.pattern('repositories')?.text : undefined;
  if (registry === undefined) fields.problem('registry', `must be one of ${loginServersOf(registries)}`);
  return registry === undefined || findings.problems.length > 0
    ? { ok: false, problems: findings.problems }
    : { ok: true, value: { registry, repositories } };
}

/** Positions among what a plan decides: a repository and the number of an item. */
export const placeForm = /^[a-z0-9._/-]{1,255}\|\d{1,9}$/;

/** The place of a position that {@link placeForm} matches. */
export function placeIn(position: string): DecisionPlace {
  const [repository = '', item] = position.split('|');
  return { repository, item: Number(item) };
}

/** Throws the problem of a policy that does not say what may go. */
export function noRetention(): never {
  throw new RequestProblem({
    status: 409,
    type: 'no-retention',
    title: 'The policy does not say what may go',
    detail: 'Deploy a policy.json with a section "retention".',
  });
}

/** The problem of an id that no plan has. */
export function unknownPlan(id: string): RequestProblem {
  return new RequestProblem({
    status: 404,
    type: 'plan-unknown',
    title: 'There is no such plan',
    detail: `No plan has the id ${JSON.stringify(id.slice(0, 64))}.`,
  });
}

function notMade(id: string): RequestProblem {
  return new RequestProblem({
    status: 409,
    type: 'plan-not-made',
    title: 'The plan is not made yet',
    detail: `${id} is being made: ask again in a minute.`,
  });
}
