import type { Arbitrary } from 'fast-check';

/** What came of an input: taken or not, and as what. Inputs with a `kind` not seen before are kept to be changed further. */
export interface Answer {
  readonly accepted: boolean;
  readonly kind: string;
}

/** A reader of outside data, and what has to hold of it for every input. */
export interface Target {
  readonly name: string;
  /** What an input is: UTF-16 text, or bytes as a text of one character each. */
  readonly form: 'text' | 'bytes';
  /** What is held to, in a sentence, beside that nothing but the documented faults is thrown. */
  readonly property: string;
  /** Well-formed inputs and nearly well-formed ones. */
  readonly made: Arbitrary<string>;
  /** Words that are put into inputs. */
  readonly words: readonly string[];
  /** Hard inputs of about a length, by name: what they cost is measured at doubling lengths. */
  readonly large: Readonly<Record<string, (length: number) => string>>;
  /** Tries an input. Throws where what should hold does not. */
  check(input: string): Answer | Promise<Answer>;
}

/** What should hold does not. */
class Broken extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'Broken';
  }
}

/** Throws an error unless something holds. */
export function hold(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Broken(what);
}

/** The answer to an input that was taken. */
export function accepted(kind = 'accepted'): Answer {
  return { accepted: true, kind };
}

/** The answer to an input that was refused. */
export function refused(kind: string): Answer {
  return { accepted: false, kind };
}

/** Holds a result to a length of its JSON: some of its own, and so much for each character of the input. */
export function holdBounded(result: unknown, input: string, own: number, each: number): void {
  const length = JSON.stringify(result)?.length ?? 0;
  const most = own + each * input.length;
  hold(length <= most, `an answer of ${length} characters to an input of ${input.length}: at most ${most}`);
}
