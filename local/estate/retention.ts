import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';

/** Where the chapter is told. */
export interface RetentionSetting {
  /** Base URL of the service. */
  readonly service: string;
  /** Login server of the registry. */
  readonly loginServer: string;
  say(text: string): void;
}

const reason = z.object({ code: z.string(), detail: z.string().optional() });
const checked = z.object({
  items: z.array(z.object({ image: z.string(), deletable: z.boolean(), reasons: z.array(reason) })),
});
const plan = z.object({
  id: z.string(),
  state: z.string(),
  counts: z.object({ tags: z.number(), manifests: z.number(), untag: z.number(), delete: z.number() }),
  blocks: z.array(z.string()),
});

/** Asks whether images may be deleted, as a clean-up would before it does, and has a plan made of what may go. */
export async function tellRetention(
  { service, loginServer, say }: RetentionSetting,
  images: readonly string[],
): Promise<void> {
  await post(`${service}/admin/functions/reconcileRegistries`, { input: '' });
  const body = { images };
  say('\n8. May these be deleted? A clean-up asks before it does:');
  say(`   curl -s ${service}/api/v1/retention/check -H 'content-type: application/json' \\`);
  say(`     -d '${JSON.stringify(body)}'`);
  const answer = await eventually('the registry is compared', async () => {
    const found = checked.parse(await post(`${service}/api/v1/retention/check`, body));
    const isCompared = found.items.every(({ reasons }) =>
      reasons.every(({ code }) => code !== 'history-stale'),
    );
    return isCompared ? found : undefined;
  });
  for (const { image, deletable, reasons } of answer.items) {
    const why = reasons.map(({ code, detail }) => (detail === undefined ? code : `${code} (${detail})`));
    say(`   → ${image}: ${deletable ? 'yes' : `no: ${why.join(', ')}`}`);
  }
  const begun = plan.parse(await post(`${service}/api/v1/retention/plans`, { registry: loginServer }));
  const made = await eventually('the plan is made', async () => {
    const now = plan.parse(await (await fetch(`${service}/api/v1/retention/plans/${begun.id}`)).json());
    return now.state === 'making' ? undefined : now;
  });
  const { tags, manifests, untag, delete: going } = made.counts;
  say(`   A plan of everything that may go: ${untag} of ${tags} tags, ${going} of ${manifests} manifests`);
  say(
    `   (${made.state}${made.blocks.length > 0 ? `: ${made.blocks.join('; ')}` : ''}). What stays, and why:`,
  );
  say(`   curl -s '${service}/api/v1/retention/plans/${made.id}/items?action=keep'`);
}

async function post(url: string, body: unknown): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 300; tries += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await pause(100);
  }
  throw new Error(`It did not come to pass that ${what}.`);
}
