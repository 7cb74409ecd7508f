import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { HostRequest } from './http-server.ts';

const hostKeys = z.object({
  master: z.string().min(16),
  /** The default host key: every function of level `function`. */
  host: z.string().min(16),
  /** System keys: one extension's webhook each. */
  system: z.object({ eventgrid_extension: z.string().min(16) }),
  /** Default key of each function. */
  functions: z.record(z.string(), z.string().min(16)),
});

export type HostKeys = z.infer<typeof hostKeys>;

/** What a caller wants to reach. `system` is the Event Grid webhook, which host keys do not open. */
type AccessLevel = 'anonymous' | 'function' | 'system' | 'admin';

export interface Access {
  allows(request: Pick<HostRequest, 'headers' | 'url'>, level: AccessLevel, functionName?: string): boolean;
}

/** Everyone is an administrator, as in Core Tools without `--enableAuth`. */
export const openAccess: Access = { allows: () => true };

/**
 * Access by key: the header `x-functions-key`, else the query parameter `code`.
 *
 * @see https://learn.microsoft.com/azure/azure-functions/function-keys-how-to
 */
export function keyAccess(keys: HostKeys): Access {
  return {
    allows({ headers, url }, level, functionName = '') {
      if (level === 'anonymous') return true;
      const header = headers['x-functions-key'];
      const given = typeof header === 'string' ? header : url.searchParams.get('code');
      if (given === null) return false;
      const accepted = [keys.master];
      if (level === 'system') accepted.push(keys.system.eventgrid_extension);
      if (level === 'function') {
        accepted.push(keys.host);
        const own = keys.functions[functionName];
        if (own !== undefined) accepted.push(own);
      }
      return accepted.map((key) => sameText(key, given)).includes(true);
    },
  };
}

/** Reads `keys.json` in the data directory, or makes it with random keys, readable by its owner alone. */
export async function loadKeys(
  directory: string,
  functionNames: readonly string[],
): Promise<{ readonly file: string; readonly keys: HostKeys }> {
  const file = join(directory, 'keys.json');
  const kept = await readKeys(file);
  const functions: Record<string, string> = { ...kept?.functions };
  for (const name of functionNames) functions[name] ??= newKey();
  const fresh = { master: newKey(), host: newKey(), system: { eventgrid_extension: newKey() } };
  const keys = { ...(kept ?? fresh), functions };
  await mkdir(directory, { recursive: true });
  await writeFile(file, `${JSON.stringify(keys, undefined, 2)}\n`, { mode: 0o600 });
  return { file, keys };
}

async function readKeys(file: string): Promise<HostKeys | undefined> {
  try {
    return hostKeys.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    // Absent or damaged: local keys are cheap to replace.
    return undefined;
  }
}

function newKey(): string {
  return randomBytes(32).toString('base64url');
}

function sameText(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
