import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AuditFault } from '../../../src/audit/fault.ts';
import { replayDeadLetters } from '../../../src/audit/replay-dead-letters.ts';
import { type AuditApp, auditApp } from '../../builders/audit-app.ts';
import { deadLettered, deadLetteredCloudEvent, deadLetterName } from '../../builders/dead-letter.ts';
import { memoryDeadLetters } from '../../builders/memory-dead-letters.ts';
import { digestOf, type EventGridJson, imageDeleted, imagePushed } from '../../builders/registry-event.ts';

/** An event as it was to be delivered, and as a dead letter has it. */
interface Told {
  readonly direct: unknown;
  readonly asDeadLetter: unknown;
}

const schemas: readonly ((event: EventGridJson) => unknown)[] = [
  deadLettered,
  deadLetteredCloudEvent,
  (event) => ({ ...deadLettered(event), data: JSON.stringify(event.data) }),
];

const arbitraryEvent: fc.Arbitrary<Told> = fc
  .record({
    kind: fc.constantFrom('push', 'push', 'push', 'delete'),
    repository: fc.constantFrom('team/app', 'team/api'),
    tag: fc.constantFrom('1.0', 'prod', null),
    digest: fc.constantFrom('one', 'two', 'three').map(digestOf),
    minute: fc.nat({ max: 8 }),
    schema: fc.constantFrom(...schemas),
  })
  .map(({ kind, minute, schema, ...rest }) => {
    const timestamp = new Date(Date.UTC(2026, 4, 2, 14, minute)).toISOString();
    const event =
      kind === 'push' ? imagePushed({ ...rest, timestamp }) : imageDeleted({ ...rest, timestamp });
    return { direct: event, asDeadLetter: schema(event) };
  });

const arbitraryUnreadable: fc.Arbitrary<Told> = fc
  .constantFrom<unknown>({ id: 'unreadable' }, deadLettered(imagePushed({ digest: 'sha256:1' })), null, 7)
  .map((event) => ({ direct: event, asDeadLetter: event }));

const arbitraryTold = fc.oneof({ weight: 9, arbitrary: arbitraryEvent }, arbitraryUnreadable);

const arbitraryContent = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .array(arbitraryTold, { maxLength: 6 })
      .map((told) => ({ told, text: JSON.stringify(told.map(({ asDeadLetter }) => asDeadLetter)) })),
  },
  {
    weight: 2,
    arbitrary: fc.array(arbitraryEvent, { minLength: 1, maxLength: 3 }).map((told) => ({
      told,
      text: told.map(({ asDeadLetter }) => `${JSON.stringify(asDeadLetter)}\n`).join(''),
    })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', 'no JSON', '[{"id":"1"}', '42').map((text) => ({ told: undefined, text })),
  },
);

const arbitraryCase = fc.record({
  letters: fc.array(arbitraryContent, { minLength: 1, maxLength: 5 }),
  /** Delivered after all, while its dead letter waits. */
  delivered: fc.array(fc.nat({ max: 20 }), { maxLength: 4 }),
  /** The calls, of tables and of dead letters, that fail: before they are done, or with their answers lost. */
  before: fc.uniqueArray(fc.nat({ max: 150 }), { maxLength: 4 }),
  after: fc.uniqueArray(fc.nat({ max: 150 }), { maxLength: 4 }),
});

function contents(app: AuditApp) {
  return [app.repositories, app.digests, app.log, app.rejected].map((table) =>
    table.rows().map(({ partitionKey, rowKey, columns }) => ({ partitionKey, rowKey, columns })),
  );
}

describe('when events are replayed in any grouping, again, and with any step failing', () => {
  it('ends as if each had been delivered once', async () => {
    let failures = 0;
    const property = fc.asyncProperty(arbitraryCase, async ({ letters, delivered, before, after }) => {
      const told = letters.flatMap((letter) => letter.told ?? []);
      const direct = auditApp();
      for (const { direct: event } of told) await direct.deliver(event);

      let isWell = false;
      const failingAt = (indices: readonly number[]) => {
        let calls = 0;
        return () => {
          calls += 1;
          return !isWell && indices.includes(calls - 1) ? fault() : undefined;
        };
      };
      const faults = { before: failingAt(before), after: failingAt(after) };
      const app = auditApp({ faults: () => faults });
      const waiting = memoryDeadLetters(faults);
      for (const [index, { text }] of letters.entries()) waiting.put(deadLetterName(index), text);

      const record = (event: unknown) => app.deliver(event);
      const log = { info: () => {}, warn: () => {}, error: () => {} };
      const clock = { now: () => app.clock.time };
      const replay = replayDeadLetters({ deadLetters: waiting, record, clock, log });

      for (const index of delivered) {
        const event = told[index];
        if (event !== undefined) await record(event.direct).catch(ignored);
      }
      for (let attempt = 0; attempt < before.length + after.length; attempt += 1) {
        await replay().catch((error: unknown) => {
          failures += 1;
          ignored(error);
        });
      }
      isWell = true;
      await replay();
      expect(await replay()).toMatchObject({ replayed: 0, done: 0, quarantined: 0, left: 0 });

      const names = (isReadable: boolean) =>
        letters.flatMap((letter, index) =>
          (letter.told !== undefined) === isReadable ? [[deadLetterName(index), letter.text] as const] : [],
        );
      const state = waiting.state();
      expect(state.waiting).toEqual({});
      expect(state.done).toEqual(Object.fromEntries(names(true)));
      expect(
        Object.fromEntries(Object.entries(state.quarantine).map(([name, { content }]) => [name, content])),
      ).toEqual(Object.fromEntries(names(false)));

      // Put back by hand, all of it is replayed once more.
      for (const [name, text] of names(true)) waiting.put(name, text);
      expect(await replay()).toMatchObject({ replayed: 0, done: names(true).length });
      expect(contents(app)).toEqual(contents(direct));
    });
    await fc.assert(property, { numRuns: 150 });
    expect(failures).toBeGreaterThan(0);
  });
});

function fault(): AuditFault {
  return new AuditFault('storage-503', 'busy', { retryable: true });
}

function ignored(error: unknown): void {
  if (!(error instanceof AuditFault)) throw error;
}
