import { writeFileSync } from 'node:fs';
import { afterAll, describe, it } from '@jest/globals';
import { disturb, type FaultRow, faultRuns, faultSeed, faultTable, type UseCase } from './disturbed-runs.ts';
import { ingestCases } from './ingest-cases.ts';
import { protectionCases } from './protection-cases.ts';

const rows: FaultRow[] = [];

function suite<World>(name: string, useCases: readonly UseCase<World>[]): void {
  describe(`when storage or the registry fails at any call (${name})`, () => {
    it.each(useCases.map((useCase) => [useCase.name, useCase] as const))(
      '%s: ends as if it had not, once what failed is repeated',
      async (_, useCase) => {
        rows.push(...(await disturb(useCase)));
      },
      60_000,
    );
  });
}

suite('ingest', ingestCases);
suite('protection', protectionCases);

afterAll(() => {
  const file = process.env['FAULT_TABLE'];
  if (file === undefined) return;
  const total = rows.reduce((sum, { runs }) => sum + runs, 0);
  const text = `${faultTable(rows)}\n\n${total} runs, FAULT_SEED=${faultSeed}, FAULT_RUNS=${faultRuns}\n`;
  if (file === 'print') process.stdout.write(`${text}`);
  else writeFileSync(file, text);
});
