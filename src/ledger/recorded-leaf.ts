import type { AuditRecord, Client, Fact } from '../history/fact.ts';
import type { StatedState, Statement } from '../history/statement.ts';
import { type Digest, parseDigest } from '../registry/digest.ts';

/** Reads a leaf's canonical text back into the record it was made of, or `undefined` when it isn't one of ours. */
export function readLeaf(text: string): AuditRecord | undefined {
  const leaf = parsed(text);
  if (leaf === undefined) return undefined;
  const [registry, repository] = [textOf(leaf, 'registry'), textOf(leaf, 'repository')];
  const fact = factOf(leaf);
  if (registry === undefined || repository === undefined || fact === undefined) return undefined;
  return { registry, repository, fact };
}

/** Reads a leaf's canonical text back into the statement it was made of, or `undefined` when it isn't one of ours. */
export function readStatement(text: string): Statement | undefined {
  const leaf = parsed(text);
  if (leaf === undefined) return undefined;
  const [registry, repository] = [textOf(leaf, 'registry'), textOf(leaf, 'repository')];
  const [id, kind] = [textOf(leaf, 'recordId'), textOf(leaf, 'kind')];
  const [time, recordedAt] = [timeOf(leaf, 'occurredAt'), timeOf(leaf, 'recordedAt')];
  const notBefore = timeOf(leaf, 'notBefore');
  const content = leaf['content'];
  if (registry === undefined || repository === undefined || id === undefined || kind === undefined) {
    return undefined;
  }
  if (time === undefined || recordedAt === undefined || !isContent(content)) return undefined;
  const states = statesOf(leaf['states']);
  return {
    registry,
    repository,
    at: { time, id },
    ...(notBefore === undefined ? {} : { notBefore }),
    recordedAt,
    kind,
    content,
    ...(states === undefined ? {} : { states }),
  };
}

function statesOf(value: unknown): readonly StatedState[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.flatMap((state: unknown) => {
    const key = isLeaf(state) ? state['key'] : undefined;
    const content = isLeaf(state) ? state['content'] : undefined;
    if (typeof key !== 'string') return [];
    return isContent(content) ? [{ key, content }] : [{ key }];
  });
}

type Leaf = Readonly<Record<string, unknown>>;

function parsed(text: string): Leaf | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isLeaf(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isLeaf(value: unknown): value is Leaf {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whatever JSON.parse gave of an object is an object of JSON values. */
function isContent(value: unknown): value is Statement['content'] {
  return isLeaf(value);
}

function factOf(leaf: Leaf): Fact | undefined {
  const id = textOf(leaf, 'recordId');
  const eventId = textOf(leaf, 'eventId');
  const action = leaf['action'];
  const source = leaf['source'];
  const digest: Digest | undefined = parseDigest(textOf(leaf, 'digest') ?? '');
  const time = timeOf(leaf, 'occurredAt');
  const recordedAt = timeOf(leaf, 'recordedAt');
  if (id === undefined || eventId === undefined || digest === undefined) return undefined;
  if (time === undefined || recordedAt === undefined) return undefined;
  if (action !== 'push' && action !== 'delete' && action !== 'untag') return undefined;
  if (source !== 'event' && source !== 'reconcile' && source !== 'backfill') return undefined;
  const notBefore = timeOf(leaf, 'notBefore');
  const notes = leaf['notes'];
  return {
    at: { time, id },
    action,
    digest,
    recordedAt,
    source,
    eventId,
    client: clientOf(leaf['client']),
    ...texts(leaf, ['tag', 'mediaType', 'location', 'requestId']),
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(typeof leaf['size'] === 'number' ? { size: leaf['size'] } : {}),
    ...(Array.isArray(notes) ? { notes: notes.filter((note) => typeof note === 'string') } : {}),
  };
}

function clientOf(value: unknown): Client {
  return isLeaf(value) ? texts(value, ['userAgent', 'address', 'actor']) : {};
}

function texts<K extends string>(leaf: Leaf, names: readonly K[]): { [P in K]?: string } {
  const found: { [P in K]?: string } = {};
  for (const name of names) {
    const value = textOf(leaf, name);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

function textOf(leaf: Leaf, name: string): string | undefined {
  const value = leaf[name];
  return typeof value === 'string' ? value : undefined;
}

function timeOf(leaf: Leaf, name: string): number | undefined {
  const time = Date.parse(textOf(leaf, name) ?? '');
  return Number.isNaN(time) ? undefined : time;
}
