import { isRestError } from '@azure/core-rest-pipeline';
import type { TableClient } from '@azure/data-tables';
import type { ContainerClient } from '@azure/storage-blob';
import type { QueueClient } from '@azure/storage-queue';
import { AuditFault } from '../audit/fault.ts';

/** Something that an account lets an identity do with what is in it, or not. */
export type StoragePermission = 'read' | 'write' | 'delete';

/** Tries what an identity may do in one place of an account. Throws AuditFault where the answer does not tell. */
export interface StoragePermissions {
  may(permission: StoragePermission): Promise<boolean>;
}

/** Milliseconds after which a call, its retries included, is given up. */
const callTimeoutMs = 10_000;

/** A name of its own, which nothing is ever stored under. */
export const absentName = 'acr-audit-preflight';
/** A version that nothing has. */
const absentVersion = '"0x0"';

/**
 * What is said of what is not there to who may ask for it: absences, and 412 where a version was to be replaced.
 * https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes
 */
const allowed: ReadonlySet<string> = new Set([
  'BlobNotFound',
  'ContainerNotFound',
  'ConditionNotMet',
  'QueueNotFound',
  'MessageNotFound',
  'PopReceiptMismatch',
  'ResourceNotFound',
  'TableNotFound',
  'EntityNotFound',
  'UpdateConditionNotSatisfied',
]);

/** https://learn.microsoft.com/azure/storage/common/storage-troubleshoot-403-errors; `AuthorizationFailure` is of networks. */
const refused: ReadonlySet<string> = new Set([
  'AuthorizationPermissionMismatch',
  'InsufficientAccountPermissions',
  'AuthenticationFailed',
  'InvalidAuthenticationInfo',
]);

/**
 * Blobs of a container, tried by asking for, replacing and deleting a blob that is not there: a blob is written on the condition
 * that a version is there which never is, so that none ever comes to be.
 */
export function containerPermissions(
  container: Pick<ContainerClient, 'getBlockBlobClient' | 'containerName'>,
): StoragePermissions {
  const blob = container.getBlockBlobClient(absentName);
  const options = () => ({ abortSignal: AbortSignal.timeout(callTimeoutMs) });
  return answeredBy(`the container ${container.containerName}`, {
    read: () => blob.download(0, 1, options()),
    write: () => blob.upload('', 0, { ...options(), conditions: { ifMatch: absentVersion } }),
    delete: () => blob.delete(options()),
  });
}

/** Rows, tried on a table that is not there. */
export function tablePermissions(client: TableClient): StoragePermissions {
  const key = { partitionKey: absentName, rowKey: absentName };
  const options = () => ({ abortSignal: AbortSignal.timeout(callTimeoutMs) });
  return answeredBy('tables', {
    read: () => client.getEntity(key.partitionKey, key.rowKey, options()),
    write: () =>
      client.updateEntity(key, 'Replace', { ...options(), etag: `W/"datetime'1970-01-01T00%3A00%3A00Z'"` }),
    delete: () => client.deleteEntity(key.partitionKey, key.rowKey, options()),
  });
}

/** Messages, tried on a queue that is not there. */
export function queuePermissions(client: QueueClient): StoragePermissions {
  const options = () => ({ abortSignal: AbortSignal.timeout(callTimeoutMs) });
  return answeredBy('queues', {
    read: () => client.peekMessages(options()),
    write: () => client.sendMessage(absentName, options()),
    delete: () => client.deleteMessage(absentName, absentName, options()),
  });
}

function answeredBy(
  what: string,
  calls: Readonly<Record<StoragePermission, () => Promise<unknown>>>,
): StoragePermissions {
  return {
    async may(permission) {
      try {
        await calls[permission]();
        return true;
      } catch (error) {
        const { status, code } = answerOf(error);
        if (allowed.has(code)) return true;
        if (refused.has(code)) return false;
        const told =
          code === 'AuthorizationFailure'
            ? 'its network rules refuse this app'
            : status === undefined
              ? 'it did not answer'
              : `it answered ${status} ${code}`;
        throw new AuditFault('storage-preflight', `storage did not say of ${what}: ${told}`, {
          retryable: status === undefined || status >= 500,
          cause: error,
        });
      }
    },
  };
}

/** The SDKs of blobs and queues name the code; that of tables leaves it in what it read. */
function answerOf(error: unknown): { readonly status?: number; readonly code: string } {
  if (!isRestError(error)) return { code: '' };
  const { statusCode, code } = error;
  const named =
    code ?? error.response?.headers.get('x-ms-error-code') ?? odataCode(error.response?.bodyAsText ?? '');
  return { ...(statusCode === undefined ? {} : { status: statusCode }), code: named };
}

function odataCode(body: string): string {
  return /"code"\s*:\s*"(\w{1,64})"/.exec(body)?.[1] ?? '';
}
