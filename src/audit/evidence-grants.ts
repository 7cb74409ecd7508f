import type { Check, IdentityName } from './preflight.ts';

/** Something that is done with what is stored. */
export type StoredAction = 'read' | 'write' | 'delete';

/** One place of an account. `may` throws AuditFault where the answer does not tell. */
export interface StoredPlace {
  readonly name: string;
  readonly kind: 'mutable' | 'written-once' | 'tables' | 'queues';
  may(action: StoredAction): Promise<boolean>;
}

const actions: readonly StoredAction[] = ['read', 'write', 'delete'];

const contributors = {
  mutable: 'the role Storage Blob Data Contributor',
  tables: 'the role Storage Table Data Contributor',
  queues: 'the role Storage Queue Data Contributor',
} as const;

const writer = 'the custom role "acr-audit evidence writer", which reads and writes blobs and deletes none';
const deleters =
  'Storage Blob Data Contributor, Storage Blob Data Owner or a role with the data action blobs/delete';

/** What the auditor has to be able to do with the evidence, as `infra/foundation/evidence-access.bicep` grants it, and what not. */
export function evidenceChecks(places: readonly StoredPlace[], account: string): readonly Check[] {
  return places.flatMap(({ name, kind, may }) =>
    actions.map((action): Check => {
      const isNeeded = kind !== 'written-once' || action !== 'delete';
      const role = kind === 'written-once' ? (isNeeded ? writer : deleters) : contributors[kind];
      const of =
        kind === 'tables' || kind === 'queues'
          ? `the account ${account}`
          : `the container ${name} of ${account}`;
      return {
        identity: 'auditor',
        action: kind === 'tables' || kind === 'queues' ? `${action} in ${kind}` : `${action} blobs`,
        of,
        isNeeded,
        grant: isNeeded ? `${role} on ${of}` : `${role} on ${of}, on the account or above`,
        may: () => may(action),
      };
    }),
  );
}

/** That an identity which has nothing to do with the evidence cannot read or change it. */
export function noEvidenceChecks(
  identity: IdentityName,
  places: readonly StoredPlace[],
  account: string,
): readonly Check[] {
  return places.map(({ name, may }) => ({
    identity,
    action: 'read the evidence',
    of: `${name} in ${account}`,
    isNeeded: false,
    grant: `every role on the account ${account} and above that reads its data`,
    may: () => may('read'),
  }));
}

const hostRoles = {
  mutable: 'the role Storage Blob Data Owner',
  'written-once': 'the role Storage Blob Data Owner',
  tables: 'the role Storage Table Data Contributor',
  queues: 'the role Storage Queue Data Contributor',
} as const;

/** What the Functions host has to be able to do with its own account, as `infra/app/host-storage.bicep` grants it. */
export function hostChecks(places: readonly StoredPlace[], account: string): readonly Check[] {
  return places.flatMap(({ name, kind, may }) =>
    actions.map(
      (action): Check => ({
        identity: 'host',
        action: `${action} in ${name}`,
        of: `the account ${account}`,
        isNeeded: true,
        grant: `${hostRoles[kind]} on the account ${account}`,
        may: () => may(action),
      }),
    ),
  );
}
