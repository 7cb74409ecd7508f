import * as z from 'zod/mini';
import type { Findings } from '../audit/findings.ts';
import type { FindingEvent, StoredFinding } from '../findings/lifecycle.ts';
import { strictFieldsOf } from '../protection/strict-fields.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { noFindings } from '../registry/findings.ts';
import { textThat, timestampForm } from '../registry/form.ts';
import { cleanFreeText } from '../registry/free-text.ts';
import { applicantOf } from './approvals.ts';
import { findingChangeDocument, findingWaiveDocument } from './documents/findings.ts';
import { findingItem } from './finding-item.ts';
import { everywhere, findingIdParams, unknownFinding } from './findings.ts';
import { RequestProblem } from './problem.ts';
import { readReason } from './reason-body.ts';
import { type BodyReading, route } from './route.ts';

/** What the routes that change findings call. */
export interface FindingChangesPorts {
  readonly findings: Pick<Findings, 'change'>;
  readonly now: () => number;
}

const ownerForm = textThat(
  '1 to 253 printable characters',
  (text) => text.trim() !== '' && cleanFreeText(text, 253).text === text,
);
const reasonForm = textThat(
  '1 to 2000 printable characters',
  (text) => text.trim() !== '' && cleanFreeText(text, 2_000).text === text,
);

/** `POST findings/{id}/acknowledge`: somebody has taken it up. */
export function postAcknowledgeRoute(registries: readonly AcceptedRegistry[], ports: FindingChangesPorts) {
  return changing(registries, ports, 'acknowledge', 'Says that somebody has taken a finding up.');
}

/** `POST findings/{id}/resolve`: it is over, by what somebody knows. */
export function postResolveRoute(registries: readonly AcceptedRegistry[], ports: FindingChangesPorts) {
  return changing(
    registries,
    ports,
    'resolve',
    'Says that a finding is over; the next look that still finds it opens it again.',
  );
}

/** `POST findings/{id}/reopen`: it is to be looked at again. */
export function postReopenRoute(registries: readonly AcceptedRegistry[], ports: FindingChangesPorts) {
  return changing(
    registries,
    ports,
    'reopen',
    'Opens a finding again that was taken up, waived or resolved.',
  );
}

/** `POST findings/{id}/waive`: somebody answers for it until a time. */
export function postWaiveRoute(registries: readonly AcceptedRegistry[], ports: FindingChangesPorts) {
  return route({
    name: 'postFindingWaive',
    method: 'POST',
    path: 'findings/{id}/waive',
    summary: 'Waives a finding until a time; then, or when it gets worse, it is open again.',
    document: findingWaiveDocument,
    role: 'Findings.Manage',
    params: findingIdParams,
    query: z.strictObject({}),
    body: readWaiver,
    answer: ({ params: { id }, body, principal }) =>
      changed(registries, ports, id, { event: 'waive', ...body }, applicantOf(principal)),
  });
}

function changing(
  registries: readonly AcceptedRegistry[],
  ports: FindingChangesPorts,
  event: 'acknowledge' | 'resolve' | 'reopen',
  summary: string,
) {
  return route({
    name: `postFinding${event.charAt(0).toUpperCase()}${event.slice(1)}`,
    method: 'POST',
    path: `findings/{id}/${event}`,
    summary,
    document: findingChangeDocument(event),
    role: 'Findings.Manage',
    params: findingIdParams,
    query: z.strictObject({}),
    body: readReason,
    answer: ({ params: { id }, body: { reason }, principal }) =>
      changed(registries, ports, id, { event, reason }, applicantOf(principal)),
  });
}

async function changed(
  registries: readonly AcceptedRegistry[],
  ports: FindingChangesPorts,
  id: string,
  event: FindingEvent,
  by: ReturnType<typeof applicantOf>,
) {
  const finding = await changeFinding(registries, ports, id, event, by);
  return { headers: { 'cache-control': 'no-store' }, jsonBody: findingItem(finding) };
}

/** Has somebody change a finding, wherever it is kept; throws a problem when it is unknown or stays as it is. */
export async function changeFinding(
  registries: readonly AcceptedRegistry[],
  { findings, now }: FindingChangesPorts,
  id: string,
  event: FindingEvent,
  by: ReturnType<typeof applicantOf>,
): Promise<StoredFinding> {
  for (const registry of everywhere(registries)) {
    const change = await findings.change(registry, id, event, { id: by.id, name: by.name }, now());
    if (change === undefined) continue;
    if (change.outcome === 'refused') {
      throw new RequestProblem({
        status: 409,
        type: 'finding-stays',
        title: 'The finding stays as it is',
        detail: `It ${change.problem}.`,
      });
    }
    return change.finding;
  }
  throw unknownFinding(id);
}

/** Reads the body `{owner, reason, until}`. */
export function readWaiver(
  json: unknown,
): BodyReading<{ readonly owner: string; readonly reason: string; readonly until: number }> {
  const findings = noFindings();
  const fields = strictFieldsOf(json, '', findings, ['owner', 'reason', 'until']);
  const owner = fields.required('owner', ownerForm);
  const reason = fields.required('reason', reasonForm);
  const until = fields.required('until', timestampForm);
  return owner === undefined || reason === undefined || until === undefined || findings.problems.length > 0
    ? { ok: false, problems: findings.problems }
    : { ok: true, value: { owner, reason, until } };
}
