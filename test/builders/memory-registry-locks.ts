import { AuditFault } from '../../src/audit/fault.ts';
import type { RegistryLocks } from '../../src/audit/registry-locks.ts';
import { checkedTarget, type LockFlags, targetKey } from '../../src/protection/lock-target.ts';
import type { MemoryItem, MemoryRegistry } from './memory-registry-content.ts';

/** A call of the port: the repository and the target's key, such as `team/app tag:v1`. */
export type LockCall = string;

export interface LockFaults {
  /** The fault a call fails with before it changes anything. {@link refusal} makes those of a registry. */
  refuse: (call: LockCall) => AuditFault | undefined;
  /** Whether the answer of a call is lost after it has changed what it should: it fails as `registry-silent`. */
  losesAnswer: (call: LockCall) => boolean;
  /** Whether reads go on telling what was before a call, until {@link MemoryLocks.arrive}. */
  isLate: (call: LockCall) => boolean;
}

export interface MemoryLocks {
  readonly locks: RegistryLocks;
  readonly faults: LockFaults;
  /** Every call of the port so far that was no mistake, with what it was to set. */
  readonly calls: readonly { readonly call: LockCall; readonly flags: LockFlags }[];
  /** Lets reads tell what was set late, in the order it was set. */
  arrive(): void;
}

/** The locks of a registry in memory, which its content tells. Nothing enforces them. */
export function memoryRegistryLocks(registry: Pick<MemoryRegistry, 'repository'>): MemoryLocks {
  const calls: { readonly call: LockCall; readonly flags: LockFlags }[] = [];
  const late: (() => void)[] = [];
  const faults: LockFaults = {
    refuse: () => undefined,
    losesAnswer: () => false,
    isLate: () => false,
  };

  function setLater(apply: () => void, item: MemoryItem, repository: string): void {
    late.push(() => {
      if (registry.repository(repository).holds(item)) apply();
    });
  }

  const locks: RegistryLocks = {
    async set(repository, target, { canDelete, canWrite }) {
      const checked = checkedTarget(target);
      const call = `${repository} ${targetKey(checked)}`;
      const flags = { canDelete, canWrite };
      calls.push({ call, flags });
      const fault = faults.refuse(call);
      if (fault !== undefined) throw fault;
      const item = checked.kind === 'tag' ? { tag: checked.tag } : { digest: checked.digest };
      const held = registry.repository(repository);
      if (!held.holds(item)) return 'missing';
      const apply = () => held.lock(item, flags);
      if (faults.isLate(call)) setLater(apply, item, repository);
      else apply();
      if (faults.losesAnswer(call)) {
        throw new AuditFault('registry-silent', `No answer to ${call}`, { retryable: true });
      }
      return 'set';
    },
  };

  return {
    locks,
    faults,
    calls,
    arrive() {
      for (const apply of late.splice(0)) apply();
    },
  };
}

/** What a registry's refusal by this status becomes, once it has been asked often enough. */
export function refusal(status: number): AuditFault {
  return new AuditFault(`registry-${status}`, `The registry answered ${status}`, {
    retryable: status === 408 || status === 429 || status >= 500,
  });
}
