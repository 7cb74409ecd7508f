import type { Command } from 'commander';
import { retentionCheck } from '../../api/documents/retention.ts';
import type { Acting } from '../command.ts';
import { exitCodes } from '../exit-code.ts';
import { imagesOf } from '../images.ts';
import { columnsOf, type Row } from '../table.ts';
import { planCommands } from './retention-plans.ts';

/** `retention`: what may go. */
export function retentionCommand(program: Command, acting: Acting): void {
  const retention = program.command('retention').description('What may go, and plans of it');
  const check = retention
    .command('check [images...]')
    .description('Whether images may be deleted, all of them together; ends with 1 when any is kept')
    .option('--file <path>', 'images, one on a line; - is the standard input');
  acting(check, async (session, line) => {
    const images = await imagesOf(line, session);
    const { items, ...rest } = await session.api.post('retention/check', { images }, retentionCheck);
    async function* pages() {
      yield items;
    }
    await session.output.list({
      pages: pages(),
      rowOf: ({ image, deletable, reasons }): Row => ({
        deletable: deletable ? 'yes' : 'no',
        image,
        codes: reasons.map(({ code }) => code),
        reasons: reasons
          .map(({ code, detail }) => (detail === undefined ? code : `${code} (${detail})`))
          .join('; '),
      }),
      columns: columnsOf(['deletable', 'image', 'reasons'], ['codes']),
      none: 'No image was named.',
      members: () => rest,
    });
    return items.every(({ deletable }) => deletable) ? exitCodes.pass : exitCodes.fail;
  });
  planCommands(retention, acting);
}
