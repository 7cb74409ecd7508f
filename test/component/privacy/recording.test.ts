import { describe, expect, it } from '@jest/globals';
import { AuditFault } from '../../../src/audit/fault.ts';
import { pseudonymsBy } from '../../../src/audit/pseudonyms.ts';
import { recordAttributions } from '../../../src/audit/record-attribution.ts';
import { type PrivacyKey, privacyKey, pseudonymOf } from '../../../src/ledger/pseudonym.ts';
import { attributionOf, attributionPorts } from '../../builders/attributions.ts';
import { type AuditApp, auditApp, itemsOf } from '../../builders/audit-app.ts';
import { fact, recordOf } from '../../builders/facts.ts';
import { recorderOver } from '../../builders/history-stores.ts';
import { memoryTable } from '../../builders/memory-table.ts';
import { digestOf, type EventGridJson, imageDeleted, imagePushed } from '../../builders/registry-event.ts';

const key = keyOf(7);
const both = { hashAddresses: true, hashActors: true };
const [address, actor] = ['203.0.113.7', 'kim@contoso.example'];
const personal = /203\.0\.113\.7|kim/i;

function keyOf(byte: number): PrivacyKey {
  const made = privacyKey(new Uint8Array(32).fill(byte));
  if (made === undefined) throw new Error('no key');
  return made;
}

function personally(event: EventGridJson): EventGridJson {
  const request = {
    id: 'r',
    host: 'contoso.azurecr.io',
    method: 'PUT',
    useragent: 'docker',
    addr: `${address}:5123`,
  };
  return { ...event, data: { ...event.data, request, actor: { name: actor } } };
}

const push = personally(imagePushed({ tag: 'v1', digest: digestOf('one') }));
const deletion = personally(imageDeleted({ digest: digestOf('one'), timestamp: '2026-05-02T15:00:00Z' }));

/** All that an app has stored, as text. */
function storedBy({ repositories, digests, log, rejected, inventory }: AuditApp): string {
  const rows = [repositories, digests, log, rejected, inventory].flatMap((table) => table.rows());
  return rows
    .map((row) => {
      const content = Buffer.from(String(row.columns['payload'] ?? ''), 'base64').toString('utf8');
      return `${JSON.stringify(row)} ${content}`;
    })
    .join('\n');
}

const withKey = (wanted = both) => auditApp({ privacy: { wanted, key: () => Promise.resolve(key) } });

describe('when a policy wants addresses and actors replaced', () => {
  it('no table has them, of pushes, of deletions, and of what is delivered again', async () => {
    const app = withKey();
    for (const event of [push, deletion, push]) await app.deliver(event);
    expect(storedBy(app)).not.toMatch(personal);
    const client = { address: pseudonymOf('address', address, key), actor: pseudonymOf('actor', actor, key) };
    expect(await itemsOf(app)).toEqual([
      expect.objectContaining({ kind: 'deleted', client: expect.objectContaining(client) }),
      expect.objectContaining({ kind: 'created', client: expect.objectContaining(client) }),
    ]);
    expect(await app.deliver(deletion)).toBe('known');
  });

  it('but only what it wants', async () => {
    const app = withKey({ hashAddresses: true, hashActors: false });
    await app.deliver(push);
    expect(storedBy(app)).toMatch(/kim@contoso\.example/);
    expect(storedBy(app)).not.toContain(address);
  });

  it('and without it, all is recorded as it came', async () => {
    const app = auditApp();
    await app.deliver(push);
    expect(storedBy(app)).toContain(`${address}:5123`);
  });

  it('no rejected input has them', async () => {
    const app = withKey();
    expect(await app.deliver({ ...push, id: '' })).toBe('rejected');
    expect(await app.deliver({ ...push, data: `text of ${actor}` })).toBe('rejected');
    const stored = storedBy(app);
    expect(stored).not.toMatch(personal);
    expect(stored).toContain(pseudonymOf('actor', actor, key));
    expect(stored).toContain('withheld: 27 characters');
  });

  it('a question by the plain text is answered, in whole, by the key', async () => {
    const app = withKey();
    await app.deliver(push);
    for (const client of [
      address,
      `${address}:443`,
      actor,
      'KIM@contoso.example',
      pseudonymOf('actor', actor, key),
    ]) {
      expect(await itemsOf(app, `client=${encodeURIComponent(client)}`)).toHaveLength(1);
    }
    for (const client of ['203.0.113', 'kim', '203.0.113.8']) {
      expect(await itemsOf(app, `client=${encodeURIComponent(client)}`)).toEqual([]);
    }
    expect(await itemsOf(app, 'client=docker')).toHaveLength(1);
  });

  it('and its key cannot be had, nothing is recorded, and it is delivered again', async () => {
    const away = new AuditFault('privacy-key', 'away', { retryable: true });
    let isAway = true;
    const app = auditApp({
      privacy: { wanted: both, key: () => (isAway ? Promise.reject(away) : Promise.resolve(key)) },
    });
    await expect(app.deliver(push)).rejects.toBe(away);
    expect(app.log.rows()).toEqual([]);
    isAway = false;
    expect(await app.deliver(push)).toBe('recorded');
    expect(storedBy(app)).not.toMatch(personal);
  });

  it('whoever the log tells of is not in any table either', async () => {
    const tables = { repositories: memoryTable(), digests: memoryTable(), log: memoryTable() };
    const pushed = fact('push', 0, { tag: 'v1', digest: digestOf('one') });
    await recorderOver(tables)(recordOf(pushed));
    const ports = { ...attributionPorts(tables), pseudonyms: pseudonymsBy(both, () => Promise.resolve(key)) };
    const attribution = attributionOf(pushed, { identity: actor, address });
    expect(await recordAttributions(ports)(new Map([[recordOf(pushed), attribution]]))).toBe(1);
    expect(await recordAttributions(ports)(new Map([[recordOf(pushed), attribution]]))).toBe(0);
    const stored = JSON.stringify([tables.repositories.rows(), tables.log.rows()]);
    expect(stored).not.toMatch(personal);
    expect(stored).toContain(pseudonymOf('actor', actor, key));
    expect(stored).toContain(pseudonymOf('address', address, key));
  });
});

describe('when who pushed is looked for among who asks', () => {
  const { whichOf } = pseudonymsBy(both, () => Promise.resolve(key));
  const recorded = pseudonymOf('actor', actor, key);

  it.each([
    ['is one of the names', recorded, ['an id', actor], actor],
    ['is another', recorded, ['an id', 'pat@contoso.example'], undefined],
    ['was recorded before there was a key', actor, ['an id', actor], actor],
    [
      'was recorded by a key that is gone',
      pseudonymOf('actor', actor, keyOf(8)),
      [actor],
      expect.stringMatching(/^hmac:/),
    ],
  ])('and %s, that is told', async (_, text, names, told) => {
    expect(await whichOf(text, names)).toEqual(told);
  });
});
