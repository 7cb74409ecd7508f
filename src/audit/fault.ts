/**
 * A fault of the surroundings, not of the input. `retryable`: the same call may succeed later, so a trigger throws and
 * the delivery is repeated.
 */
export class AuditFault extends Error {
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: { retryable: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'AuditFault';
    this.code = code;
    this.retryable = options.retryable;
  }
}
