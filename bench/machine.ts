import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { cpus, release, totalmem, type } from 'node:os';
import { promisify } from 'node:util';
import * as z from 'zod/mini';

/** What figures were measured on, and of what. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  readonly azurite: string;
  /** The commit, with a note when files differ from it; `unknown` outside of a repository. */
  readonly commit: string;
}

const versioned = z.object({ version: z.string() });

/** Describes this machine and what is measured on it. */
export async function thisMachine(): Promise<Machine> {
  const manifest: unknown = JSON.parse(await readFile('node_modules/azurite/package.json', 'utf8'));
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version.slice(1),
    azurite: versioned.parse(manifest).version,
    commit: await commit(),
  };
}

async function commit(): Promise<string> {
  const git = async (...args: readonly string[]) =>
    (await promisify(execFile)('git', [...args])).stdout.trim();
  try {
    const changes = await git('status', '--porcelain', '--untracked-files=no', 'src', 'bench');
    return `${await git('rev-parse', '--short=10', 'HEAD')}${changes === '' ? '' : ', with changes'}`;
  } catch {
    return 'unknown';
  }
}

/** The machine in one line. */
export function machineLine({ processor, cores, memoryGiB, system, node, azurite, commit }: Machine): string {
  return `${cores} × ${processor}, ${memoryGiB} GiB, ${system}, Node ${node}, Azurite ${azurite}, commit ${commit}`;
}
