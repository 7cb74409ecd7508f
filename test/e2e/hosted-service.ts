import * as z from 'zod/mini';
import { eventually, type HostProcess } from '../component/host/host-process.ts';

const item = z.object({
  kind: z.string(),
  source: z.string(),
  repository: z.string(),
  tag: z.optional(z.string()),
  digest: z.string(),
  previousDigest: z.optional(z.string()),
  occurredAt: z.string(),
  notBefore: z.optional(z.string()),
  eventId: z.string(),
});
const page = z.object({ items: z.array(item), cursor: z.optional(z.string()) });
const status = z.object({
  registries: z.array(
    z.object({
      registry: z.string(),
      rejected: z.number(),
      lastRound: z.optional(z.object({ startedAt: z.string() })),
    }),
  ),
  comparisonsWaiting: z.number(),
  unattributed: z.object({ rejected: z.number() }),
});

/** An entry of history as the API answers it; what is not named here is left out. */
export type HistoryItem = z.output<typeof item>;

/** Asks again when a connection is closed: the host ends idle ones, and a request may cross that. */
function answered(url: string, init?: RequestInit): Promise<Response> {
  return eventually(() => fetch(url, init).catch(() => undefined));
}

/** All of an image's, repository's or registry's history, newest first. */
export async function wholeHistory({ url }: Pick<HostProcess, 'url'>, image: string) {
  const items: HistoryItem[] = [];
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({ image, limit: '500', ...(cursor === undefined ? {} : { cursor }) });
    const response = await answered(`${url}/api/v1/history?${query}`);
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
    const read = page.parse(await response.json());
    items.push(...read.items);
    cursor = read.cursor;
  } while (cursor !== undefined);
  return items;
}

/** What the service says of itself. */
export async function statusOf({ url }: Pick<HostProcess, 'url'>): Promise<z.output<typeof status>> {
  return status.parse(await (await answered(`${url}/api/v1/status`)).json());
}

/**
 * Begins a round of comparisons now rather than at the next full hour, when none is under way. Resolves once its
 * comparisons wait.
 */
export async function beginRound(host: Pick<HostProcess, 'url'>): Promise<void> {
  const rounds = async () => JSON.stringify((await statusOf(host)).registries.map((one) => one.lastRound));
  const before = await rounds();
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ input: '' });
  await answered(`${host.url}/admin/functions/reconcileRegistries`, { method: 'POST', headers, body });
  await eventually(async () => ((await rounds()) === before ? undefined : true));
}
