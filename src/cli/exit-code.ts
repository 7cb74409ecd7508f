/** What the command ends with. */
export const exitCodes = {
  /** All is well; whatever was asked was answered with yes. */
  pass: 0,
  /** The service answered, and the answer is no: a verdict, something kept, something refused or not there. */
  fail: 1,
  /** The command line, or a value in it, cannot be understood. */
  usage: 2,
  /** No answer: unreachable, signed out, not allowed, broken. */
  service: 3,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Why the command ends without what was asked for; its message is for people. */
export class CommandFault extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CommandFault';
    this.exitCode = exitCode;
  }
}

/** A fault of the command line. */
export function usageFault(message: string): CommandFault {
  return new CommandFault(exitCodes.usage, message);
}
