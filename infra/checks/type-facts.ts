import * as z from 'zod/mini';

/**
 * What is known of a value: `string`, `int`, `bool` or `any`; texts that it may be, such as `'A'|'B'`, with `|string` at the end
 * where others are taken too; a list of one fact for arrays; properties by name for objects. A name that ends with `!` is
 * required, with `~` read-only; `*` stands for any name. With `$by`, an object has the properties that its case adds.
 */
export type Fact = string | readonly [Fact] | FactObject;

export interface FactObject {
  readonly [name: string]: Fact;
}

/** A resource type in one version of its API. */
export interface ResourceFacts {
  /** Where the facts are from. */
  readonly source: string;
  /** Scopes that the resource is deployed to. */
  readonly scopes: readonly string[];
  readonly body: FactObject;
}

/** Resource types by name and version, such as `Microsoft.KeyVault/vaults@2024-11-01`. */
export type TypeFacts = ReadonlyMap<string, ResourceFacts>;

const simpleForm = /^(?:string|int|bool|any|object|array|'[^'|]*'(?:\|'[^'|]*')*(?:\|string)?)$/;
const fact: z.ZodMiniType<Fact> = z.lazy(() =>
  z.union([z.string().check(z.regex(simpleForm)), z.tuple([fact]), factObject]),
);
const factObject: z.ZodMiniType<FactObject> = z.lazy(() => z.record(z.string(), fact));
const resourceFacts = z.strictObject({
  source: z.url(),
  scopes: z.array(z.enum(['resourceGroup', 'subscription', 'extension'])),
  body: factObject,
});
const file = z.record(
  z.string().check(z.regex(/^[A-Za-z.]+(?:\/[A-Za-z]+)+@\d{4}-\d{2}-\d{2}(?:-preview)?$/)),
  resourceFacts,
);

/** Reads type facts from JSON; throws when they have not their form. */
export function readTypeFacts(json: unknown): TypeFacts {
  return new Map(Object.entries(file.parse(json)));
}

/** A property of an object, and whether it has to or may be given. */
export interface PropertyFact {
  readonly fact: Fact;
  readonly isRequired: boolean;
  readonly isReadOnly: boolean;
}

/** The properties of an object; `chosen` is the case where there are several. */
export function propertiesOf(of: FactObject, chosen?: string): ReadonlyMap<string, PropertyFact> {
  const own = Object.entries(of).flatMap(([key, value]): readonly [string, PropertyFact][] => {
    if (key.startsWith('$')) return [];
    const isRequired = key.endsWith('!');
    const isReadOnly = key.endsWith('~');
    return [[key.replace(/[!~]$/, ''), { fact: value, isRequired, isReadOnly }]];
  });
  const added = chosen === undefined ? undefined : casesOf(of)?.get(chosen);
  return new Map([...own, ...(added === undefined ? [] : propertiesOf(added))]);
}

/** The property that tells cases apart, if there are any. */
export function discriminatorOf(of: FactObject): string | undefined {
  const { $by } = of;
  return typeof $by === 'string' ? $by.slice(1, -1) : undefined;
}

export function casesOf(of: FactObject): ReadonlyMap<string, FactObject> | undefined {
  const { $cases } = of;
  if ($cases === undefined || !isObject($cases)) return undefined;
  return new Map(
    Object.entries($cases).flatMap(([name, value]): readonly [string, FactObject][] =>
      isObject(value) ? [[name, value]] : [],
    ),
  );
}

export function isObject(value: unknown): value is FactObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is readonly [Fact] {
  return Array.isArray(value);
}

/** What kind of value a fact is of: `string`, `int`, `bool`, `object`, `array`; `undefined` where any is. */
export function kindOf(value: Fact): string | undefined {
  if (isList(value)) return 'array';
  if (isObject(value)) return 'object';
  if (value.startsWith("'")) return 'string';
  return value === 'any' ? undefined : value;
}
