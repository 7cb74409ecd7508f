import {
  addressText,
  correlationText,
  identityText,
  operationText,
  userAgentText,
} from '../history/attribution.ts';
import { actionOf, type LoginRecord, type LogRecord } from '../history/log-record.ts';
import { type Fields, fieldsOf } from '../registry/fields.ts';
import { noFindings } from '../registry/findings.ts';
import { digestForm, type Form, repositoryForm, tagForm } from '../registry/form.ts';
import { present } from '../registry/present.ts';

/** A row of a log by the names of its columns. */
export type LogRow = Readonly<Record<string, unknown>>;

/** `unreadable`: a field that is needed has not its form. `other`: it was refused, or is of another kind. */
type Reading<T> = T | 'unreadable' | 'other';

/** A time as the SDK gives it. */
const timeForm: Form<number> = {
  expected: 'a time',
  read: (value) => (value instanceof Date && !Number.isNaN(value.getTime()) ? value.getTime() : undefined),
};

/** The row's time in epoch milliseconds, finer fractions cut off; `undefined` when it cannot be read. */
export function timeOfRow(row: LogRow): number | undefined {
  return fieldsOf(row, '', noFindings()).required('TimeGenerated', timeForm);
}

/** Reads a row of the log of operations. What isn't needed and cannot be read counts as absent. */
export function readChange(row: LogRow): Reading<LogRecord> {
  const fields = fieldsOf(row, '', noFindings());
  const at = fields.required('TimeGenerated', timeForm);
  const repository = fields.required('Repository', repositoryForm);
  const operation = fields.required('OperationName', operationText);
  if (at === undefined || repository === undefined || operation === undefined) return 'unreadable';
  const action = actionOf(operation);
  if (action === undefined || isRefused(fields)) return 'other';
  return {
    repository,
    action,
    operation,
    at,
    ...present({
      digest: fields.optional('Digest', digestForm),
      // A push by digest has no tag, whatever is written there.
      tag: fields.optional('Tag', tagForm),
      userAgent: fields.optional('UserAgent', userAgentText),
      ...whoIn(fields),
    }),
  };
}

/** Reads a row of the log of logins. */
export function readLogin(row: LogRow): Reading<LoginRecord> {
  const fields = fieldsOf(row, '', noFindings());
  const at = fields.required('TimeGenerated', timeForm);
  if (at === undefined) return 'unreadable';
  return isRefused(fields) ? 'other' : { at, ...present(whoIn(fields)) };
}

function whoIn(fields: Fields) {
  return {
    identity: fields.optional('Identity', identityText),
    address: fields.optional('CallerIpAddress', addressText),
    correlationId: fields.optional('CorrelationId', correlationText),
  };
}

/**
 * Whether the registry refused, or failed: then nothing changed. `ResultDescription` holds the HTTP status:
 * https://learn.microsoft.com/azure/container-registry/monitor-container-registry
 */
function isRefused(fields: Fields): boolean {
  const result = fields.sent('ResultDescription');
  return /^\s*[45]\d\d\b/.test(
    typeof result === 'number' ? String(result) : typeof result === 'string' ? result : '',
  );
}
