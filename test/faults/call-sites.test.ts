import { describe, it } from '@jest/globals';
import { attributionCases } from './attribution-cases.ts';
import { disturb, type UseCase } from './disturbed-runs.ts';
import { evidenceCases } from './evidence-cases.ts';
import { addFaultRows } from './fault-table.ts';
import { ingestCases } from './ingest-cases.ts';
import { inventoryCases } from './inventory-cases.ts';
import { handoverCases, ledgerCases } from './ledger-cases.ts';
import { decisionCases, protectionCases } from './protection-cases.ts';
import { reconcileCases } from './reconcile-cases.ts';
import { restoreCases } from './restore-cases.ts';
import { retentionCases } from './retention-cases.ts';

function suite<World>(name: string, useCases: readonly UseCase<World>[]): void {
  describe(`when storage or the registry fails at any call (${name})`, () => {
    it.each(useCases.map((useCase) => [useCase.name, useCase] as const))(
      '%s: ends as if it had not, once what failed is repeated',
      async (_, useCase) => {
        addFaultRows(await disturb(useCase));
      },
      60_000,
    );
  });
}

suite('ingest', ingestCases);
suite('protection', protectionCases);
suite('decisions', decisionCases);
suite('attribution', attributionCases);
suite('reconciliation', reconcileCases);
suite('retention', retentionCases);
suite('restores', restoreCases);
suite('ledger', ledgerCases);
suite('evidence', evidenceCases);
suite('keys of the ledger', handoverCases);
suite('inventory, findings and alerts', inventoryCases);
