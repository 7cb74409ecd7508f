import { type BlobServiceClient, RestError } from '@azure/storage-blob';
import { AuditFault } from '../audit/fault.ts';
import type { Clock, ClockCheck } from '../audit/ports.ts';
import { blobFault } from './blob-fault.ts';

/**
 * Milliseconds by which our clock may be apart from storage's. Storage tells whole seconds, and an answer may be long under
 * way; no window of a policy is as short as to be harmed by it.
 */
const mostApartMs = 5 * 60_000;
const callTimeoutMs = 10_000;

/**
 * A retryable fault when storage answered at a time that is far from ours; nothing when it is not, or told none. The time is
 * the `Date` that every answer bears: https://www.rfc-editor.org/rfc/rfc9110#field.date
 */
export function clockFault(clock: Clock, answeredAt: Date | undefined): AuditFault | undefined {
  if (answeredAt === undefined || Number.isNaN(answeredAt.getTime())) return undefined;
  const ahead = clock.now() - answeredAt.getTime();
  if (Math.abs(ahead) <= mostApartMs) return undefined;
  const seconds = Math.round(Math.abs(ahead) / 1_000);
  const message = `the clock of this instance is ${seconds} s ${ahead > 0 ? 'ahead of' : 'behind'} that of storage`;
  return new AuditFault('clock-apart', message, { retryable: true });
}

/** Asks storage for its time: one request, for a container that need not be there. */
export function storageClockCheck(
  blobs: Pick<BlobServiceClient, 'getContainerClient'>,
  name: string,
  clock: Clock,
): ClockCheck {
  const container = blobs.getContainerClient(name);

  async function answeredAt(): Promise<Date | undefined> {
    try {
      return (await container.getProperties({ abortSignal: AbortSignal.timeout(callTimeoutMs) })).date;
    } catch (error) {
      // That it is not there, or not for us to see, is an answer with a time as well.
      const date = error instanceof RestError ? error.response?.headers.get('date') : undefined;
      if (date === undefined) throw blobFault(error, 'its time');
      return new Date(date);
    }
  }

  return async () => {
    const fault = clockFault(clock, await answeredAt());
    if (fault !== undefined) throw fault;
  };
}
