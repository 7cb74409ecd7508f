import { appendFileSync } from 'node:fs';
import { type FaultRow, faultTable } from './disturbed-runs.ts';

/** Adds lines to the table that is asked for: `FAULT_TABLE` names a file, to which each suite adds its own. */
export function addFaultRows(rows: readonly FaultRow[]): void {
  const file = process.env['FAULT_TABLE'];
  if (file !== undefined) appendFileSync(file, `${faultTable(rows)}\n`);
}
