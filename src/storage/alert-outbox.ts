import type { AlertOutbox, WaitingAlert } from '../audit/deliver-alerts.ts';
import type { Log } from '../audit/ports.ts';
import { alertRow, readAlertRow } from './alert-codec.ts';
import { timeText } from './entry-codec.ts';
import { alertKey, keysUnder, waitingAlerts } from './keys.ts';
import { rowsOf, type StoredRow, type Table } from './row.ts';

/**
 * The alerts that findings left in the `findings` table to be told. One that cannot be read, as of a newer version with kinds
 * that this one does not know, is told to `log` and stays: it does not keep back those behind it.
 */
export function alertOutbox(findings: Table, log: Pick<Log, 'error'>): AlertOutbox {
  function readable(row: StoredRow): WaitingAlert | undefined {
    try {
      return readAlertRow(row);
    } catch (error) {
      log.error('alert not readable', { registry: row.partitionKey, row: row.rowKey, error: String(error) });
      return undefined;
    }
  }

  return {
    async *waiting(registry) {
      const range = { partitionKey: registry, ...keysUnder(waitingAlerts) };
      for await (const row of rowsOf(findings, range)) {
        const alert = readable(row);
        if (alert !== undefined) yield alert;
      }
    },
    async done(registry, { at, id }) {
      // Gone already: another attempt was as far.
      const row = { partitionKey: registry, rowKey: alertKey(at, id) };
      await findings.transact([{ operation: 'remove', row }]);
    },
    later(registry, { alert, told, attempts, notBefore }) {
      const row = alertRow(registry, alert);
      return findings.put({
        ...row,
        columns: {
          ...row.columns,
          told: told.join(' '),
          attempts,
          notBefore: notBefore === undefined ? undefined : timeText(notBefore),
        },
      });
    },
  };
}
