import type { TokenCredential } from '@azure/core-auth';
import { type AttributeHistoryPorts, attributeHistory } from './audit/attribute-history.ts';
import type { Log, Rejections } from './audit/ports.ts';
import { pseudonymsBy, rejectionsWithout } from './audit/pseudonyms.ts';
import type { RegistryLogs } from './audit/registry-logs.ts';
import type { LogSource } from './registry/log-source.ts';
import type { Settings } from './settings.ts';
import { privacyKeyOfVault } from './storage/key-vault-secret.ts';

/** Pseudonyms, where a key is named; the policy says what they are of. Part of the composition root. */
export function privacyOf({ policy, privacyKey: named }: Settings, credential: TokenCredential) {
  if (named === undefined) return { ports: {}, rejections: (kept: Rejections) => kept };
  const wanted = policy?.privacy ?? { hashAddresses: false, hashActors: false };
  const key =
    'secretId' in named ? privacyKeyOfVault({ ...named, credential }) : () => Promise.resolve(named);
  return {
    ports: { pseudonyms: pseudonymsBy(wanted, key) },
    rejections: (kept: Rejections) => rejectionsWithout(kept, wanted, key),
  };
}

/** Looks up in the registries' logs who did what; nothing where no log is named. Part of the composition root. */
export function attributionOf(
  sources: readonly LogSource[],
  { identity, ...ports }: Omit<AttributeHistoryPorts, 'logs'> & { readonly identity: TokenCredential },
) {
  if (sources.length === 0) return undefined;
  const logs = new Map(sources.map((source) => [source.loginServer, logsOf(source, identity, ports.log)]));
  return attributeHistory({ ...ports, logs });
}

/** The logs of a registry; their SDK is loaded when they are first asked. */
function logsOf(source: LogSource, credential: TokenCredential, log: Log): RegistryLogs {
  let logs: Promise<RegistryLogs> | undefined;
  const loaded = () => {
    logs ??= import('./acr/diagnostic-logs.ts').then(({ diagnosticLogs }) =>
      diagnosticLogs({ source, credential, log }),
    );
    return logs;
  };
  return {
    async *changes(span) {
      yield* (await loaded()).changes(span);
    },
    async *logins(span) {
      yield* (await loaded()).logins(span);
    },
  };
}
