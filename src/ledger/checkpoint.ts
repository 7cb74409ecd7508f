import { type Hash, hashLength } from './merkle-tree.ts';

/** What a log says of itself at a size: https://c2sp.org/tlog-checkpoint. */
export interface Checkpoint {
  /** The log's name, without a scheme: {@link originOf}. */
  readonly origin: string;
  /** Entries of the log. */
  readonly size: number;
  readonly root: Hash;
  /** Lines after the root that this project does not write. */
  readonly extensions: readonly string[];
}

/** The origin line of a registry's log. */
export function originOf(registry: string): string {
  return `acr-audit/${registry}`;
}

/** The text of a checkpoint, which is signed. */
export function checkpointText({ origin, size, root, extensions }: Checkpoint): string {
  return [origin, String(size), Buffer.from(root).toString('base64'), ...extensions, ''].join('\n');
}

/** Reads a checkpoint's text, or `undefined` when it isn't one. */
export function readCheckpoint(text: string): Checkpoint | undefined {
  if (!text.endsWith('\n')) return undefined;
  const [origin, digits, encoded, ...extensions] = text.slice(0, -1).split('\n');
  if (!origin || digits === undefined || encoded === undefined) return undefined;
  if (!/^(?:0|[1-9]\d{0,15})$/.test(digits) || extensions.includes('')) return undefined;
  const [size, root] = [Number(digits), new Uint8Array(Buffer.from(encoded, 'base64'))];
  if (!Number.isSafeInteger(size) || root.length !== hashLength) return undefined;
  // One text for one checkpoint: another spelling of the same bytes is refused.
  if (Buffer.from(root).toString('base64') !== encoded) return undefined;
  return { origin, size, root, extensions };
}
