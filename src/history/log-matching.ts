import { present } from '../registry/present.ts';
import type { Attribution, Certainty } from './attribution.ts';
import { type Fact, isFound } from './fact.ts';
import { type LoginRecord, type LogRecord, repositoryEventsTable } from './log-record.ts';

/**
 * Milliseconds by which a log record's time may differ from the registry's own of the same request. Both are taken in one
 * request, but whether the log's is that of its beginning or its end is not documented.
 */
export const logToleranceMs = 10_000;

/** Milliseconds an access token outlives its login, about: 75 minutes. A request later than that follows another one. */
export const loginReachMs = 75 * 60_000;

/** A span of time, in epoch milliseconds, both included. */
export interface LogSpan {
  readonly from: number;
  readonly to: number;
}

/** When the request of a fact may be in the log: about its time, or anywhere in its window. */
export function searchSpan({ at, notBefore }: Fact): LogSpan {
  return { from: (notBefore ?? at.time) - logToleranceMs, to: at.time + logToleranceMs };
}

/** Whether a log record may tell of the same request as a fact of its repository. */
export function fits(fact: Fact, record: LogRecord): boolean {
  const { from, to } = searchSpan(fact);
  return record.action === fact.action && record.at >= from && record.at <= to && namesTheSame(fact, record);
}

function namesTheSame(fact: Fact, { digest, tag }: LogRecord): boolean {
  if (digest !== undefined && digest !== fact.digest) return false;
  switch (fact.action) {
    case 'push':
      return tag === undefined || fact.tag === undefined ? digest !== undefined : tag === fact.tag;
    case 'untag':
      return tag === fact.tag;
    case 'delete':
      // Without either, the whole repository was deleted.
      return digest !== undefined || tag === undefined;
  }
}

/** Whether both name all there is to name. */
function namesAll(fact: Fact, { digest, tag }: LogRecord): boolean {
  return digest === fact.digest && (fact.action === 'delete' || tag === fact.tag);
}

/** A fact and the log records that fit it. */
interface Match {
  readonly fact: Fact;
  readonly records: readonly LogRecord[];
}

/**
 * Lays facts of one repository to the log records that tell of the same requests. A fact that several fit, which name
 * different identities, is laid to none of them.
 */
export function attribute(
  facts: readonly Fact[],
  records: readonly LogRecord[],
  logins: readonly LoginRecord[],
): ReadonlyMap<Fact, Attribution> {
  const matches = facts.map((fact) => matchOf(fact, records));
  const attributions = new Map<Fact, Attribution>();
  for (const match of matches) {
    const attribution = attributionOf(match, matches, logins);
    if (attribution !== undefined) attributions.set(match.fact, attribution);
  }
  return attributions;
}

function matchOf(fact: Fact, records: readonly LogRecord[]): Match {
  const fitting = distinct(records.filter((record) => fits(fact, record)));
  const same = fitting.filter((record) => isSameRequest(fact, record));
  // Nearest first; in a window the last is the one that left it as it was found.
  const distance = ({ at }: LogRecord) => Math.abs(fact.at.time - at);
  return { fact, records: (same.length > 0 ? same : fitting).toSorted((a, b) => distance(a) - distance(b)) };
}

/** Each request once: of several records with one id and one name, such as those of replicas, the first. */
function distinct(records: readonly LogRecord[]): readonly LogRecord[] {
  const seen = new Set<string>();
  return records
    .toSorted((a, b) => a.at - b.at)
    .filter(({ correlationId, identity, address }) => {
      if (correlationId === undefined) return true;
      // A client may choose the id: another's request under the same one stays another.
      const request = JSON.stringify([correlationId, identity, address]);
      if (seen.has(request)) return false;
      seen.add(request);
      return true;
    });
}

function isSameRequest({ requestId }: Fact, { correlationId }: LogRecord): boolean {
  return requestId !== undefined && requestId === correlationId;
}

function attributionOf(
  match: Match,
  matches: readonly Match[],
  logins: readonly LoginRecord[],
): Attribution | undefined {
  const { fact, records } = match;
  const [nearest] = records;
  if (nearest === undefined) return undefined;
  const all = records.map((record) => withLogin(record, logins));
  const [first] = all;
  if (first === undefined) return undefined;
  const { identity, loginAt } = first;
  if (records.length > 1 && (identity === undefined || all.some((one) => one.identity !== identity))) {
    return undefined;
  }
  const address = all.every((one) => one.address === first.address) ? first.address : undefined;
  const userAgent = records.every((one) => one.userAgent === nearest.userAgent)
    ? nearest.userAgent
    : undefined;
  const { at, operation, correlationId } = nearest;
  return {
    ...present({ identity, address, userAgent }),
    at,
    evidence: {
      table: repositoryEventsTable,
      operation,
      ...present({ correlationId, records: records.length > 1 ? records.length : undefined, loginAt }),
    },
    certainty: records.length > 1 ? 'ambiguous' : certaintyOf(fact, nearest, matches, loginAt !== undefined),
  };
}

function certaintyOf(
  fact: Fact,
  record: LogRecord,
  matches: readonly Match[],
  isByLogin: boolean,
): Certainty {
  if (isByLogin || !namesAll(fact, record)) return 'likely';
  if (isSameRequest(fact, record)) return 'certain';
  if (fact.requestId !== undefined) return 'likely';
  // Two facts of one record are two requests, of which the other's record is missing, unless one was announced and found.
  const others = matches.filter((other) => other.fact !== fact && other.records.includes(record));
  return others.some((other) => isFound(other.fact) === isFound(fact)) ? 'likely' : 'certain';
}

interface Who {
  readonly identity?: string;
  readonly address?: string;
  readonly loginAt?: number;
}

/** Fills in the identity or the address that a log record lacks from the login it followed. */
function withLogin(record: LogRecord, logins: readonly LoginRecord[]): Who {
  const { identity, address } = record;
  const login = loginOf(record, logins);
  const whole = { identity: identity ?? login?.identity, address: address ?? login?.address };
  const isFilled = whole.identity !== identity || whole.address !== address;
  return present({ ...whole, loginAt: isFilled ? login?.at : undefined });
}

/** The login with the record's id, or else the last before it. An address from which several logged in tells nothing. */
function loginOf(record: LogRecord, logins: readonly LoginRecord[]): LoginRecord | undefined {
  const telling = logins.filter((login) => mayTell(login, record));
  const same = telling.find((login) => isSameId(login, record));
  if (same !== undefined) return same;
  const names = new Set(telling.map((login) => login.identity));
  return record.identity === undefined && names.size > 1
    ? undefined
    : telling.toSorted((a, b) => b.at - a.at)[0];
}

/** Whether a login may tell what a log record lacks: it has the record's id, or its identity or address, not long before. */
export function mayTell(login: LoginRecord, record: LogRecord): boolean {
  const { identity, address, at } = record;
  if (!lacksLogin(record)) return false;
  if (isSameId(login, record)) return true;
  if (login.at > at || login.at < at - loginReachMs) return false;
  return identity === undefined
    ? address !== undefined && login.address === address
    : login.identity === identity;
}

function isSameId(login: LoginRecord, { correlationId }: LogRecord): boolean {
  return correlationId !== undefined && login.correlationId === correlationId;
}

/** Whether a log record lacks what a login may tell. Where it has neither, as purges have not, nobody logged in. */
export function lacksLogin({ identity, address }: LogRecord): boolean {
  return (identity === undefined) !== (address === undefined);
}
