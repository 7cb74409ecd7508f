import * as z from 'zod/mini';
import { named, type RouteExample } from './document.ts';
import type { Route } from './route.ts';
import { version } from './version.ts';

/** A part of the document. */
type Json = Readonly<Record<string, unknown>>;

const problem = named(
  'Problem',
  z.looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.optional(z.string()),
    parameters: z.optional(z.array(z.object({ name: z.string(), reason: z.string() }))),
  }),
  'What went wrong: RFC 9457, with further members of its type.',
);

const introduction = `Who pushed, moved and deleted what in Azure Container Registry, what runs where, what is approved and
locked, and what may go. Times are RFC 3339 in UTC. Images are references, such as
\`contoso.azurecr.io/team/app:1.4.2\`; without a registry they mean the only audited one. Parameters and fields that are
not known are refused. Fields may be added to answers.`;

/**
 * The routes as an OpenAPI 3.1 document: https://spec.openapis.org/oas/v3.1.1.html. Parameters come from what reads them, so
 * the document cannot promise what is refused.
 */
export function openapiOf(routes: readonly Route[]): Json {
  const schemas: Record<string, unknown> = {};
  const schemaOf = (schema: z.ZodMiniType) => jsonSchemaOf(schema, schemas);
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    // A parameter that takes the rest of the path has no form of its own in OpenAPI: its description says so.
    const path = `/${route.path.replace('{*', '{')}`;
    const item = paths[path] ?? {};
    item[route.method.toLowerCase()] = operationOf(route, schemaOf);
    paths[path] = item;
  }
  const problemSchema = schemaOf(problem);
  const groups = [...new Set(routes.map(({ document }) => document.group))];
  return {
    openapi: '3.1.1',
    info: {
      title: 'acr-audit',
      version,
      summary: 'An audit of Azure Container Registry.',
      description: introduction.replaceAll('\n', ' '),
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/api/v1' }],
    tags: groups.map((name) => ({ name })),
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1))),
      responses: Object.fromEntries(
        Object.entries(everywhere).map(([status, description]) => [
          `Problem${status}`,
          { description, content: { 'application/problem+json': { schema: problemSchema } } },
        ]),
      ),
      securitySchemes: {
        entra: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'A token of Microsoft Entra ID for the service. The roles are its app roles.',
        },
      },
    },
  };
}

/** Problems that any route may answer with. */
const everywhere: Readonly<Record<string, string>> = {
  '400': 'A parameter or the body cannot be read; `parameters` says which and why.',
  '401': 'Nobody is signed in.',
  '403': 'The caller lacks the app role.',
  '500': 'A fault, which was logged.',
  '503': 'Storage did not answer: try again.',
};

function operationOf(route: Route, schemaOf: (schema: z.ZodMiniType) => unknown): Json {
  const { name, summary, role, document } = route;
  const parameters = [...pathParameters(route, schemaOf), ...queryParameters(route, schemaOf)];
  const body = bodyOf(route, schemaOf);
  return {
    operationId: name,
    tags: [document.group],
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: body }),
    responses: responsesOf(route, schemaOf),
    security: role === undefined ? [] : [{ entra: [role] }],
  };
}

function pathParameters(route: Route, schemaOf: (schema: z.ZodMiniType) => unknown): readonly Json[] {
  const { properties = {} } = route.params === undefined ? {} : propertiesOf(schemaOf(route.params));
  return [...route.path.matchAll(/\{\*?(\w+)\}/g)].map(([, name = '']) => {
    const { description, ...schema } = properties[name] ?? { type: 'string' };
    return {
      name,
      in: 'path',
      ...(description === undefined ? {} : { description }),
      required: true,
      schema,
      ...examplesOf(route.document.examples, ({ params }) => params?.[name]),
    };
  });
}

function queryParameters(route: Route, schemaOf: (schema: z.ZodMiniType) => unknown): readonly Json[] {
  const { properties = {}, required = [] } = propertiesOf(schemaOf(route.query));
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    ...(description === undefined ? {} : { description }),
    ...(required.includes(name) ? { required: true } : {}),
    schema,
    ...examplesOf(route.document.examples, ({ query }) => typedValue(query?.[name])),
  }));
}

function bodyOf({ document }: Route, schemaOf: (schema: z.ZodMiniType) => unknown): Json | undefined {
  const { body, otherBodies = [], examples } = document;
  if (body === undefined) return undefined;
  const others = otherBodies.map((type) => [type, { schema: { type: 'string' } }] as const);
  return {
    required: true,
    content: {
      'application/json': { schema: schemaOf(body), ...examplesOf(examples, (example) => example.body) },
      ...Object.fromEntries(others),
    },
  };
}

function responsesOf(route: Route, schemaOf: (schema: z.ZodMiniType) => unknown): Json {
  const {
    status = 200,
    answers,
    answer,
    otherAnswers = [],
    isList,
    refusals = {},
    examples,
  } = route.document;
  const json =
    answer === undefined
      ? []
      : [
          [
            'application/json',
            { schema: schemaOf(answer), ...examplesOf(examples, (example) => example.answer) },
          ],
        ];
  const lists = isList ? ['text/csv', 'application/x-ndjson'] : [];
  // Bytes have no schema: https://spec.openapis.org/oas/v3.1.1.html#considerations-for-file-uploads
  const others = [...lists, ...otherAnswers].map((type) => [
    type,
    /^application\/(?:octet-stream|zip)$/.test(type) ? {} : textContent,
  ]);
  const all = [...json, ...others];
  const content = all.length === 0 ? {} : { content: Object.fromEntries(all) };
  const nextPage = { headers: { Link: { description: nextPageMeaning, schema: { type: 'string' } } } };
  const own = Object.entries(refusals).map(([code, description]) => [code, ownProblem(description, code)]);
  const common = Object.keys(everywhere)
    .filter((code) => route.role !== undefined || !['401', '403'].includes(code))
    .map((code) => [code, { $ref: `#/components/responses/Problem${code}` }]);
  return {
    [String(status)]: { description: answers, ...(isList ? nextPage : {}), ...content },
    ...Object.fromEntries(common),
    ...Object.fromEntries(own),
  };
}

const textContent = { schema: { type: 'string' } };
const nextPageMeaning = 'The next page, as RFC 8288 writes it; absent on the last.';

function ownProblem(description: string, code: string): Json {
  const schema = { $ref: '#/components/schemas/Problem' };
  // The role is told apart from what a policy refuses by the type of the problem.
  const whole = code === '403' ? `${description} Or: ${everywhere['403']}` : description;
  return { description: whole, content: { 'application/problem+json': { schema } } };
}

/** An example has the same name wherever it is part of an operation: in parameters, body and answer. */
function examplesOf(examples: readonly RouteExample[], of: (example: RouteExample) => unknown): Json {
  const told = examples.flatMap((example, index) => {
    const value = of(example);
    return value === undefined ? [] : [[`example${index + 1}`, { summary: example.summary, value }] as const];
  });
  return told.length === 0 ? {} : { examples: Object.fromEntries(told) };
}

/** A parameter's value as its schema has it; numbers alone are not written as they are. */
function typedValue(text: string | undefined): string | number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : text;
}

/** The JSON Schema of what is sent; what has a name of its own goes to the components, once. */
function jsonSchemaOf(schema: z.ZodMiniType, schemas: Record<string, unknown>): unknown {
  // The root of a schema is never a reference, so it is made a property.
  const whole = z.toJSONSchema(z.object({ it: schema }), { io: 'input', unrepresentable: 'any' });
  const { $defs = {}, properties = {} } = whole;
  for (const [id, definition] of Object.entries($defs)) schemas[id] = inComponents(definition);
  return inComponents(properties['it']);
}

function inComponents(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inComponents);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'id')
      .map(([key, inner]) =>
        key === '$ref' && typeof inner === 'string'
          ? [key, inner.replace('#/$defs/', '#/components/schemas/')]
          : [key, inComponents(inner)],
      ),
  );
}

const objectSchema = z.object({
  properties: z.optional(z.record(z.string(), z.looseObject({ description: z.optional(z.string()) }))),
  required: z.optional(z.array(z.string())),
});

function propertiesOf(schema: unknown): z.output<typeof objectSchema> {
  return objectSchema.parse(schema);
}
