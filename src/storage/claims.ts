import type { Claims } from '../audit/workload-ports.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { Claim } from '../workloads/claim.ts';
import type { KnownClaim } from '../workloads/use.ts';
import { claimColumns, claimId, readClaimRow } from './claim-codec.ts';
import { optional, timeText } from './entry-codec.ts';
import { claimLists, endedClaimKey, keysUnder, repositoryKey, sourceKey } from './keys.ts';
import { rememberedNames } from './remembered-names.ts';
import { fullPage, type Operation, rowsOf, type Table } from './row.ts';

/** Claims of one transaction: one that ends takes two rows. */
const mostAtOnce = 50;

type Lists = (typeof claimLists)[keyof typeof claimLists];
const unfinishedLooks = 'looks';
const claimedPartition = (registry: string) => `claimed|${registry}`;

/** What became of a claim by a look. */
interface Change {
  readonly claim: KnownClaim;
  readonly isOver: boolean;
}

/**
 * Keeps claims in the `workloads` table: each in the partition of its source and in that of the repository it is on. What is
 * open in a repository is always open in its source: a claim begins there first, and ends there last. A look that changes
 * something is marked in the `inventory` table until it is done: when it was cut off, the next writes again all that is open,
 * whatever it sees itself. Which repositories have some is kept in the `inventory` table too.
 */
export function claimsStore(workloads: Table, inventory: Table): Claims {
  async function* repositories(registry: string): AsyncGenerator<string> {
    const range = { partitionKey: claimedPartition(registry), ...keysUnder('p|'), select: [] };
    for await (const { rowKey } of rowsOf(inventory, range)) yield rowKey.slice(2).replaceAll(':', '/');
  }
  const claimed = rememberedNames(repositories);

  async function* at(
    partitionKey: string,
    lists: Lists,
    time: number | undefined,
  ): AsyncGenerator<KnownClaim> {
    const open = { partitionKey, ...keysUnder(lists.open) };
    for await (const row of rowsOf(workloads, open)) {
      const claim = readClaimRow(row);
      if (time === undefined || claim.firstSeen <= time) yield claim;
    }
    if (time === undefined) return;
    const filter = `endedAt gt '${timeText(time)}'`;
    const ended = { partitionKey, ...keysUnder(lists.ended, { notAfter: time }), filter };
    for await (const row of rowsOf(workloads, ended)) yield readClaimRow(row);
  }

  async function* ever(partitionKey: string, lists: Lists): AsyncGenerator<KnownClaim> {
    for (const list of [lists.open, lists.ended]) {
      for await (const row of rowsOf(workloads, { partitionKey, ...keysUnder(list) }))
        yield readClaimRow(row);
    }
  }

  /** Writes changes of one partition. A claim may be over there already, by a look that was cut off. */
  async function write(partitionKey: string, lists: Lists, changes: readonly Change[]): Promise<void> {
    for (let start = 0; start < changes.length; start += mostAtOnce) {
      const some = changes.slice(start, start + mostAtOnce);
      const operations = some.flatMap((change) => operationsOf(partitionKey, lists, change));
      if ((await workloads.transact(operations)) === 'committed') continue;
      for (const operation of operations) await workloads.transact([operation]);
    }
  }

  return {
    repositories,
    isClaimed: async ({ registry, repository }) => (await claimed.of(registry)).has(repository),
    ofRepository: (repository, time) => at(repositoryKey(repository), claimLists.repository, time),
    everOfRepository: (repository) => ever(repositoryKey(repository), claimLists.repository),
    ofSource: (source, time) => at(sourceKey(source), claimLists.source, time),

    async pageOfSource(source, limit, { at: time, after }) {
      const partitionKey = sourceKey(source);
      const { open, ended } = claimLists.source;
      const isEnded = time !== undefined && after?.startsWith(ended) === true;
      const keys = isEnded
        ? { ...keysUnder(ended, { notAfter: time, after }), filter: `endedAt gt '${timeText(time)}'` }
        : keysUnder(open, optional('after', after));
      const { rows, next } = await fullPage(workloads, { partitionKey, ...keys }, limit);
      const items = rows
        .map((row) => ({ claim: readClaimRow(row), position: row.rowKey }))
        .filter(({ claim }) => time === undefined || claim.firstSeen <= time);
      if (next !== undefined) return { items, ...optional('next', rows.at(-1)?.rowKey) };
      // What ended is listed after what is open.
      return { items, ...(time === undefined || isEnded ? {} : { next: ended }) };
    },

    async see(source, seen, isComplete, time, signal) {
      const mark = (isUnfinished: boolean) =>
        inventory.put({ partitionKey: unfinishedLooks, rowKey: source, columns: { isUnfinished } });
      const wasCutOff = (await inventory.get(unfinishedLooks, source))?.columns['isUnfinished'] === true;
      const open = new Map<string, KnownClaim>();
      for await (const claim of at(sourceKey(source), claimLists.source, undefined))
        open.set(claim.id, claim);
      const changes: Change[] = [];
      let begun = 0;
      for (const claim of seen) {
        const id = claimId(claim);
        const known = open.get(id);
        open.delete(id);
        const now = known === undefined ? { ...claim, id, firstSeen: time } : seenAgain(known, claim);
        if (known === undefined) begun += 1;
        if (now !== known || wasCutOff) changes.push({ claim: now, isOver: false });
      }
      const left = [...open.values()];
      const isOver = ({ firstSeen }: KnownClaim) => isComplete && firstSeen < time;
      const ended = left
        .filter(isOver)
        .map((claim): Change => ({ claim: { ...claim, endedAt: time }, isOver: true }));
      if (wasCutOff) {
        changes.push(...left.filter((claim) => !isOver(claim)).map((claim) => ({ claim, isOver: false })));
      }
      if (changes.length + ended.length === 0) {
        if (wasCutOff) await mark(false);
        return { begun, ended: 0, repositories: [] };
      }

      await mark(true);
      await write(sourceKey(source), claimLists.source, changes);
      const byRepository = Map.groupBy([...changes, ...ended], ({ claim }) => repositoryKey(claim));
      const changed: RepositoryId[] = [];
      for (const [partitionKey, some] of byRepository) {
        signal?.throwIfAborted();
        const [first] = some;
        if (first === undefined) continue;
        const { registry, repository } = first.claim;
        changed.push({ registry, repository });
        if (some.some(({ isOver }) => !isOver)) {
          const rowKey = `p|${repository.replaceAll('/', ':')}`;
          await inventory.put({ partitionKey: claimedPartition(registry), rowKey, columns: {} });
          claimed.forget(registry);
        }
        await write(partitionKey, claimLists.repository, some);
      }
      signal?.throwIfAborted();
      await write(sourceKey(source), claimLists.source, ended);
      await mark(false);
      return { begun, ended: ended.length, repositories: changed };
    },
  };
}

/** A claim that is known, as it is now; the same object when nothing is new. */
function seenAgain(known: KnownClaim, { workload, since, image }: Claim): KnownClaim {
  const { since: before, ...rest } = known;
  // Not known when is as early as can be.
  const earliest = before === undefined || since === undefined ? undefined : Math.min(before, since);
  const now: KnownClaim = { ...rest, workload, image, ...optional('since', earliest) };
  return JSON.stringify(claimColumns(now)) === JSON.stringify(claimColumns(known)) ? known : now;
}

function operationsOf(partitionKey: string, lists: Lists, { claim, isOver }: Change): readonly Operation[] {
  const openKey = `${lists.open}${claim.id}`;
  const columns = claimColumns(claim);
  if (!isOver) return [{ operation: 'replace', row: { partitionKey, rowKey: openKey, columns } }];
  const rowKey = endedClaimKey(lists.ended, claim.firstSeen, claim.id);
  return [
    { operation: 'replace', row: { partitionKey, rowKey, columns } },
    { operation: 'remove', row: { partitionKey, rowKey: openKey } },
  ];
}
