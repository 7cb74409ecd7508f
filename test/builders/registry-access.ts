import { setTimeout as delay } from 'node:timers/promises';
import { type RegistryContentOptions, registryContent } from '../../src/acr/registry-content.ts';
import { type RegistryLocksOptions, registryLocks } from '../../src/acr/registry-locks.ts';
import type { AuditFault } from '../../src/audit/fault.ts';
import type { RegistryContent } from '../../src/audit/registry-content.ts';
import type { RegistryLocks } from '../../src/audit/registry-locks.ts';

/** A credential whose access token has this text: the name of one of the stand-in's identities, or any other. */
export function credential(token = 'an access token of a cloud') {
  return { getToken: () => Promise.resolve({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) };
}

export interface Access {
  readonly content: RegistryContent;
  /** The waits before further attempts, in milliseconds, without jitter. None is waited in fact. */
  readonly waits: readonly number[];
}

/** The content of a registry on this machine, with a credential unless told otherwise. */
export function accessTo(
  registry: { readonly url: string; readonly ca: string },
  options: Partial<RegistryContentOptions> = {},
): Access {
  const { waits, retry } = notedWaits();
  const content = registryContent({
    endpoint: registry.url,
    ca: registry.ca,
    credential: credential(),
    ...options,
    retry: { ...retry, ...options.retry },
  });
  return { content, waits };
}

/** The locks of a registry on this machine, set by whom the token names. */
export function locksOf(
  registry: { readonly url: string; readonly ca: string },
  { token, ...options }: Partial<RegistryLocksOptions> & { readonly token?: string } = {},
): { readonly locks: RegistryLocks; readonly waits: readonly number[] } {
  const { waits, retry } = notedWaits();
  const locks = registryLocks({
    endpoint: registry.url,
    ca: registry.ca,
    credential: credential(token),
    ...options,
    retry,
  });
  return { locks, waits };
}

function notedWaits() {
  const waits: number[] = [];
  const pause = async (ms: number) => {
    waits.push(ms);
    await delay(0);
  };
  return { waits, retry: { pause, random: () => 0 } };
}

/** A registry read as anybody may. */
export function anonymousAccessTo(registry: { readonly url: string; readonly ca: string }): RegistryContent {
  return registryContent({ endpoint: registry.url, ca: registry.ca });
}

/** All items of a list. */
export async function gathered<T>(pages: AsyncIterable<readonly T[]>): Promise<readonly T[]> {
  const items: T[] = [];
  for await (const page of pages) items.push(...page);
  return items;
}

/** The pages of a list. */
export async function pagesOf<T>(pages: AsyncIterable<readonly T[]>): Promise<readonly (readonly T[])[]> {
  const all: (readonly T[])[] = [];
  for await (const page of pages) all.push(page);
  return all;
}

/** What a fault is expected to tell. */
export function aFault(code: string, retryable: boolean): Partial<AuditFault> {
  return { name: 'AuditFault', code, retryable };
}
