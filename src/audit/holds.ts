import type { RepositoryId } from '../history/fact.ts';
import type { Applicant } from '../protection/approval-judgement.ts';
import { advanceHold, type Hold, type HoldEvent } from '../protection/hold.ts';
import { holdContent, holdStateKey, readHold } from '../protection/hold-content.ts';
import { AuditFault } from './fault.ts';
import type { StateReader, StoredState } from './ports.ts';
import type { Ids } from './protection-ports.ts';
import { changeState, type ProtectionRecordsPorts, recordStatement } from './protection-records.ts';

/**
 * Where what concerns a whole registry is recorded: a partition like a repository's, of a name that none can have
 * (https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests).
 */
export function wholeRegistry(registry: string): RepositoryId {
  return { registry, repository: '_registry' };
}

/** Reads the holds of a registry, lifted ones included. */
export function holdsOf(states: StateReader) {
  return async (registry: string): Promise<readonly Hold[]> =>
    (await Array.fromAsync(states.states(wholeRegistry(registry), 'h|'))).map(holdOf);
}

/** Places a hold: what it covers is kept until two principals lift it. */
export function placeHold(ports: ProtectionRecordsPorts & { readonly ids: Ids }) {
  const record = recordStatement(ports);
  return async (
    registry: string,
    { scope, reason }: Pick<Hold, 'scope' | 'reason'>,
    by: Applicant,
  ): Promise<Hold> => {
    const hold: Hold = {
      id: ports.ids.random(),
      scope,
      reason,
      placedBy: by.id,
      placedAt: ports.clock.now(),
      state: 'held',
    };
    const told = { hold: hold.id, by: by.id, byName: by.name };
    await record(wholeRegistry(registry), 'hold-placed', told, [
      { key: holdStateKey(hold.id), content: holdContent(hold), over: undefined },
    ]);
    return hold;
  };
}

/** What becomes of a change to a hold. */
export type HoldChange =
  | { readonly outcome: 'advanced'; readonly hold: Hold }
  | { readonly outcome: 'refused'; readonly problem: string }
  | { readonly outcome: 'unknown' };

/** Changes a hold: lifting takes one principal to ask and another to agree. */
export function changeHold(ports: ProtectionRecordsPorts) {
  const change = changeState(ports);
  return (
    registry: string,
    id: string,
    eventOf: (hold: Hold) => HoldEvent,
    by: Applicant,
    reason: string,
  ): Promise<HoldChange> =>
    change<HoldChange>(wholeRegistry(registry), holdStateKey(id), (stored) => {
      if (stored === undefined) return { result: { outcome: 'unknown' } };
      const hold = holdOf(stored);
      const event = eventOf(hold);
      const advanced = advanceHold(hold, event);
      if (advanced.outcome === 'refused') return { result: advanced };
      return {
        kind: `hold-${event.event}`,
        content: { hold: id, by: by.id, byName: by.name, reason, state: advanced.hold.state },
        state: holdContent(advanced.hold),
        result: advanced,
      };
    });
}

function holdOf({ key, content }: Pick<StoredState, 'key' | 'content'>): Hold {
  const hold = readHold(content);
  if (hold !== undefined) return hold;
  throw new AuditFault('corrupt-row', `${key} is not readable as a hold`, { retryable: false });
}
