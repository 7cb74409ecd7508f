import { html } from 'hono/html';
import * as z from 'zod/mini';
import { RequestProblem } from '../api/problem.ts';
import type { Html } from './html.ts';
import { home, withQuery } from './links.ts';
import {
  operationsOf,
  type ReferenceContent,
  type ReferenceDocument,
  type ReferenceOperation,
  readReference,
} from './openapi-reading.ts';
import { page } from './page.ts';
import { kindOf, schemaTree } from './schema-tree.ts';
import { badge } from './shown.ts';
import { table } from './table.ts';

/** What the reference is told from. */
export interface ReferencePorts {
  /** The API as an OpenAPI document. */
  readonly reference: () => Promise<Readonly<Record<string, unknown>>>;
}

/** The API, as its OpenAPI document tells it: everything in a list, and each operation by itself. */
export function referencePage({ reference }: ReferencePorts) {
  return page({
    name: 'dashboardReference',
    path: 'reference',
    query: z.strictObject({ operation: z.optional(z.string().check(z.maxLength(128))) }),
    async answer({ query: { operation } }) {
      const document = readReference(await reference());
      const all = operationsOf(document);
      if (operation === undefined) {
        return { title: 'API reference', section: 'reference', body: contents(document, all) };
      }
      const one = all.find(({ operationId }) => operationId === operation);
      if (one === undefined) throw unknown();
      return { title: `${one.method} ${one.path}`, section: 'reference', body: wholeOf(document, one) };
    },
  });
}

function contents({ info, tags, components }: ReferenceDocument, all: readonly ReferenceOperation[]): Html {
  const groups = tags.map(({ name }) =>
    table<ReferenceOperation>({
      caption: name,
      items: all.filter((one) => one.tags.includes(name)),
      columns: [
        {
          head: 'Operation',
          cell: ({ operationId, method, path }) =>
            html`<a href="${operationHref(operationId)}"><code>${method} ${path}</code></a>`,
        },
        { head: 'What it does', cell: ({ summary }) => summary },
        { head: 'Takes the role', cell: roleOf },
      ],
      empty: html`<p>Nothing.</p>`,
    }),
  );
  return html`<h1>API reference</h1>
<p>${info.description}</p>
<p>Version ${info.version}, as an <a href="/api/v1/openapi.json">OpenAPI 3.1 document</a>, from which this is made.</p>
${groups}
<h2>Problems that any may answer with</h2>
<dl class="facts">${Object.entries(components.responses).map(([name, { description }]) => html`<dt>${name.replace('Problem', '')}</dt><dd>${description}</dd>`)}</dl>`;
}

function wholeOf({ components: { schemas, responses } }: ReferenceDocument, one: ReferenceOperation): Html {
  const { method, path, summary, tags, parameters = [], requestBody } = one;
  const answers = Object.entries(one.responses).map(([status, { $ref, description }]) => {
    const shared = responses[$ref?.replace('#/components/responses/', '') ?? ''];
    return html`<dt>${status}</dt><dd>${description ?? shared?.description ?? ''}</dd>`;
  });
  const content = Object.entries(one.responses).find(([status]) => status.startsWith('2'))?.[1].content;
  return html`<p><a href="${home}/reference">API reference</a> <span class="quiet">${tags.join(', ')}</span></p>
<h1><code>${method} ${path}</code></h1>
<p>${summary} It takes ${roleOf(one)}.</p>
${table<(typeof parameters)[number]>({
  caption: 'Parameters',
  items: parameters,
  columns: [
    { head: 'Name', cell: ({ name }) => html`<code>${name}</code>` },
    { head: 'In', cell: (parameter) => (parameter.in === 'path' ? 'the path' : 'the query') },
    { head: 'Needed', cell: ({ required }) => (required ? badge('needed', 'warn') : 'no') },
    { head: 'Is', cell: ({ schema }) => kindOf(schema, schemas) },
    { head: 'Meaning', cell: ({ description }) => description },
    { head: 'Example', cell: ({ examples }) => firstOf(examples) },
  ],
  empty: html`<p>It takes none.</p>`,
})}
${requestBody === undefined ? undefined : html`<h2>Body</h2>${bodies(requestBody.content, schemas)}`}
<h2>Answer</h2>
${content === undefined ? undefined : bodies(content, schemas)}
<h2>Statuses</h2><dl class="facts">${answers}</dl>`;
}

function bodies(content: ReferenceContent, schemas: Readonly<Record<string, unknown>>): Html {
  return html`${Object.entries(content).map(
    ([type, { schema, examples = {} }]) => html`<h3>${type}</h3>
${type === 'application/json' ? schemaTree(schema, schemas) : undefined}
${Object.values(examples).map(({ summary, value }) => html`<p>${summary}</p><pre>${JSON.stringify(value, undefined, 2)}</pre>`)}`,
  )}`;
}

function firstOf(examples: ReferenceContent[string]['examples']): Html | undefined {
  const [first] = Object.values(examples ?? {});
  return first === undefined ? undefined : html`<code>${String(first.value)}</code>`;
}

function roleOf({ security }: ReferenceOperation): string {
  const roles = security.flatMap((one) => Object.values(one).flat());
  return roles.length === 0 ? 'nobody signed in' : roles.join(', ');
}

function operationHref(operation: string): string {
  return withQuery(`${home}/reference`, { operation });
}

function unknown(): RequestProblem {
  const detail = 'Look it up in the list of all operations.';
  return new RequestProblem({ status: 404, type: 'not-found', title: 'No such operation', detail });
}
