import type { Command } from 'commander';
import { status } from '../../api/documents/status.ts';
import type { Acting } from '../command.ts';
import { exitCodes } from '../exit-code.ts';
import { columnsOf } from '../table.ts';

/** `status`: how far the service has come. */
export function statusCommand(program: Command, acting: Acting): void {
  const command = program.command('status').description('How far the history of each registry has come');
  acting(command, async ({ api, output }) => {
    const found = await api.get('status', {}, status);
    const { at, registries, comparisonsWaiting, deadLetters, inventory, unattributed } = found;
    output.record({
      value: found,
      fields: {
        ...{ at, comparisonsWaiting },
        deadLettersWaiting: deadLetters.waiting,
        deadLettersQuarantined: deadLetters.quarantined,
        sources: inventory.sources,
        inventory: inventory.complete && inventory.fresh ? 'complete' : 'incomplete',
        inDoubt: inventory.inDoubt,
        rejected: unattributed.rejected,
      },
      sections: [
        {
          title: 'Registries',
          rows: registries.map(({ registry, lastEvent, unannounced, ...rest }) => ({
            registry,
            lastEvent: lastEvent?.occurredAt,
            lagMs: lastEvent?.lagMs,
            compared: rest.lastFullReconcile,
            failed: rest.repositoriesFailed,
            unannounced:
              unannounced.pushes + unannounced.untags + unannounced.deletions + unannounced.lockChanges,
            rejected: rest.rejected,
          })),
          columns: columnsOf(
            ['registry', 'lastEvent', 'compared', 'unannounced', 'failed', 'rejected'],
            ['lagMs'],
          ),
        },
      ],
    });
    return exitCodes.pass;
  });
}
