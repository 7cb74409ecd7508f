import type { Command } from 'commander';
import type * as z from 'zod/mini';
import { pageOf } from '../../api/document.ts';
import { historyEntry } from '../../api/documents/history.ts';
import type { Acting } from '../command.ts';
import { exitCodes } from '../exit-code.ts';
import { itemsOf, limitOf, listing } from '../listing.ts';
import { columnsOf, type Row } from '../table.ts';

const page = pageOf(historyEntry);

/** `history`: who pushed, moved and deleted what. */
export function historyCommand(program: Command, acting: Acting): void {
  const command = program
    .command('history [image]')
    .description('Pushes, moves and deletions of a registry, repository, tag or digest, newest first')
    .option('--from <time>', 'not before (RFC 3339)')
    .option('--to <time>', 'not after (RFC 3339)')
    .option('--kind <kinds>', 'created, moved, unchanged, restored, deleted, untagged; several by commas')
    .option('--client <text>', 'what the user agent, address, actor or identity contains');
  acting(listing(command), async (session, line) => {
    const query = {
      image: line.operands[0],
      from: line.text('from'),
      to: line.text('to'),
      kind: line.text('kind'),
      client: line.text('client'),
    };
    const pages = session.api.pages('history', query, page, limitOf(line));
    await session.output.list({
      pages: itemsOf(pages, session),
      rowOf,
      columns: columnsOf(
        ['occurredAt', 'kind', 'repository', 'tag', 'digest', 'previousDigest', 'who'],
        ['registry', 'notBefore', 'recordedAt', 'source', 'certainty', 'locations', 'eventId', 'notes'],
      ),
      none: 'Nothing is known to have happened.',
    });
    return exitCodes.pass;
  });
}

function rowOf({ client, attribution, ...entry }: z.output<typeof historyEntry>): Row {
  const { occurredAt, kind, registry, repository, tag, digest, previousDigest } = entry;
  const { notBefore, recordedAt, source, locations, eventId, notes } = entry;
  return {
    ...{ occurredAt, kind, registry, repository, tag, digest, previousDigest },
    // What the registry's log says goes before what the client says of itself.
    who: attribution?.identity ?? client.actor ?? client.userAgent ?? client.address,
    certainty: attribution?.certainty,
    ...{ notBefore, recordedAt, source, locations, eventId, notes },
  };
}
