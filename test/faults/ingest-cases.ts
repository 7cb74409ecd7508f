import { askForWork } from '../../src/audit/asked-work.ts';
import type { DeadLetters } from '../../src/audit/dead-letters.ts';
import { enforceAfterPush } from '../../src/audit/enforce-locks.ts';
import type { EnforcementRequest } from '../../src/audit/protection-ports.ts';
import { recordQueuedEvents, rejectPoisonMessage } from '../../src/audit/queued-events.ts';
import { recordEvent } from '../../src/audit/record-event.ts';
import { replayDeadLetters } from '../../src/audit/replay-dead-letters.ts';
import { protectionIndex } from '../../src/storage/protection-index.ts';
import { rejections } from '../../src/storage/rejections.ts';
import { turnRecords } from '../../src/storage/turn-records.ts';
import type { CallSites } from '../builders/call-sites.ts';
import { deadLettered, deadLetterName } from '../builders/dead-letter.ts';
import { storesOver } from '../builders/history-stores.ts';
import { memoryDeadLetters } from '../builders/memory-dead-letters.ts';
import { type MemoryTable, memoryTable } from '../builders/memory-table.ts';
import { policyOf } from '../builders/protection-app.ts';
import { digestOf, imageDeleted, imagePushed } from '../builders/registry-event.ts';
import type { UseCase } from './disturbed-runs.ts';

const [one, two, three] = [digestOf('one'), digestOf('two'), digestOf('three')];
const at = (minute: number) => new Date(Date.UTC(2026, 4, 2, 14, minute)).toISOString();
const now = Date.UTC(2026, 4, 3);
const silent = { info() {}, warn() {}, error() {} };

const earlier = [
  imagePushed({ id: 'earlier-1', tag: 'prod', digest: one, timestamp: at(1) }),
  imagePushed({ id: 'earlier-2', tag: 'stable', digest: one, timestamp: at(1) }),
  imagePushed({ id: 'earlier-3', tag: 'prod', digest: two, timestamp: at(5) }),
];

/** Pushes of `prod` are approved at once. */
export const pushRule = {
  repositories: 'team/.*',
  tags: 'prod',
  matches: ['prod'],
  mustNotMatch: ['latest'],
  environment: 'production',
};

/** Rows without their ETags. */
export function rowsOf(tables: Readonly<Record<string, MemoryTable>>) {
  return Object.fromEntries(
    Object.entries(tables).map(([name, table]) => [name, table.rows().map(({ etag: _, ...row }) => row)]),
  );
}

/** Ingest over tables and a queue, with some history, a policy that approves pushes of a tag, and dead letters. */
async function ingest(sites: CallSites) {
  const tables = {
    repositories: memoryTable(),
    digests: memoryTable(),
    log: memoryTable(),
    rejected: memoryTable(),
    inventory: memoryTable(),
  };
  const letters = memoryDeadLetters();
  const asked: EnforcementRequest[] = [];
  const queue = sites.port(
    { add: async (request: EnforcementRequest) => void asked.push(request) },
    { dependency: 'queues', name: 'enforcement' },
  );
  const over = {
    repositories: sites.table(tables.repositories, 'repositories'),
    digests: sites.table(tables.digests, 'digests'),
    log: sites.table(tables.log, 'log'),
    rejected: sites.table(tables.rejected, 'rejected'),
    inventory: sites.table(tables.inventory, 'inventory'),
  };
  const index = protectionIndex(over.inventory);
  const policy = policyOf({ protectAtPush: [pushRule] });
  const ports = {
    ...storesOver(over),
    rejections: rejections(over.rejected),
    clock: { now: () => now },
    log: silent,
    onRecorded: enforceAfterPush(policy, {
      index,
      queue,
      ask: askForWork({
        turns: turnRecords(over.inventory, 'enforced'),
        send: (repository, afterTurn) => queue.add({ ...repository, afterTurn }),
        clock: { now: () => now },
      }),
    }),
  };
  const record = recordEvent([{ loginServer: 'contoso.azurecr.io' }], ports);
  const blobs = { dependency: 'blobs', name: 'dead letters', lists: ['waiting'] };
  const wrapped = sites.port<DeadLetters>(letters, blobs);
  const deadLetters: DeadLetters = {
    counts: () => wrapped.counts(),
    done: (letter) => wrapped.done(letter),
    quarantine: (letter, reason) => wrapped.quarantine(letter, reason),
    async *waiting() {
      for await (const letter of wrapped.waiting()) yield sites.port(letter, blobs);
    },
  };
  for (const event of earlier) await record(event);
  asked.length = 0;
  return {
    record,
    protect: () => index.note('contoso.azurecr.io', '8222269599997-000000000001', 'team/app'),
    letters,
    queued: recordQueuedEvents({ ...ports, record }),
    poison: rejectPoisonMessage(ports, 20),
    replay: replayDeadLetters({ deadLetters, record, clock: ports.clock, log: silent }),
    /** Everything that is kept; what was asked of a queue counts once. */
    state: () => ({
      ...rowsOf(tables),
      letters: letters.state(),
      asked: [...new Set(asked.map((one) => JSON.stringify(one)))].sort(),
    }),
  };
}

type Ingest = Awaited<ReturnType<typeof ingest>>;

function delivery(name: string, event: unknown): UseCase<Ingest> {
  return { name, prepare: ingest, work: ({ record }) => record(event), state: ({ state }) => state() };
}

const push = imagePushed({ id: 'new', tag: 'prod', digest: three, timestamp: at(9) });
const deletion = imageDeleted({ id: 'gone', digest: one, timestamp: at(10) });

export const ingestCases: readonly UseCase<Ingest>[] = [
  delivery('event: push of a new digest', push),
  delivery('event: late push', imagePushed({ id: 'late', tag: 'prod', digest: three, timestamp: at(0) })),
  delivery('event: push by digest', imagePushed({ id: 'bare', tag: null, digest: three, timestamp: at(9) })),
  delivery('event: repeated', earlier[2]),
  delivery('event: deletion', deletion),
  delivery('event: to be rejected', { id: 'unreadable' }),
  {
    name: 'event: push to a repository with approvals',
    async prepare(sites) {
      const world = await ingest(sites);
      await world.protect();
      return world;
    },
    work: ({ record }) => record(imagePushed({ id: 'new', tag: 'dev', digest: three, timestamp: at(9) })),
    state: ({ state }) => state(),
  },
  {
    name: 'events of a queue message',
    prepare: ingest,
    work: ({ queued }) => queued([push, deletion]),
    state: ({ state }) => state(),
  },
  {
    name: 'poison message kept',
    prepare: ingest,
    work: ({ poison }) => poison([push]),
    state: ({ state }) => state(),
  },
  {
    name: 'dead letters replayed',
    async prepare(sites) {
      const world = await ingest(sites);
      world.letters.put(deadLetterName(1), JSON.stringify([deadLettered(push)]));
      world.letters.put(deadLetterName(2), JSON.stringify([deadLettered(deletion)]));
      world.letters.put(deadLetterName(3), 'no list of events');
      return world;
    },
    work: ({ replay }) => replay(),
    state: ({ state }) => state(),
  },
];
