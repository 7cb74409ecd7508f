import type { RepositoryId } from './fact.ts';
import type { Instant } from './instant.ts';

/** A value that JSON can hold. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue | undefined };

/**
 * An audit record that adds nothing to a timeline: what was seen of a manifest, who turned out to have pushed, what was
 * approved. Like a fact it is never edited; unlike one it is told by its content alone, which its kind gives a shape.
 */
export interface Statement extends RepositoryId {
  /** Its id is the record's id. */
  readonly at: Instant;
  /** Epoch milliseconds before which it cannot have become so, when the time is only known to be in a window. */
  readonly notBefore?: number;
  /** Epoch milliseconds at which it was first recorded. */
  readonly recordedAt: number;
  /** Names the shape of the content, such as `manifest-described`. */
  readonly kind: string;
  readonly content: Readonly<Record<string, JsonValue | undefined>>;
}
