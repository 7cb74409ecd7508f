import type { BlobLeaseClient, BlobServiceClient, BlockBlobClient } from '@azure/storage-blob';
import { AuditFault } from '../audit/fault.ts';
import type { Clock, Leases } from '../audit/ports.ts';
import { blobFault, refusalOf } from './blob-fault.ts';
import { clockFault } from './storage-clock.ts';

const what = 'a lease';
export const leasesContainer = 'leases';

/** Seconds a lease lasts unless renewed, the most that isn't for ever: a holder that died is waited for that long. */
const leaseSeconds = 60;
const callTimeoutMs = 10_000;

/** A lease that was taken, and when by storage's clock. */
interface Taken {
  readonly answeredAt: Date | undefined;
}

/** How often a lease is renewed: twice may fail before it ends. */
export interface LeaseOptions {
  readonly renewEveryMs?: number;
  /** Held to storage's time whenever a lease is taken or renewed; the process's own unless told. */
  readonly clock?: Clock;
}

/**
 * Leases on empty blobs, one a name, which are never removed. Nobody works whose clock is apart from storage's: what he holds
 * is given back and the work aborted, with a retryable AuditFault.
 * Source: https://learn.microsoft.com/rest/api/storageservices/lease-blob
 */
export function leases(
  blobs: Pick<BlobServiceClient, 'getContainerClient'>,
  { renewEveryMs = 15_000, clock = { now: () => Date.now() } }: LeaseOptions = {},
): Leases {
  const container = blobs.getContainerClient(leasesContainer);
  const options = () => ({ abortSignal: AbortSignal.timeout(callTimeoutMs) });

  async function acquired(blob: BlockBlobClient, lease: BlobLeaseClient): Promise<Taken | undefined> {
    try {
      return { answeredAt: (await lease.acquireLease(leaseSeconds, options())).date };
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === 'LeaseAlreadyPresent') return undefined;
      if (refusal !== 'BlobNotFound' && refusal !== 'ContainerNotFound') throw blobFault(error, what);
    }
    await created(blob);
    return acquired(blob, lease);
  }

  async function created(blob: BlockBlobClient): Promise<void> {
    try {
      await container.createIfNotExists(options());
      await blob.upload('', 0, { ...options(), conditions: { ifNoneMatch: '*' } });
    } catch (error) {
      // Another made it, and may hold it by now.
      const refusal = refusalOf(error);
      if (refusal === 'BlobAlreadyExists' || refusal === 'LeaseIdMissing') return;
      throw blobFault(error, what);
    }
  }

  return {
    async hold(name, work) {
      const blob = container.getBlockBlobClient(name);
      const lease = blob.getBlobLeaseClient();
      const startedAt = performance.now();
      const taken = await acquired(blob, lease);
      if (taken === undefined) return { held: false };
      const lost = new AbortController();
      let endsAt = startedAt + leaseSeconds * 1_000;

      async function renew(): Promise<void> {
        const askedAt = performance.now();
        try {
          const { date } = await lease.renewLease(options());
          endsAt = askedAt + leaseSeconds * 1_000;
          const jumped = clockFault(clock, date);
          if (jumped !== undefined) lost.abort(jumped);
        } catch (cause) {
          // Storage that does not answer has not taken the lease away, until it has run out.
          const isRefused = refusalOf(cause)?.startsWith('Lease') === true;
          if (!isRefused && performance.now() + renewEveryMs < endsAt) return;
          const message = `the lease of ${name} was lost`;
          lost.abort(new AuditFault('lease-lost', message, { retryable: true, cause }));
        }
      }

      const renewal = setInterval(renew, renewEveryMs);
      try {
        const apart = clockFault(clock, taken.answeredAt);
        if (apart !== undefined) throw apart;
        return { held: true, result: await work(lost.signal) };
      } finally {
        clearInterval(renewal);
        // If it cannot be given back it runs out.
        await lease.releaseLease(options()).catch(() => undefined);
      }
    },
  };
}
