import type { Leases } from '../../src/audit/ports.ts';

/** Leases in memory, of one process: never lost. */
export function memoryLeases(): Leases {
  const held = new Set<string>();
  return {
    async hold(name, work) {
      if (held.has(name)) return { held: false };
      held.add(name);
      try {
        return { held: true, result: await work(new AbortController().signal) };
      } finally {
        held.delete(name);
      }
    },
  };
}
