import { describe, expect, it } from '@jest/globals';
import { readEvidence } from '../../../src/api/evidence-archive.ts';
import { evidenceRecords } from '../../../src/audit/evidence-records.ts';
import { verifyEvidence } from '../../../src/ledger/evidence-verification.ts';
import { verifierKeyText } from '../../../src/ledger/signed-note.ts';
import { recordKey, repositoryKey } from '../../../src/storage/keys.ts';
import { evidenceApp, releasedApp } from '../../builders/evidence-app.ts';
import { fact, recordOf } from '../../builders/facts.ts';
import { images } from '../../builders/image-to-protect.ts';
import { noteSigner } from '../../builders/note-signer.ts';
import { protectedId } from '../../builders/protection-app.ts';
import { digestOf } from '../../builders/registry-event.ts';

const { index, arm, amd, plain } = images;

/** A push to `team/app`, so many minutes after everything else. */
function push(name: string, minute: number, what: Parameters<typeof fact>[2]) {
  return recordOf(fact(name, minute, what));
}

describe('the evidence of a release', () => {
  it('when its log is sealed, every record of it comes with a proof, and all of it verifies by the key alone', async () => {
    const app = await releasedApp();
    const pack = await app.pack('team/app:prod');
    expect(pack.subject).toMatchObject({ digest: index, parts: [amd, arm].sort(), tag: 'prod' });
    expect(verifyEvidence(JSON.parse(JSON.stringify(pack)), [app.key])).toMatchObject({
      ok: true,
      proven: pack.records.length,
      waiting: 0,
      completeUntil: '2026-05-02T14:00:00.001Z',
    });
    const { timeline, approvals, holds, locks, scans, findings } = pack.sections;
    expect(timeline.filter(({ what }) => what === 'push')).toHaveLength(3);
    expect(approvals).toMatchObject([
      {
        approval: { id: app.approval, state: 'protected', environment: 'production', retainFor: 'PT1H' },
        steps: [{ what: 'approval-requested' }, { what: 'approval-begun' }, { what: 'approval-protected' }],
      },
    ]);
    expect(holds).toMatchObject([{ hold: { reason: 'litigation', scope: { approval: app.approval } } }]);
    expect(locks.filter(({ what }) => what === 'lock-set')).toHaveLength(4);
    expect(scans).toMatchObject([{ approval: app.approval, content: { tool: 'trivy', status: 'passed' } }]);
    expect(findings).toMatchObject([
      { kind: 'LockRemoved', status: 'open', steps: [{ what: 'finding-opened' }] },
    ]);
    expect(JSON.stringify(pack)).not.toContain(plain);
  });

  it('when inventories told who used it, that is told as in no log, ended uses as well', async () => {
    const app = await releasedApp();
    const { told } = await app.pack('team/app:prod');
    expect(told).toMatchObject({
      uses: [{ name: 'api' }, { name: 'web', endedAt: expect.any(String) }],
      usesCoverage: { complete: false, fresh: false },
    });
  });

  it('when many records are proven, each file of the log is read once', async () => {
    const app = await releasedApp();
    for (let number = 0; number < 300; number += 1) {
      await app.record(push(`other-${number}`, number, { digest: digestOf(`other-${number}`) }));
    }
    await app.seal();
    app.reads.length = 0;
    const pack = await app.pack('team/app:prod');
    expect(pack.records.length).toBeGreaterThan(15);
    expect(new Set(app.reads).size).toBe(app.reads.length);
    expect(app.reads.length).toBeLessThanOrEqual(5);
    expect(verifyEvidence(pack, [app.key])).toMatchObject({ ok: true });
  });

  it('when something of it waits to be sealed, that is not said to be proven, until it is', async () => {
    const app = await releasedApp();
    await app.record(push('again', 1, { digest: index, tag: 'rc' }));
    const before = await app.pack(`team/app@${index}`);
    expect(before.waiting).toMatchObject([
      { reason: 'waiting', leaf: expect.stringContaining('"tag":"rc"') },
    ]);
    expect(before.sections.timeline.filter(({ waiting }) => waiting === true)).toMatchObject([{ tag: 'rc' }]);
    expect(verifyEvidence(before, [app.key])).toMatchObject({ ok: true, waiting: 1 });
    await app.seal();
    const after = await app.pack(`team/app@${index}`);
    expect(after.waiting).toEqual([]);
    expect(verifyEvidence(after, [app.key])).toMatchObject({ ok: true, waiting: 0 });
  });

  it('when nothing is sealed yet, nothing of it is taken for proven', async () => {
    const app = evidenceApp();
    await app.compare();
    const pack = await app.pack('team/app:prod');
    expect(pack).toMatchObject({ logs: [], records: [] });
    expect(pack.waiting.length).toBeGreaterThan(5);
    expect(verifyEvidence(pack, [app.key])).toMatchObject({ ok: false, where: 'records' });
  });

  it('when a tag moved on, the evidence is of what it was at the time, and tells by what that ended', async () => {
    const app = await releasedApp();
    await app.record(push('move', 60, { digest: plain, tag: 'prod' }));
    await app.seal();
    app.clock.time += 7_200_000;
    const at = (time: string) => app.ask(`image=team/app:prod&format=json&at=${time}`);
    const before: unknown = await (await at('2026-05-02T14:30:00Z')).json();
    expect(before).toMatchObject({ subject: { digest: index, at: '2026-05-02T14:30:00.000Z' } });
    expect(before).toMatchObject({
      sections: {
        timeline: expect.arrayContaining([expect.objectContaining({ digest: plain, of: 'another' })]),
      },
    });
    expect(verifyEvidence(before, [app.key])).toMatchObject({ ok: true });
    const after: unknown = await (await at('2026-05-02T15:30:00Z')).json();
    expect(after).toMatchObject({ subject: { digest: plain, parts: [] }, sections: { approvals: [] } });
    expect(verifyEvidence(after, [app.key])).toMatchObject({ ok: true });
  });

  it('when the log was handed over to other keys, whoever trusts the first one believes the last', async () => {
    const app = await releasedApp();
    const second = await app.handOver();
    await app.seal();
    const third = await app.handOver();
    await app.seal();
    const pack = await app.pack('team/app:prod');
    expect(pack.sections.keys).toHaveLength(2);
    for (const key of [app.key, second, third]) {
      expect(verifyEvidence(pack, [key])).toMatchObject({
        ok: true,
        logs: [{ verifiedBy: [verifierKeyText(third)] }],
      });
    }
    const other = noteSigner().keyOf(third.name);
    expect(verifyEvidence(pack, [other])).toMatchObject({ ok: false, where: 'logs[0]' });
    // Without the first handover nothing leads from the first key to the last.
    const handover = pack.sections.keys[0]?.records[0];
    const cut = { ...pack, records: pack.records.filter((one) => one.index !== handover) };
    expect(verifyEvidence(cut, [app.key])).toMatchObject({ ok: false, where: 'logs[0]' });
  });

  it('when a row was edited after its record was sealed, the pack has what the log has', async () => {
    const app = await releasedApp();
    const [push] = (await app.pack(`team/app@${arm}`)).sections.timeline;
    const rows = app.tables.repositories.rows().filter(({ rowKey }) => rowKey.startsWith(`D|${arm}|`));
    for (const row of rows) {
      await app.tables.repositories.put({ ...row, columns: { ...row.columns, eventId: 'forged' } });
    }
    const pack = await app.pack(`team/app@${arm}`);
    expect(JSON.stringify(pack)).not.toContain('forged');
    expect(pack.sections.timeline[0]).toEqual(push);
    expect(verifyEvidence(pack, [app.key])).toMatchObject({ ok: true });
  });

  it('when a row was put into a table behind the service, its record is told as one that nothing announced', async () => {
    const app = await releasedApp();
    const rows = app.tables.repositories.rows().filter(({ rowKey }) => rowKey.startsWith(`D|${arm}|`));
    const [row] = rows;
    if (row === undefined) throw new Error('no row');
    const at = { time: app.clock.time, id: 'forged' };
    await app.tables.repositories.put({ ...row, rowKey: recordKey(at).replace('E|', `D|${arm}|`) });
    expect(repositoryKey(protectedId)).toBe(row.partitionKey);
    const { waiting } = await app.pack(`team/app@${arm}`);
    expect(waiting).toMatchObject([{ reason: 'unannounced' }]);
  });

  it('when a file of the log is gone or another, no evidence is given', async () => {
    const app = await releasedApp();
    const path = [...app.files.keys()].find((name) => name.includes('tile/0/'));
    app.files.delete(path ?? '');
    const response = await app.ask('image=team/app:prod');
    expect(response.status).toBe(500);
    await expect(app.pack('team/app:prod')).rejects.toMatchObject({ code: 'ledger-broken' });
  });
});

describe('GET digests/evidence', () => {
  it('when a zip is asked for, it is a file of its own that verifies with its summary', async () => {
    const app = await releasedApp();
    const query = 'image=team/app:prod&at=2026-05-02T14:00:30Z';
    const response = await app.ask(query);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/zip',
      'content-disposition': `attachment; filename="evidence-${index.slice(0, 19).replace(':', '-')}.zip"`,
      'cache-control': 'no-store',
    });
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(verifyEvidence(readEvidence(bytes), [app.key])).toMatchObject({ ok: true, hasSummary: true });
  });

  it.each([
    ['', 400, 'image'],
    ['image=team/app', 400, 'image'],
    [`image=team/app@${index}&at=2026-05-02T14:00:00Z`, 400, 'at'],
    ['image=team/app:prod&at=2126-05-02T14:00:00Z', 400, 'at'],
    ['image=team/app:prod&format=pdf', 400, 'format'],
    ['image=fabrikam.azurecr.io/team/app:prod', 400, 'image'],
  ])('when it is asked %j, it answers %i and names %s', async (query, status, name) => {
    const response = await evidenceApp().ask(query);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ parameters: [{ name }] });
  });

  it.each([
    [`image=team/app@${digestOf('nowhere')}`, 'digest-unknown'],
    ['image=team/app:nowhere', 'tag-unknown'],
    ['image=team/app:prod&at=2025-01-01T00:00:00Z', 'before-history'],
  ])('when it is asked %j, of which nothing is known, it answers 404', async (query, type) => {
    const response = await (await releasedApp()).ask(query);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ type: `urn:acr-audit:problem:${type}` });
  });
});

describe('gathering evidence', () => {
  const subject = { ...protectedId, digest: index, parts: [] };
  const entry = { fact: fact('push', 0, { digest: index }), kind: 'created' as const, locations: [] };
  const many = Array.from({ length: 1_000 }, () => ({ ...protectedId, entry, position: 'p' }));
  const statement = { ...protectedId, at: { time: 0, id: 's' }, recordedAt: 0, kind: 'k', content: {} };

  it('when more records concern it than a pack holds, it says so and does not go on reading', async () => {
    let pages = 0;
    const gather = evidenceRecords({
      pages: {
        async page() {
          pages += 1;
          return { entries: many, next: 'more' };
        },
      },
      reader: { record: async () => undefined },
      statements: { page: async () => ({ items: [] }) },
    });
    expect(await gather(subject)).toEqual({ tooMuch: 'records', most: 2_000 });
    expect(pages).toBe(3);
  });

  it('when a repository has more statements than are looked through, it says so', async () => {
    const items = Array.from({ length: 1_000 }, () => ({ statement, position: 'p' }));
    const gather = evidenceRecords({
      pages: { page: async () => ({ entries: [] }) },
      reader: { record: async () => undefined },
      statements: { page: async () => ({ items, next: 'more' }) },
    });
    expect(await gather(subject)).toEqual({ tooMuch: 'statements', most: 50_000 });
  });
});
