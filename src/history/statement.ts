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

/** The content of a JSON object. */
export type JsonContent = Readonly<Record<string, JsonValue | undefined>>;

/**
 * The state that a statement leaves something in: the statement with the newest state of a key tells what is so now. Keys
 * begin with what they are of: `a|` approvals, `k|` locks set here, `h|` holds, `v|` verdicts on what was
 * removed, `w|` what plans of retention did about an item.
 */
export interface StatedState {
  readonly key: string;
  /** Absent when there is nothing left to tell. */
  readonly content?: JsonContent;
}

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
  readonly content: JsonContent;
  readonly states?: readonly StatedState[];
}
