import type { Attribution } from '../history/attribution.ts';
import type { AuditRecord } from '../history/fact.ts';
import {
  attribute,
  fits,
  type LogSpan,
  lacksLogin,
  loginReachMs,
  mayTell,
  searchSpan,
} from '../history/log-matching.ts';
import type { LoginRecord, LogRecord } from '../history/log-record.ts';
import { AuditFault } from './fault.ts';
import type { HistoryPages } from './history-pages.ts';
import type { Clock, Log } from './ports.ts';
import { type RecordAttributionPorts, recordAttributions } from './record-attribution.ts';
import type { AttributionProgress, RegistryLogs } from './registry-logs.ts';

export interface AttributeHistoryPorts extends RecordAttributionPorts {
  readonly pages: Pick<HistoryPages, 'page'>;
  /** The logs of each registry that has some, by login server. */
  readonly logs: ReadonlyMap<string, RegistryLogs>;
  readonly progress: AttributionProgress;
  readonly clock: Clock;
  readonly log: Log;
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/**
 * Milliseconds after which the log of a time is taken to be complete, so that the only record that fits is the only one
 * there is. Resource logs are there within minutes: https://learn.microsoft.com/azure/azure-monitor/logs/data-ingestion-time
 */
const settlingMs = 15 * minuteMs;

/** How far a registry's first run goes back. */
const firstReachMs = dayMs;

/** How far each run looks back for what was recorded late: Event Grid delivers an event for a day. */
const lookbackMs = dayMs + 60 * minuteMs;

/** How far the first run of a day looks back, for what came later still: dead letters, and comparisons that failed. */
const weeklyLookbackMs = 7 * dayMs;

/** How much of the time since the last run is done before that is remembered. */
const sliceMs = dayMs;

/** Records laid to the logs together. */
const pageSize = 1_000;

/** Milliseconds after which a run begins nothing more; the next goes on. The host ends a function after five minutes. */
const maxRunMs = 3 * minuteMs;

/**
 * Lays what history tells to the registries' diagnostic logs. It goes by the records, not by the log: each is looked for
 * in the log once it has settled, whenever it was recorded, and a registry whose records are all attributed costs no
 * query. One registry whose logs cannot be read does not keep the others waiting. Throws the first retryable
 * {@link AuditFault}.
 */
export function attributeHistory(ports: AttributeHistoryPorts) {
  const { pages, logs, progress, clock, log } = ports;
  const record = recordAttributions(ports);

  async function attributeSpan(registry: string, source: RegistryLogs, { from, to }: LogSpan): Promise<void> {
    let after: string | undefined;
    do {
      const span = { scope: { registry }, from, to, ...(after === undefined ? {} : { after }) };
      const { entries, next } = await pages.page(span, pageSize);
      const records = entries
        .filter(({ entry }) => entry.fact.attribution === undefined)
        .map(({ repository, entry }): AuditRecord => ({ registry, repository, fact: entry.fact }));
      const attributed = await record(await attributionsOf(records, source));
      if (records.length > 0) {
        log.info('records laid to the log', { registry, records: records.length, attributed });
      }
      after = next;
    } while (after !== undefined);
  }

  async function attributeRegistry(registry: string, source: RegistryLogs): Promise<void> {
    const startedAt = clock.now();
    const until = startedAt - settlingMs;
    const known = await progress.last(registry);
    // A time that is yet to come is that of a clock that was wrong: how far it really came is not known.
    const last = known === undefined || known <= startedAt ? known : until - weeklyLookbackMs;
    const since = last ?? until - firstReachMs;
    for (let from = since; from < until; from += sliceMs) {
      if (clock.now() - startedAt > maxRunMs) return;
      const to = Math.min(from + sliceMs, until);
      await attributeSpan(registry, source, { from, to });
      await progress.advance(registry, to);
    }
    if (last === undefined || clock.now() - startedAt > maxRunMs) return;
    const isNewDay = Math.floor(last / dayMs) < Math.floor(until / dayMs);
    await attributeSpan(registry, source, {
      from: Math.max(0, last - (isNewDay ? weeklyLookbackMs : lookbackMs)),
      to: last,
    });
  }

  return async (): Promise<void> => {
    const passing: unknown[] = [];
    for (const [registry, source] of logs) {
      try {
        await attributeRegistry(registry, source);
      } catch (error) {
        log.error('history not laid to the log', { registry, error: String(error) });
        if (!(error instanceof AuditFault) || error.retryable) passing.push(error);
      }
    }
    if (passing.length > 0) throw passing[0];
  };
}

async function attributionsOf(
  records: readonly AuditRecord[],
  source: RegistryLogs,
): Promise<ReadonlyMap<AuditRecord, Attribution>> {
  const byRepository = Map.groupBy(records, ({ repository }) => repository);
  const found = await changesOf(byRepository, source);
  const logins = await loginsFor([...found.values()].flat(), source);
  const attributions = new Map<AuditRecord, Attribution>();
  for (const [repository, some] of byRepository) {
    const facts = some.map(({ fact }) => fact);
    const byFact = attribute(facts, found.get(repository) ?? [], logins);
    for (const one of some) {
      const attribution = byFact.get(one.fact);
      if (attribution !== undefined) attributions.set(one, attribution);
    }
  }
  return attributions;
}

/** The log records that fit a record, by repository: only these are kept of what is read. */
async function changesOf(
  byRepository: ReadonlyMap<string, readonly AuditRecord[]>,
  source: RegistryLogs,
): Promise<ReadonlyMap<string, readonly LogRecord[]>> {
  const kept = new Map<string, LogRecord[]>();
  const all = [...byRepository.values()].flat();
  for (const span of joinedSpans(all.map(({ fact }) => searchSpan(fact)))) {
    for await (const page of source.changes(span)) {
      for (const one of page) {
        const records = byRepository.get(one.repository) ?? [];
        if (!records.some(({ fact }) => fits(fact, one))) continue;
        const ofRepository = kept.get(one.repository) ?? [];
        ofRepository.push(one);
        kept.set(one.repository, ofRepository);
      }
    }
  }
  return kept;
}

/** The logins before log records that lack who it was; nothing is read where none does. */
async function loginsFor(
  records: readonly LogRecord[],
  source: RegistryLogs,
): Promise<readonly LoginRecord[]> {
  const lacking = records.filter(lacksLogin);
  const spans = joinedSpans(lacking.map(({ at }) => ({ from: at - loginReachMs, to: at })));
  const kept: LoginRecord[] = [];
  for (const span of spans) {
    for await (const page of source.logins(span)) {
      kept.push(...page.filter((login) => lacking.some((record) => mayTell(login, record))));
    }
  }
  return kept;
}

/** The spans in order, those with a gap of less than an hour between them as one. */
function joinedSpans(spans: readonly LogSpan[]): readonly LogSpan[] {
  const all: { from: number; to: number }[] = [];
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    const last = all.at(-1);
    if (last !== undefined && from - last.to < 60 * minuteMs) last.to = Math.max(last.to, to);
    else all.push({ from, to });
  }
  return all;
}
