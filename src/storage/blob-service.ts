import type { TokenCredential } from '@azure/core-auth';
import { BlobServiceClient, type StoragePipelineOptions } from '@azure/storage-blob';

// The default would wait for up to two minutes between attempts; calls are given up long before.
const options: StoragePipelineOptions = {
  retryOptions: { maxTries: 3, retryDelayInMs: 500, maxRetryDelayInMs: 4_000 },
};

/** The audit's blobs by a connection string: one machine, or an account with shared keys. */
export function blobServiceByConnectionString(connectionString: string): BlobServiceClient {
  return BlobServiceClient.fromConnectionString(connectionString, options);
}

/** The audit's blobs by an identity. */
export function blobServiceByIdentity(
  blobServiceUri: string,
  credential: TokenCredential,
): BlobServiceClient {
  return new BlobServiceClient(blobServiceUri, credential, options);
}
