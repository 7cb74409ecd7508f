import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Whether a process with this id runs; one of another user counts. */
function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/**
 * Claims a data directory for this process, because two registries would garble one journal. A claim whose
 * process is gone is taken over. Returns what gives the claim up. @throws Error when another process has it.
 */
export async function claimDirectory(directory: string): Promise<() => Promise<void>> {
  const file = join(directory, 'process-id');
  const holder = Number(await readFile(file, 'utf8').catch(() => '0'));
  // Its own id is left over from before a restart of the machine or container.
  if (holder > 0 && holder !== process.pid && isRunning(holder)) {
    throw new Error(`Process ${holder} already runs a registry on ${directory}.`);
  }
  await writeFile(file, String(process.pid));
  return () => rm(file, { force: true });
}
