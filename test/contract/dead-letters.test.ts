import { RestError } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DeadLetter } from '../../src/audit/dead-letters.ts';
import { AuditFault } from '../../src/audit/fault.ts';
import { blobServiceByConnectionString } from '../../src/storage/blob-service.ts';
import { deadLetterContainers, deadLetters } from '../../src/storage/dead-letters.ts';
import { type Azurite, startAzurite } from '../builders/azurite.ts';
import { deadLetterName } from '../builders/dead-letter.ts';
import { type DeadLetterPlace, deadLetterBlobs } from '../builders/dead-letter-blobs.ts';
import { memoryDeadLetters } from '../builders/memory-dead-letters.ts';

function inMemory(): DeadLetterPlace {
  const letters = memoryDeadLetters();
  return {
    letters,
    put: async (name, content) => letters.put(name, content),
    state: async () => letters.state(),
  };
}

/** What {@link DeadLetters} promises, of those in memory as of Blob Storage itself. */
describe.each(['memory', 'Azurite'] as const)('dead letters in %s', (where) => {
  let azurite: Azurite | undefined;

  beforeAll(async () => {
    if (where === 'Azurite') azurite = await startAzurite();
  });
  afterAll(() => azurite?.stop());

  /** A place where nothing waits. */
  async function newPlace(): Promise<DeadLetterPlace> {
    if (azurite === undefined) return inMemory();
    const service = blobServiceByConnectionString(azurite.connectionString);
    for (const container of Object.values(deadLetterContainers)) {
      const client = service.getContainerClient(container);
      // Removed blob by blob: a container's own removal takes its time.
      if (!(await client.exists())) continue;
      for await (const { name } of client.listBlobsFlat()) await client.deleteBlob(name);
    }
    return deadLetterBlobs(azurite.connectionString);
  }

  async function waitingIn({ letters }: DeadLetterPlace): Promise<readonly DeadLetter[]> {
    return Array.fromAsync(letters.waiting());
  }

  async function onlyOne(place: DeadLetterPlace): Promise<DeadLetter> {
    const [letter, ...others] = await waitingIn(place);
    if (letter === undefined || others.length > 0) throw new Error(`${others.length} too many`);
    return letter;
  }

  const name = deadLetterName(1);

  // The first test of all: no container has been made.
  it('when nothing was ever written, nothing waits', async () => {
    const place = azurite === undefined ? inMemory() : deadLetterBlobs(azurite.connectionString);
    expect(await waitingIn(place)).toEqual([]);
    expect(await waitingIn(place)).toEqual([]);
    expect(await place.state()).toEqual({ waiting: {}, done: {}, quarantine: {} });
  });

  it('when the first is done or quarantined, where it goes is made', async () => {
    const place = await newPlace();
    await place.put(name, 'one');
    await place.letters.done(await onlyOne(place));
    await place.put(name, 'two');
    await place.letters.quarantine(await onlyOne(place), 'is not JSON');
    expect(await place.state()).toEqual({
      waiting: {},
      done: { [name]: 'one' },
      quarantine: { [name]: { content: 'two', reason: 'is not JSON' } },
    });
  });

  it('when some wait, each is listed by name with its size, and read as it was written', async () => {
    const place = await newPlace();
    const contents = { a: '[{"tag":"ü\u{1f433}"}]', b: '', c: 'x'.repeat(5 * 1_048_576) };
    for (const [key, content] of Object.entries(contents)) await place.put(key, content);
    const letters = await waitingIn(place);
    expect(letters.map(({ name: key, bytes }) => [key, bytes])).toEqual([
      ['a', 18],
      ['b', 0],
      ['c', 5_242_880],
    ]);
    const read = await Promise.all(letters.map((letter) => letter.read()));
    expect(read.every((text, index) => text === Object.values(contents)[index])).toBe(true);
  });

  it('when there are more than a page of them and each is put aside at once, all are listed', async () => {
    const place = await newPlace();
    const names = Array.from({ length: 110 }, (_, index) => deadLetterName(index));
    for (let from = 0; from < names.length; from += 22) {
      await Promise.all(names.slice(from, from + 22).map((each) => place.put(each, each)));
    }
    const seen: string[] = [];
    for await (const letter of place.letters.waiting()) {
      seen.push(letter.name);
      await place.letters.done(letter);
    }
    expect(seen).toEqual(names);
    const { waiting, done } = await place.state();
    expect(waiting).toEqual({});
    expect(done).toEqual(Object.fromEntries(names.map((each) => [each, each])));
  });

  it.each(['with space.json', '100%25.json', 'a#b?c=d&e.json', 'ü/\u{1f433}.json', "it's (1)+.json"])(
    'when one is named %j, it is read and put aside under that name',
    async (odd) => {
      const place = await newPlace();
      await place.put(odd, 'content');
      const letter = await onlyOne(place);
      expect(letter.name).toBe(odd);
      expect(await letter.read()).toBe('content');
      await place.letters.done(letter);
      expect(await place.state()).toEqual({ waiting: {}, done: { [odd]: 'content' }, quarantine: {} });
    },
  );

  it('when one is large or empty, it is put aside whole', async () => {
    const place = await newPlace();
    const contents = { empty: '', large: `${'0123456789'.repeat(1_300_000)}!` };
    for (const [key, content] of Object.entries(contents)) await place.put(key, content);
    for (const letter of await waitingIn(place)) await place.letters.quarantine(letter, 'too large');
    const { waiting, quarantine } = await place.state();
    expect(waiting).toEqual({});
    for (const [key, content] of Object.entries(contents)) {
      expect(quarantine[key]?.content === content).toBe(true);
    }
  });

  it('when it is put aside twice, or is gone meanwhile, nothing more happens', async () => {
    const place = await newPlace();
    await place.put(name, 'content');
    const letter = await onlyOne(place);
    await place.letters.done(letter);
    await place.letters.done(letter);
    await place.letters.quarantine(letter, 'late');
    expect(await letter.read()).toBeUndefined();
    expect(await place.state()).toEqual({ waiting: {}, done: { [name]: 'content' }, quarantine: {} });
  });

  it('when an earlier attempt ended between copy and deletion, it is put aside over that copy', async () => {
    const place = await newPlace();
    await place.put(name, 'content');
    await place.letters.done(await onlyOne(place));
    await place.put(name, 'content');
    await place.letters.done(await onlyOne(place));
    expect(await place.state()).toEqual({ waiting: {}, done: { [name]: 'content' }, quarantine: {} });
  });

  it('when it changed since it was listed, neither is it read nor put aside', async () => {
    const place = await newPlace();
    await place.put(name, 'before');
    const letter = await onlyOne(place);
    await place.put(name, 'after!');
    const changed = { name: 'AuditFault', code: 'storage-412', retryable: true };
    await expect(letter.read()).rejects.toMatchObject(changed);
    await expect(place.letters.done(letter)).rejects.toMatchObject(changed);
    await expect(place.letters.quarantine(letter, 'no')).rejects.toMatchObject(changed);
    expect(await place.state()).toEqual({ waiting: { [name]: 'after!' }, done: {}, quarantine: {} });
  });
});

describe('what only Blob Storage does', () => {
  let azurite: Azurite;

  beforeAll(async () => {
    azurite = await startAzurite();
  });
  afterAll(() => azurite.stop());

  it.each([
    [
      'of characters that a header cannot hold',
      'is not plain: ü\u{1f433}\r\nx-ms-meta-forged: 1',
      'is not plain: ?????x-ms-meta-forged: 1',
    ],
    ['of control characters', ' \u0000 ', '?'],
    ['blank', '  ', 'unknown'],
    ['long', 'x'.repeat(10_000), 'x'.repeat(512)],
  ])('when the reason is %s, what a header can hold of it is kept', async (_, reason, kept) => {
    const place = deadLetterBlobs(azurite.connectionString);
    await place.put('odd', 'content');
    for await (const letter of place.letters.waiting()) await place.letters.quarantine(letter, reason);
    expect((await place.state()).quarantine).toEqual({ odd: { content: 'content', reason: kept } });
  });

  it('when it goes where blobs are written once, and an earlier attempt wrote it, it no longer waits', async () => {
    const place = deadLetterBlobs(azurite.connectionString);
    await place.put('twice', 'content');
    for await (const letter of place.letters.waiting()) await place.letters.done(letter);
    await place.put('twice', 'content');
    const service = blobServiceByConnectionString(azurite.connectionString);
    const done = service.getContainerClient(deadLetterContainers.done);
    const blobOf = done.getBlockBlobClient.bind(done);
    // As a container with a time-based policy answers, which Azurite has not.
    done.getBlockBlobClient = (name) => {
      const blob = blobOf(name);
      blob.uploadStream = async (content) => {
        await content.toArray();
        throw new RestError('immutable', { code: 'BlobImmutableDueToPolicy', statusCode: 409 });
      };
      return blob;
    };
    const letters = deadLetters({
      getContainerClient: (name) =>
        name === deadLetterContainers.done ? done : service.getContainerClient(name),
    });
    for await (const letter of letters.waiting()) await letters.done(letter);
    expect(await place.state()).toMatchObject({ waiting: {}, done: { twice: 'content' } });
    await done.deleteBlob('twice');
  });

  it('when storage does not answer, every call is a retryable fault, and all is there afterwards', async () => {
    const place = deadLetterBlobs(azurite.connectionString);
    await place.put('kept', 'content');
    const [letter] = await Array.fromAsync(place.letters.waiting());
    if (letter === undefined) throw new Error('nothing waits');
    await azurite.halt();
    const calls = [
      Array.fromAsync(place.letters.waiting()),
      letter.read(),
      place.letters.done(letter),
      place.letters.quarantine(letter, 'unreadable'),
    ];
    for (const result of await Promise.allSettled(calls)) {
      const fault: unknown = result.status === 'rejected' ? result.reason : undefined;
      expect(fault).toBeInstanceOf(AuditFault);
      expect(fault).toMatchObject({ code: 'storage-unreachable', retryable: true });
    }
    await azurite.resume();
    expect((await place.state()).waiting).toEqual({ kept: 'content' });
    await place.letters.done(letter);
    expect(await place.state()).toMatchObject({ waiting: {}, done: { kept: 'content' } });
  });

  it('when storage refuses, the fault tells the status and is not for repeating', async () => {
    const refused = azurite.connectionString.replace(
      /AccountKey=[^;]*/,
      `AccountKey=${Buffer.alloc(64).toString('base64')}`,
    );
    const listing = Array.fromAsync(deadLetters(blobServiceByConnectionString(refused)).waiting());
    await expect(listing).rejects.toMatchObject({
      name: 'AuditFault',
      code: 'storage-403',
      retryable: false,
      cause: expect.any(RestError),
    });
  });
});
