import type { AuditRecord, Fact, RepositoryId } from '../history/fact.ts';
import { planPush } from '../history/push-plan.ts';
import type { Statement } from '../history/statement.ts';
import { planStatement } from '../history/statement-plan.ts';
import { batch } from './batch.ts';
import type { Outbox } from './ports.ts';
import type { RecordFactPorts, RecordOutcome } from './record-fact.ts';

export interface FoundRecordsPorts extends RecordFactPorts {
  readonly outbox: Outbox;
  /** Records one fact, whatever is known of it already. */
  readonly record: (record: AuditRecord) => Promise<RecordOutcome>;
  /** Told before the first fact is recorded, which waits for it. */
  readonly onFinding?: () => Promise<void>;
}

/** Records what a comparison found, many rows a transaction where history knows nothing of them yet. */
export interface FoundRecords {
  /** Records a fact that has to be told against what is known. */
  tell(fact: Fact): Promise<void>;
  /**
   * Records a push of a tag that has no history, soon; or of a manifest that has none (`isNewManifest`). What turns out
   * to have one is recorded as {@link FoundRecords.tell} does.
   */
  tellNew(fact: Fact, isNewManifest?: boolean): Promise<void>;
  /** Records statements that were not recorded before, soon; they stay together. */
  state(statements: readonly Statement[]): Promise<void>;
  /** Resolves when everything is recorded. */
  flush(): Promise<void>;
}

/** Rows of one transaction; a push with a tag takes six, one without three. */
const mostRows = 96;
const rowsOf = ({ tag }: Fact) => (tag === undefined ? 3 : 6);

interface NewPush {
  readonly fact: Fact;
  readonly isNewManifest: boolean;
}

/** Begins to record what is found in a repository; `onRecorded` is told of each fact that was new. */
export function foundRecords(
  ports: FoundRecordsPorts,
  repository: RepositoryId,
  onRecorded: (fact: Fact) => void,
): FoundRecords {
  const { outbox, reader, writer, record } = ports;

  /** Before anything is told: what is told is not found again, by which a note that failed could be made up for. */
  const note = ({ digest }: Fact) => writer.noteDigest(repository, digest);

  let begun: Promise<void> | undefined;
  async function begin(): Promise<void> {
    begun ??= ports.onFinding?.();
    await begun;
  }

  async function tell(fact: Fact): Promise<void> {
    await begin();
    if (fact.action === 'push') await note(fact);
    const { outcome } = await record({ ...repository, fact });
    // Known: a write whose answer was lost was made all the same. Nobody else finds it.
    if (outcome !== 'contradicted') onRecorded(fact);
  }

  async function tellTogether(pushes: readonly NewPush[]): Promise<void> {
    const isNew = await Promise.all(pushes.map(hasNoHistory));
    const facts = firstOfEach(pushes.filter((_, index) => isNew[index]).map(({ fact }) => fact));
    const others = pushes.map(({ fact }) => fact).filter((fact) => !facts.includes(fact));
    if (!(await committed(facts))) others.unshift(...facts);
    await Promise.all(others.map(tell));
  }

  async function hasNoHistory({ fact, isNewManifest }: NewPush): Promise<boolean> {
    if (isNewManifest) return true;
    const { manifest } = await reader.heads(repository, fact.digest, undefined);
    return manifest === undefined;
  }

  /** Commits in one transaction, or not at all. */
  async function committed(facts: readonly Fact[]): Promise<boolean> {
    if (facts.length === 0) return true;
    await begin();
    const announced = await outbox.announceAll(facts.map((fact) => ({ ...repository, fact })));
    if (announced === 'known') return false;
    const changes = facts.flatMap((fact) => planPush(fact, { isPartlyTold: false }).changes);
    await Promise.all(facts.map(note));
    if ((await writer.commit(repository, changes)) === 'conflict') return false;
    facts.forEach(onRecorded);
    for (const fact of facts) await ports.onRecorded?.({ ...repository, fact });
    return true;
  }

  async function stateTogether(groups: readonly (readonly Statement[])[]): Promise<void> {
    const statements = groups.flat();
    await outbox.announceStatements(statements);
    if (
      (await writer.commit(
        repository,
        statements.flatMap((statement) => planStatement(statement)),
      )) === 'committed'
    )
      return;
    // One that was recorded before, by a comparison that was cut off, is left as it is.
    for (const statement of statements) await writer.commit(repository, planStatement(statement));
  }

  const pushes = batch<NewPush>(mostRows, ({ fact }) => rowsOf(fact), tellTogether);
  const statements = batch<readonly Statement[]>(mostRows, costOf, stateTogether);

  return {
    tell,
    tellNew: (fact, isNewManifest = false) => pushes.add({ fact, isNewManifest }),
    state: (some) => statements.add(some),
    async flush() {
      await Promise.all([pushes.flush(), statements.flush()]);
    },
  };
}

function costOf(statements: readonly Statement[]): number {
  return statements.flatMap((statement) => planStatement(statement)).length;
}

/** The first fact of each tag and manifest: a transaction writes no row twice. */
function firstOfEach(facts: readonly Fact[]): readonly Fact[] {
  const digests = new Set<string>();
  return facts.filter(({ digest }) => !digests.has(digest) && digests.add(digest));
}
