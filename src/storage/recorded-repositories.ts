import { odata, RestError, type TableClient, type TableEntityResult } from '@azure/data-tables';
import { AuditFault } from '../audit/fault.ts';
import { readRepositoryKey, repositoryKey } from './keys.ts';

/**
 * The repositories of a registry that have rows. Table Storage has no list of partitions, so each is asked for as the
 * first row after the partition before: one short query a repository, whatever their history. `after`: only those after one.
 */
export async function* recordedRepositories(
  repositories: TableClient,
  registry: string,
  after?: string,
): AsyncGenerator<string> {
  const end = `${registry}|~`;
  let last = after === undefined ? `${registry}|` : repositoryKey({ registry, repository: after });
  for (;;) {
    const next = await firstPartition(repositories, last, end);
    if (next === undefined) return;
    const id = readRepositoryKey(next);
    if (id !== undefined) yield id.repository;
    last = next;
  }
}

async function firstPartition(
  client: TableClient,
  after: string,
  before: string,
): Promise<string | undefined> {
  const queryOptions = {
    filter: odata`PartitionKey gt ${after} and PartitionKey lt ${before}`,
    select: ['PartitionKey', 'RowKey'],
  };
  try {
    // A page may be empty before the end.
    const pages = client.listEntities({ queryOptions }).byPage({ maxPageSize: 1 });
    for await (const page of pages) {
      const row: TableEntityResult<object> | undefined = page[0];
      if (row?.partitionKey !== undefined) return row.partitionKey;
    }
    return undefined;
  } catch (cause) {
    // A table that isn't there yet holds nothing.
    if (cause instanceof RestError && cause.statusCode === 404) return undefined;
    throw new AuditFault('storage-unreachable', 'Table Storage did not list the repositories', {
      retryable: true,
      cause,
    });
  }
}
