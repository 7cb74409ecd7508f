import { html } from 'hono/html';
import type { Problem } from '../api/problem.ts';
import type { Shown } from './layout.ts';
import { home } from './links.ts';
import { outside } from './outside-text.ts';

/** A problem as a page: what went wrong, and what to do about it. */
export function problemPage(problem: Problem, signInAt?: string): Shown {
  const { status, title, detail, parameters, members } = problem;
  const about =
    parameters === undefined
      ? detail === undefined
        ? undefined
        : html`<p>${outside(detail)}</p>`
      : html`<ul>${parameters.map(({ name, reason }) => html`<li><code>${outside(name)}</code> ${outside(reason)}</li>`)}</ul>`;
  const invocation = members?.['invocationId'];
  const body = html`<h1>${title}</h1>
<div class="problem" role="alert">
${about}
<p>${advice(status)}</p>
${signInAt === undefined ? undefined : html`<p><a class="button" href="${signInAt}">Sign in</a></p>`}
${typeof invocation === 'string' ? html`<p>Logged under <code>${invocation}</code>.</p>` : undefined}
</div>
<p><a href="${home}">To the overview</a></p>`;
  return { title, body };
}

function advice(status: number): string {
  switch (status) {
    case 400:
      return 'Correct the address, or go back and change what was entered.';
    case 401:
      return 'The dashboard shows nothing to callers it does not know.';
    case 403:
      return 'Nothing was changed. Ask whoever assigns the app roles of this service, or load the page again.';
    case 404:
      return 'Check the spelling, or search for it above.';
    case 409:
      return 'Somebody, or something, was faster: go back, look again and decide then.';
    case 503:
      return 'Load the page again in a moment.';
    default:
      return 'Load the page again. If it stays so, tell whoever runs this service.';
  }
}
