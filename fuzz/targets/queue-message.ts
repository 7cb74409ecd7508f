import fc from 'fast-check';
import type { Rejection } from '../../src/audit/ports.ts';
import { recordQueuedEvents, rejectPoisonMessage } from '../../src/audit/queued-events.ts';
import { recordEvent } from '../../src/audit/record-event.ts';
import { rejectMessage } from '../../src/audit/reject-message.ts';
import { historyReader, historyWriter } from '../../src/storage/history-store.ts';
import { outbox } from '../../src/storage/outbox.ts';
import { rejections } from '../../src/storage/rejections.ts';
import { memoryTable } from '../../test/builders/memory-table.ts';
import { imageDeleted, imagePushed } from '../../test/builders/registry-event.ts';
import { jsonOf } from '../outside-json.ts';
import { accepted, hold, refused, type Target } from '../target.ts';
import { anyJson, asJson, digests, repositories, tags } from '../values.ts';

const now = Date.UTC(2026, 4, 3);
const day = 86_400_000;

const deliveries = fc
  .record({
    id: fc.uuid(),
    digest: digests,
    repository: repositories,
    tag: tags,
    age: fc.nat(400),
    isPush: fc.boolean(),
  })
  .map(({ id, digest, repository, tag, age, isPush }) => {
    const about = { id, digest, repository, timestamp: new Date(now - (age - 2) * day).toISOString() };
    return isPush ? imagePushed({ ...about, tag }) : imageDeleted(about);
  });

/** A queue's consumer over tables in memory, which are emptied before they get large. */
function consumer() {
  const [repositoryRows, digestRows, log, rejected] = [
    memoryTable(),
    memoryTable(),
    memoryTable(),
    memoryTable(),
  ];
  const kept: Rejection[] = [];
  const toTable = rejections(rejected);
  const keeping = {
    async keep(rejection: Rejection) {
      kept.push(rejection);
      await toTable.keep(rejection);
    },
  };
  const outcomes: string[] = [];
  const ports = {
    rejections: keeping,
    clock: { now: () => now },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  };
  const record = recordEvent([{ loginServer: 'contoso.azurecr.io' }], {
    ...ports,
    reader: historyReader(repositoryRows),
    writer: historyWriter(repositoryRows, digestRows),
    outbox: outbox(log),
  });
  const recorded: typeof record = async (event) => {
    const outcome = await record(event);
    outcomes.push(outcome);
    return outcome;
  };
  return {
    kept,
    outcomes,
    take: recordQueuedEvents({ ...ports, record: recorded }),
    poison: rejectPoisonMessage(ports, 20),
    giveUp: rejectMessage(ports, 'comparison-failed'),
  };
}

let queue = consumer();
let tried = 0;

/** Messages of the queues, from their texts to the rows of history or of what is rejected. */
export const queueMessage: Target = {
  name: 'queue-message',
  form: 'text',
  property:
    'every event of a message is recorded, known, ignored or kept among what is rejected with a reason, and none of it fails the message; a poison message is kept',
  made: fc.oneof(
    { weight: 5, arbitrary: deliveries.map(asJson) },
    { weight: 2, arbitrary: fc.array(deliveries, { maxLength: 4 }).map(asJson) },
    { weight: 1, arbitrary: anyJson.map(asJson) },
  ),
  words: [
    'Microsoft.ContainerRegistry.ImageDeleted',
    '2027-01-01T00:00:00Z',
    '1970-01-01T00:00:00Z',
    'team/app',
    'prod',
  ],
  large: {
    brackets: (length) => `${'['.repeat(length / 2)}${']'.repeat(length / 2)}`,
    'empty events': (length) => `[${'{},'.repeat(length / 256)}{}]`,
    'a user agent': (length) => asJson(imagePushed({ userAgent: 'a'.repeat(length) })),
  },
  async check(text) {
    tried += 1;
    if (tried % 200 === 0) queue = consumer();
    const { kept, outcomes, take, poison, giveUp } = queue;
    kept.length = 0;
    outcomes.length = 0;
    // The host hands over JSON parsed, and anything else as text.
    const json = jsonOf(text);
    const message = json === undefined ? text : json.value;
    await take(message);
    const refusals = kept.length;
    const kind = `${outcomes.slice(0, 3).join()} ${kept[0]?.reason ?? ''} ${kept[0]?.detail.slice(0, 50) ?? ''}`;
    hold(
      refusals === outcomes.filter((outcome) => outcome === 'rejected').length || outcomes.length === 0,
      'a rejected event is not kept',
    );
    hold(
      kept.every(({ reason, detail }) => reason !== '' && detail !== ''),
      'it is kept without its reason',
    );
    await poison(message);
    await giveUp(message, undefined);
    hold(kept.length === refusals + 2, 'a poison message is not kept');
    return refusals === 0 && outcomes.some((outcome) => outcome !== 'ignored')
      ? accepted(kind)
      : refused(kind);
  },
};
