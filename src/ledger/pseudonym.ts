import { createHash, createHmac } from 'node:crypto';
import type { Attribution } from '../history/attribution.ts';
import type { AuditRecord, Client } from '../history/fact.ts';

/*
 * Pseudonyms of who did something and from where: an HMAC by a key that is kept apart. The same key gives the same text the
 * same pseudonym, so that records still tell which of them are of one; without the key nobody can try texts one by one, and
 * with the key deleted nobody ever will.
 */

/** What a text names, so that no actor has the pseudonym of an address. */
export type PersonalText = 'address' | 'actor';

/** The key of pseudonyms. */
export interface PrivacyKey {
  /** 8 hexadecimal digits that tell keys apart; they tell nothing of the secret. */
  readonly id: string;
  readonly secret: Uint8Array;
}

/** What a policy wants to be replaced. */
export interface Privacy {
  readonly hashAddresses: boolean;
  readonly hashActors: boolean;
}

/** Bytes of a secret: fewer could be guessed, and more are no harm. */
const secretBytes = { min: 32, max: 1024 };

/** Bytes of an HMAC that are kept: two texts of one key meet in one of 2^64 by chance. */
const keptBytes = 16;

/** The key of a secret, or `undefined` when it has fewer than 32 bytes, or more than 1,024. */
export function privacyKey(secret: Uint8Array): PrivacyKey | undefined {
  if (secret.length < secretBytes.min || secret.length > secretBytes.max) return undefined;
  const id = createHash('sha256').update('acr-audit privacy key\n').update(secret).digest('hex').slice(0, 8);
  return { id, secret };
}

/** Reads a key's text, Base64 with or without padding, of either alphabet, or `undefined` when it isn't one. */
export function readPrivacyKey(text: string): PrivacyKey | undefined {
  const encoded = text.trim();
  return /^[A-Za-z0-9+/_-]{43,1400}={0,2}$/.test(encoded)
    ? privacyKey(new Uint8Array(Buffer.from(encoded, 'base64')))
    : undefined;
}

/**
 * The pseudonym of a text: `hmac:<key id>:<16 bytes in base64url>`, HMAC-SHA256 of the kind, a line feed and the text. Of an
 * address the port is left out, which is another one each time; letter case and spaces around are passed over.
 */
export function pseudonymOf(kind: PersonalText, text: string, { id, secret }: PrivacyKey): string {
  const plain = text.trim().toLowerCase();
  const named = kind === 'address' ? hostOf(plain) : plain;
  const code = createHmac('sha256', secret).update(`${kind}\n${named}`, 'utf8').digest();
  return `hmac:${id}:${code.subarray(0, keptBytes).toString('base64url')}`;
}

/** A record without what the policy wants to be replaced. */
export function withoutPersonalTexts(record: AuditRecord, privacy: Privacy, key: PrivacyKey): AuditRecord {
  const { fact } = record;
  const { attribution } = fact;
  const client = clientWithout(fact.client, privacy, key);
  const others =
    attribution === undefined ? {} : { attribution: attributionWithout(attribution, privacy, key) };
  return { ...record, fact: { ...fact, client, ...others } };
}

/** Who did something, without what the policy wants to be replaced. */
export function attributionWithout(attribution: Attribution, privacy: Privacy, key: PrivacyKey): Attribution {
  const { identity, address } = attribution;
  return {
    ...attribution,
    ...(identity !== undefined && privacy.hashActors
      ? { identity: pseudonymOf('actor', identity, key) }
      : {}),
    ...(address !== undefined && privacy.hashAddresses
      ? { address: pseudonymOf('address', address, key) }
      : {}),
  };
}

function clientWithout(client: Client, privacy: Privacy, key: PrivacyKey): Client {
  const { address, actor } = client;
  return {
    ...client,
    ...(address !== undefined && privacy.hashAddresses
      ? { address: pseudonymOf('address', address, key) }
      : {}),
    ...(actor !== undefined && privacy.hashActors ? { actor: pseudonymOf('actor', actor, key) } : {}),
  };
}

/** `192.0.2.1:4711` and `[2001:db8::1]:4711` without their ports; IPv6 as RFC 5952 has it. */
function hostOf(address: string): string {
  const [, bracketed] = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(address) ?? [];
  const [, named] = /^([^:]+):\d{1,5}$/.exec(address) ?? [];
  const host = bracketed ?? named ?? address;
  // Nothing else may be taken for a part of a URL.
  return /^[0-9a-f:.]+$/.test(host) ? (URL.parse(`http://[${host}]/`)?.hostname.slice(1, -1) ?? host) : host;
}

/** The id of the key that made a pseudonym, or `undefined` when the text is none. */
export function keyIdOf(text: string): string | undefined {
  return /^hmac:(?<id>[0-9a-f]{8}):[A-Za-z0-9_-]{22}$/.exec(text)?.groups?.['id'];
}

/**
 * The text of an event that could not be recorded, without the addresses (`addr`) and the names of actors (`actor.name`)
 * that are anywhere in it. A text that is no JSON may have them where nobody finds them: nothing of it is left but its length.
 */
export function payloadWithout(payload: string, privacy: Privacy, key: PrivacyKey): string {
  const replaced = (name: string, value: unknown): unknown => {
    if (typeof value === 'string' && name === 'addr' && privacy.hashAddresses) {
      return pseudonymOf('address', value, key);
    }
    if (name === 'actor' && privacy.hashActors) return actorWithout(value, key);
    // CloudEvents and dead letters may have the data as a text that is JSON.
    return name === 'data' && typeof value === 'string' ? payloadWithout(value, privacy, key) : value;
  };
  try {
    return JSON.stringify(JSON.parse(payload, replaced));
  } catch {
    return `withheld: ${payload.length} characters that are no JSON`;
  }
}

function actorWithout(actor: unknown, key: PrivacyKey): unknown {
  if (typeof actor === 'string') return pseudonymOf('actor', actor, key);
  if (typeof actor !== 'object' || actor === null || !('name' in actor)) return actor;
  const { name } = actor;
  return typeof name === 'string' ? { ...actor, name: pseudonymOf('actor', name, key) } : actor;
}
