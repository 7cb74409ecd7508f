import type { UnfinishedRecord } from '../audit/rebuild-registry.ts';
import { announcedPartition, keysUnder, readAnnouncedKey, recordKey, repositoryKey } from './keys.ts';
import { rowsOf, type Table } from './row.ts';

/** Records looked up at once. */
const mostAtOnce = 32;

/** Lists records announced in the `log` table that have no audit record, of one repository or of all of a registry. */
export async function* unfinishedRecords(
  repositories: Table,
  log: Table,
  registry: string,
  repository: string | undefined,
): AsyncGenerator<UnfinishedRecord> {
  const isUnfinished = async ({ repository: name, at }: UnfinishedRecord) =>
    (await repositories.get(repositoryKey({ registry, repository: name }), recordKey(at))) === undefined;

  async function* unfinishedOf(some: readonly UnfinishedRecord[]): AsyncGenerator<UnfinishedRecord> {
    const answers = await Promise.all(some.map(isUnfinished));
    yield* some.filter((_, index) => answers[index]);
  }

  let some: UnfinishedRecord[] = [];
  const range = { partitionKey: announcedPartition(registry), ...keysUnder(''), select: [] };
  for await (const { rowKey } of rowsOf(log, range)) {
    const record = readAnnouncedKey(rowKey);
    if (record === undefined || (repository !== undefined && record.repository !== repository)) continue;
    some.push(record);
    if (some.length < mostAtOnce) continue;
    yield* unfinishedOf(some);
    some = [];
  }
  yield* unfinishedOf(some);
}
