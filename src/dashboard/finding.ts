import { html } from 'hono/html';
import * as z from 'zod/mini';
import { applicantOf } from '../api/approvals.ts';
import { changeFinding, type FindingChangesPorts, readWaiver } from '../api/finding-changes.ts';
import { everywhere, unknownFinding } from '../api/findings.ts';
import type { Principal } from '../api/principal.ts';
import { badBody, badParameters } from '../api/problem.ts';
import { readReason } from '../api/reason-body.ts';
import type { Findings } from '../audit/findings.ts';
import { remedyOf } from '../findings/kind.ts';
import type { FindingEvent, Note, StoredFinding } from '../findings/lifecycle.ts';
import { toldDetail } from '../findings/told-detail.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { aboutFinding, statusBadge } from './finding-table.ts';
import type { Html } from './html.ts';
import { findingHref, home } from './links.ts';
import { outside } from './outside-text.ts';
import { type Deed, page, tokenField } from './page.ts';
import { severityBadge, shownTime } from './shown.ts';

const idForm = /^[0-9a-f]{32}$/;
const changes = ['acknowledge', 'resolve', 'waive', 'reopen'] as const;

/** One finding: what it is, what to do, what became of it, and what may be done about it here. */
export function findingPage(registries: readonly AcceptedRegistry[], findings: Pick<Findings, 'get'>) {
  return page({
    name: 'dashboardFinding',
    path: 'findings/{id}',
    query: z.strictObject({ done: z.optional(z.enum(changes)) }),
    async answer({ params, query: { done }, principal, token }) {
      const id = readId(params);
      const found = await Promise.all(everywhere(registries).map((registry) => findings.get(registry, id)));
      const finding = found.find((one) => one !== undefined);
      if (finding === undefined) throw unknownFinding(id);
      const { kind, severity, status, subject, detail, firstSeen, lastSeen, resolvedAt } = finding;
      const facts = Object.entries(toldDetail(detail)).map(
        ([name, value]) =>
          html`<dt>${outside(name)}</dt><dd>${(Array.isArray(value) ? value : [value]).map((one) => html`<div>${outside(String(one))}</div>`)}</dd>`,
      );
      const body = html`${done === undefined ? undefined : html`<p class="note" role="status">Done: ${done}. It is ${status} now.</p>`}
<h1>${kind}</h1>
<p>${severityBadge(severity)} ${statusBadge(status)} ${aboutFinding(finding)}</p>
<div class="note"><h2>What to do</h2><p>${remedyOf(kind)}</p></div>
<h2>What was found</h2>
<dl class="facts"><dt>Registry</dt><dd>${outside(subject.registry)}</dd>
${subject.digest === undefined ? undefined : html`<dt>Digest</dt><dd><code>${subject.digest}</code></dd>`}
${facts}<dt>First seen</dt><dd>${shownTime(firstSeen)}</dd><dt>Last seen</dt><dd>${shownTime(lastSeen)}</dd>
${resolvedAt === undefined ? undefined : html`<dt>Resolved</dt><dd>${shownTime(resolvedAt)}</dd>`}
<dt>Id</dt><dd><code>${id}</code></dd></dl>
${notesOf(finding)}
<h2>Decide</h2>
${principal.roles.has('Findings.Manage') ? forms(finding, token) : notAllowed(principal)}
<p><a href="${home}/findings">All findings</a></p>`;
      return { title: `${kind}`, section: 'findings', body };
    },
  });
}

/** What somebody decides about a finding. */
export function findingDeed(registries: readonly AcceptedRegistry[], ports: FindingChangesPorts): Deed {
  return {
    name: 'dashboardFindingChange',
    path: 'findings/{id}',
    role: 'Findings.Manage',
    async answer({ params, form, principal }) {
      const id = readId(params);
      const event = readEvent(form);
      await changeFinding(registries, ports, id, event, applicantOf(principal));
      return { to: `${findingHref(id)}?done=${event.event}` };
    },
  };
}

function readId(params: Readonly<Record<string, string>>): string {
  const id = params['id'] ?? '';
  if (idForm.test(id)) return id;
  throw badParameters([{ name: 'id', reason: 'is not the id of a finding: 32 hexadecimal digits' }]);
}

type Decision = Exclude<FindingEvent, { readonly event: 'age' }>;

function readEvent({ change, until, ...fields }: Readonly<Record<string, string>>): Decision {
  const event = changes.find((one) => one === change);
  if (event === undefined) {
    throw badParameters([{ name: 'change', reason: `must be one of ${changes.join(', ')}` }]);
  }
  if (event !== 'waive') {
    const reading = readReason(fields);
    if (!reading.ok) throw badBody(reading.problems);
    return { event, reason: reading.value.reason };
  }
  // A day is meant to its end.
  const time = until !== undefined && /^\d{4}-\d\d-\d\d$/.test(until) ? `${until}T23:59:59Z` : until;
  const reading = readWaiver({ ...fields, until: time });
  if (!reading.ok) throw badBody(reading.problems);
  return { event, ...reading.value };
}

function notAllowed({ name }: Principal): Html {
  return html`<p class="empty">To acknowledge, resolve, waive or reopen it takes the app role Findings.Manage, which ${outside(name)} does not have.</p>`;
}

function forms({ id, status }: StoredFinding, token: string): Html {
  const form = (change: (typeof changes)[number], title: string, fields: Html) =>
    html`<section class="card"><h3>${title}</h3><form class="deed" method="post" action="${findingHref(id)}">${tokenField(token)}
<input type="hidden" name="change" value="${change}">${fields}<button type="submit">${title}</button></form></section>`;
  const reason = (of: string) =>
    html`<div class="wide"><label for="reason-${of}">Reason</label><input id="reason-${of}" name="reason" required maxlength="2000" autocomplete="off"></div>`;
  if (status === 'resolved')
    return html`<div class="cards">${form('reopen', 'Reopen', reason('reopen'))}</div>`;
  return html`<div class="cards">
${status === 'open' ? form('acknowledge', 'Acknowledge', reason('acknowledge')) : form('reopen', 'Reopen', reason('reopen'))}
${form('resolve', 'Resolve', reason('resolve'))}
${form(
  'waive',
  'Waive',
  html`<div class="wide"><label for="owner">Who answers for it</label><input id="owner" name="owner" required maxlength="253" autocomplete="off"></div>
<div><label for="until">Until the end of (UTC)</label><input id="until" name="until" type="date" required></div>${reason('waive')}`,
)}</div>`;
}

function notesOf({ acknowledgement, resolution, waiver, escalations }: StoredFinding): Html {
  const note = (title: string, { byName, by, reason, at }: Note, more?: Html) =>
    html`<dt>${title}</dt><dd>${shownTime(at)} by ${outside(byName)} <span class="quiet">(${outside(by)})</span>: ${outside(reason)}${more}</dd>`;
  return html`<dl class="facts">
${acknowledgement === undefined ? undefined : note('Acknowledged', acknowledgement)}
${waiver === undefined ? undefined : note('Waived', waiver, html`<br>${outside(waiver.owner)} answers for it until ${shownTime(waiver.until)}.`)}
${resolution === undefined ? undefined : note('Resolved', resolution)}
${escalations === undefined ? undefined : html`<dt>Told again</dt><dd>${escalations} times</dd>`}</dl>`;
}
