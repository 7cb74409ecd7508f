import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RegistryContent } from '../../../src/audit/registry-content.ts';
import type { Entry } from '../../../src/history/entry.ts';
import type { History } from '../../builders/history-oracle.ts';
import { accessTo } from '../../builders/registry-access.ts';
import { type EventReceiver, openEventReceiver } from '../acr/event-receiver.ts';
import { openTestRegistry, type TestRegistry } from '../acr/test-registry.ts';
import { type AuditedRepository, auditedRepository } from './audited-repository.ts';
import { arbitrarySteps, type Deed, type Life, live } from './registry-life.ts';

/** More runs can be asked for: `LOSSY_RUNS=2000 npx jest test/component/reconcile/lossy-events.test.ts`. */
const numRuns = Number(process.env['LOSSY_RUNS'] ?? 80);
const begin = Date.UTC(2026, 4, 2, 14);

/** The registry's time, and the app's. */
const clock = { time: begin };
let receiver: EventReceiver;
let registry: TestRegistry;
let content: RegistryContent;
let repositories = 0;

beforeAll(async () => {
  receiver = await openEventReceiver();
  registry = await openTestRegistry({ now: () => new Date(clock.time) });
  await registry.events.subscribe(receiver.endpoint);
  content = accessTo(registry).content;
});
afterAll(async () => {
  await registry?.dispose();
  await receiver?.close();
});

/** An event as the stand-in sent it. */
type Event = EventReceiver['deliveries'][number]['event'];

/** What happens in a repository of its own, and the events that arrived of it. */
async function lived(steps: Parameters<typeof live>[2]) {
  clock.time = begin;
  repositories += 1;
  const repository = `team/app-${repositories}`;
  const before = receiver.deliveries.length;
  const life = await live(registry, repository, steps, clock);
  await registry.events.settled();
  const events = receiver.deliveries.slice(before).map(({ event }) => event);
  return { repository, life, events };
}

const auditOf = (repository: string) => auditedRepository({ registry, content, clock }, repository);

/** What a history lists, oldest first: copies and what other facts explain are not. */
function listed({ records }: History): readonly Entry[] {
  return records.filter(({ replicaOf }) => replicaOf === undefined);
}

/** What a history says is there, with the last push of each tag. */
function presentIn({ tags, digests }: History) {
  return {
    tags: Object.values(tags)
      .filter(({ head }) => head.endedAt === undefined)
      .map(({ head: { tag, holding } }) => `${tag} ${holding.digest} ${holding.lastPush.time}`)
      .sort(),
    manifests: Object.values(digests).flatMap(({ head: { digest, presence } }) =>
      presence === 'present' ? [digest] : [],
    ),
  };
}

function presentOf({ tags, manifests }: Life) {
  return {
    tags: [...tags].map(([tag, { digest, pushedAt }]) => `${tag} ${digest} ${pushedAt}`).sort(),
    manifests: [...manifests].sort(),
  };
}

/** What a history says is there, whenever it was pushed: closer than the tolerance no comparison tells pushes apart. */
function digestsIn(history: History) {
  const { tags, manifests } = presentIn(history);
  return { tags: tags.map(withoutTime), manifests };
}

function digestsOf(life: Life) {
  const { tags, manifests } = presentOf(life);
  return { tags: tags.map(withoutTime), manifests };
}

function withoutTime(tag: string): string {
  return tag.slice(0, tag.lastIndexOf(' '));
}

/** The registry's own account of what is there, to hold the test's to. */
async function presentInRegistry(repository: string) {
  const tags = (await Array.fromAsync(content.tags(repository))).flat();
  const manifests = (await Array.fromAsync(content.manifests(repository))).flat();
  return {
    tags: tags.map(({ tag, digest, updatedAt }) => `${tag} ${digest} ${updatedAt}`).sort(),
    manifests: manifests.map(({ digest }) => digest).sort(),
  };
}

/** The deeds that an entry may tell: for a push its time decides, for an end the window it was found in. */
function deedsToldBy({ fact }: Entry, { deeds }: Life): readonly Deed[] {
  const { action, tag, digest, at, notBefore = at.time, source } = fact;
  return deeds.filter((deed) => {
    if (deed.at < notBefore || deed.at > at.time) return false;
    if (action === 'untag') return endsTag(deed, tag);
    if (deed.action !== action || deed.digest !== digest) return false;
    // A manifest that is found by itself was pushed with a tag, or not, which nothing tells any more.
    return action === 'delete' || deed.tag === tag || (tag === undefined && source !== 'event');
  });

  /** Whether it was what removed a tag, or moved it away from what history knew it to point to. */
  function endsTag(deed: Deed, name: string | undefined): boolean {
    if (deed.action === 'untag') return deed.tag === name;
    return deed.action === 'delete' && lastPushBefore(name, deed.at)?.digest === deed.digest;
  }
  function lastPushBefore(name: string | undefined, time: number): Deed | undefined {
    return deeds.findLast((deed) => deed.action === 'push' && deed.tag === name && deed.at < time);
  }
}

/** Expects all that is listed to have happened, each deed told once, and each delivered event at its exact time. */
function expectTrue(history: History, life: Life, delivered: readonly Event[]): void {
  const entries = listed(history);
  expect(entries.filter((entry) => deedsToldBy(entry, life).length === 0)).toEqual([]);
  const told = entries.flatMap((entry) => {
    const deed = deedsToldBy(entry, life).at(-1);
    const subject = entry.fact.action === 'untag' ? entry.fact.tag : entry.fact.digest;
    return deed === undefined ? [] : [`${entry.fact.action} ${subject} ${deed.at}`];
  });
  expect(told.filter((one, index) => told.indexOf(one) !== index)).toEqual([]);
  for (const { id } of delivered) {
    const telling = entries.filter(({ fact }) => fact.eventId === id);
    expect(telling).toHaveLength(1);
    expect(telling.map(({ fact: { notBefore, source } }) => ({ notBefore, source }))).toEqual([
      { notBefore: undefined, source: 'event' },
    ]);
  }
}

/** What becomes of one event on its way: one in five is lost, and one in five comes twice. */
interface Fate {
  readonly comes: 'once' | 'twice' | 'never';
  /** The places in the order of arrival of its deliveries. */
  readonly places: readonly [number, number];
}

const mostSteps = 20;
const place = fc.integer({ min: 0, max: 1_000 });
/** A fate for each event that so many steps can tell. */
const arbitraryFates: fc.Arbitrary<readonly Fate[]> = fc.array(
  fc.record({
    comes: fc.constantFrom(
      'once' as const,
      'once' as const,
      'once' as const,
      'twice' as const,
      'never' as const,
    ),
    places: fc.tuple(place, place),
  }),
  { minLength: mostSteps, maxLength: mostSteps },
);

/** What a lossy channel delivers of events: some not at all, some twice, in an order of its own. */
function carried(events: readonly Event[], fates: readonly Fate[]): readonly Event[] {
  return events
    .flatMap((event, index) => {
      const { comes = 'once', places = [0, 0] } = fates[index] ?? {};
      const times = { never: 0, once: 1, twice: 2 }[comes];
      return places.slice(0, times).map((at) => ({ event, at }));
    })
    .sort((a, b) => a.at - b.at)
    .map(({ event }) => event);
}

/** Far enough apart that a push that is found is never taken for another one's event. */
const apart = fc.integer({ min: 10_001, max: 600_000 });
/** So close that a push that is found may be of the time that any event of the last few steps gives. */
const close = fc.integer({ min: 1, max: 4_000 });

describe('when events are lost, repeated and overtake one another', () => {
  it('after one comparison, history is what the registry did, as far as it can be known; the next writes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrarySteps(apart, mostSteps), arbitraryFates, async (steps, fates) => {
        const { repository, life, events } = await lived(steps);
        // Each deed but an untag told an event: what is lost is lost on the way.
        expect(events).toHaveLength(life.deeds.filter(({ action }) => action !== 'untag').length);
        const audit = auditOf(repository);
        const delivered = carried(events, fates);
        await audit.deliver(delivered);
        const { startedAt } = await audit.reconcile();
        const history = await audit.history();
        expect(await presentInRegistry(repository)).toEqual(presentOf(life));
        expect(presentIn(history)).toEqual(presentOf(life));
        expectTrue(history, life, delivered);
        await expectNothingToWrite(audit, startedAt);
      }),
      { numRuns },
    );
  });

  it('what is there is known after one comparison, also when all happens within seconds', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrarySteps(close, mostSteps), arbitraryFates, async (steps, fates) => {
        const { repository, life, events } = await lived(steps);
        const audit = auditOf(repository);
        const delivered = carried(events, fates);
        await audit.deliver(delivered);
        const { startedAt } = await audit.reconcile();
        expect(digestsIn(await audit.history())).toEqual(digestsOf(life));
        await expectNothingToWrite(audit, startedAt);

        await audit.deliver(events.filter((event) => !delivered.includes(event)).reverse());
        const second = await audit.reconcile(startedAt);
        expect(digestsIn(await audit.history())).toEqual(digestsOf(life));
        await expectNothingToWrite(audit, second.startedAt);
      }),
      { numRuns },
    );
  });

  it('when those that were lost come late after all, history is as if all had come in order', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrarySteps(apart, mostSteps), arbitraryFates, async (steps, fates) => {
        const { repository, life, events } = await lived(steps);
        const [lossy, orderly] = [auditOf(repository), auditOf(repository)];
        const delivered = carried(events, fates);
        await lossy.deliver(delivered);
        const { startedAt } = await lossy.reconcile();
        await lossy.deliver(events.filter((event) => !delivered.includes(event)).reverse());
        // What a late event says of a tag that is gone by now, only the next comparison can tell.
        const second = await lossy.reconcile(startedAt);

        await orderly.deliver(events);
        await orderly.reconcile();
        const history = await lossy.history();
        expect(told(history)).toEqual(told(await orderly.history()));
        expect(presentIn(history)).toEqual(presentOf(life));
        expectTrue(history, life, events);
        await expectNothingToWrite(lossy, second.startedAt);
      }),
      { numRuns },
    );
  });

  it('when the registry itself loses, repeats and delays them, the same holds', async () => {
    Object.assign(registry.faults, chances(0.2));
    try {
      await fc.assert(
        fc.asyncProperty(arbitrarySteps(apart, 60), async (steps) => {
          const { repository, life, events } = await lived(steps);
          const audit = auditOf(repository);
          await audit.deliver(events);
          const { startedAt } = await audit.reconcile();
          const history = await audit.history();
          expect(presentIn(history)).toEqual(presentOf(life));
          expectTrue(history, life, events);
          await expectNothingToWrite(audit, startedAt);
        }),
        { numRuns: Math.ceil(numRuns / 20) },
      );
    } finally {
      Object.assign(registry.faults, chances(0));
    }
  });
});

function chances(probability: number) {
  return {
    eventDropProbability: probability,
    eventDuplicateProbability: probability,
    eventReorderProbability: probability,
  };
}

async function expectNothingToWrite(audit: AuditedRepository, before: number): Promise<void> {
  const written = audit.writes();
  const { found } = await audit.reconcile(before);
  expect(Object.values(found).filter((count) => count > 0)).toEqual([]);
  expect(audit.writes()).toBe(written);
}

/** What is listed, without when and by whom tags were found removed. */
function told(history: History): readonly string[] {
  return listed(history)
    .map(({ fact: { at, action, tag, digest, eventId }, kind, previousDigest }) => {
      const when = action === 'untag' ? [] : [at.time, eventId];
      return [kind, tag, digest, previousDigest, ...when].join(' ');
    })
    .sort();
}
