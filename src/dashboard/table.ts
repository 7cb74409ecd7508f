import { html } from 'hono/html';
import type { Content, Html } from './html.ts';

/** A column of a table. */
export interface Column<T> {
  readonly head: string;
  readonly cell: (item: T) => Content;
  readonly isNumber?: boolean;
}

/** A table with what belongs to it. */
export interface TableOf<T> {
  /** Says what it lists; shown above it. */
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  readonly items: readonly T[];
  /** Shown in place of it when there is nothing to list: says why, and what to do. */
  readonly empty: Content;
  /** Where the list can be had as a file. */
  readonly csv?: string | undefined;
  /** Where it goes on. */
  readonly next?: string | undefined;
}

/**
 * A table that becomes one card a row where there is little room. Roles are said outright, since what is not laid out as a
 * table is no table to a screen reader otherwise.
 */
export function table<T>({ caption, columns, items, empty, csv, next }: TableOf<T>): Html {
  const tools =
    csv === undefined || items.length === 0
      ? undefined
      : html`<p class="tools"><a href="${csv}" download>Download as CSV<span class="hidden">: ${caption}</span></a></p>`;
  if (items.length === 0 && next === undefined) {
    return html`<section class="list"><h3 class="caption">${caption}</h3><div class="empty">${empty}</div></section>`;
  }
  const heads = columns.map(
    ({ head, isNumber }) =>
      html`<th role="columnheader" scope="col" class="${isNumber === true ? 'number' : ''}">${head}</th>`,
  );
  const rows = items.map((item) => {
    const cells = columns.map(
      ({ head, cell, isNumber }) =>
        html`<td role="cell" data-head="${head}" class="${isNumber === true ? 'number' : ''}"><div>${cell(item)}</div></td>`,
    );
    return html`<tr role="row">${cells}</tr>`;
  });
  return html`<section class="list">
<table role="table"><caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${heads}</tr></thead>
<tbody role="rowgroup">${rows}</tbody></table>
${next === undefined ? undefined : html`<p class="paging"><a rel="next" href="${next}">Next page<span class="hidden"> of ${caption}</span></a></p>`}${tools}</section>`;
}
