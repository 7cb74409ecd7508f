/**
 * A fault of the surroundings, not of the input. `retryable`: the same call may succeed later, so a trigger throws and
 * the delivery is repeated.
 */
export class AuditFault extends Error {
  readonly code: string;
  readonly retryable: boolean;

  /** By its name: what is loaded on demand is a bundle of its own, with a class of its own. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'AuditFault' && 'code' in value && 'retryable' in value;
  }

  constructor(code: string, message: string, options: { retryable: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'AuditFault';
    this.code = code;
    this.retryable = options.retryable;
  }
}
