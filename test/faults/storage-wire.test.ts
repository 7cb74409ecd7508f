import { TableClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { AuditFault } from '../../src/audit/fault.ts';
import { deadLetterContainers, deadLetters } from '../../src/storage/dead-letters.ts';
import { enforcementQueue } from '../../src/storage/enforcement-queue.ts';
import { assessQueue, refreshQueue } from '../../src/storage/inventory-queue.ts';
import { leases } from '../../src/storage/leases.ts';
import { ledgerBlobs } from '../../src/storage/ledger-blobs.ts';
import { plansStore } from '../../src/storage/plans.ts';
import { reconcileQueue } from '../../src/storage/reconcile-queue.ts';
import { retentionQueue } from '../../src/storage/retention-queue.ts';
import { tableStorage } from '../../src/storage/table-storage.ts';
import { witnessContainer } from '../../src/storage/witness-container.ts';
import { type Azurite, startAzurite } from '../builders/azurite.ts';
import { type FaultyWire, faultyWire, isEndless, wireFaults } from '../builders/faulty-wire.ts';
import { memoryTable } from '../builders/memory-table.ts';
import { digestOf } from '../builders/registry-event.ts';
import { addFaultRows } from './fault-table.ts';

let azurite: Azurite;
let wire: FaultyWire;
beforeAll(async () => {
  azurite = await startAzurite();
  wire = await faultyWire(azurite.connectionString);
});
afterAll(async () => {
  await wire.stop();
  await azurite.stop();
});

// What the SDK repeats by itself would hide what the adapters make of it.
const once = { retryOptions: { maxTries: 1 } };
const blobs = () => BlobServiceClient.fromConnectionString(wire.connectionString, once);
const queueNamed = (name: string) =>
  QueueServiceClient.fromConnectionString(wire.connectionString, once).getQueueClient(name);
const table = (name: string) =>
  tableStorage(
    TableClient.fromConnectionString(wire.connectionString, name, {
      allowInsecureConnection: true,
      retryOptions: { maxRetries: 0 },
    }),
  );

const registry = 'contoso.azurecr.io';
const row = (rowKey: string, text = 'some text that is long enough to be cut in two') => ({
  partitionKey: 'p',
  rowKey,
  columns: { text },
});
const range = { partitionKey: 'p', from: 'a', before: '~' };

/** A call of an adapter: what is there before it, the call, and what it may answer. */
interface Call {
  readonly name: string;
  prepare?(id: string): Promise<unknown>;
  call(id: string): Promise<unknown>;
  /** What tells a true answer: others are false. */
  isTrue(answer: unknown): boolean;
  /** Whether what was answered for was done. */
  isDone?(id: string): Promise<boolean>;
}

const isOneOf =
  (...answers: readonly unknown[]) =>
  (answer: unknown) =>
    answers.includes(answer);
const isRead = (answer: unknown) => JSON.stringify(answer).includes('long enough to be cut in two');
const done = isOneOf(undefined);
const plan = {
  registry,
  repository: 'team/app',
  items: [{ digest: digestOf('one'), action: 'keep' as const, reasons: [{ code: 'no-rule' as const }] }],
  counts: { tags: 0, manifests: 1, untag: 0, delete: 0 },
  blocks: [],
};
const plans = () => plansStore(memoryTable(), blobs());
const witness = () => witnessContainer('witness', blobs().getContainerClient('witness'));

async function put(container: string, name: string, text: string): Promise<void> {
  const client = blobs().getContainerClient(container);
  await client.createIfNotExists();
  await client.getBlockBlobClient(name).upload(text, text.length);
}

const isThere = async (id: string) => (await table('rows').get('p', id)) !== undefined;

const tables: readonly Call[] = [
  {
    name: 'get',
    prepare: (id) => table('rows').put(row(id)),
    call: (id) => table('rows').get('p', id),
    isTrue: isRead,
  },
  {
    name: 'insert',
    call: (id) => table('rows').insert(row(id)),
    isTrue: isOneOf('inserted'),
    isDone: isThere,
  },
  { name: 'put', call: (id) => table('rows').put(row(id)), isTrue: done, isDone: isThere },
  {
    name: 'transact',
    call: (id) =>
      table('rows').transact([
        { operation: 'insert', row: row(`${id}-1`) },
        { operation: 'insert', row: row(`${id}-2`) },
      ]),
    isTrue: isOneOf('committed'),
    isDone: (id) => isThere(`${id}-2`),
  },
  {
    name: 'transact, one row',
    call: (id) => table('rows').transact([{ operation: 'replace', row: row(id) }]),
    isTrue: isOneOf('committed'),
    isDone: isThere,
  },
  {
    name: 'page',
    prepare: (id) => table('rows').put(row(id)),
    call: (id) => table('rows').page({ ...range, from: id, before: `${id}~` }, 10),
    isTrue: isRead,
  },
];

const queues: readonly Call[] = [
  {
    name: 'comparison added',
    call: () =>
      reconcileQueue(queueNamed('asked')).add({ registry, repository: 'team/app', source: 'reconcile' }),
    isTrue: done,
  },
  {
    name: 'comparisons counted',
    prepare: () =>
      reconcileQueue(queueNamed('counted')).add({ registry, repository: 'a', source: 'reconcile' }),
    call: () => reconcileQueue(queueNamed('counted')).waiting(),
    isTrue: (answer) => Number(answer) > 0,
  },
  {
    name: 'enforcement added',
    call: () => enforcementQueue(queueNamed('asked')).add({ registry, repository: 'team/app' }),
    isTrue: done,
  },
  {
    name: 'look at a source added',
    call: () => refreshQueue(queueNamed('asked'))('aks-prod'),
    isTrue: done,
  },
  {
    name: 'look at uses added',
    call: () => assessQueue(queueNamed('asked'))({ registry, repository: 'team/app' }, 1, 2_000),
    isTrue: done,
  },
  {
    name: 'plan added',
    call: () => retentionQueue(queueNamed('asked'), queueNamed('asked')).run(registry, '1'),
    isTrue: done,
  },
];

const bytes = new TextEncoder().encode('long enough to be cut in two');
const blobCalls: readonly Call[] = [
  {
    name: 'file of the ledger written',
    call: (id) => ledgerBlobs(blobs()).put(registry, id, bytes),
    isTrue: isOneOf('written'),
  },
  {
    name: 'file of the ledger read',
    prepare: (id) => ledgerBlobs(blobs()).put(registry, id, bytes),
    call: async (id) => {
      const read = await ledgerBlobs(blobs()).get(registry, id);
      return read && new TextDecoder().decode(read);
    },
    isTrue: isOneOf('long enough to be cut in two'),
  },
  {
    name: 'checkpoints listed',
    prepare: (id) => ledgerBlobs(blobs()).put(id, 'checkpoints/7', bytes),
    call: (id) => ledgerBlobs(blobs()).checkpoints(id),
    isTrue: (answer) => JSON.stringify(answer) === '[7]',
  },
  { name: 'plan of a repository written', call: (id) => plans().write(id, plan), isTrue: done },
  {
    name: 'plan read',
    prepare: (id) => plans().write(id, plan),
    call: (id) => Array.fromAsync(plans().repositories(registry, id)),
    isTrue: (answer) => JSON.stringify(answer).includes(digestOf('one')),
  },
  {
    name: 'lease held',
    call: (id) => leases(blobs()).hold(id, async () => 'worked'),
    isTrue: (answer) => JSON.stringify(answer) === '{"held":true,"result":"worked"}',
  },
  {
    name: 'dead letters listed and read',
    prepare: (id) => put(deadLetterContainers.waiting, id, 'long enough to be cut in two'),
    call: async (id) => {
      for await (const letter of deadLetters(blobs()).waiting()) if (letter.name === id) return letter.read();
      return 'not listed';
    },
    isTrue: isOneOf('long enough to be cut in two'),
  },
  {
    name: 'dead letter put aside',
    prepare: (id) => put(deadLetterContainers.waiting, id, 'long enough to be cut in two'),
    async call(id) {
      for await (const letter of deadLetters(blobs()).waiting()) {
        if (letter.name === id) await deadLetters(blobs()).done(letter);
      }
    },
    isTrue: done,
    async isDone(id) {
      const [kept, waits] = [deadLetterContainers.done, deadLetterContainers.waiting].map((name) =>
        blobs().getContainerClient(name).getBlobClient(id),
      );
      if (await waits?.exists()) return false;
      return (await kept?.downloadToBuffer())?.toString() === 'long enough to be cut in two';
    },
  },
  {
    name: 'checkpoint given to a witness',
    call: () => witness().publish(registry, 7, 'a note'),
    isTrue: done,
  },
];

/** Learns the requests of a call, then disturbs each of them in each way. */
async function disturbCall({ name, prepare, call, isTrue, isDone }: Call, dependency: string): Promise<void> {
  const id = (of: string) => `${name.replaceAll(' ', '-')}-${of}`;
  wire.watch();
  await prepare?.(id('first'));
  await call(id('first'));
  await prepare?.(id('calm'));
  wire.watch();
  expect(isTrue(await call(id('calm')))).toBe(true);
  const { requests } = wire;
  const undone = async (told: Told, one: string) =>
    'answer' in told && isDone !== undefined && !(await isDone(one)) ? 'was not done' : undefined;
  const wrong: string[] = [];
  let runs = 0;
  for (const [at, request] of requests.entries()) {
    for (const kind of wireFaults) {
      const one = id(`${at}-${kind}`);
      wire.watch();
      await prepare?.(one);
      wire.watch({ kind, at });
      const told = await outcome(() => (isEndless(kind) ? withoutPatience(() => call(one)) : call(one)));
      wire.watch();
      runs += 1;
      const problem = problemOf(told, isTrue) ?? (await undone(told, one));
      if (problem !== undefined) wrong.push(`${kind} at ${request}: ${problem}`);
    }
  }
  expect(wrong).toEqual([]);
  const calls = requests.length;
  addFaultRows([{ useCase: `wire: ${name}`, dependency, calls, kinds: wireFaults, runs }]);
}

/** Deadlines pass so many times as fast: they are 10 s to 2 min. */
const haste = 30;
const { timeout } = AbortSignal;
const later = globalThis.setTimeout;

/** With deadlines that pass fast. An answer that would have come in time may come too late then, and is a fault that passes. */
async function withoutPatience<T>(call: () => Promise<T>): Promise<T> {
  const signals = jest
    .spyOn(AbortSignal, 'timeout')
    .mockImplementation((milliseconds) => timeout.call(AbortSignal, Math.ceil(milliseconds / haste)));
  const timers = jest
    .spyOn(globalThis, 'setTimeout')
    .mockImplementation((work, milliseconds = 0) =>
      later(work, milliseconds < 10_000 ? milliseconds : milliseconds / haste),
    );
  try {
    return await call();
  } finally {
    signals.mockRestore();
    timers.mockRestore();
  }
}

type Told = { readonly answer: unknown } | { readonly thrown: unknown };

async function outcome(call: () => Promise<unknown>): Promise<Told> {
  try {
    return { answer: await call() };
  } catch (thrown) {
    return { thrown };
  }
}

function problemOf(told: Told, isTrue: Call['isTrue']): string | undefined {
  if ('answer' in told) return isTrue(told.answer) ? undefined : `answered ${JSON.stringify(told.answer)}`;
  const { thrown } = told;
  if (!(thrown instanceof AuditFault)) return `threw ${String(thrown)}`;
  return thrown.retryable ? undefined : `was taken for good: ${thrown.code}`;
}

describe('when storage fails on the wire, a fault that passes is told, or the truth', () => {
  it.each(tables.map((call) => [call.name, call] as const))('tables: %s', (_, call) =>
    disturbCall(call, 'tables'),
  );
  it.each(queues.map((call) => [call.name, call] as const))('queues: %s', (_, call) =>
    disturbCall(call, 'queues'),
  );
  it.each(blobCalls.map((call) => [call.name, call] as const))('blobs: %s', (_, call) =>
    disturbCall(call, 'blobs'),
  );
});
