import type { RepositoryId } from '../history/fact.ts';
import type { JsonContent } from '../history/statement.ts';
import { fieldsOf } from '../registry/fields.ts';
import { noFindings } from '../registry/findings.ts';
import { freeText } from '../registry/form.ts';
import { itemKey } from '../retention/item-key.ts';
import type { PlanItem } from '../retention/plan.ts';
import { AuditFault } from './fault.ts';
import type { StoredState } from './ports.ts';
import { type ProtectionRecordsPorts, recordStatement, type StateChange } from './protection-records.ts';
import type { DoneItem } from './retention-ports.ts';

/** What is known of an item that a run has begun: `intended` until it is known what became of it. */
export type ItemState = DoneItem['outcome'] | 'intended';

/** The items of a repository that runs of a plan have begun, and how to record more. */
export interface CarriedItems {
  /** `undefined`: no run has begun it. */
  stateOf(item: PlanItem): ItemState | undefined;
  /** Records, before anything is deleted, what is about to be. */
  intend(items: readonly PlanItem[]): Promise<void>;
  /** Records what became of some, each once. */
  report(items: readonly DoneItem[]): Promise<void>;
}

const states = ['intended', 'untagged', 'deleted', 'spared'] as const;

/**
 * The record of a plan's run in one repository. What a run intends is written before it is done, and what became of it in
 * one transaction with the report: a run that was cut off in between knows what it may have deleted, and nothing is reported
 * twice.
 */
export async function carriedItems(
  ports: ProtectionRecordsPorts,
  repository: RepositoryId,
  plan: string,
): Promise<CarriedItems> {
  const record = recordStatement(ports);
  const prefix = `w|${plan}|`;
  const known = new Map<string, StoredState>();
  await readAll();

  async function readAll(): Promise<void> {
    for await (const state of ports.states.states(repository, prefix)) {
      known.set(state.key.slice(prefix.length), state);
    }
  }

  async function write(
    kind: string,
    told: readonly (JsonContent & { readonly key: string })[],
  ): Promise<void> {
    if (told.length === 0) return;
    const items = told.map(({ key: _, ...item }) => item);
    const changes = told.map(({ key, ...item }): StateChange => {
      return { key: `${prefix}${key}`, content: item, over: known.get(key) };
    });
    const outcome = await record(repository, kind, { plan, items }, changes);
    await readAll();
    const isWritten = told.every(({ key, outcome: wanted }) => known.get(key)?.content['outcome'] === wanted);
    // An answer that was lost is no conflict: it was written all the same.
    if (outcome === 'committed' || isWritten) return;
    throw new AuditFault('contention', `another run of the plan ${plan} is under way`, { retryable: true });
  }

  return {
    stateOf(item) {
      const stored = known.get(itemKey(item));
      return stored && stateIn(stored);
    },
    intend: (items) =>
      write(
        'retention-intended',
        items.map((item) => ({ key: itemKey(item), ...named(item), outcome: 'intended' })),
      ),
    report: (items) =>
      write(
        'retention-done',
        items.map(({ outcome, because, ...item }) => ({
          key: itemKey(item),
          ...named(item),
          outcome,
          ...(because === undefined ? {} : { because }),
        })),
      ),
  };
}

function named({ tag, digest }: Pick<PlanItem, 'tag' | 'digest'>) {
  return tag === undefined ? { digest } : { tag, digest };
}

function stateIn({ key, content }: StoredState): ItemState {
  const told = fieldsOf(content, '', noFindings()).optional('outcome', freeText(16));
  const state = states.find((one) => one === told);
  if (state !== undefined) return state;
  throw new AuditFault('corrupt-row', `${key} is not readable as an item of a plan`, { retryable: false });
}
