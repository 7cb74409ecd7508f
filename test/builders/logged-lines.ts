import * as z from 'zod/mini';
import { logLine } from '../../src/alerts/log-line.ts';
import { AuditFault } from '../../src/audit/fault.ts';
import type { AlertSink } from '../../src/audit/inventory-ports.ts';
import { measureState } from '../../src/audit/measure-state.ts';
import { recordEvent } from '../../src/audit/record-event.ts';
import { rejectMessage } from '../../src/audit/reject-message.ts';
import { replayDeadLetters } from '../../src/audit/replay-dead-letters.ts';
import { sealLedger } from '../../src/audit/seal-ledger.ts';
import { sealAfterHandover, sealLedgers } from '../../src/audit/seal-ledgers.ts';
import { invocationLog } from '../../src/functions/invocation-log.ts';
import { readLeaf } from '../../src/ledger/recorded-leaf.ts';
import { ledgerLog } from '../../src/storage/ledger-log.ts';
import { outbox } from '../../src/storage/outbox.ts';
import { deadLetterName } from './dead-letter.ts';
import { epoch, fact, recordOf } from './facts.ts';
import { storesOver } from './history-stores.ts';
import { images, imageToProtect } from './image-to-protect.ts';
import { claimed, inUseApp, usedRegistry } from './in-use-app.ts';
import { memoryDeadLetters } from './memory-dead-letters.ts';
import { memoryLeases } from './memory-leases.ts';
import { memoryLedgerBlobs } from './memory-log.ts';
import { refusal } from './memory-registry-locks.ts';
import { memoryTable } from './memory-table.ts';
import { noteSigner } from './note-signer.ts';
import { digestOf, imageDeleted, imagePushed } from './registry-event.ts';

const form = z.catchall(
  z.object({ level: z.enum(['info', 'warn', 'error']), message: z.string() }),
  z.unknown(),
);

/** A line of the log, as telemetry has it. */
export type LoggedLine = z.output<typeof form>;

/** A log that keeps its lines as they are written. */
export function writtenLog() {
  const texts: string[] = [];
  const write = (...values: unknown[]) => void texts.push(values.join(' '));
  return {
    log: invocationLog({ info: write, warn: write, error: write }),
    texts,
    lines: (): readonly LoggedLine[] => texts.map((text) => form.parse(JSON.parse(text))),
  };
}

const gone = { retryable: false };
const later = { retryable: true };
const sinkThat = (name: string, fault: AuditFault): AlertSink => ({
  name,
  send: () => Promise.reject(fault),
});

/** Lines about events, judgements, findings and alerts, of an image in use that is deleted. */
export async function linesOfDeletion(eventId: string): Promise<readonly LoggedLine[]> {
  const { log, lines } = writtenLog();
  const sinks = [
    logLine(log),
    sinkThat('ops', new AuditFault('webhook-400', 'never', gone)),
    sinkThat('chat', new AuditFault('webhook-503', 'away', later)),
  ];
  const app = inUseApp({ log, sinks, start: Date.UTC(2026, 4, 3) });
  const record = recordEvent([{ loginServer: usedRegistry }], {
    ...storesOver(app.tables),
    onRecorded: app.onRecorded,
    rejections: { keep: async () => undefined },
    clock: app.clock,
    log,
  });
  const digest = digestOf('app');
  const overrides = { repository: 'team/app', digest };
  await record(imagePushed({ ...overrides, id: 'pushed', tag: '1.0' }));
  app.wait(5);
  await app.report('aks-prod', [claimed(`team/app@${digest}`, 'web')]);
  await app.report('compose', []);
  await app.settle();
  await record(imageDeleted({ ...overrides, id: eventId }));
  await record(imageDeleted({ ...overrides, id: eventId }));
  await record({ ...imagePushed(), eventType: 'Microsoft.ContainerRegistry.ImageQuarantined' });
  await record({});
  await app.settle();
  return lines();
}

async function linesOfDeadLetters(): Promise<readonly LoggedLine[]> {
  const { log, lines } = writtenLog();
  const letters = memoryDeadLetters();
  letters.put(deadLetterName(1), 'no list of events');
  const clock = { now: () => epoch };
  await replayDeadLetters({ deadLetters: letters, record: async () => 'recorded', clock, log })();
  await rejectMessage({ rejections: { keep: async () => undefined }, clock, log }, 'look-failed')(
    {},
    undefined,
  );
  return lines();
}

async function linesOfLocks(): Promise<readonly LoggedLine[]> {
  const { log, lines } = writtenLog();
  const made = imageToProtect({ log });
  made.memory.faults.refuse = (call) => (call.endsWith(images.index) ? refusal(403) : undefined);
  await made.app.approve('team/app:prod');
  await made.app.enforce();
  return lines();
}

async function linesOfLedger(): Promise<readonly LoggedLine[]> {
  const { log, lines } = writtenLog();
  const [rows, repositories] = [memoryTable(), memoryTable()];
  const named = fact('pushed', 1, { digest: digestOf('app'), tag: '1.0' });
  await outbox(rows).announce(recordOf({ ...named, recordedAt: epoch }));
  const registry = usedRegistry;
  const witness = { name: 'container', publish: () => Promise.reject(new Error('away')) };
  const seal = sealLedger({
    ledger: ledgerLog(rows, repositories),
    blobs: memoryLedgerBlobs(),
    signer: noteSigner(),
    witnesses: [witness],
    clock: { now: () => epoch + 10_000 },
    log,
  });
  const sealing = { registries: async () => [registry], leases: memoryLeases(), log };
  await sealLedgers({
    ...sealing,
    seal: sealAfterHandover({ handOver: async () => 'handed-over', seal, log }),
  })();
  await sealLedgers({ ...sealing, seal: () => Promise.reject(new Error('no key')) })().catch(() => undefined);
  return lines();
}

async function linesOfMeasures(): Promise<readonly LoggedLine[]> {
  const { log, lines } = writtenLog();
  const app = inUseApp();
  await app.report('aks-prod', []);
  const ledger = ledgerLog(memoryTable(), memoryTable());
  const ports = {
    registries: [usedRegistry],
    rounds: { last: async () => ({ startedAt: app.clock.time, repositories: 1 }), failed: async () => 0 },
    queue: { waiting: async () => 0 },
    deadLetters: memoryDeadLetters(),
    coverage: app.useCases().coverage,
    ledger,
    sealed: [usedRegistry],
    recordedAt: (leaf: string) => readLeaf(leaf)?.fact.recordedAt,
    metrics: { record: () => undefined },
    clock: app.clock,
    log,
  };
  await measureState(ports)();
  const fails = { ...ports, queue: { waiting: () => Promise.reject(new Error('storage is away')) } };
  await measureState(fails)().catch(() => undefined);
  return lines();
}

/** Lines of everything that queries ask for, from the code that writes them. */
export async function loggedLines(): Promise<readonly LoggedLine[]> {
  const made = await Promise.all([
    linesOfDeletion('deleted'),
    linesOfDeadLetters(),
    linesOfLocks(),
    linesOfLedger(),
    linesOfMeasures(),
  ]);
  return made.flat();
}
