import type { TurnRecords } from '../audit/asked-work.ts';
import { countIn, readTime, textOf, timeText } from './entry-codec.ts';
import { repositoryKey } from './keys.ts';
import type { Table } from './row.ts';

/** Remembers in the `inventory` table how far the asking for a kind of work has got, on each repository. */
export function turnRecords(inventory: Table, kind: 'looked' | 'enforced'): TurnRecords {
  const partitionOf = (registry: string) => `${kind}|${registry}`;
  return {
    async read(repository) {
      const row = await inventory.get(partitionOf(repository.registry), repositoryKey(repository));
      if (row === undefined) return undefined;
      const { etag: version, columns } = row;
      const begunAt = readTime(textOf(row, 'at'));
      const turns = {
        // A row of an earlier version has no numbers.
        begun: countIn(row, 'begun') ?? 0,
        done: countIn(row, 'done') ?? 0,
        isAsked: columns['asked'] === true,
        ...(begunAt === undefined ? {} : { begunAt }),
      };
      return { turns, version };
    },
    async write(repository, { begun, done, isAsked, begunAt }, over) {
      const row = {
        partitionKey: partitionOf(repository.registry),
        rowKey: repositoryKey(repository),
        columns: {
          begun,
          done,
          asked: isAsked,
          ...(begunAt === undefined ? {} : { at: timeText(begunAt) }),
        },
      };
      if (over === undefined) return (await inventory.insert(row)) === 'inserted' ? 'written' : 'changed';
      const written = await inventory.transact([{ operation: 'replace', row, over }]);
      return written === 'committed' ? 'written' : 'changed';
    },
  };
}
