import type { RegistryLogs } from '../../src/audit/registry-logs.ts';
import type { Fact } from '../../src/history/fact.ts';
import type { LogSpan } from '../../src/history/log-matching.ts';
import type { LoginRecord, LogRecord } from '../../src/history/log-record.ts';

/** A registry's logs in memory, with the spans that were asked for. */
export interface MemoryLogs extends RegistryLogs {
  readonly changesAsked: readonly LogSpan[];
  readonly loginsAsked: readonly LogSpan[];
}

const operations = { push: 'Push', delete: 'Delete', untag: 'Untag' } as const;

/** Logs that hold these records, answered two at a time. */
export function memoryLogs(changes: readonly LogRecord[], logins: readonly LoginRecord[] = []): MemoryLogs {
  const changesAsked: LogSpan[] = [];
  const loginsAsked: LogSpan[] = [];
  async function* within<T extends { readonly at: number }>(all: readonly T[], { from, to }: LogSpan) {
    const some = all.filter(({ at }) => at >= from && at <= to).sort((a, b) => a.at - b.at);
    for (let start = 0; start < some.length; start += 2) yield some.slice(start, start + 2);
  }
  return {
    changesAsked,
    loginsAsked,
    changes(span) {
      changesAsked.push(span);
      return within(changes, span);
    },
    logins(span) {
      loginsAsked.push(span);
      return within(logins, span);
    },
  };
}

/** The log's record of the request that a fact of `team/app` tells of, some milliseconds after it. */
export function logRecordOf(fact: Fact, what: Partial<LogRecord> = {}, afterMs = 0): LogRecord {
  const { action, digest, tag, requestId } = fact;
  return {
    repository: 'team/app',
    action,
    operation: operations[action],
    at: fact.at.time + afterMs,
    digest,
    identity: 'ci@contoso.com',
    address: '203.0.113.7',
    ...(tag === undefined ? {} : { tag }),
    ...(requestId === undefined ? {} : { correlationId: requestId }),
    ...what,
  };
}
