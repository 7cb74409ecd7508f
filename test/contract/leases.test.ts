import { setTimeout as pause } from 'node:timers/promises';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuditFault } from '../../src/audit/fault.ts';
import type { Leases } from '../../src/audit/ports.ts';
import { blobServiceByConnectionString } from '../../src/storage/blob-service.ts';
import { leases } from '../../src/storage/leases.ts';
import { type Azurite, startAzurite } from '../builders/azurite.ts';
import { memoryLeases } from '../builders/memory-leases.ts';

/** What {@link Leases} promise, of those in memory as of Blob Storage itself. */
describe.each(['memory', 'Azurite'] as const)('leases in %s', (where) => {
  let azurite: Azurite | undefined;
  let names = 0;

  beforeAll(async () => {
    if (where === 'Azurite') azurite = await startAzurite();
  });
  afterAll(() => azurite?.stop());

  /** What several instances hold leases by, and a name that none has held. */
  function newPlace(): { instances: readonly Leases[]; name: string } {
    names += 1;
    const name = `reconcile/contoso.azurecr.io/team/app-${names}`;
    if (azurite === undefined) {
      const one = memoryLeases();
      return { instances: [one, one, one], name };
    }
    const { connectionString } = azurite;
    return { instances: [1, 2, 3].map(() => leases(blobServiceByConnectionString(connectionString))), name };
  }

  it('one at a time works, and the next can when it is done', async () => {
    const { instances, name } = newPlace();
    const [one, two] = instances;
    const outcome = await one?.hold(name, async () => {
      expect(await two?.hold(name, async () => 'never')).toEqual({ held: false });
      return 'done';
    });
    expect(outcome).toEqual({ held: true, result: 'done' });
    expect(await two?.hold(name, async () => 'next')).toEqual({ held: true, result: 'next' });
  });

  it('names do not keep one another waiting', async () => {
    const { instances, name } = newPlace();
    await instances[0]?.hold(name, async () => {
      expect(await instances[1]?.hold(`${name}/other`, async () => 1)).toEqual({ held: true, result: 1 });
    });
  });

  it('of many that ask at once for a name that none had held, one works', async () => {
    const { instances, name } = newPlace();
    let going = 0;
    let most = 0;
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, (_, count) =>
        instances[count % 3]?.hold(name, async () => {
          going += 1;
          most = Math.max(most, going);
          await pause(50);
          going -= 1;
        }),
      ),
    );
    expect(most).toBe(1);
    expect(outcomes.some((outcome) => outcome?.held)).toBe(true);
  });

  it('a fault of the work is thrown, and the lease is given back', async () => {
    const { instances, name } = newPlace();
    const fault = new Error('the work failed');
    await expect(instances[0]?.hold(name, () => Promise.reject(fault))).rejects.toBe(fault);
    expect(await instances[1]?.hold(name, async () => 1)).toEqual({ held: true, result: 1 });
  });
});

describe('when a lease is lost', () => {
  let azurite: Azurite;
  beforeAll(async () => {
    azurite = await startAzurite();
  });
  afterAll(() => azurite.stop());

  it('the work is told so, by a fault that is worth repeating', async () => {
    const held = leases(blobServiceByConnectionString(azurite.connectionString), { renewEveryMs: 50 });
    const name = 'reconcile/contoso.azurecr.io/team/app';
    const blob = BlobServiceClient.fromConnectionString(azurite.connectionString)
      .getContainerClient('leases')
      .getBlobClient(name);
    await held.hold(name, async (signal) => {
      await pause(150);
      expect(signal.aborted).toBe(false);
      await blob.getBlobLeaseClient().breakLease(0);
      await blob.getBlobLeaseClient('00000000-0000-4000-8000-000000000001').acquireLease(60);
      while (!signal.aborted) await pause(20);
      expect(signal.reason).toBeInstanceOf(AuditFault);
      expect(signal.reason).toMatchObject({ code: 'lease-lost', retryable: true });
    });
  });

  it('storage that does not answer is a fault that is worth repeating', async () => {
    const held = leases(blobServiceByConnectionString(azurite.connectionString));
    await azurite.halt();
    await expect(held.hold('reconcile/contoso.azurecr.io/other', async () => 1)).rejects.toMatchObject({
      code: 'storage-unreachable',
      retryable: true,
    });
    await azurite.resume();
  });
});
