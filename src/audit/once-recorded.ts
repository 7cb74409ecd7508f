import type { RepositoryId } from '../history/fact.ts';
import type { Instant } from '../history/instant.ts';
import type { JsonContent, StatedState, Statement } from '../history/statement.ts';
import { planStatement } from '../history/statement-plan.ts';
import type { Clock, HistoryWriter, Outbox } from './ports.ts';

export interface OnceRecordedPorts {
  readonly outbox: Pick<Outbox, 'announceStatements' | 'announcedStatement'>;
  readonly writer: Pick<HistoryWriter, 'commit'>;
  readonly clock: Clock;
}

/** What is to be recorded at an instant that is the same whenever it is tried. */
interface Told {
  readonly kind: string;
  readonly content: JsonContent;
  readonly states: readonly StatedState[];
}

/** Records statements that whoever is cut off tells again: each under an instant of its own, and so once in the ledger. */
export interface OnceRecorded {
  /**
   * Records what is told, or what was announced at that instant before; `over`: the versions at which states were read, by
   * key. `conflict`: a state was not as it was read, or it is recorded already.
   */
  record(at: Instant, told: Told, over: ReadonlyMap<string, string>): Promise<'committed' | 'conflict'>;
  /** Records what was announced at an instant and may not be recorded; `none`: nothing was. */
  finish(at: Instant, over: ReadonlyMap<string, string>): Promise<'committed' | 'conflict' | 'none'>;
}

/** Records in one repository. */
export function onceRecorded(
  { outbox, writer, clock }: OnceRecordedPorts,
  repository: RepositoryId,
): OnceRecorded {
  async function commit(
    statement: Statement,
    over: ReadonlyMap<string, string>,
  ): Promise<'committed' | 'conflict'> {
    const keys = (statement.states ?? []).map(({ key }) => key);
    const versions = new Map(keys.map((key) => [key, over.get(key) ?? 'absent']));
    return writer.commit(repository, planStatement(statement, versions));
  }

  return {
    async record(at, told, over) {
      const { registry, repository: name } = repository;
      const statement: Statement = { registry, repository: name, at, recordedAt: clock.now(), ...told };
      const announced = await outbox.announceStatements([statement]);
      // What was announced first will be sealed.
      const first = announced === 'new' ? undefined : await outbox.announcedStatement(repository, at);
      return commit(first ?? statement, over);
    },
    async finish(at, over) {
      const announced = await outbox.announcedStatement(repository, at);
      return announced === undefined ? 'none' : commit(announced, over);
    },
  };
}
