import { describe, expect, it } from '@jest/globals';
import * as z from 'zod/mini';
import { type Finding, findingOf } from '../../../src/findings/finding.ts';
import { findingKinds } from '../../../src/findings/kind.ts';
import { lockRemoved } from '../../../src/protection/lock-finding.ts';
import { tagTarget } from '../../../src/protection/lock-target.ts';
import { auditApp } from '../../builders/audit-app.ts';
import { digestOf } from '../../builders/registry-event.ts';

const registry = 'contoso.azurecr.io';
const start = Date.UTC(2026, 4, 2, 12);
const at = (minute: number) => new Date(start + minute * 60_000).toISOString();
const page = z.object({
  items: z.array(z.object({ id: z.string(), image: z.string() })),
  cursor: z.optional(z.string()),
});

const removed = lockRemoved(
  { registry, repository: 'team/app' },
  {
    target: tagTarget('1.4.2'),
    before: { canDelete: true, canWrite: true },
    approvals: ['a1'],
    roots: [digestOf('app')],
    needs: [],
    setAt: start - 3_600_000,
    verifiedAt: start - 60_000,
  },
  { canDelete: true, canWrite: false },
  { since: start - 60_000, until: start },
);
const deleted = findingOf(
  'ProtectedDigestDeleted',
  { registry, repository: 'team/app', digest: digestOf('gone') },
  { approvals: ['a1'] },
);
const orphan = findingOf('OrphanLock', { registry, repository: 'team/web', tag: '=1+1' }, { forbids: [] });

/** The app, with findings raised one after another, a minute apart. */
async function found(...findings: readonly Finding[]) {
  const app = auditApp();
  const ids: string[] = [];
  for (const [minute, finding] of findings.entries()) {
    const [raised] = await app.findings.raise(registry, [finding], start + minute * 60_000);
    ids.push(raised?.id ?? '');
  }
  const list = async (query = '') => {
    const response = await app.get(`findings?${query}`);
    return page.parse(await response.json());
  };
  const idsOf = async (query = '') => (await list(query)).items.map(({ id }) => id);
  return { app, ids, list, idsOf };
}

describe('findings', () => {
  it('when there are none, the list is empty', async () => {
    const { app } = await found();
    const response = await app.get('findings');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ items: [] });
  });

  it('when one is open, it says what is wrong with which image, since when, and what to do', async () => {
    const { app, ids } = await found(removed);
    await app.findings.raise(registry, [removed], start + 60_000);
    const item = {
      id: ids[0],
      kind: 'LockRemoved',
      severity: 'high',
      status: 'open',
      image: 'contoso.azurecr.io/team/app:1.4.2',
      registry,
      repository: 'team/app',
      tag: '1.4.2',
      detail: {
        approvals: ['a1'],
        opened: ['delete'],
        notBefore: at(-1),
        notAfter: at(0),
        verifiedAt: at(-1),
      },
      remedy: findingKinds.LockRemoved.remedy,
      firstSeen: at(0),
      lastSeen: at(1),
    };
    expect(await (await app.get('findings')).json()).toEqual({ items: [item] });
    const response = await app.get(`findings/${ids[0]}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual(item);
  });

  it('when one was resolved and came back, it says since when', async () => {
    const { app, ids, idsOf } = await found(orphan);
    const scope = { repository: 'team/web', kinds: ['OrphanLock'] } as const;
    await app.findings.settle(registry, scope, new Set(), start + 60_000);
    expect(await idsOf()).toEqual([]);
    expect(await idsOf('status=resolved')).toEqual(ids);
    expect(await (await app.get(`findings/${ids[0]}`)).json()).toMatchObject({
      status: 'resolved',
      resolvedAt: at(1),
    });
    await app.findings.raise(registry, [orphan], start + 120_000);
    expect(await (await app.get('findings')).json()).toMatchObject({
      items: [{ status: 'open', firstSeen: at(0), reopenedAt: at(2) }],
    });
    expect(await idsOf('status=resolved')).toEqual([]);
  });

  it('when filters are given, the answer has what matches them all', async () => {
    const { ids, idsOf } = await found(removed, deleted, orphan);
    const [one, two, three] = ids;
    expect(await idsOf()).toEqual([three, two, one]);
    expect(await idsOf('severity=critical')).toEqual([two]);
    expect(await idsOf('kind=OrphanLock')).toEqual([three]);
    expect(await idsOf('image=team/app')).toEqual([two, one]);
    expect(await idsOf('image=contoso.azurecr.io')).toEqual([three, two, one]);
    expect(await idsOf('image=contoso.azurecr.io/team/app:1.4.2')).toEqual([one]);
    expect(await idsOf(`image=team/app@${digestOf('gone')}`)).toEqual([two]);
    expect(await idsOf('image=team/app&severity=high')).toEqual([one]);
    expect(await idsOf(`registry=CONTOSO.azurecr.io&image=${registry}/team/web`)).toEqual([three]);
    expect(await idsOf('image=team')).toEqual([]);
  });

  it('when there are more than one page holds, the cursor and the link go on', async () => {
    const { app, ids, list } = await found(removed, deleted, orphan);
    const first = await list('limit=2');
    const second = await list(`limit=2&cursor=${first.cursor}`);
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids.toReversed());
    expect(second.cursor).toBeUndefined();
    const response = await app.get('findings?limit=2', { headers: { accept: 'application/x-ndjson' } });
    expect(response.headers.get('link')).toContain('rel="next"');
    expect((await response.text()).trim().split('\n')).toHaveLength(2);
  });

  it('when CSV is asked for, every finding has the same columns, and nothing is a formula', async () => {
    const { app, ids } = await found(orphan, removed);
    const response = await app.get('findings', { headers: { accept: 'text/csv' } });
    expect(response.headers.get('content-type')).toMatch(/^text\/csv/);
    const [header, first, second] = (await response.text()).split('\n');
    expect(header).toBe(
      'id,kind,severity,status,image,registry,repository,tag,digest,firstSeen,lastSeen,reopenedAt,resolvedAt,owner,waivedUntil,detail,remedy',
    );
    expect(first).toContain(`${ids[1]},LockRemoved,high,open,${registry}/team/app:1.4.2,${registry},`);
    expect(first).toContain('""opened"":[""delete""]');
    expect(second).toContain(",'=1+1,");
  });

  it('when several registries are audited, all are listed unless one is named, and an id is looked for in all', async () => {
    const registries = [{ loginServer: registry }, { loginServer: 'fabrikam.azurecr.io' }];
    const app = auditApp({ registries });
    const other = { ...removed, subject: { ...removed.subject, registry: 'fabrikam.azurecr.io' } };
    const [raised] = await app.findings.raise('fabrikam.azurecr.io', [other], start);
    expect(await (await app.get('findings')).json()).toMatchObject({ items: [{ id: raised?.id }] });
    expect(await (await app.get('findings?registry=contoso.azurecr.io')).json()).toEqual({ items: [] });
    expect(
      await (await app.get('findings?registry=fabrikam.azurecr.io&image=team/app')).json(),
    ).toMatchObject({ items: [{ id: raised?.id }] });
    expect((await app.get(`findings/${raised?.id}`)).status).toBe(200);
    expect((await app.get(`findings/${raised?.id}?registry=contoso.azurecr.io`)).status).toBe(404);
  });

  it('when no finding has the id, the answer is 404', async () => {
    const response = await auditApp().get(`findings/${'0'.repeat(32)}`);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      type: 'urn:acr-audit:problem:finding-unknown',
      title: 'There is no such finding',
      status: 404,
      detail: `No finding of the audited registries has the id ${'0'.repeat(32)}.`,
    });
  });
});
