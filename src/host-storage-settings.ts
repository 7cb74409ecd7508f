/** The storage of the Functions host, where an identity reaches it. */
export interface HostStorageSettings {
  readonly clientId?: string;
  readonly blobServiceUri: string;
  readonly queueServiceUri: string;
  readonly tableServiceUri: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads `AzureWebJobsStorage__…`, which the host is set by and the app does not use; `undefined` where it is set otherwise.
 * https://learn.microsoft.com/azure/azure-functions/functions-reference#connecting-to-host-storage-with-an-identity
 */
export function readHostStorage(environment: Environment): HostStorageSettings | undefined {
  const clientId = environment['AzureWebJobsStorage__clientId'];
  const blobServiceUri = environment['AzureWebJobsStorage__blobServiceUri'];
  const queueServiceUri = environment['AzureWebJobsStorage__queueServiceUri'];
  const tableServiceUri = environment['AzureWebJobsStorage__tableServiceUri'];
  const isWhole = [blobServiceUri, queueServiceUri, tableServiceUri].every((uri) =>
    uri?.startsWith('https://'),
  );
  if (!isWhole || !blobServiceUri || !queueServiceUri || !tableServiceUri) return undefined;
  return { ...(clientId ? { clientId } : {}), blobServiceUri, queueServiceUri, tableServiceUri };
}
