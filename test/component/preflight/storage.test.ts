import { TableClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  containerPermissions,
  queuePermissions,
  type StoragePermission,
  type StoragePermissions,
  tablePermissions,
} from '../../../src/storage/storage-permissions.ts';
import { type Azurite, startAzurite } from '../../builders/azurite.ts';
import { type RefusingStorage, refusingStorage } from '../../builders/refusing-storage.ts';

let azurite: Azurite;
let storage: RefusingStorage;
beforeAll(async () => {
  azurite = await startAzurite();
  storage = await refusingStorage(azurite.connectionString);
  await blobs().getContainerClient('there').create();
});
beforeEach(() => {
  storage.refuse = () => undefined;
});
afterAll(async () => {
  await storage.stop();
  await azurite.stop();
});

const once = { retryOptions: { maxTries: 1 } };
const blobs = () => BlobServiceClient.fromConnectionString(storage.connectionString, once);
const queues = () => QueueServiceClient.fromConnectionString(storage.connectionString, once);
const table = () =>
  TableClient.fromConnectionString(storage.connectionString, 'preflight', { allowInsecureConnection: true });

const methods: Readonly<Record<StoragePermission, string>> = { read: 'GET', write: 'PUT', delete: 'DELETE' };
const places: readonly [string, () => StoragePermissions, Readonly<Record<StoragePermission, string>>][] = [
  ['a container that is there', () => containerPermissions(blobs().getContainerClient('there')), methods],
  [
    'a container that is not there',
    () => containerPermissions(blobs().getContainerClient('absent')),
    methods,
  ],
  ['tables', () => tablePermissions(table()), methods],
  ['queues', () => queuePermissions(queues().getQueueClient('preflight')), { ...methods, write: 'POST' }],
];

const permissions = ['read', 'write', 'delete'] as const;

describe.each(places)('%s', (_, make, sent) => {
  it('when everything is allowed, that is found, and nothing comes to be', async () => {
    for (const permission of permissions) expect(await make().may(permission)).toBe(true);
    expect(await Array.fromAsync(blobs().getContainerClient('there').listBlobsFlat())).toEqual([]);
    expect((await Array.fromAsync(blobs().listContainers())).map(({ name }) => name)).toEqual(['there']);
    expect(await Array.fromAsync(queues().listQueues())).toEqual([]);
  });

  it.each(permissions)('when to %s is taken away, that alone is found', async (taken) => {
    storage.refuse = ({ method }) => (method === sent[taken] ? 'AuthorizationPermissionMismatch' : undefined);
    const asked = make();
    for (const permission of permissions)
      expect([permission, await asked.may(permission)]).toEqual([permission, permission !== taken]);
  });

  it('when a network rule refuses, it is not taken for a missing role', async () => {
    storage.refuse = () => 'AuthorizationFailure';
    const asked = make();
    for (const permission of permissions) {
      await expect(asked.may(permission)).rejects.toMatchObject({
        message: expect.stringContaining('network rules'),
      });
    }
  });
});
