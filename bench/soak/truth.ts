import { isDeepStrictEqual } from 'node:util';
import type { AuditRecord } from '../../src/history/fact.ts';
import { clientsByConnectionString, tablesOf } from '../../src/storage/tables.ts';
import { type History, historyOf } from '../../test/builders/history-oracle.ts';
import { announcedIn, historyIn } from '../../test/builders/history-reading.ts';
import { accessTo } from '../../test/builders/registry-access.ts';
import { type HistoryItem, wholeHistory } from '../../test/e2e/hosted-service.ts';
import type { Journal, ToldChange, Untagging } from './journal.ts';
import { oneOf } from './plan.ts';
import type { ServiceCalls } from './service-calls.ts';
import type { SoakSetting } from './setting.ts';

/** What is not as it should be, by what it is about; each with examples. */
export type Differences = ReadonlyMap<string, readonly string[]>;

/** What is compared; each is 0 where all is right. */
const comparedAspects = [
  'pushes and deletions that the registry did not tell',
  'events that are not recorded once, as they were told',
  'repositories whose rows are not what their records amount to',
  'repositories whose history is not the journal, in order',
  'untags in history that did not happen',
  'tags and manifests that are not as the registry has them now',
  'tags that the API resolves otherwise',
] as const;

type Aspect = (typeof comparedAspects)[number];

/** Tags asked by the API, of those that are and of those that were. */
const mostResolved = 400;

/** Compares everything with the journal of what happened and with the registry as it is now. */
export async function comparedWithTruth(
  setting: SoakSetting,
  service: ServiceCalls,
  journal: Journal,
  repositories: readonly string[],
  random: () => number,
): Promise<Differences> {
  const differences = new Map<Aspect, string[]>(comparedAspects.map((aspect) => [aspect, []]));
  const differs = (aspect: Aspect, what: string) => differences.get(aspect)?.push(what);
  const registry = setting.registry.loginServer;
  const tables = tablesOf(clientsByConnectionString(setting.connectionString));

  if (journal.told.length !== journal.accepted) {
    for (let missing = Math.abs(journal.told.length - journal.accepted); missing > 0; missing -= 1) {
      differs(comparedAspects[0], `${journal.accepted} accepted, ${journal.told.length} told`);
    }
  }
  const announced = await announcedIn(tables.log, registry);
  for (const what of notRecordedOnce(journal.told, announced)) differs(comparedAspects[1], what);

  const told = Map.groupBy(journal.told, ({ repository }) => repository);
  const untaggings = Map.groupBy(journal.untaggings, ({ repository }) => repository);
  const facts = Map.groupBy(announced, ({ repository }) => repository);
  const { content } = accessTo(setting.registry);
  const tags: { readonly image: string; readonly digest: string | undefined }[] = [];
  for (const repository of repositories) {
    const rows = await historyIn(tables.repositories, { registry, repository });
    const expected = historyOf((facts.get(repository) ?? []).map(({ fact }) => fact));
    if (!isDeepStrictEqual(rows, expected)) {
      differs(comparedAspects[2], `${repository}: ${firstDifference(rows, expected)}`);
    }
    const listed = (await wholeHistory(setting.host, `${registry}/${repository}`)).toReversed();
    const off = outOfOrder(listed, told.get(repository) ?? []);
    if (off !== undefined) differs(comparedAspects[3], `${repository}: ${off}`);
    for (const item of listed.filter(({ kind }) => kind === 'untagged')) {
      if (!(untaggings.get(repository) ?? []).some((one) => isOf(item, one))) {
        differs(comparedAspects[4], `${repository}:${item.tag} ${item.notBefore} to ${item.occurredAt}`);
      }
    }
    const present = (await Array.fromAsync(content.tags(repository))).flat();
    const manifests = (await Array.fromAsync(content.manifests(repository))).flat();
    const now = new Map<string, string>([
      ...present.map(({ tag, digest }) => [`:${tag}`, digest] as const),
      ...manifests.map(({ digest }) => [`@${digest}`, 'present'] as const),
    ]);
    for (const what of otherwiseNow(rows, now)) differs(comparedAspects[5], `${repository}${what}`);
    for (const tag of Object.keys(rows.tags)) {
      tags.push({ image: `${registry}/${repository}:${tag}`, digest: now.get(`:${tag}`) });
    }
  }
  const asked = new Set(Array.from({ length: mostResolved }, () => oneOf(tags, random)));
  for (const tag of asked) {
    if (tag === undefined) continue;
    const { status, body } = await service.get(`api/v1/resolve?image=${encodeURIComponent(tag.image)}`);
    const digest = typeof body === 'object' && body !== null && 'digest' in body ? body.digest : undefined;
    if ((status === 404 ? undefined : digest) !== tag.digest) {
      differs(comparedAspects[6], `${tag.image}: ${status} ${String(digest)}, in fact ${tag.digest}`);
    }
  }
  return differences;
}

/** Events of which there is not exactly one record that says the same, and records of events that were not told. */
function notRecordedOnce(told: readonly ToldChange[], announced: readonly AuditRecord[]): readonly string[] {
  const line = (what: Omit<ToldChange, 'id'>) =>
    [what.repository, what.action, what.digest, what.tag ?? '', what.time].join(' ');
  const ofEvents = announced.filter(({ fact }) => fact.source === 'event');
  const records = Map.groupBy(ofEvents, ({ fact }) => fact.eventId);
  const ids = new Set(told.map(({ id }) => id));
  const wrong = told.flatMap((event) => {
    const found = (records.get(event.id) ?? []).map(({ repository, fact }) => {
      const { action, digest, tag, at } = fact;
      return `${repository} ${action} ${digest} ${tag ?? ''} ${at.time}`;
    });
    return found.length === 1 && found[0] === line(event)
      ? []
      : [`${event.id}: ${line(event)}; recorded: ${found.join('; ') || 'not'}`];
  });
  const unknown = [...records.keys()].filter((id) => !ids.has(id)).map((id) => `${id} was never told`);
  return [...wrong, ...unknown];
}

/** Where the listed history, without untags, first departs from the journal by time; `undefined` where it nowhere does. */
function outOfOrder(listed: readonly HistoryItem[], told: readonly ToldChange[]): string | undefined {
  const expected = told
    .toSorted((a, b) => a.time - b.time || (a.id > b.id ? -1 : 1))
    .map(({ id, tag = '', digest }) => `${id} ${tag} ${digest}`);
  const found = listed
    .filter(({ kind }) => kind !== 'untagged')
    .map(
      ({ eventId, tag = '', digest, source }) =>
        `${eventId} ${tag} ${digest}${source === 'event' ? '' : ` ${source}`}`,
    );
  if (isDeepStrictEqual(found, expected)) return undefined;
  const place = expected.findIndex((line, index) => line !== found[index]);
  const at = place === -1 ? expected.length : place;
  return `entry ${at} of ${expected.length} is ${found[at]}, not ${expected[at]}; ${found.length} are listed`;
}

/** Whether an untag that was found is one that happened. */
function isOf({ tag, digest, notBefore, occurredAt }: HistoryItem, one: Untagging): boolean {
  return (
    tag === one.tag &&
    digest === one.digest &&
    Date.parse(notBefore ?? occurredAt) <= one.until &&
    Date.parse(occurredAt) >= one.from
  );
}

/** Tags and manifests that history has otherwise than the registry. */
function otherwiseNow({ tags, digests }: History, now: ReadonlyMap<string, string>): readonly string[] {
  const recorded = new Map<string, string>();
  for (const { head } of Object.values(tags)) {
    if (head.endedAt === undefined) recorded.set(`:${head.tag}`, head.holding.digest);
  }
  for (const { head } of Object.values(digests)) {
    if (head.presence === 'present') recorded.set(`@${head.digest}`, 'present');
  }
  const names = new Set([...recorded.keys(), ...now.keys()]);
  return [...names]
    .filter((name) => recorded.get(name) !== now.get(name))
    .map((name) => `${name}: recorded ${recorded.get(name) ?? 'gone'}, in fact ${now.get(name) ?? 'gone'}`);
}

/** The first part of two histories in which they differ. */
function firstDifference(rows: History, expected: History): string {
  for (const part of ['tags', 'digests'] as const) {
    for (const name of new Set([...Object.keys(rows[part]), ...Object.keys(expected[part])])) {
      const [one, other] = [rows[part][name], expected[part][name]];
      if (!isDeepStrictEqual(one, other)) {
        return `${name}: ${JSON.stringify(one)?.slice(0, 600)}, not ${JSON.stringify(other)?.slice(0, 600)}`;
      }
    }
  }
  return `records or edges: ${rows.records.length} and ${rows.edges.length}, not ${expected.records.length} and ${expected.edges.length}`;
}
