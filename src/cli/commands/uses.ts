import { type Command, Option } from 'commander';
import type * as z from 'zod/mini';
import { type use, usePage } from '../../api/documents/uses.ts';
import type { Acting } from '../command.ts';
import { exitCodes } from '../exit-code.ts';
import { itemsOf, limitOf, listing } from '../listing.ts';
import { columnsOf, type Row } from '../table.ts';

type Page = z.output<typeof usePage>;

/** `uses`: which workloads use what. */
export function usesCommand(program: Command, acting: Acting): void {
  const command = program
    .command('uses [image]')
    .description('Which workloads run, would start or keep for rollback an image: now, or at a time')
    .option('--at <time>', 'when (RFC 3339); now unless told')
    .option('--source <name>', 'what one source of the inventory says')
    .option('--environment <name>', 'in one environment')
    .addOption(new Option('--state <state>', 'in one state').choices(['running', 'desired', 'rollback']));
  acting(listing(command), async (session, line) => {
    const query = {
      image: line.operands[0],
      at: line.text('at'),
      source: line.text('source'),
      environment: line.text('environment'),
      state: line.text('state'),
    };
    let last: Page | undefined;
    const pages = session.api.pages('uses', query, usePage, limitOf(line));
    async function* seen() {
      for await (const page of pages) {
        last = page;
        yield page;
      }
    }
    await session.output.list({
      pages: itemsOf(seen(), session),
      rowOf: useRow,
      columns: columnsOf(
        ['workload', 'image', 'state', 'certainty', 'environment', 'source'],
        ['digests', 'via', 'pinned', 'owner', 'revision', 'since', 'firstSeen', 'lastSeen', 'endedAt'],
      ),
      none: 'Nothing is known to use it.',
      members: () => {
        const { items: _, cursor: __, ...members } = last ?? { items: [] };
        return members;
      },
    });
    const doubt = last?.inDoubt?.map(({ source, condition }) => `${source} (${condition})`) ?? [];
    if (doubt.length > 0) session.progress.say(`There may be more: ${doubt.join(', ')}.`);
    return exitCodes.pass;
  });
}

/** A use in a table. */
export function useRow({
  kind,
  namespace,
  name,
  container,
  registry,
  repository,
  ...rest
}: z.output<typeof use>): Row {
  const place = namespace === undefined ? name : `${namespace}/${name}`;
  return { workload: `${kind} ${place}${container === undefined ? '' : ` (${container})`}`, ...rest };
}
