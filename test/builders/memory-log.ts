import type { LedgerBlobs } from '../../src/audit/ledger-ports.ts';
import type { LogFile } from '../../src/ledger/log-growth.ts';

/** A log's files in memory, and a reader of them. */
export function memoryFiles(given: readonly LogFile[] = []) {
  const files = new Map(given.map(({ path, bytes }) => [path, bytes]));
  return {
    files,
    read: async (path: string) => files.get(path),
    add: (more: readonly LogFile[]) => {
      for (const { path, bytes } of more) files.set(path, bytes);
    },
  };
}

/** Files of logs in memory, by registry and path; written once, as the port says. */
export function memoryLedgerBlobs() {
  const files = new Map<string, Uint8Array>();
  const blobs: LedgerBlobs = {
    async put(registry, path, bytes) {
      const name = `${registry}/${path}`;
      if (files.has(name)) return 'there';
      files.set(name, Uint8Array.from(bytes));
      return 'written';
    },
    get: async (registry, path) => files.get(`${registry}/${path}`),
    async checkpoints(registry) {
      const prefix = `${registry}/checkpoints/`;
      return [...files.keys()]
        .filter((path) => path.startsWith(prefix))
        .map((path) => Number(path.slice(prefix.length)));
    },
  };
  return { ...blobs, files };
}
