import { QueueServiceClient } from '@azure/storage-queue';
import { registryContent } from './acr/registry-content.ts';
import { tokenCredential } from './acr/token-credential.ts';
import type { Settings } from './settings.ts';
import { azureCredential } from './storage/azure-credential.ts';
import { blobServiceByConnectionString, blobServiceByIdentity } from './storage/blob-service.ts';
import { clientsByConnectionString, clientsByIdentity, tablesOf } from './storage/tables.ts';

/** Whom the app speaks to, and as whom: storage, and the registries that are audited. Part of the composition root. */
export function connectionsOf(settings: Settings) {
  const { storage, registryToken } = settings;
  const identity = azureCredential(settings.clientId);
  /** On one machine one token stands in for all identities. */
  const credentialOf = (clientId: string | undefined) =>
    registryToken === undefined ? azureCredential(clientId) : tokenCredential(registryToken);
  const registryCredential = registryToken === undefined ? identity : tokenCredential(registryToken);
  const clientOf =
    'connectionString' in storage
      ? clientsByConnectionString(storage.connectionString)
      : clientsByIdentity(storage.tableServiceUri, identity);
  return {
    identity,
    registryCredential,
    /** Of the identity that locks, and of the one that deletes. */
    lockerCredential: credentialOf(settings.lockerClientId),
    deleterCredential: credentialOf(settings.deleterClientId),
    clientOf,
    tables: tablesOf(clientOf),
    queues:
      'connectionString' in storage
        ? QueueServiceClient.fromConnectionString(storage.connectionString)
        : new QueueServiceClient(storage.queueServiceUri, identity),
    blobs:
      'connectionString' in storage
        ? blobServiceByConnectionString(storage.connectionString)
        : blobServiceByIdentity(storage.blobServiceUri, identity),
    contents: new Map(
      settings.registries.map(({ loginServer }) => [
        loginServer,
        registryContent({ endpoint: `https://${loginServer}`, credential: registryCredential }),
      ]),
    ),
  };
}
