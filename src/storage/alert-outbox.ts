import type { AlertOutbox } from '../audit/deliver-alerts.ts';
import { alertRow, readAlertRow } from './alert-codec.ts';
import { timeText } from './entry-codec.ts';
import { alertKey, alertsUntil } from './keys.ts';
import { rowsOf, type Table } from './row.ts';

/** The alerts that findings left in the `findings` table to be told. */
export function alertOutbox(findings: Table): AlertOutbox {
  return {
    async *waiting(registry, before) {
      const range = { partitionKey: registry, ...alertsUntil(before) };
      for await (const row of rowsOf(findings, range)) yield readAlertRow(row);
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
