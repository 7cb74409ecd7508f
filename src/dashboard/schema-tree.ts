import { html } from 'hono/html';
import * as z from 'zod/mini';
import type { Html } from './html.ts';

const schemaForm = z.looseObject({
  $ref: z.optional(z.string()),
  type: z.optional(z.union([z.string(), z.array(z.string())])),
  description: z.optional(z.string()),
  properties: z.optional(z.record(z.string(), z.unknown())),
  required: z.optional(z.array(z.string())),
  items: z.optional(z.unknown()),
  additionalProperties: z.optional(z.unknown()),
  anyOf: z.optional(z.array(z.unknown())),
  enum: z.optional(z.array(z.unknown())),
  const: z.optional(z.unknown()),
  pattern: z.optional(z.string()),
  format: z.optional(z.string()),
  minimum: z.optional(z.number()),
  maximum: z.optional(z.number()),
  maxLength: z.optional(z.number()),
});
type Schema = z.output<typeof schemaForm>;

/** Schemas by the names that references to them end with. */
type Schemas = Readonly<Record<string, unknown>>;

/** Deeper than that, a schema is named and not shown. */
const deepest = 6;

/** What JSON of a schema has: its fields, and theirs. */
export function schemaTree(schema: unknown, schemas: Schemas): Html {
  return fieldsOf(schema, schemas, []);
}

/** What kind of value a schema takes, in a few words. */
export function kindOf(schema: unknown, schemas: Schemas): string {
  const { type, items, anyOf, format, pattern, additionalProperties, ...rest } = resolved(
    schema,
    schemas,
  ).schema;
  const bounds = [
    rest.minimum === undefined || rest.minimum <= Number.MIN_SAFE_INTEGER
      ? undefined
      : `from ${rest.minimum}`,
    rest.maximum === undefined || rest.maximum >= Number.MAX_SAFE_INTEGER ? undefined : `to ${rest.maximum}`,
    rest.maxLength === undefined ? undefined : `at most ${rest.maxLength} characters`,
    format,
    pattern,
  ].filter((bound) => bound !== undefined);
  const within = bounds.length === 0 ? '' : `, ${bounds.join(', ')}`;
  if (rest.enum !== undefined) return `one of ${rest.enum.map(String).join(', ')}`;
  if (rest.const !== undefined) return String(rest.const);
  if (anyOf !== undefined) return anyOf.map((one) => kindOf(one, schemas)).join(', or ');
  if (type === 'array') return `list of ${kindOf(items, schemas)}`;
  if (type === 'object' && typeof additionalProperties === 'object') {
    return `map of ${kindOf(additionalProperties, schemas)}`;
  }
  return `${type === undefined ? 'anything' : [type].flat().join(' or ')}${within}`;
}

function fieldsOf(schema: unknown, schemas: Schemas, above: readonly string[]): Html {
  const { schema: found, name } = resolved(schema, schemas);
  if (name !== undefined && above.includes(name)) return html`<p>${name}, as above.</p>`;
  const path = [...above, ...(name === undefined ? [] : [name])];
  if (found.items !== undefined) return fieldsOf(found.items, schemas, path);
  if (found.anyOf !== undefined) return html`${found.anyOf.map((one) => fieldsOf(one, schemas, path))}`;
  const required = new Set(found.required);
  const fields = Object.entries(found.properties ?? {});
  if (fields.length === 0 || path.length > deepest) return html``;
  const item = ([field, inner]: readonly [string, unknown]) => {
    const { description } = resolved(inner, schemas).schema;
    return html`<li><code>${field}</code> <span class="quiet">${kindOf(inner, schemas)}${required.has(field) ? '' : ', may be absent'}</span>${description === undefined ? undefined : html` ${description}`}${fieldsOf(inner, schemas, path)}</li>`;
  };
  return html`<ul class="tree">${fields.map(item)}</ul>`;
}

function resolved(json: unknown, schemas: Schemas): { readonly schema: Schema; readonly name?: string } {
  const reading = schemaForm.safeParse(json);
  if (!reading.success) return { schema: {} };
  const { $ref } = reading.data;
  if ($ref === undefined) return { schema: reading.data };
  const name = $ref.replace('#/components/schemas/', '');
  const target = schemaForm.safeParse(schemas[name]);
  return { schema: target.success ? target.data : {}, name };
}
