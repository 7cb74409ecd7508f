/** Why the host cannot start or go on. `message` is written for the person at the terminal; each of `problems` is one line. */
export class HostFault extends Error {
  readonly code:
    | 'invalid-arguments'
    | 'invalid-host-json'
    | 'invalid-app'
    | 'port-in-use'
    | 'already-started';
  readonly problems: readonly string[];

  constructor(code: HostFault['code'], message: string, problems: readonly string[] = [], cause?: unknown) {
    super([message, ...problems.map((problem) => `  - ${problem}`)].join('\n'), { cause });
    this.name = 'HostFault';
    this.code = code;
    this.problems = problems;
  }
}
