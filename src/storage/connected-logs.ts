import { keysUnder } from './keys.ts';
import { rowsOf, type Table } from './row.ts';

/** The registries beside the audited ones that something was announced of: connected registries, each with a log of its own. */
export interface ConnectedLogs {
  /** Remembers a registry that something is announced of. Costs nothing for one that is audited, or was noted here before. */
  note(registry: string): Promise<void>;
  all(): Promise<readonly string[]>;
}

const partitionKey = '_logs';

/** Remembers connected registries in the `log` table, so that their logs are sealed as well. */
export function connectedLogs(log: Table, audited: readonly string[]): ConnectedLogs {
  const noted = new Set(audited);
  return {
    async note(registry) {
      if (noted.has(registry)) return;
      await log.put({ partitionKey, rowKey: registry, columns: {} });
      noted.add(registry);
    },
    async all() {
      const rows = await Array.fromAsync(rowsOf(log, { partitionKey, ...keysUnder('') }));
      return rows.map(({ rowKey }) => rowKey);
    },
  };
}
