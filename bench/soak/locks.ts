import * as z from 'zod/mini';
import { parseDigest } from '../../src/registry/digest.ts';
import { accessTo } from '../../test/builders/registry-access.ts';
import type { ServiceCalls } from './service-calls.ts';
import type { SoakSetting } from './setting.ts';

const approvals = z.object({
  items: z.array(
    z.object({
      repository: z.string(),
      digest: z.string(),
      state: z.string(),
      window: z.object({ open: z.boolean() }),
    }),
  ),
  cursor: z.optional(z.string()),
});

/** What approvals came to in the registry. */
export interface LockVerdict {
  /** Approvals that are to be protected now, and whose digest is still there. */
  readonly inForce: number;
  /** Those whose digest is not locked. */
  readonly unlocked: readonly string[];
}

/** Holds the locks of the registry to the approvals that are in force. */
export async function locksAsApproved(
  { registry }: Pick<SoakSetting, 'registry'>,
  service: ServiceCalls,
): Promise<LockVerdict> {
  const { content } = accessTo(registry);
  const unlocked: string[] = [];
  let inForce = 0;
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({ limit: '500', ...(cursor === undefined ? {} : { cursor }) });
    const page = approvals.parse((await service.get(`api/v1/approvals?${query}`)).body);
    for (const { repository, digest, state, window } of page.items) {
      const known = parseDigest(digest);
      if (!window.open || state === 'failed' || known === undefined) continue;
      const manifest = await content.manifest(repository, known);
      // One that was unlocked and deleted is a finding.
      if (manifest === undefined) continue;
      inForce += 1;
      if (manifest.locks.canDelete) unlocked.push(`${repository}@${digest} (${state})`);
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  return { inForce, unlocked };
}
