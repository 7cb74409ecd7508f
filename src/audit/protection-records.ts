import type { RepositoryId } from '../history/fact.ts';
import { recordIdOf } from '../history/record-id.ts';
import type { JsonContent, StatedState, Statement } from '../history/statement.ts';
import { planStatement } from '../history/statement-plan.ts';
import { AuditFault } from './fault.ts';
import type { Clock, HistoryWriter, Outbox, StateReader, StoredState } from './ports.ts';
import type { Ids } from './protection-ports.ts';

export interface ProtectionRecordsPorts {
  readonly outbox: Pick<Outbox, 'announceStatements'>;
  readonly writer: Pick<HistoryWriter, 'commit'>;
  readonly states: StateReader;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** A change of a state, over what was read of it; nothing: there was none. */
export interface StateChange extends StatedState {
  readonly over: Pick<StoredState, 'at' | 'version'> | undefined;
}

/**
 * Records that something was done, with the states it leaves behind, in one transaction. `conflict`: a state was not as it
 * was read, and nothing was recorded.
 */
export function recordStatement({ outbox, writer, clock, ids }: Omit<ProtectionRecordsPorts, 'states'>) {
  return async (
    repository: RepositoryId,
    kind: string,
    content: JsonContent,
    changes: readonly StateChange[],
  ): Promise<'committed' | 'conflict'> => {
    const now = clock.now();
    // After what it changes, whatever the clock says: the newest statement tells what is so.
    const time = Math.max(now, ...changes.map(({ over }) => (over === undefined ? 0 : over.at.time + 1)));
    const statement: Statement = {
      ...repository,
      at: { time, id: recordIdOf(`${kind}.${ids.random()}`) },
      recordedAt: now,
      kind,
      content,
      states: changes.map(({ over: _, ...state }) => state),
    };
    await outbox.announceStatements([statement]);
    const over = new Map(changes.map((change) => [change.key, change.over?.version ?? 'absent']));
    return writer.commit(repository, planStatement(statement, over));
  };
}

/** Lost races after which a change of one state is given up and made again later. */
const maxAttempts = 16;

/**
 * Changes one state: reads it, asks what it becomes, and records that over the version read, until no other change came in
 * between. `change` gives `undefined` when there is nothing to change; `read` is the state where the caller has read it
 * already. Throws a retryable AuditFault after too many races.
 */
export function changeState(ports: ProtectionRecordsPorts) {
  const record = recordStatement(ports);
  return async <T>(
    repository: RepositoryId,
    key: string,
    change: (stored: StoredState | undefined) =>
      | {
          readonly kind: string;
          readonly content: JsonContent;
          readonly state?: JsonContent;
          readonly result: T;
        }
      | { readonly result: T },
    read?: { readonly stored: StoredState | undefined },
  ): Promise<T> => {
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const isRead = attempt === 0 && read !== undefined;
      const stored = isRead ? read.stored : await ports.states.state(repository, key);
      const changed = change(stored);
      if (!('kind' in changed)) return changed.result;
      const { kind, content, state, result } = changed;
      const stated = { key, over: stored, ...(state === undefined ? {} : { content: state }) };
      if ((await record(repository, kind, content, [stated])) === 'committed') return result;
    }
    throw new AuditFault('contention', `${repository.repository}: ${maxAttempts} lost races for ${key}`, {
      retryable: true,
    });
  };
}
