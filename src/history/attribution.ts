import { fieldsOf } from '../registry/fields.ts';
import { noFindings } from '../registry/findings.ts';
import { type Form, freeText, timestampForm } from '../registry/form.ts';
import { present } from '../registry/present.ts';
import type { JsonValue } from './statement.ts';

/**
 * How surely the log tells of the same request. `certain`: one log record fits, names the same digest and tag, and its id
 * is that of the request where the event gives one. `likely`: one fits by time and name, or a login had to fill in who
 * it was. `ambiguous`: several fit, which all name the same identity; which request it was is not known.
 */
export type Certainty = 'certain' | 'likely' | 'ambiguous';

/** Which log records an attribution rests on. */
export interface Evidence {
  /** The Log Analytics table. */
  readonly table: string;
  /** The operation, as the log names it. */
  readonly operation: string;
  readonly correlationId?: string;
  /** How many log records fit, when that is more than one. */
  readonly records?: number;
  /** Epoch milliseconds of the login that filled in the identity or the address. */
  readonly loginAt?: number;
}

/** Who did it, by the registry's own log. The texts are attacker-influenced: encode them on output. */
export interface Attribution {
  /** As the log gives it: an object id, a user name or a token's name. */
  readonly identity?: string;
  readonly address?: string;
  readonly userAgent?: string;
  /** Epoch milliseconds of the log record. */
  readonly at: number;
  readonly evidence: Evidence;
  readonly certainty: Certainty;
}

/** Limits of the texts, in UTF-16 units: those of the same in events. */
export const identityText = freeText(256);
export const addressText = freeText(64);
export const userAgentText = freeText(512);
export const operationText = freeText(64);
export const correlationText = freeText(100);

/** An attribution as JSON: in the audit record that states it and in the rows that follow from that. */
export function attributionJson(attribution: Attribution): {
  readonly [name: string]: JsonValue | undefined;
} {
  const { identity, address, userAgent, at, evidence, certainty } = attribution;
  const { table, operation, correlationId, records, loginAt } = evidence;
  return present({
    identity,
    address,
    userAgent,
    at: timeText(at),
    certainty,
    evidence: present({
      table,
      operation,
      correlationId,
      records,
      loginAt: loginAt === undefined ? undefined : timeText(loginAt),
    }),
  });
}

/** Reads what {@link attributionJson} wrote; `undefined` when it isn't that. */
export function readAttribution(json: unknown): Attribution | undefined {
  const findings = noFindings();
  const fields = fieldsOf(json, '', findings);
  const at = fields.required('at', timestampForm);
  const certainty = fields.required('certainty', certaintyForm);
  const told = fields.object('evidence');
  const table = told.required('table', operationText);
  const operation = told.required('operation', operationText);
  const evidence = {
    correlationId: told.optional('correlationId', correlationText),
    records: told.optional('records', countForm),
    loginAt: told.optional('loginAt', timestampForm),
  };
  const who = {
    identity: fields.optional('identity', identityText),
    address: fields.optional('address', addressText),
    userAgent: fields.optional('userAgent', userAgentText),
  };
  if (at === undefined || certainty === undefined || table === undefined || operation === undefined) {
    return undefined;
  }
  if (findings.problems.length > 0) return undefined;
  return { ...present(who), at, evidence: { table, operation, ...present(evidence) }, certainty };
}

const certainties: readonly Certainty[] = ['certain', 'likely', 'ambiguous'];

const certaintyForm: Form<Certainty> = {
  expected: certainties.join(', '),
  read: (value) => certainties.find((certainty) => certainty === value),
};

const countForm: Form<number> = {
  expected: 'a whole number above 1',
  read: (value) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value > 1 ? value : undefined,
};

function timeText(time: number): string {
  return new Date(time).toISOString();
}
