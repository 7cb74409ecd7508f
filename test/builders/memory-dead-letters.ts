import type { DeadLetter, DeadLetters } from '../../src/audit/dead-letters.ts';
import { AuditFault } from '../../src/audit/fault.ts';

/** A step of putting dead letters aside that can fail, before it is done or with its answer lost. */
export type DeadLetterStep = 'list' | 'read' | 'copy' | 'delete';

export interface DeadLetterFaults {
  before?(step: DeadLetterStep, name: string): unknown;
  after?(step: DeadLetterStep, name: string): unknown;
}

/** The content of dead letters by name, and the reason of what is in quarantine. */
export interface DeadLetterState {
  readonly waiting: Readonly<Record<string, string>>;
  readonly done: Readonly<Record<string, string>>;
  readonly quarantine: Readonly<Record<string, { readonly content: string; readonly reason: string }>>;
}

/** Dead letters in memory, as blob storage keeps them, and what is where. */
export interface MemoryDeadLetters extends DeadLetters {
  put(name: string, content: string): void;
  take(name: string): void;
  state(): DeadLetterState;
}

/** Dead letters in memory, in the order of their names. Nothing fails unless `faults` says so. */
export function memoryDeadLetters(faults: DeadLetterFaults = {}): MemoryDeadLetters {
  const waiting = new Map<string, { readonly content: string; readonly version: string }>();
  const done = new Map<string, string>();
  const quarantine = new Map<string, { readonly content: string; readonly reason: string }>();
  let versions = 0;

  async function step<T>(kind: DeadLetterStep, name: string, work: () => T): Promise<T> {
    await Promise.resolve();
    const failed = faults.before?.(kind, name);
    if (failed !== undefined) throw failed;
    const result = work();
    const lost = faults.after?.(kind, name);
    if (lost !== undefined) throw lost;
    return result;
  }

  function current({ name, version }: Omit<DeadLetter, 'read'>): string | undefined {
    const found = waiting.get(name);
    if (found !== undefined && found.version !== version) {
      throw new AuditFault('storage-412', 'ConditionNotMet', { retryable: true });
    }
    return found?.content;
  }

  async function move(letter: DeadLetter, keep: (content: string) => void): Promise<void> {
    const content = await step('copy', letter.name, () => {
      const found = current(letter);
      if (found !== undefined) keep(found);
      return found;
    });
    if (content === undefined) return;
    await step('delete', letter.name, () => {
      if (current(letter) !== undefined) waiting.delete(letter.name);
    });
  }

  return {
    async *waiting() {
      let last = '';
      for (;;) {
        const name = await step(
          'list',
          last,
          () => [...waiting.keys()].filter((other) => other > last).sort()[0],
        );
        const found = name === undefined ? undefined : waiting.get(name);
        if (name === undefined || found === undefined) return;
        last = name;
        const letter = { name, bytes: Buffer.byteLength(found.content), version: found.version };
        yield { ...letter, read: () => step('read', name, () => current(letter)) };
      }
    },
    counts: async () => ({ waiting: waiting.size, quarantined: quarantine.size }),
    done: (letter) => move(letter, (content) => done.set(letter.name, content)),
    quarantine: (letter, reason) =>
      move(letter, (content) => quarantine.set(letter.name, { content, reason })),
    put(name, content) {
      versions += 1;
      waiting.set(name, { content, version: String(versions) });
    },
    take: (name) => void waiting.delete(name),
    state: () => ({
      waiting: Object.fromEntries([...waiting].map(([name, { content }]) => [name, content])),
      done: Object.fromEntries(done),
      quarantine: Object.fromEntries(quarantine),
    }),
  };
}
