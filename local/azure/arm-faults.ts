/** Answers requests otherwise. */
export interface ArmFault {
  /** Those whose path, without the query, ends like this; case does not matter. */
  readonly path: string;
  /** A refusal, a body as it is, an answer that breaks off halfway, or none at all. */
  readonly answer:
    | {
        readonly status: number;
        readonly code?: string;
        readonly retryAfter?: string;
        readonly location?: string;
      }
    | { readonly body: string }
    | 'cut'
    | 'silence';
  /** How many requests, all unless told. */
  readonly times?: number;
}

/** An answer in JSON, or a text as it is. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Faults in the order in which they were set. */
export interface ArmFaults {
  add(fault: ArmFault): void;
  /** What a request to a decoded path is answered instead, which uses the fault up; `undefined` for none. */
  next(path: string): Answer | 'cut' | 'silence' | undefined;
}

export function armFaults(): ArmFaults {
  const faults: { readonly fault: ArmFault; left: number }[] = [];
  return {
    add: (fault) => void faults.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY }),
    next(path) {
      const target = path.toLowerCase();
      const found = faults.find(({ fault, left }) => left > 0 && target.endsWith(fault.path.toLowerCase()));
      if (found === undefined) return undefined;
      found.left -= 1;
      const { answer } = found.fault;
      if (typeof answer === 'string') return answer;
      if ('body' in answer) return { status: 200, body: answer.body };
      const { status, code = 'Refused', retryAfter, location } = answer;
      return {
        ...refusal(status, code),
        headers: {
          ...(retryAfter === undefined ? {} : { 'Retry-After': retryAfter }),
          ...(location === undefined ? {} : { Location: location }),
        },
      };
    },
  };
}

/** A refusal as https://github.com/microsoft/api-guidelines/blob/vNext/azure/Guidelines.md#handling-errors has it. */
export function refusal(status: number, code: string): Answer {
  return { status, body: { error: { code, message: code } } };
}
