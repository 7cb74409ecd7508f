import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type AuditApp, appTime, auditApp } from '../../builders/audit-app.ts';
import { fact, recordOf } from '../../builders/facts.ts';
import { recorderOver } from '../../builders/history-stores.ts';
import { digestOf, imageDeleted, imagePushed } from '../../builders/registry-event.ts';

const [one, two, three] = [digestOf('one'), digestOf('two'), digestOf('three')];
const start = Date.UTC(2026, 4, 2, 14);
const at = (minute: number) => new Date(start + minute * 60_000).toISOString();

async function resolve(app: AuditApp, query: string) {
  const response = await app.get(`resolve?${query}`);
  return { status: response.status, body: await response.json() };
}

describe('when a tag was found removed some time before a comparison', () => {
  it('the answer is exact up to the last time it was surely there, and says so of the window after it', async () => {
    const app = auditApp();
    await app.deliver(imagePushed({ tag: 'prod', id: 'begin', digest: one, timestamp: at(10) }));
    const untag = fact('untag', 0, { action: 'untag', tag: 'prod', digest: one, source: 'reconcile' });
    const found = { at: { time: start + 40 * 60_000, id: 'untag' }, notBefore: start + 20 * 60_000 };
    await recorderOver(app)(recordOf({ ...untag, ...found }));

    const ending = { until: at(40), untilNotBefore: at(20) };
    expect(await resolve(app, `image=team/app:prod&at=${at(19)}`)).toMatchObject({
      body: { digest: one, certainty: 'exact', ...ending },
    });
    for (const minute of [20, 30, 39]) {
      expect(await resolve(app, `image=team/app:prod&at=${at(minute)}`)).toMatchObject({
        body: { digest: one, certainty: 'window', ...ending },
      });
    }
    expect(await resolve(app, `image=team/app:prod&at=${at(40)}`)).toMatchObject({
      status: 404,
      body: { kind: 'untagged', endedAt: at(40), endedNotBefore: at(20) },
    });
  });
});

describe('resolve', () => {
  let app: AuditApp;

  beforeAll(async () => {
    app = auditApp();
    const push = { tag: 'prod', userAgent: 'docker/27.3.1' };
    await app.deliver(imagePushed({ ...push, id: 'begin', digest: one, timestamp: at(10) }));
    await app.deliver(imagePushed({ ...push, id: 'again', digest: one, timestamp: at(15) }));
    await app.deliver(imagePushed({ ...push, id: 'move', digest: two, timestamp: at(20) }));
    await app.deliver(imageDeleted({ id: 'gone', digest: two, timestamp: at(30) }));
  });

  it('when the tag pointed to a digest then, the answer names it, since when, until when and by whom', async () => {
    expect(await resolve(app, `image=team/app:prod&at=${at(16)}`)).toEqual({
      status: 200,
      body: {
        image: `contoso.azurecr.io/team/app@${one}`,
        registry: 'contoso.azurecr.io',
        repository: 'team/app',
        tag: 'prod',
        at: at(16),
        digest: one,
        since: at(10),
        until: at(20),
        certainty: 'exact',
        by: {
          kind: 'created',
          occurredAt: at(10),
          client: { userAgent: 'docker/27.3.1' },
          eventId: 'begin',
          recordId: 'begin',
        },
      },
    });
  });

  it.each([
    [at(10), one],
    ['2026-05-02T14:19:59.999Z', one],
    [at(20), two],
    ['2026-05-02T14:29:59.999Z', two],
  ])('when it is asked at the edge %s, the change of that instant has happened', async (time, digest) => {
    expect(await resolve(app, `image=contoso.azurecr.io/team/app:prod&at=${time}`)).toMatchObject({
      status: 200,
      body: { digest },
    });
  });

  it.each([`&at=${at(30)}`, `&at=${at(45)}`, ''])(
    'when the tag had ended (%j), that is a problem which names the digest it had',
    async (query) => {
      expect(await resolve(app, `image=team/app:prod${query}`)).toMatchObject({
        status: 404,
        body: {
          type: 'urn:acr-audit:problem:tag-ended',
          status: 404,
          kind: 'deleted',
          endedAt: at(30),
          lastDigest: two,
          recordId: 'gone',
        },
      });
    },
  );

  it('when it is asked before the first push known, the problem says from when history is known', async () => {
    expect(await resolve(app, 'image=team/app:prod&at=2026-05-02T14:09:59.999Z')).toMatchObject({
      status: 404,
      body: { type: 'urn:acr-audit:problem:before-history', status: 404, knownFrom: at(10) },
    });
  });

  it.each(['team/app:stage', 'team/app:Prod', 'team/other:prod', 'edge.contoso.azurecr.io/team/app:prod'])(
    'when no event named %s, the problem says so',
    async (image) => {
      expect(await resolve(app, `image=${image}`)).toMatchObject({
        status: 404,
        body: { type: 'urn:acr-audit:problem:tag-unknown', status: 404 },
      });
    },
  );

  it('when no time is given, it is now; and later than now is refused with the latest time there is', async () => {
    const live = auditApp();
    await live.deliver(imagePushed({ tag: 'prod', digest: three, timestamp: at(0) }));
    expect(await resolve(live, 'image=team/app:prod')).toMatchObject({
      body: { digest: three, at: new Date(appTime).toISOString() },
    });
    const now = new Date(appTime).toISOString();
    expect(await resolve(live, `image=team/app:prod&at=${now}`)).toMatchObject({ status: 200 });
    const later = new Date(appTime + 1).toISOString();
    expect(await resolve(live, `image=team/app:prod&at=${later}`)).toMatchObject({
      status: 400,
      body: {
        parameters: [{ name: 'at', reason: expect.stringContaining(new Date(appTime).toISOString()) }],
      },
    });
  });

  it('when a late event tells what came before, the answer for that time is corrected', async () => {
    const late = auditApp();
    await late.deliver(imagePushed({ id: 'b', tag: 'prod', digest: two, timestamp: at(20) }));
    expect(await resolve(late, `image=team/app:prod&at=${at(15)}`)).toMatchObject({ status: 404 });
    await late.deliver(imagePushed({ id: 'a', tag: 'prod', digest: one, timestamp: at(10) }));
    expect(await resolve(late, `image=team/app:prod&at=${at(15)}`)).toMatchObject({
      status: 200,
      body: { digest: one, since: at(10), until: at(20) },
    });
  });
});

interface Step {
  readonly minute: number;
  readonly id: string;
  readonly change: 'push' | 'delete';
  readonly digest: string;
}

/** What a tag points to after steps, one after the other: nothing more is needed to say it. */
function heldAfter(steps: readonly Step[]) {
  let held: string | undefined;
  let isSeen = false;
  for (const { change, digest } of steps) {
    if (change === 'push') {
      held = digest;
      isSeen = true;
    } else if (held === digest) {
      held = undefined;
    }
  }
  return { held, isSeen };
}

describe('resolve at any time', () => {
  it('when events came in any order, it agrees with following them one after the other', async () => {
    const step = fc.record({
      minute: fc.integer({ min: 0, max: 40 }),
      id: fc.integer({ min: 100, max: 999 }).map((number) => `event-${number}`),
      change: fc.constantFrom('push' as const, 'push' as const, 'delete' as const),
      digest: fc.constantFrom<string>(one, two, three),
    });
    const steps = fc
      .uniqueArray(step, { minLength: 1, maxLength: 10, selector: ({ id }) => id })
      .chain((some) => fc.shuffledSubarray(some, { minLength: some.length }));
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: -1, max: 41 }), async (shuffled, minute) => {
        const app = auditApp();
        for (const { change, ...step } of shuffled) {
          const what = { ...step, tag: 'prod', timestamp: at(step.minute) };
          await app.deliver(change === 'push' ? imagePushed(what) : imageDeleted(what));
        }
        // In one millisecond the smaller id is the newer.
        const inOrder = shuffled.toSorted((a, b) => a.minute - b.minute || (a.id < b.id ? 1 : -1));
        const { held, isSeen } = heldAfter(inOrder.filter((one) => one.minute <= minute));
        const isEverPushed = shuffled.some(({ change }) => change === 'push');
        const { status, body } = await resolve(app, `image=team/app:prod&at=${at(minute)}`);
        if (held !== undefined) {
          expect({ status, body }).toMatchObject({ status: 200, body: { digest: held } });
          return;
        }
        const type = isSeen ? 'tag-ended' : isEverPushed ? 'before-history' : 'tag-unknown';
        expect({ status, body }).toMatchObject({
          status: 404,
          body: { type: `urn:acr-audit:problem:${type}` },
        });
      }),
      { numRuns: 200 },
    );
  });
});
