import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { replayDeadLetters } from '../../../src/audit/replay-dead-letters.ts';
import { auditApp, itemsOf } from '../../builders/audit-app.ts';
import { type Azurite, startAzurite } from '../../builders/azurite.ts';
import { deadLettered, deadLetteredCloudEvent, deadLetterName } from '../../builders/dead-letter.ts';
import { deadLetterBlobs } from '../../builders/dead-letter-blobs.ts';
import { digestOf, imagePushed } from '../../builders/registry-event.ts';

let azurite: Azurite;

beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());

const [first, second, third] = [deadLetterName(1), deadLetterName(2), deadLetterName(3)];
const pushed = (id: string) => imagePushed({ id, tag: id, digest: digestOf(id) });
const log = { info: () => {}, warn: () => {}, error: () => {} };

describe('dead letters that Event Grid wrote to Blob Storage', () => {
  it('when storage goes away in the middle of a run, a later run ends what it began', async () => {
    const blobs = deadLetterBlobs(azurite.connectionString);
    const contents = {
      [first]: JSON.stringify([deadLettered(pushed('a')), deadLetteredCloudEvent(pushed('b'))]),
      [second]: '[{"id":',
      [third]: JSON.stringify([deadLettered(pushed('c'))]),
    };
    for (const [name, content] of Object.entries(contents)) await blobs.put(name, content);
    const app = auditApp();
    const clock = { now: () => app.clock.time };
    const replayWith = (record: typeof app.deliver) =>
      replayDeadLetters({ deadLetters: blobs.letters, record, clock, log });

    let isHalted = false;
    const interrupted = replayWith(async (event) => {
      const outcome = await app.deliver(event);
      if (!isHalted) {
        isHalted = true;
        await azurite.halt();
      }
      return outcome;
    });
    await expect(interrupted()).rejects.toMatchObject({ code: 'storage-unreachable', retryable: true });
    await azurite.resume();
    expect((await blobs.state()).waiting).toEqual(contents);

    expect(await replayWith(app.deliver)()).toEqual({
      ...{ replayed: 1, known: 2, ignored: 0, rejected: 0 },
      ...{ done: 2, quarantined: 1, left: 0 },
    });
    expect(await blobs.state()).toEqual({
      waiting: {},
      done: { [first]: contents[first], [third]: contents[third] },
      quarantine: { [second]: { content: '[{"id":', reason: expect.stringMatching(/^is not JSON: /) } },
    });
    expect((await itemsOf(app)).map(({ tag }) => tag).sort()).toEqual(['a', 'b', 'c']);
  });
});
