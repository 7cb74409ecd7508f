import fc from 'fast-check';
import { AuditFault } from '../../src/audit/fault.ts';
import { acceptedIn, refusalOf } from '../../src/storage/batch.ts';
import { readRow, readRows } from '../../src/storage/table-answer.ts';
import { jsonOf } from '../outside-json.ts';
import { accepted, hold, refused, type Target } from '../target.ts';
import { asJson, maybe, outsideTexts, repositories } from '../values.ts';

const entities = fc.record({
  'odata.etag': fc.constant('W/"1"'),
  PartitionKey: repositories,
  RowKey: fc.constantFrom('t|prod', 'E|0000000000000|e-1'),
  Timestamp: maybe(fc.constant('2026-05-02T14:00:00Z')),
  size: maybe(fc.nat()),
  'size@odata.type': maybe(fc.constant('Edm.Int64')),
  userAgent: maybe(outsideTexts),
  canDelete: maybe(fc.boolean()),
});
const batches = fc
  .array(
    fc.constantFrom(
      'HTTP/1.1 204 No Content',
      'HTTP/1.1 201 Created',
      'HTTP/1.1 409 Conflict',
      'HTTP/1.1 412 Precondition Failed',
      'HTTP/1.1 404 Not Found',
    ),
    { maxLength: 3 },
  )
  .map((lines) =>
    lines
      .map(
        (line) =>
          `--changesetresponse_1\r\nContent-Type: application/http\r\n\r\n${line}\r\n\r\n{"odata.error":{"code":"EntityAlreadyExists"}}\r\n`,
      )
      .join(''),
  );

/** Answers of Table Storage, as whoever stands in between could have cut or replaced them. */
export const tableAnswer: Target = {
  name: 'table-answer',
  form: 'text',
  property:
    'an answer has every row that it was sent with, or is told as unreadable, to be asked again; what is no answer is neither an empty page nor a transaction that was made',
  made: fc.oneof(
    fc
      .array(entities, { maxLength: 4 })
      .map((value) =>
        asJson({ 'odata.metadata': 'https://contoso.table.core.windows.net/$metadata#audit', value }),
      ),
    entities.map(asJson),
    batches,
    fc.constant('<html><body>Sign in to the network</body></html>'),
  ),
  words: [
    'value',
    'PartitionKey',
    'RowKey',
    'odata.etag',
    'HTTP/1.1 204 No Content',
    'HTTP/1.1 412',
    '"code":"',
    'TableNotFound',
    '\r\n',
  ],
  large: {
    rows: (length) =>
      asJson({ value: Array.from({ length: length / 36 }, () => ({ PartitionKey: 'a', RowKey: 'b' })) }),
    'parts of a transaction': (length) => 'HTTP/1.1 204 No Content\r\n'.repeat(length / 25),
    codes: (length) => `HTTP/1.1 409 Conflict\r\n${'"code"'.repeat(length / 6)}`,
  },
  check(text) {
    const json = jsonOf(text)?.value;
    const sent =
      typeof json === 'object' && json !== null && 'value' in json && Array.isArray(json.value)
        ? json.value.length
        : undefined;
    const page = outcomeOf(() => readRows(text, 'audit'));
    hold(page === undefined || page.length === sent, 'a page has other rows than were sent');
    const row = outcomeOf(() => [readRow(text, 'audit')]);
    const refusal = refusalOf(text);
    hold(refusal === undefined || refusal.status >= 400, 'a refusal is none');
    const isDone = refusal === undefined && acceptedIn(text) > 0;
    hold(!isDone || text.includes('HTTP/1.1 2'), 'what is no answer is taken for a transaction');
    const kind = `${page !== undefined} ${row !== undefined} ${refusal?.status} ${refusal?.code?.slice(0, 20)} ${isDone}`;
    return page !== undefined || row !== undefined || isDone ? accepted(kind) : refused(kind);
  },
};

function outcomeOf<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    hold(error instanceof AuditFault && error.retryable, `it throws ${String(error)}`);
    return undefined;
  }
}
