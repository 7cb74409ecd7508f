import { html } from 'hono/html';
import * as z from 'zod/mini';
import { parseTimestamp } from '../registry/timestamp.ts';
import type { Html } from './html.ts';

/**
 * A time as the field of a form gives it, `2026-05-02T14:03` and in UTC, or in full as a link does. Epoch milliseconds out.
 */
export const asOfParameter = z.pipe(
  z.pipe(
    z.string(),
    z.transform((text) => readAsOf(text.trim())),
  ),
  z.custom<number>((value) => value !== undefined, {
    error: 'is no time: write it like 2026-05-02T14:03:00Z',
  }),
);

function readAsOf(text: string): number | undefined {
  const local = /^(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d(?:\.\d{1,3})?)?$/.exec(text);
  if (local !== null) return parseTimestamp(`${local[1]}${local[2] ?? ':00'}Z`);
  return parseTimestamp(text.replace(/ (\d\d:\d\d)$/, '+$1'));
}

/** The field that asks about a time, with what has to go along. The address that it leads to can be shared. */
export function asOfForm(
  action: string,
  fixed: Readonly<Record<string, string | undefined>>,
  at: number | undefined,
): Html {
  const value = at === undefined ? '' : new Date(at).toISOString().slice(0, 19);
  const hidden = Object.entries(fixed).map(([name, text]) =>
    text === undefined ? undefined : html`<input type="hidden" name="${name}" value="${text}">`,
  );
  return html`<form class="filter" action="${action}" method="get">${hidden}
<div><label for="at">As of (UTC)</label><input id="at" name="at" type="datetime-local" step="1" value="${value}"></div>
<button type="submit">Show</button></form>`;
}
