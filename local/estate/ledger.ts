import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';

interface LedgerSetting {
  readonly service: string;
  readonly loginServer: string;
  readonly say: (text: string) => void;
}

const records = z.object({ items: z.array(z.object({ recordId: z.string() })) });
const proofs = z.object({
  items: z.array(z.object({ index: z.number(), size: z.number(), hashes: z.array(z.string()) })),
});
const keysForm = z.object({ keys: z.array(z.string()) });

/** How long the story waits for what is sealed within a minute, and is asked for at once. */
const patienceMs = 30_000;

/** Has what happened sealed, asks for the proof that a move is in the log, and tells how to verify all of it. */
export async function tellLedger({ service, loginServer, say }: LedgerSetting, image: string): Promise<void> {
  const api = `${service}/api/v1`;
  const read = async (path: string) => (await fetch(`${api}/${path}`)).json();
  await fetch(`${service}/admin/functions/sealLedger`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ input: '' }),
  });
  const query = new URLSearchParams({ image, kind: 'moved', limit: '1' });
  const [move] = records.parse(await read(`history?${query}`)).items;
  const path = `ledger/proof?recordId=${encodeURIComponent(move?.recordId ?? '')}`;
  const proof = await sealed(`${api}/${path}`);
  const { keys } = keysForm.parse(await read(`ledger/keys?registry=${encodeURIComponent(loginServer)}`));
  say('\n9. Was that move of prod edited since, or anything else?');
  say(`   curl -s ${api}/${path}`);
  say(
    `   → record ${proof.index} of ${proof.size}, proven by ${proof.hashes.length} hashes and a signed checkpoint`,
  );
  say(`   npm run verify -- --from ${api}/ledger/logs/${loginServer}/ \\\n     --key '${keys[0]}'`);
}

async function sealed(url: string) {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const response = await fetch(url);
    if (response.ok) {
      const [proof] = proofs.parse(await response.json()).items;
      if (proof !== undefined) return proof;
    }
    if (Date.now() > deadline)
      throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
    await pause(200);
  }
}
