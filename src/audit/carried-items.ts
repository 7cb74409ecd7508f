import type { RepositoryId } from '../history/fact.ts';
import type { Instant } from '../history/instant.ts';
import { recordIdOf } from '../history/record-id.ts';
import type { JsonContent } from '../history/statement.ts';
import { fieldsOf } from '../registry/fields.ts';
import { noFindings } from '../registry/findings.ts';
import { freeText } from '../registry/form.ts';
import { cleanFreeText } from '../registry/free-text.ts';
import { itemKey } from '../retention/item-key.ts';
import type { PlanItem } from '../retention/plan.ts';
import { AuditFault } from './fault.ts';
import { type OnceRecordedPorts, onceRecorded } from './once-recorded.ts';
import type { StateReader, StoredState } from './ports.ts';
import type { DoneItem, PlanHeader } from './retention-ports.ts';

export interface CarriedItemsPorts extends OnceRecordedPorts {
  readonly states: StateReader;
}

/** What is known of an item that a run has begun: `intended` until it is known what became of it. */
export type ItemState = DoneItem['outcome'] | 'intended';

/** What became of an item. */
export interface CarriedItem extends DoneItem {
  /** Whether it was spared for something that has changed since the plan. */
  readonly isSurprise: boolean;
}

/** The items of a repository that runs of a plan have begun, and how to record more. */
export interface CarriedItems {
  /** `undefined`: no run has begun it. */
  stateOf(item: PlanItem): ItemState | undefined;
  /** How many were surprises, of all runs. */
  surprises(): number;
  /** Records, before anything is deleted, what is about to be; what was begun already is left out. */
  intend(items: readonly PlanItem[]): Promise<void>;
  /** Records what became of some, in the order in which they were to go, each once. */
  report(items: readonly CarriedItem[]): Promise<void>;
  /** Records a report that begins with this item, and that a run was about to record when it was cut off; whether there was one. */
  finishReport(item: PlanItem): Promise<boolean>;
}

const states = ['intended', 'untagged', 'deleted', 'spared'] as const;

/** UTF-16 units of a reason: a record of some tens of items has an end. */
const longestReason = 200;

/**
 * The record of a plan's run in one repository. What a run intends is written before it is done, and what became of it in
 * one transaction with the report, each under an id that follows from the plan and the item: a run that was cut off in between
 * knows what it may have deleted, and nothing is reported twice.
 */
export async function carriedItems(
  ports: CarriedItemsPorts,
  repository: RepositoryId,
  { id: plan, executedAt, createdAt }: PlanHeader,
): Promise<CarriedItems> {
  const records = onceRecorded(ports, repository);
  const prefix = `w|${plan}|`;
  const begunAt = executedAt ?? createdAt;
  const known = new Map<string, StoredState>();
  await readAll();

  async function readAll(): Promise<void> {
    for await (const state of ports.states.states(repository, prefix)) {
      known.set(state.key.slice(prefix.length), state);
    }
  }

  async function readAgain(items: readonly (PlanItem | DoneItem)[]): Promise<void> {
    const read = await Promise.all(
      items.map((item) => ports.states.state(repository, `${prefix}${itemKey(item)}`)),
    );
    for (const state of read) if (state !== undefined) known.set(state.key.slice(prefix.length), state);
  }

  function stateOf(item: PlanItem | DoneItem): ItemState | undefined {
    const stored = known.get(itemKey(item));
    return stored && stateIn(stored);
  }

  /** The same for the same item, whoever tells of it; reports are newer than intents, however soon they follow. */
  function instantOf(kind: 'intended' | 'done', first: PlanItem | DoneItem): Instant {
    const time = kind === 'intended' ? begunAt : begunAt + 1;
    return { time, id: recordIdOf(`w.${plan}.${kind}.${itemKey(first)}`) };
  }

  function versions(): ReadonlyMap<string, string> {
    return new Map([...known.values()].map(({ key, version }) => [key, version]));
  }

  /** Records items until each is: what was announced before may have told fewer. */
  async function write<T extends PlanItem | CarriedItem>(
    kind: 'intended' | 'done',
    all: readonly T[],
    isTold: (item: T) => boolean,
    contentOf: (item: T) => JsonContent,
  ): Promise<void> {
    for (let items = all; ; ) {
      const left = items.filter((item) => !isTold(item));
      const [first] = left;
      if (first === undefined) return;
      const told = {
        kind: `retention-${kind}`,
        content: { plan, items: left.map(contentOf) },
        states: left.map((item) => ({ key: `${prefix}${itemKey(item)}`, content: contentOf(item) })),
      };
      await records.record(instantOf(kind, first), told, versions());
      await readAgain(left);
      // An answer that was lost is no conflict: it was written all the same.
      if (!isTold(first)) {
        throw new AuditFault('contention', `another run of the plan ${plan} is under way`, {
          retryable: true,
        });
      }
      items = left;
    }
  }

  return {
    stateOf,
    surprises: () => [...known.values()].filter(({ content }) => content['surprise'] === true).length,
    intend: (items) =>
      write(
        'intended',
        items,
        (item) => stateOf(item) !== undefined,
        (item) => ({ ...named(item), outcome: 'intended' }),
      ),
    report: (items) =>
      write(
        'done',
        items,
        (item) => !isOpen(stateOf(item)),
        ({ outcome, because, isSurprise, ...item }) => ({
          ...named(item),
          outcome,
          ...(because === undefined ? {} : { because: cleanFreeText(because, longestReason).text }),
          ...(isSurprise ? { surprise: true } : {}),
        }),
      ),
    async finishReport(item) {
      const outcome = await records.finish(instantOf('done', item), versions());
      if (outcome !== 'none') await readAll();
      return outcome !== 'none' && !isOpen(stateOf(item));
    },
  };
}

/** Whether it isn't known yet what became of an item. */
export function isOpen(state: ItemState | undefined): state is 'intended' | undefined {
  return state === undefined || state === 'intended';
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
