import { fieldsOf } from '../registry/fields.ts';
import { quote } from '../registry/free-text.ts';
import type { GatheredReading } from './kubernetes-reading.ts';

/** An API object as it was sent, with the kind and version that its list gives to it where it has none itself. */
export interface SentObject {
  readonly object: Readonly<Record<string, unknown>>;
  readonly kind: string;
  readonly apiVersion?: string;
}

/** A list in a list is what `kubectl get -o json` of files may give; more is nobody's. */
const maxDepth = 3;

/**
 * Answers of an API server that tell of objects without being them. Taken for objects, they would pass for a cluster
 * without images.
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
 */
const notObjects = new Set(['Status', 'Table', 'PartialObjectMetadata', 'PartialObjectMetadataList']);

/** The objects, those of lists among them. What is neither an object nor a list is a problem. */
export function* flattened(
  sent: Iterable<unknown>,
  gathered: GatheredReading,
  list: { readonly where: string; readonly kind?: string; readonly apiVersion?: string } = {
    where: 'the objects',
  },
  depth = 0,
): Generator<SentObject> {
  let index = -1;
  for (const object of sent) {
    index += 1;
    // What separates YAML documents, as in `---` at the end of a file.
    if (object === null || object === undefined) continue;
    const where = `${list.where} ${index}`;
    if (!isRecord(object)) {
      gathered.problem(where, 'is not an object: expected a Kubernetes object or list');
      continue;
    }
    const kind = ownText(object, 'kind') ?? list.kind;
    const apiVersion = ownText(object, 'apiVersion') ?? list.apiVersion;
    if (kind === undefined) {
      gathered.problem(where, 'kind is missing: expected the kind of a Kubernetes object');
    } else if (notObjects.has(kind)) {
      gathered.problem(where, `is a ${kind}${messageOf(object)}: expected whole objects`);
    } else if (!kind.endsWith('List') || !Object.hasOwn(object, 'items')) {
      yield { object, kind, ...(apiVersion === undefined ? {} : { apiVersion }) };
    } else if (depth >= maxDepth) {
      gathered.problem(where, 'is a list within lists that are too deep');
    } else {
      yield* itemsOf(object, { kind, ...(apiVersion === undefined ? {} : { apiVersion }) }, gathered, depth);
    }
  }
}

function* itemsOf(
  list: Readonly<Record<string, unknown>>,
  { kind, apiVersion }: { readonly kind: string; readonly apiVersion?: string },
  gathered: GatheredReading,
  depth: number,
): Generator<SentObject> {
  const where = kind.length > 100 ? 'a list' : quote(kind).slice(1, -1);
  const fields = fieldsOf(list, '', gathered.findingsAt(where));
  if (fields.optionalObject('metadata').sent('continue') !== undefined) {
    gathered.problem(where, 'is half-read: metadata.continue says that the server has more of it');
  }
  // Servers written in Go send an empty list as null.
  const items = fields.sent('items') ?? [];
  if (!Array.isArray(items)) {
    gathered.problem(where, 'items is not an array: expected the objects of the list');
    return;
  }
  const itemKind = kind === 'List' ? undefined : kind.slice(0, -'List'.length);
  yield* flattened(
    items,
    gathered,
    {
      where: `${where}.items`,
      ...(itemKind === undefined ? {} : { kind: itemKind }),
      ...(apiVersion === undefined || itemKind === undefined ? {} : { apiVersion }),
    },
    depth + 1,
  );
}

/** What a `Status` says went wrong. */
function messageOf(object: Readonly<Record<string, unknown>>): string {
  const message = ownText(object, 'message');
  return message === undefined ? '' : ` that says ${quote(message)}`;
}

function ownText(object: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const text = Object.hasOwn(object, name) ? object[name] : undefined;
  return typeof text === 'string' && text !== '' ? text : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
