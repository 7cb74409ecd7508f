import { describe, expect, it } from '@jest/globals';
import { ledgerLog } from '../../../src/storage/ledger-log.ts';
import { appTime } from '../../builders/audit-app.ts';
import { dashboardApp } from '../../builders/dashboard-app.ts';
import { digestOf, imagePushed } from '../../builders/registry-event.ts';

const registry = 'contoso.azurecr.io';
const path = `digest?image=${encodeURIComponent(`${registry}/team/app@${digestOf('one')}`)}&show=ledger`;

/** A digest that was pushed twice, and the log of its registry. */
async function pushedTwice() {
  const { app, open } = dashboardApp();
  for (const tag of ['1.0', '1.1']) await app.deliver(imagePushed({ tag, digest: digestOf('one') }));
  return { open, log: ledgerLog(app.log, app.repositories) };
}

describe('when a digest is looked at', () => {
  it('before anything is sealed, it says when that happens', async () => {
    const { open } = await pushedTwice();
    expect((await open(path)).body).toContain('is sealed yet: that happens within a minute');
  });

  it('a change that waits is told from one that is sealed, with its place and the checkpoint', async () => {
    const { open, log } = await pushedTwice();
    const head = { size: 40, previousSize: 0, sealedAt: appTime, witnessed: {} };
    await log.setHead(registry, head);
    const waiting = (await open(path)).body;
    expect(waiting).toContain('waits to be sealed');
    expect(waiting).toContain('>40 entries<');
    const { ready } = await log.pending(registry, 10, appTime);
    await log.mark(
      registry,
      ready.map(({ key }, place) => ({ key, index: 30 + place })),
    );
    const sealed = (await open(path)).body;
    expect(sealed).toMatch(/entry 3[01] of the log/);
    expect(sealed.match(/\/api\/v1\/ledger\/proof\?recordId=/g)).toHaveLength(2);
  });
});
