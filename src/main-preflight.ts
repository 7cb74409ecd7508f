import type { TokenCredential } from '@azure/core-auth';
import { TableClient } from '@azure/data-tables';
import { BlobServiceClient, ContainerClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { registryPermissions } from './acr/registry-permissions.ts';
import { evidenceChecks, hostChecks, noEvidenceChecks, type StoredPlace } from './audit/evidence-grants.ts';
import type { Clock, Log } from './audit/ports.ts';
import { type Check, type IdentityName, type PreflightReport, preflight } from './audit/preflight.ts';
import type { RegistryContent } from './audit/registry-content.ts';
import { type RoleMode, registryChecks } from './audit/registry-grants.ts';
import { type HostStorageSettings, readHostStorage } from './host-storage-settings.ts';
import { type AzurePermissions, azurePermissions } from './inventory/azure-permissions.ts';
import type { AcceptedRegistry } from './registry/accepted-registry.ts';
import type { Settings } from './settings.ts';
import { azureCredential } from './storage/azure-credential.ts';
import { deadLetterContainers } from './storage/dead-letters.ts';
import { leasesContainer } from './storage/leases.ts';
import { ledgerContainer } from './storage/ledger-blobs.ts';
import { plansContainer } from './storage/plans.ts';
import { maySecretBeRead, signingPermissions } from './storage/signing-permissions.ts';
import {
  absentName,
  containerPermissions,
  queuePermissions,
  tablePermissions,
} from './storage/storage-permissions.ts';

/** What the composition root has made already, and what it was started with. */
export interface PreflightParts {
  readonly settings: Settings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** As the auditor reads them. */
  readonly contents: ReadonlyMap<string, Pick<RegistryContent, 'repositories'>>;
  readonly clock: Clock;
  readonly log: Log;
  /** The identity of a client id, or that of the machine; those of Azure unless told. */
  readonly credentialOf?: (clientId: string | undefined) => TokenCredential;
  /** Checks of this identity alone; of all unless told. */
  readonly only?: IdentityName;
}

/** One identity of the app: where it is the same as another's, under both names. */
interface Identity {
  readonly names: readonly IdentityName[];
  readonly credential: TokenCredential;
}

/** Tries what the app's identities may do where they are to work: part of the composition root. */
export function preflightOf(parts: PreflightParts): () => Promise<PreflightReport> {
  const { settings, clock, log, only } = parts;
  const identities = identitiesOf(parts);
  return preflight({
    async checks() {
      const perRegistry = await Promise.all(
        settings.registries.map((registry) => checksOfRegistry(registry, identities, parts)),
      );
      const all = [
        ...perRegistry.flat(),
        ...storageChecks(parts, identities),
        ...(await otherChecks(parts, identities)),
      ];
      return only === undefined ? all : all.filter(({ identity }) => identity === only);
    },
    clock,
    log,
  });
}

function identitiesOf({ settings, credentialOf = azureCredential }: PreflightParts): readonly Identity[] {
  const { clientId, lockerClientId, deleterClientId } = settings;
  const isSplit = lockerClientId !== undefined && lockerClientId !== clientId;
  return [
    { names: isSplit ? ['auditor'] : ['auditor', 'locker'], credential: credentialOf(clientId) },
    ...(isSplit ? [{ names: ['locker'] as const, credential: credentialOf(lockerClientId) }] : []),
    ...(deleterClientId === undefined
      ? []
      : [{ names: ['deleter'] as const, credential: credentialOf(deleterClientId) }]),
  ];
}

async function checksOfRegistry(
  { loginServer, resourceId }: AcceptedRegistry,
  identities: readonly Identity[],
  parts: PreflightParts,
): Promise<readonly Check[]> {
  const { contents, log } = parts;
  const located = resourceId === undefined ? {} : { resourceId };
  const [auditor] = identities;
  const mode = await modeOf(resourceId, auditor, parts);
  const repository = await firstRepository(contents.get(loginServer)).catch((error: unknown) => {
    log.info('no repository could be listed to ask of', { registry: loginServer, error: String(error) });
    return undefined;
  });
  return identities.flatMap(({ names, credential }) => [
    ...registryChecks({
      registry: loginServer,
      ...located,
      mode,
      identities: names,
      permissions: registryPermissions({
        endpoint: `https://${loginServer}`,
        credential,
        ...(repository === undefined ? {} : { repository }),
      }),
    }),
    ...(resourceId === undefined ? [] : armChecks(resourceId, names, armOf(credential, parts))),
  ]);
}

/** A repository that is there: role assignments may be limited to some. */
async function firstRepository(
  content: Pick<RegistryContent, 'repositories'> | undefined,
): Promise<string | undefined> {
  for await (const page of content?.repositories() ?? []) {
    const [first] = page;
    if (first !== undefined) return first;
  }
  return undefined;
}

function armOf(credential: TokenCredential, { settings, clock }: PreflightParts): AzurePermissions {
  const { armEndpoint } = settings;
  return azurePermissions({
    credential,
    ...(armEndpoint === undefined ? {} : { armEndpoint }),
    now: () => clock.now(),
    timeoutMs: 15_000,
  });
}

/** What cannot be read is told by the check of reading it. */
async function modeOf(
  resourceId: string | undefined,
  auditor: Identity | undefined,
  parts: PreflightParts,
): Promise<RoleMode | undefined> {
  if (resourceId === undefined || auditor === undefined) return undefined;
  return armOf(auditor.credential, parts)
    .roleMode(resourceId)
    .catch(() => undefined);
}

function armChecks(
  resourceId: string,
  names: readonly IdentityName[],
  azure: AzurePermissions,
): readonly Check[] {
  const [identity] = names;
  if (identity === undefined) return [];
  const of = resourceId;
  const custom = 'the custom role "acr-audit auditor" with the action Microsoft.ContainerRegistry/registries';
  return [
    ...(identity === 'auditor'
      ? [
          {
            ...{ identity, action: 'read the settings', of, isNeeded: true },
            grant: `${custom}/read on the registry ${resourceId}`,
            may: () => azure.mayReadRegistry(resourceId),
          },
          {
            ...{ identity, action: 'list the tasks', of, isNeeded: true },
            grant: `${custom}/tasks/read on the registry ${resourceId}`,
            may: () => azure.mayListTasks(resourceId),
          },
        ]
      : []),
    {
      ...{ identity, action: 'change the settings', of, isNeeded: false },
      grant: `Contributor or Owner on the registry ${resourceId}, its resource group or above`,
      may: () => azure.mayAdminister(resourceId),
    },
  ];
}

/** Nothing by a key, which may do everything whoever has it. */
function storageChecks(parts: PreflightParts, identities: readonly Identity[]): readonly Check[] {
  const { credentialOf = azureCredential } = parts;
  const { storage, clientId, ledger } = parts.settings;
  if ('connectionString' in storage) return [];
  const account = storage.blobServiceUri.replace(/(?<!\/)\/+$/, '');
  const evidence = (credential: TokenCredential) => [
    ...placesOf(
      storage,
      credential,
      [deadLetterContainers.waiting, leasesContainer, plansContainer],
      'mutable',
    ),
    ...placesOf(
      storage,
      credential,
      [ledgerContainer, deadLetterContainers.done, deadLetterContainers.quarantine],
      'written-once',
      false,
    ),
  ];
  const auditor = credentialOf(clientId);
  const others = identities.filter(({ names }) => !names.includes('auditor'));
  const host = readHostStorage(parts.environment);
  return [
    ...evidenceChecks([...evidence(auditor), ...witnessOf(ledger.witnesses.container, auditor)], account),
    ...others.flatMap(({ names: [name = 'host'], credential }) =>
      noEvidenceChecks(name, evidence(credential), account),
    ),
    ...(host === undefined ? [] : checksOfHost(host, credentialOf(host.clientId), evidence, account)),
  ];
}

function checksOfHost(
  host: HostStorageSettings,
  credential: TokenCredential,
  evidence: (credential: TokenCredential) => readonly StoredPlace[],
  account: string,
): readonly Check[] {
  return [
    ...hostChecks(
      placesOf(host, credential, ['azure-webjobs-hosts', 'azure-webjobs-secrets'], 'mutable'),
      host.blobServiceUri,
    ),
    ...noEvidenceChecks('host', evidence(credential), account),
  ];
}

function witnessOf(address: string | undefined, credential: TokenCredential): readonly StoredPlace[] {
  if (address === undefined) return [];
  const container = new ContainerClient(address, credential);
  return [{ name: container.containerName, kind: 'written-once', may: containerPermissions(container).may }];
}

/** Containers of an account and, unless told otherwise, its tables and queues. */
function placesOf(
  account: Omit<HostStorageSettings, 'clientId'>,
  credential: TokenCredential,
  containers: readonly string[],
  kind: StoredPlace['kind'],
  withOthers = true,
): readonly StoredPlace[] {
  const blobs = new BlobServiceClient(account.blobServiceUri, credential);
  const queues = new QueueServiceClient(account.queueServiceUri, credential);
  const table = new TableClient(account.tableServiceUri, 'acrauditpreflight', credential);
  return [
    ...containers.map((name) => ({
      ...{ name, kind },
      may: containerPermissions(blobs.getContainerClient(name)).may,
    })),
    ...(withOthers
      ? [
          { name: 'tables', kind: 'tables' as const, may: tablePermissions(table).may },
          {
            ...{ name: 'queues', kind: 'queues' as const },
            may: queuePermissions(queues.getQueueClient(absentName)).may,
          },
        ]
      : []),
  ];
}

async function otherChecks(parts: PreflightParts, [auditor]: readonly Identity[]): Promise<readonly Check[]> {
  if (auditor === undefined) return [];
  const { settings } = parts;
  const { vaultKey } = settings.ledger;
  const { topic } = settings.alerts;
  const { credential } = auditor;
  const subscriptions = new Set(
    settings.sources.flatMap(({ access }) => (access.type === 'azure' ? access.subscriptions : [])),
  );
  const azure = armOf(auditor.credential, parts);
  return [
    ...(vaultKey === undefined ? [] : keyChecks(vaultKey, credential)),
    ...secretChecks(settings.privacyKey, credential),
    ...(topic === undefined ? [] : [await topicCheck(topic, credential)]),
    ...[...subscriptions].map(
      (id): Check => ({
        ...{ identity: 'auditor', action: 'read', of: `the subscription ${id}`, isNeeded: true },
        grant: `the custom role "acr-audit inventory reader" on the subscription ${id}`,
        may: () => azure.mayReadSubscription(id),
      }),
    ),
  ];
}

function keyChecks(keyId: string, credential: TokenCredential): readonly Check[] {
  const { maySign, mayBackUp } = signingPermissions({ keyId, credential });
  const vault = new URL(keyId).origin;
  return [
    {
      ...{ identity: 'auditor', action: 'sign with the key', of: keyId, isNeeded: true },
      grant: `the custom role "acr-audit signer" with the data actions Microsoft.KeyVault/vaults/keys/read and Microsoft.KeyVault/vaults/keys/sign/action on the key ${keyId}`,
      may: maySign,
    },
    {
      ...{ identity: 'auditor', action: 'back up the keys', of: vault, isNeeded: false },
      grant: `Key Vault Crypto User, Key Vault Crypto Officer or Key Vault Administrator on the vault ${vault}, or above`,
      may: mayBackUp,
    },
  ];
}

function secretChecks(key: Settings['privacyKey'], credential: TokenCredential): readonly Check[] {
  if (key === undefined || !('secretId' in key)) return [];
  const { secretId } = key;
  return [
    {
      ...{ identity: 'auditor', action: 'read the secret', of: secretId, isNeeded: true },
      grant: `the role Key Vault Secrets User on the vault ${new URL(secretId).origin}`,
      may: () => maySecretBeRead({ secretId, credential }),
    },
  ];
}

/** The SDK of Event Grid is loaded where there is a topic. */
async function topicCheck(endpoint: string, credential: TokenCredential): Promise<Check> {
  const { mayPublish } = await import('./alerts/topic-permission.ts');
  return {
    ...{ identity: 'auditor', action: 'publish findings', of: `the topic ${endpoint}`, isNeeded: true },
    grant: `the role EventGrid Data Sender on the topic ${endpoint}`,
    may: () => mayPublish({ endpoint, credential }),
  };
}
