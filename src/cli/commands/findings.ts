import { type Command, Option } from 'commander';
import * as z from 'zod/mini';
import { pageOf } from '../../api/document.ts';
import { finding } from '../../api/documents/findings.ts';
import type { Acting } from '../command.ts';
import { exitCodes, usageFault } from '../exit-code.ts';
import { itemsOf, limitOf, listing } from '../listing.ts';
import type { Told } from '../output.ts';
import { columnsOf, type Row } from '../table.ts';

const page = pageOf(finding);

/** `findings`: what is not as it should be. */
export function findingsCommand(program: Command, acting: Acting): void {
  const findings = program.command('findings').description('What is not as it should be');
  const list = findings
    .command('list [image]')
    .description('Findings, newest first')
    .option('--registry <name>', 'of one registry')
    .addOption(
      new Option('--status <status>', 'in one status; open and acknowledged ones unless told').choices([
        ...['active', 'open', 'acknowledged', 'waived', 'resolved'],
      ]),
    )
    .addOption(
      new Option('--severity <severity>', 'of one severity').choices(['critical', 'high', 'medium', 'low']),
    )
    .option('--kind <kind>', 'of one kind');
  acting(listing(list), async (session, line) => {
    const query = {
      image: line.operands[0],
      registry: line.text('registry'),
      status: line.text('status'),
      severity: line.text('severity'),
      kind: line.text('kind'),
    };
    await session.output.list({
      pages: itemsOf(session.api.pages('findings', query, page, limitOf(line)), session),
      rowOf: (item): Row => ({
        ...item,
        detail: JSON.stringify(item.detail),
        acknowledgement: item.acknowledgement?.reason,
        resolution: item.resolution?.reason,
        waiver: item.waiver?.owner,
      }),
      columns: columnsOf(
        ['severity', 'kind', 'status', 'image', 'lastSeen', 'id'],
        ['registry', 'firstSeen', 'reopenedAt', 'resolvedAt', 'waiver', 'detail', 'remedy'],
      ),
      none: 'Nothing was found.',
    });
    return exitCodes.pass;
  });

  acting(findings.command('show <id>').description('One finding'), async ({ api, output }, { operands }) => {
    output.record(told(await api.get(pathOf(operands[0]), {}, finding)));
    return exitCodes.pass;
  });

  const changes = {
    acknowledge: 'Says that somebody has taken it up',
    resolve: 'Says that it is over',
    reopen: 'Opens it again',
  };
  for (const [event, description] of Object.entries(changes)) {
    const command = findings
      .command(`${event} <id>`)
      .description(description)
      .requiredOption('--reason <text>', 'why');
    acting(command, async ({ api, output }, line) => {
      const path = `${pathOf(line.operands[0])}/${event}`;
      output.record(told(await api.post(path, { reason: line.text('reason') }, finding)));
      return exitCodes.pass;
    });
  }

  const waive = findings
    .command('waive <id>')
    .description('Answers for it until a time')
    .requiredOption('--owner <name>', 'who answers for it')
    .requiredOption('--reason <text>', 'why')
    .requiredOption('--until <time>', 'until when (RFC 3339)');
  acting(waive, async ({ api, output }, line) => {
    const body = { owner: line.text('owner'), reason: line.text('reason'), until: line.text('until') };
    output.record(told(await api.post(`${pathOf(line.operands[0])}/waive`, body, finding)));
    return exitCodes.pass;
  });
}

function pathOf(id = ''): string {
  if (!/^[0-9a-f]{32}$/.test(id)) throw usageFault(`${id} is not the id of a finding: 32 hexadecimal digits`);
  return `findings/${id}`;
}

const cell = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]);

function told(found: z.output<typeof finding>): Told {
  const { detail, acknowledgement, resolution, waiver, remedy, ...fields } = found;
  const notes = { acknowledgement, resolution, waiver };
  return {
    value: found,
    fields: { ...fields, detail: JSON.stringify(detail), remedy },
    sections: [
      {
        title: 'Facts',
        rows: Object.entries(detail).map(([fact, value]) => ({ fact, value: cell.parse(value) })),
        columns: columnsOf(['fact', 'value']),
      },
      {
        title: 'Said',
        rows: Object.entries(notes).flatMap(([what, note]) =>
          note === undefined ? [] : [{ what, by: note.byName, at: note.at, reason: note.reason }],
        ),
        columns: columnsOf(['what', 'by', 'at', 'reason']),
      },
    ],
  };
}
