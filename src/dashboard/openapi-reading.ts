import * as z from 'zod/mini';

const described = z.looseObject({ description: z.optional(z.string()) });
const examples = z.optional(
  z.record(z.string(), z.object({ summary: z.string(), value: z.optional(z.unknown()) })),
);
const content = z.record(z.string(), z.looseObject({ schema: z.optional(z.unknown()), examples }));
// Either refers to one of the document's answers, or says itself what it is.
const answer = z.looseObject({
  $ref: z.optional(z.string()),
  description: z.optional(z.string()),
  content: z.optional(content),
});
const operation = z.looseObject({
  operationId: z.string(),
  tags: z.array(z.string()),
  summary: z.string(),
  parameters: z.optional(
    z.array(
      z.looseObject({
        name: z.string(),
        in: z.string(),
        description: z.optional(z.string()),
        required: z.optional(z.boolean()),
        schema: z.unknown(),
        examples,
      }),
    ),
  ),
  requestBody: z.optional(z.looseObject({ content })),
  responses: z.record(z.string(), answer),
  security: z.array(z.record(z.string(), z.array(z.string()))),
});

/** The parts of our own OpenAPI document that its reference shows. */
const document = z.looseObject({
  info: z.looseObject({ version: z.string(), description: z.string() }),
  servers: z.array(z.object({ url: z.string() })),
  tags: z.array(z.object({ name: z.string() })),
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.looseObject({
    schemas: z.record(z.string(), described),
    responses: z.record(z.string(), z.looseObject({ description: z.string() })),
  }),
});

/** The document as it is shown. */
export type ReferenceDocument = z.output<typeof document>;

/** Content by its type. */
export type ReferenceContent = z.output<typeof content>;

/** One thing that the API does, and where. */
export interface ReferenceOperation extends z.output<typeof operation> {
  readonly method: string;
  readonly path: string;
}

/** Reads our own document. Throws where it is none: `openapiOf` and this have gone apart. */
export function readReference(json: unknown): ReferenceDocument {
  return document.parse(json);
}

/** Everything that the API does, in the document's order. */
export function operationsOf({ paths, servers }: ReferenceDocument): readonly ReferenceOperation[] {
  const [server] = servers;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => ({
      ...one,
      method: method.toUpperCase(),
      path: `${server?.url ?? ''}${path}`,
    })),
  );
}
