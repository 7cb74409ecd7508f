import type { Attribution } from '../history/attribution.ts';
import type { AuditRecord } from '../history/fact.ts';
import {
  attributionWithout,
  keyIdOf,
  type Privacy,
  type PrivacyKey,
  payloadWithout,
  pseudonymOf,
  withoutPersonalTexts,
} from '../ledger/pseudonym.ts';
import type { Rejections } from './ports.ts';

/** Replaces what names people and their machines by pseudonyms, before anything of it is kept. */
export interface Pseudonyms {
  ofRecord(record: AuditRecord): Promise<AuditRecord>;
  ofAttribution(attribution: Attribution): Promise<Attribution>;
  /** The texts under which a text may have been recorded: itself, and its pseudonyms. */
  inQuery(text: string): Promise<readonly string[]>;
  /**
   * Who a recorded text is, where that may be one of some names: that name; nobody where it is another's; and the text as it
   * is where that cannot be known, for a pseudonym by another key.
   */
  whichOf(recorded: string, names: readonly string[]): Promise<string | undefined>;
}

/**
 * Pseudonyms by a key, which is asked for when it is first needed: without it nothing is recorded, rather than as it came.
 */
export function pseudonymsBy(privacy: Privacy, key: () => Promise<PrivacyKey>): Pseudonyms {
  const isOff = !privacy.hashAddresses && !privacy.hashActors;
  return {
    ofRecord: async (record) => (isOff ? record : withoutPersonalTexts(record, privacy, await key())),
    ofAttribution: async (attribution) =>
      isOff ? attribution : attributionWithout(attribution, privacy, await key()),
    // Also where the policy no longer asks for pseudonyms: what was recorded before has them.
    async inQuery(text) {
      const known = await key();
      return [text, pseudonymOf('address', text, known), pseudonymOf('actor', text, known)];
    },
    async whichOf(recorded, names) {
      const id = keyIdOf(recorded);
      if (id === undefined) return recorded;
      const known = await key();
      if (id !== known.id) return recorded;
      return names.find((name) => pseudonymOf('actor', name, known) === recorded);
    },
  };
}

/**
 * Keeps rejected input without what names people, where the policy wants that of records: nor does the detail quote what
 * could not be read.
 */
export function rejectionsWithout(
  { keep }: Rejections,
  privacy: Privacy,
  key: () => Promise<PrivacyKey>,
): Rejections {
  if (!privacy.hashAddresses && !privacy.hashActors) return { keep };
  return {
    keep: async (rejection) =>
      keep({
        ...rejection,
        detail: rejection.detail.replace(/"[^"]*"/g, '"…"'),
        payload: payloadWithout(rejection.payload, privacy, await key()),
      }),
  };
}
