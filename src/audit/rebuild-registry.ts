import type { RepositoryId } from '../history/fact.ts';
import type { Instant } from '../history/instant.ts';
import type { Log } from './ports.ts';
import type { Difference, RebuildRequest, RepositoryRebuild } from './rebuild-repository.ts';

/** A record that was announced in the outbox and has no audit record: a crash came between. */
export interface UnfinishedRecord {
  readonly repository: string;
  readonly at: Instant;
}

/** Lists what there is to rebuild. */
export interface RebuildLists {
  /** The repositories of a registry that have rows, in any order. */
  repositories(registry: string): AsyncIterable<string>;
  /** Of one repository, or of all of a registry. */
  unfinished(registry: string, repository: string | undefined): AsyncIterable<UnfinishedRecord>;
}

export interface RebuildRegistryPorts {
  readonly lists: RebuildLists;
  readonly rebuild: (repository: RepositoryId, request: RebuildRequest) => Promise<RepositoryRebuild>;
  readonly log: Log;
}

/** What is to be rebuilt. */
export interface RegistryRebuildRequest {
  readonly registry: string;
  /** Only this one. */
  readonly repository?: string;
  readonly dryRun: boolean;
}

/** What became of a registry. */
export interface RegistryRebuild {
  readonly repositories: number;
  readonly records: number;
  /** Rows that were put right or, in a dry run, that would be, by how they differed. */
  readonly missing: number;
  readonly different: number;
  readonly unfounded: number;
  /** Repositories that could not be rebuilt, each logged with the reason. */
  readonly failed: number;
}

/**
 * Rebuilds a registry's repositories one after another, those too of which nothing but announced records is left. One
 * that cannot be rebuilt does not keep the others waiting.
 */
export function rebuildRegistry({ lists, rebuild, log }: RebuildRegistryPorts) {
  return async ({ registry, repository, dryRun }: RegistryRebuildRequest): Promise<RegistryRebuild> => {
    const unfinished = Map.groupBy(
      await Array.fromAsync(lists.unfinished(registry, repository)),
      (one) => one.repository,
    );
    const names = new Set(unfinished.keys());
    if (repository !== undefined) names.add(repository);
    else for await (const name of lists.repositories(registry)) names.add(name);

    let total: RegistryRebuild = {
      repositories: 0,
      records: 0,
      missing: 0,
      different: 0,
      unfounded: 0,
      failed: 0,
    };
    for (const name of [...names].sort()) {
      try {
        const instants = (unfinished.get(name) ?? []).map(({ at }) => at);
        const rebuilt = await rebuild({ registry, repository: name }, { dryRun, unfinished: instants });
        const { records, differences } = rebuilt;
        log.info('repository rebuilt', {
          registry,
          repository: name,
          dryRun,
          records,
          rows: differences.length,
        });
        if (dryRun) {
          for (const { row, is } of differences) log.info('row differs', { repository: name, row, is });
        }
        total = added(total, rebuilt);
      } catch (error) {
        log.error('repository not rebuilt', { registry, repository: name, error: String(error) });
        total = { ...total, repositories: total.repositories + 1, failed: total.failed + 1 };
      }
    }
    return total;
  };
}

function added(total: RegistryRebuild, { records, differences }: RepositoryRebuild): RegistryRebuild {
  const count = (is: Difference['is']) => differences.filter((one) => one.is === is).length;
  return {
    ...total,
    repositories: total.repositories + 1,
    records: total.records + records,
    missing: total.missing + count('missing'),
    different: total.different + count('different'),
    unfounded: total.unfounded + count('unfounded'),
  };
}
