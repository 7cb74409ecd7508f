import type { Command } from 'commander';
import { deploymentVerdict } from '../../api/documents/deployments.ts';
import type { Acting } from '../command.ts';
import { exitCodes } from '../exit-code.ts';
import { imagesOf } from '../images.ts';
import { columnsOf, type Row } from '../table.ts';

/** `verify`: whether images may be deployed. */
export function verifyCommand(program: Command, acting: Acting): void {
  const command = program
    .command('verify [images...]')
    .description('Whether images may be deployed to an environment; ends with 1 when the verdict is fail')
    .requiredOption('--environment <name>', 'where to')
    .option('--file <path>', 'images, one on a line; - is the standard input')
    .option('--strict', 'a warning is a failure');
  acting(command, async (session, line) => {
    const images = await imagesOf(line, session);
    const body = { environment: line.text('environment'), images };
    const { items, ...whole } = await session.api.post('deployments/verify', body, deploymentVerdict);
    await session.output.list({
      pages: once(items),
      rowOf: ({ image, verdict, reasons }): Row => ({
        ...{ verdict, image },
        codes: reasons.map(({ code }) => code),
        reasons: reasons.map(({ detail }) => detail).join('; '),
      }),
      columns: columnsOf(['verdict', 'image', 'reasons'], ['codes']),
      none: 'No image was named.',
      members: () => whole,
    });
    for (const { detail } of whole.reasons ?? []) session.progress.say(detail);
    const isRefused = whole.verdict === 'fail' || (whole.verdict === 'warn' && line.flag('strict'));
    return isRefused ? exitCodes.fail : exitCodes.pass;
  });
}

async function* once<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  yield items;
}
