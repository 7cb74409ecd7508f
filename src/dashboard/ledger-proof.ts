import { html } from 'hono/html';
import type { PlacedEntry } from '../audit/history-pages.ts';
import type { LedgerHead, LedgerLog, SealedRecord } from '../audit/ledger-ports.ts';
import type { Html } from './html.ts';
import { withQuery } from './links.ts';
import { outside } from './outside-text.ts';
import { badge, shownTime } from './shown.ts';

/** The log, as far as pages ask it. */
export interface LedgerPorts extends Pick<LedgerLog, 'head' | 'sealed'> {
  readonly isSigned: boolean;
}

/** Where the newest record of something is. */
export interface PlaceInLedger {
  readonly isSigned: boolean;
  /** Of the registry's log; absent while it is empty. */
  readonly head?: LedgerHead;
  /** The newest record; absent while it waits. */
  readonly newest?: SealedRecord;
}

/** Looks where a registry's log has a record: two questions, however long the log is. */
export async function placeInLedger(
  { head, sealed, isSigned }: LedgerPorts,
  registry: string,
  recordId: string | undefined,
): Promise<PlaceInLedger> {
  const [log, places] = await Promise.all([
    head(registry),
    recordId === undefined ? [] : sealed(registry, recordId),
  ]);
  const newest = places.at(-1);
  return {
    isSigned,
    ...(log === undefined ? {} : { head: log }),
    ...(newest === undefined ? {} : { newest }),
  };
}

/** What the log has of the listed changes, newest first, and where each one's proof is. */
export function ledgerProof(
  { isSigned, head, newest }: PlaceInLedger,
  entries: readonly PlacedEntry[],
): Html {
  const [first] = entries;
  if (first === undefined)
    return html`<p class="empty">No change of it is recorded, so there is nothing to prove.</p>`;
  if (head === undefined || head.size === 0) {
    return isSigned
      ? html`<p class="empty">Nothing of ${first.registry} is sealed yet: that happens within a minute of its first record.</p>`
      : html`<p class="empty">Nothing is sealed: no key to sign the log with is set.</p>`;
  }
  const { size, sealedAt } = head;
  const proofs = entries.map(
    ({ entry: { kind, fact }, registry }) =>
      html`<li><a href="${proofHref(registry, fact.at.id)}">Proof</a> of ${kind}, ${shownTime(fact.at.time)} <code>${outside(fact.at.id)}</code></li>`,
  );
  return html`<dl class="facts">
<dt>Newest change</dt><dd>${newest === undefined ? badge('waits to be sealed', 'warn') : html`${badge('sealed', 'good')} entry ${newest.index} of the log`}</dd>
<dt>Checkpoint</dt><dd><a href="${withQuery('/api/v1/ledger/checkpoint', { registry: first.registry })}">${size} entries</a>, signed ${shownTime(sealedAt)}</dd>
<dt>Verify</dt><dd><code>acr-audit ledger verify --registry ${first.registry} --key &lt;the key that you were given&gt;</code></dd></dl>
<details><summary>Proofs of each change</summary><ul>${proofs}</ul></details>`;
}

function proofHref(registry: string, recordId: string): string {
  return withQuery('/api/v1/ledger/proof', { recordId, registry });
}
