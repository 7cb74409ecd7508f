import * as z from 'zod/mini';

/** A request to a route, and what it may answer. */
export interface RouteExample {
  /** What is asked, in a few words. */
  readonly summary: string;
  /** Parts of the path by name. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly answer?: unknown;
}

/** What the reference says of a route beyond what the route itself needs. */
export interface RouteDocument {
  /** The chapter it is in. */
  readonly group: string;
  /** Of an answer when all is well; 200 unless told. */
  readonly status?: number;
  /** One sentence about that answer. */
  readonly answers: string;
  /** Its JSON; absent where it has none. Unknown fields may be added in time. */
  readonly answer?: z.ZodMiniType;
  /** Content types of answers that are not JSON, or not always. */
  readonly otherAnswers?: readonly string[];
  /** Whether the answer comes as CSV and newline-delimited JSON too. */
  readonly isList?: true;
  readonly body?: z.ZodMiniType;
  /** Content types of a body that is not JSON. */
  readonly otherBodies?: readonly string[];
  /** When it is answered with a problem of a status, beyond what holds for all routes. */
  readonly refusals?: Readonly<Record<number, string>>;
  readonly examples: readonly RouteExample[];
}

/** What JSON Schema says of a value beyond its form. */
interface Description {
  readonly description: string;
  readonly [keyword: string]: unknown;
}

/** A schema with a sentence, and keywords where its form does not show in the schema itself. */
export function described<S extends z.ZodMiniType>(schema: S, meaning: string, keywords: object = {}): S {
  const description: Description = { description: meaning, ...keywords };
  z.globalRegistry.add(schema, description);
  return schema;
}

/** A schema that the reference describes once, under a name. */
export function named<S extends z.ZodMiniType>(id: string, schema: S, meaning: string): S {
  z.globalRegistry.add(schema, { id, description: meaning });
  return schema;
}

/** A time in answers. */
export function timeOf(meaning: string) {
  return described(z.string(), meaning, { format: 'date-time' });
}

/** A digest in answers. */
export function digestOf(meaning: string) {
  return described(z.string(), meaning, { pattern: '^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$' });
}

/** A page of a list. */
export function pageOf<S extends z.ZodMiniType>(item: S) {
  return z.object({
    items: z.array(item),
    cursor: z.optional(described(z.string(), 'Where to go on; absent where the list ends.')),
  });
}
