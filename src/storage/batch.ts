import { entityRequest } from './entity-request.ts';
import type { Operation } from './row.ts';

const batch = 'batch_acr-audit';
const changeset = 'changeset_acr-audit';

/** The content type of {@link batchBody}. */
export const batchContentType = `multipart/mixed; boundary=${batch}`;

/**
 * The body of an entity group transaction: one change set of operations.
 * Source: https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions
 */
export function batchBody(accountUrl: string, table: string, operations: readonly Operation[]): string {
  const parts = operations.map((operation) =>
    [
      `--${changeset}`,
      'Content-Type: application/http',
      'Content-Transfer-Encoding: binary',
      '',
      part(accountUrl, table, operation),
      '',
    ].join('\r\n'),
  );
  return [
    `--${batch}`,
    `Content-Type: multipart/mixed; boundary=${changeset}`,
    '',
    ...parts,
    `--${changeset}--`,
    `--${batch}--`,
    '',
  ].join('\r\n');
}

function part(accountUrl: string, table: string, operation: Operation): string {
  const { method, path, headers, body = '' } = entityRequest(table, operation);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`${method} ${accountUrl}/${path} HTTP/1.1`, ...lines, '', body].join('\r\n');
}

/** The first refusal in a transaction's answer: its HTTP status and Table Storage's error code; else `undefined`. */
export function refusalOf(answer: string): { readonly status: number; readonly code?: string } | undefined {
  for (const match of answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)) {
    const status = Number(match[1]);
    if (status < 400) continue;
    const code = /"code"\s*:\s*"([^"]*)"/.exec(answer.slice(match.index))?.[1];
    return code === undefined ? { status } : { status, code };
  }
  return undefined;
}

/** How many operations a transaction's answer says were done. */
export function acceptedIn(answer: string): number {
  return [...answer.matchAll(/^HTTP\/1\.1 2\d\d/gm)].length;
}
