import { RestError } from '@azure/storage-blob';
import { AuditFault } from '../audit/fault.ts';

/** Azure's code of a refusal, such as `BlobNotFound`. */
export function refusalOf(error: unknown): string | undefined {
  return error instanceof RestError ? error.code : undefined;
}

/**
 * Whether a blob that was to be written once is there already: 409 by its condition or by a policy of immutability, which
 * is looked at before, and 403 where the right is to create alone.
 * https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
 */
export function isWrittenAlready(error: unknown): boolean {
  return writtenAlready.has(refusalOf(error) ?? '');
}

const writtenAlready: ReadonlySet<string> = new Set([
  'BlobAlreadyExists',
  'BlobImmutableDueToPolicy',
  'UnauthorizedBlobOverwrite',
]);

/** The fault that a failed call of Blob Storage comes to; `what` it was about. */
export function blobFault(cause: unknown, what: string): AuditFault {
  return storageFault('Blob Storage', cause, what);
}

/** The fault that a failed call of a service comes to, such as `Queue Storage`; `what` it was about. */
export function storageFault(service: string, cause: unknown, what: string): AuditFault {
  if (cause instanceof AuditFault) return cause;
  const status = cause instanceof RestError ? cause.statusCode : undefined;
  if (status === undefined) {
    const message = `${service} did not answer for ${what}`;
    return new AuditFault('storage-unreachable', message, { retryable: true, cause });
  }
  if (status < 400 || refusalOf(cause) === RestError.PARSE_ERROR) {
    // Not refused, or nobody knows why: something in between answered, or the answer was cut.
    const message = `${service} gave no readable answer for ${what}`;
    return new AuditFault('storage-unreadable', message, { retryable: true, cause });
  }
  const message = `${service} refused ${what} with ${status} ${refusalOf(cause) ?? 'unknown'}`;
  // 412: it changed since it was listed, and is listed again.
  const retryable = status >= 500 || status === 408 || status === 412 || status === 429;
  return new AuditFault(`storage-${status}`, message, { retryable, cause });
}
