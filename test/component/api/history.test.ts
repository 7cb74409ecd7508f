import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cursorOf } from '../../../src/api/cursor.ts';
import { type AuditApp, auditApp, itemsOf, pageOf } from '../../builders/audit-app.ts';
import {
  contosoResourceId,
  digestOf,
  type EventOverrides,
  imageDeleted,
  imagePushed,
} from '../../builders/registry-event.ts';

const one = digestOf('one');
const two = digestOf('two');
const at = (minute: number) => new Date(Date.UTC(2026, 4, 2, 14, minute)).toISOString();

/** What happened, by the id of its event; the minute is its place in the list. */
const story: readonly (EventOverrides & { readonly id: string; readonly deleted?: true })[] = [
  { id: 'first', repository: 'team/app', tag: 'prod', digest: one, userAgent: 'docker/27.3.1' },
  { id: 'other-tag', repository: 'team/app', tag: 'dev', digest: one, userAgent: 'Buildx/0.12' },
  { id: 'other-repository', repository: 'team/web', tag: 'prod', digest: two, userAgent: 'docker/26.0.0' },
  { id: 'moved', repository: 'team/app', tag: 'prod', digest: two, userAgent: 'docker/27.3.1' },
  { id: 'again', repository: 'team/app', tag: 'prod', digest: two, userAgent: 'buildx/0.13' },
  { id: 'direct', repository: 'team/app', tag: null, digest: two, userAgent: 'oras/1.2' },
  { id: 'gone', repository: 'team/app', digest: two, deleted: true, userAgent: 'acr-cli' },
];

let app: AuditApp;

beforeAll(async () => {
  app = auditApp();
  // Delivered out of order, which history doesn't show.
  for (const [minute, { deleted, ...overrides }] of [...story.entries()].reverse()) {
    const what = { ...overrides, timestamp: at(minute) };
    await app.deliver(deleted ? imageDeleted(what) : imagePushed(what));
  }
});

async function ids(query: string): Promise<readonly unknown[]> {
  return (await itemsOf(app, query)).map(({ eventId }) => eventId);
}

describe('history', () => {
  it.each([
    ['', ['gone', 'direct', 'again', 'moved', 'other-repository', 'other-tag', 'first']],
    [
      'image=contoso.azurecr.io',
      ['gone', 'direct', 'again', 'moved', 'other-repository', 'other-tag', 'first'],
    ],
    ['image=team/app', ['gone', 'direct', 'again', 'moved', 'other-tag', 'first']],
    ['image=contoso.azurecr.io/team/web', ['other-repository']],
    ['image=team/app:prod', ['gone', 'again', 'moved', 'first']],
    ['image=team/app:dev', ['other-tag']],
    [`image=team/app@${one}`, ['other-tag', 'first']],
    [`image=team/app@${two}`, ['gone', 'direct', 'again', 'moved']],
    [`image=team/app:prod@${one}`, ['first']],
    [`image=team/app:prod@${two}`, ['gone', 'again', 'moved']],
    [`image=team/app:dev@${two}`, []],
    ['image=team/unknown', []],
    ['image=team', []],
    ['image=team/app:pro', []],
  ])('when it is asked with %j, it is that, newest first', async (query, expected) => {
    expect(await ids(query)).toEqual(expected);
  });

  it.each([
    [`from=${at(2)}&to=${at(4)}`, ['again', 'moved', 'other-repository']],
    [`from=${at(3)}&to=${at(3)}`, ['moved']],
    [`to=${at(0)}`, ['first']],
    [`from=${at(6)}`, ['gone']],
    ['from=2026-05-02T14:05:59.999Z', ['gone']],
    ['to=2026-05-02T14:00:59.999Z', ['first']],
    ['from=2026-05-02T16:06:00%2B02:00', ['gone']],
    ['from=2026-05-02T16:06:00+02:00', ['gone']],
    ['from=1970-01-01T00:00:00Z&to=9999-12-31T23:59:59Z&kind=deleted', ['gone']],
    [`image=team/app:prod&from=${at(3)}&to=${at(4)}`, ['again', 'moved']],
    [`image=team/app@${two}&from=${at(4)}&to=${at(5)}`, ['direct', 'again']],
    [`image=team/app&from=${at(1)}&to=${at(3)}`, ['moved', 'other-tag']],
  ])('when it is asked with %j, both ends of the span are in it', async (query, expected) => {
    expect(await ids(query)).toEqual(expected);
  });

  it.each([
    ['kind=moved', ['moved']],
    ['kind=deleted,%20unchanged', ['gone', 'direct', 'again']],
    ['kind=untagged', []],
    ['client=buildx', ['again', 'other-tag']],
    ['client=DOCKER/27', ['moved', 'first']],
    ['client=docker&kind=created', ['other-repository', 'first']],
    ['client=%25', []],
    ['client=.*', []],
  ])('when it is filtered by %j, only what fits is in it', async (query, expected) => {
    expect(await ids(query)).toEqual(expected);
  });

  it.each([1, 2, 3, 6, 7, 1000])('when pages have %i entries, together they are the whole', async (limit) => {
    for (const scope of [
      '',
      'image=team/app',
      'image=team/app:prod',
      `image=team/app@${two}`,
      'client=docker',
    ]) {
      const pages = await pagesOf(app, `${scope}&limit=${limit}`);
      expect(pages.flat().map(({ eventId }) => eventId)).toEqual(await ids(scope));
      for (const page of pages) expect(page.length).toBeLessThanOrEqual(limit);
    }
  });

  it('when the last entry is the last of a full page, there is no cursor to nothing', async () => {
    for (const scope of ['', 'image=team/app:prod', 'image=team/app&kind=deleted,created']) {
      const { length } = await itemsOf(app, scope);
      expect(await pageOf(app, `${scope}&limit=${length}`)).not.toHaveProperty('cursor');
    }
  });

  it('when it is exported, the lines are the items, and the Link header leads through all of it', async () => {
    const json = await itemsOf(app);
    const accept = { ndjson: 'application/x-ndjson', csv: 'text/csv' };
    const lines: string[] = [];
    const cells: string[] = [];
    for (const [form, into] of [
      ['ndjson', lines],
      ['csv', cells],
    ] as const) {
      let path: string | undefined = 'history?limit=3';
      while (path !== undefined) {
        const response = await app.get(path, { headers: { accept: accept[form] } });
        into.push(...(await response.text()).split('\n').filter((line) => line !== ''));
        path = /^<\/api\/v1\/([^>]*)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1];
      }
    }
    expect(lines.map((line) => JSON.parse(line))).toEqual(json);
    const [header, ...rows] = cells.filter((line, index) => index === 0 || !line.startsWith('occurredAt,'));
    expect(header).toBe(
      'occurredAt,registry,repository,tag,kind,digest,previousDigest,notBefore,recordedAt,source,' +
        'userAgent,address,actor,mediaType,size,locations,eventId,recordId,requestId,notes,' +
        'attributedIdentity,attributedAddress,attributedUserAgent,attributedAt,attributedCertainty,attributedEvidence',
    );
    expect(rows.map((row) => row.split(',')[0])).toEqual(json.map(({ occurredAt }) => occurredAt));
  });

  it('when a user agent begins like a formula, the CSV has it as text', async () => {
    const other = auditApp();
    await other.deliver(imagePushed({ digest: one, userAgent: '=HYPERLINK("https://x.example","a,b")' }));
    const response = await other.get('history', { headers: { accept: 'text/csv' } });
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(await response.text()).toContain(`,"'=HYPERLINK(""https://x.example"",""a,b"")",`);
  });

  it('when several registries are audited, each has its own', async () => {
    const several = auditApp({
      registries: [{ loginServer: 'contoso.azurecr.io' }, { loginServer: 'fabrikam.azurecr.io' }],
    });
    await several.deliver(imagePushed({ id: 'contoso', digest: one }));
    const resourceId = contosoResourceId.replace(/contoso$/, 'fabrikam');
    await several.deliver(imagePushed({ id: 'fabrikam', digest: one, resourceId }));
    for (const name of ['contoso', 'fabrikam']) {
      for (const image of [`${name}.azurecr.io`, `${name}.azurecr.io/team/app:1.4.2`]) {
        expect(await itemsOf(several, `image=${image}`)).toEqual([
          expect.objectContaining({ eventId: name }),
        ]);
      }
    }
    expect((await several.get('history')).status).toBe(400);
  });
});

describe('a cursor that no listing gave', () => {
  it('when it is forged, or of another listing, it leads to nothing outside what was asked for', async () => {
    const position = fc.oneof(
      fc.constantFrom('0000000000000|!', '9999999999999|}', '8222269599999|first|team:app'),
      fc.stringMatching(/^\d{13}\|[!-}]{1,40}$/),
    );
    await fc.assert(
      fc.asyncProperty(position, async (forged) => {
        for (const scope of [
          'image=team/app:prod',
          `image=team/app@${one}`,
          'image=team/web',
          `from=${at(3)}`,
          `to=${at(3)}`,
          `image=team/app&to=${at(3)}`,
        ]) {
          const all = await ids(scope);
          const found = await ids(`${scope}&cursor=${cursorOf(forged)}`);
          expect(all.slice(all.length - found.length)).toEqual(found);
        }
      }),
    );
  });
});

describe('pages of storage', () => {
  it('when storage gives short and empty pages, none is taken for the end', async () => {
    let calls = 0;
    const pageLimit = () => [0, 1, 0, 2][calls++ % 4] ?? 1;
    const short = auditApp({ faults: () => ({ pageLimit }) });
    for (const [minute, { deleted, ...overrides }] of story.entries()) {
      const what = { ...overrides, timestamp: at(minute) };
      await short.deliver(deleted ? imageDeleted(what) : imagePushed(what));
    }
    for (const scope of ['', 'image=team/app', 'image=team/app:prod', 'kind=moved', 'client=buildx']) {
      for (const limit of [1, 2, 100]) {
        const pages = await pagesOf(short, `${scope}&limit=${limit}`);
        expect(pages.flat().map(({ eventId }) => eventId)).toEqual(await ids(scope));
      }
    }
    const status = await (await short.get('status')).json();
    expect(status).toMatchObject({ registries: [{ lastEvent: { occurredAt: at(6) } }] });
  });

  it('when a page is of many repositories, storage is not asked for all of them at once', async () => {
    let asking = 0;
    let most = 0;
    const before = () => {
      asking += 1;
      most = Math.max(most, asking);
      return undefined;
    };
    const after = () => {
      asking -= 1;
      return undefined;
    };
    const wide = auditApp({ faults: () => ({ before, after }) });
    const events = Array.from({ length: 120 }, (_, number) =>
      imagePushed({ id: `push-${number}`, repository: `team/app-${number}`, digest: one, timestamp: at(0) }),
    );
    for (const event of events) await wide.deliver(event);
    most = 0;
    expect(await itemsOf(wide, 'limit=1000')).toHaveLength(120);
    expect(most).toBeLessThanOrEqual(32);
  });

  it('when a filter finds little, one request asks storage few times, whatever the limit', async () => {
    let pages = 0;
    const before = (call: string) => {
      if (call === 'page') pages += 1;
      return undefined;
    };
    const counted = auditApp({ faults: () => ({ before }) });
    for (let minute = 0; minute < 50; minute += 1) {
      await counted.deliver(imagePushed({ id: `push-${minute}`, digest: one, timestamp: at(minute) }));
    }
    pages = 0;
    expect(await itemsOf(counted, 'image=team/app&client=nobody&limit=1')).toEqual([]);
    expect(pages).toBeLessThanOrEqual(3);
  });
});

describe('paging while events arrive', () => {
  it('when newer and late events come between pages, every earlier entry is listed exactly once', async () => {
    // One region, so that no event turns out to be the copy of another.
    const event = fc.record({
      minute: fc.integer({ min: 0, max: 59 }),
      tag: fc.constantFrom('prod', 'dev', null),
      digest: fc.constantFrom(one, two),
      repository: fc.constantFrom('team/app', 'team/web'),
      isDelete: fc.integer({ min: 0, max: 5 }).map((number) => number === 0),
    });
    const scopes = fc.constantFrom('', 'image=team/app', 'image=team/app:prod', `image=team/app@${one}`);
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { minLength: 1, maxLength: 15 }),
        fc.array(fc.array(event, { maxLength: 4 }), { maxLength: 10 }),
        scopes,
        fc.integer({ min: 1, max: 4 }),
        async (before, between, scope, limit) => {
          const paged = auditApp();
          let count = 0;
          const deliver = async ({ minute, isDelete, ...what }: (typeof before)[number]) => {
            count += 1;
            const overrides = { ...what, id: `event-${count}`, timestamp: at(minute) };
            await paged.deliver(isDelete ? imageDeleted(overrides) : imagePushed(overrides));
          };
          for (const each of before) await deliver(each);
          const existing = (await itemsOf(paged, scope)).map(({ eventId }) => eventId);

          const arriving = between.values();
          const pages = await pagesOf(paged, `${scope}&limit=${limit}`, async () => {
            for (const each of arriving.next().value ?? []) await deliver(each);
          });
          const listed = pages.flat().map(({ eventId }) => eventId);
          expect(new Set(listed).size).toBe(listed.length);
          expect(listed.filter((id) => existing.includes(id))).toEqual(existing);
          const times = pages.flat().map(({ occurredAt }) => String(occurredAt));
          expect(times).toEqual(times.toSorted().toReversed());
        },
      ),
      { numRuns: 60 },
    );
  });

  it('when many records share one millisecond, pages neither repeat nor lose one', async () => {
    const busy = auditApp();
    for (let number = 0; number < 25; number += 1) {
      const what = { id: `push-${number}`, digest: digestOf(`${number}`), tag: `t${number}` };
      await busy.deliver(imagePushed({ ...what, timestamp: at(0) }));
    }
    for (const scope of ['', 'image=team/app']) {
      const listed = (await pagesOf(busy, `${scope}&limit=4`)).flat().map(({ eventId }) => eventId);
      expect(new Set(listed).size).toBe(25);
      expect(listed).toHaveLength(25);
    }
  });
});

/** All pages of a listing, with something done between one and the next. */
async function pagesOf(of: AuditApp, query: string, between: () => Promise<void> = async () => undefined) {
  const pages = [];
  let cursor: string | undefined;
  do {
    const page = await pageOf(of, cursor === undefined ? query : `${query}&cursor=${cursor}`);
    pages.push(page.items);
    cursor = page.cursor;
    if (pages.length > 1_000) throw new Error('a listing without end');
    await between();
  } while (cursor !== undefined);
  return pages;
}
