import { odata, RestError, type TableClient, type TableEntityResult } from '@azure/data-tables';
import { AuditFault } from '../audit/fault.ts';
import type { DigestSearch } from '../audit/repository-tags.ts';
import type { RepositoryId } from '../history/fact.ts';

/** Finds digests in the `digests` table, whose partitions they are: one short query. */
export function digestSearch(digests: TableClient): DigestSearch {
  return {
    async beginningWith(prefix, limit) {
      const queryOptions = {
        filter: odata`PartitionKey ge ${prefix} and PartitionKey lt ${`${prefix}~`} and RowKey ge ${'r|'} and RowKey lt ${'r|~'}`,
        select: ['PartitionKey', 'RowKey'],
      };
      const found: (RepositoryId & { readonly digest: string })[] = [];
      try {
        for await (const page of digests.listEntities({ queryOptions }).byPage({ maxPageSize: limit })) {
          for (const row of page) {
            const place = placeOf(row);
            if (place !== undefined && found.length < limit) found.push(place);
          }
          if (found.length >= limit) break;
        }
      } catch (cause) {
        // A table that isn't there yet holds nothing.
        if (cause instanceof RestError && cause.statusCode === 404) return [];
        throw new AuditFault('storage-unreachable', 'Table Storage did not search digests', {
          retryable: true,
          cause,
        });
      }
      return found;
    },
  };
}

function placeOf({ partitionKey, rowKey }: TableEntityResult<object>) {
  const [, registry, repository] = (rowKey ?? '').split('|');
  if (partitionKey === undefined || !registry || !repository) return undefined;
  return { digest: partitionKey, registry, repository: repository.replaceAll(':', '/') };
}
