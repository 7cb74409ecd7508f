import { RestError } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { blobServiceByConnectionString } from '../../src/storage/blob-service.ts';
import { ledgerBlobs } from '../../src/storage/ledger-blobs.ts';
import { witnessContainer } from '../../src/storage/witness-container.ts';
import { type Azurite, startAzurite } from '../builders/azurite.ts';

let azurite: Azurite;
beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());

// As Azure refuses where a policy keeps blobs, and whom the right is given to create them alone; Azurite has neither.
// https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
const refusals = [
  { code: 'BlobImmutableDueToPolicy', statusCode: 409 },
  { code: 'UnauthorizedBlobOverwrite', statusCode: 403 },
];

/** A service whose blobs that are there are refused to be written. */
function refusing(refusal: (typeof refusals)[number]) {
  const service = blobServiceByConnectionString(azurite.connectionString);
  const getContainerClient = (name: string) => {
    const container = service.getContainerClient(name);
    const blobOf = container.getBlockBlobClient.bind(container);
    container.getBlockBlobClient = (path) => {
      const blob = blobOf(path);
      const upload = blob.upload.bind(blob);
      blob.upload = async (...sent) => {
        const isThere = await container.exists().then((exists) => exists && blob.exists());
        if (isThere) throw new RestError('refused', refusal);
        return upload(...sent);
      };
      return blob;
    };
    return container;
  };
  return { getContainerClient };
}

describe.each(refusals)('when storage refuses a blob that is there with $statusCode $code', (refusal) => {
  const name = `written-once-${refusal.statusCode}`;

  it('the ledger takes it for written, and it stays as it was', async () => {
    const blobs = ledgerBlobs(refusing(refusal), name);
    expect(await blobs.put('contoso.azurecr.io', 'tile/0/000', Buffer.from('first'))).toBe('written');
    expect(await blobs.put('contoso.azurecr.io', 'tile/0/000', Buffer.from('second'))).toBe('there');
    expect(await blobs.get('contoso.azurecr.io', 'tile/0/000')).toEqual(new Uint8Array(Buffer.from('first')));
  });

  it('a witness takes the same checkpoint again, and refuses another of its size', async () => {
    const container = refusing(refusal).getContainerClient(`${name}-witness`);
    const witness = witnessContainer('container', container);
    await witness.publish('contoso.azurecr.io', 3, 'a note');
    await witness.publish('contoso.azurecr.io', 3, 'a note');
    await expect(witness.publish('contoso.azurecr.io', 3, 'another')).rejects.toMatchObject({
      name: 'AuditFault',
      retryable: false,
    });
  });
});
