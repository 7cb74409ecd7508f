import { type Command, Option } from 'commander';
import type * as z from 'zod/mini';
import { pageOf } from '../../api/document.ts';
import { decision, plan } from '../../api/documents/retention.ts';
import type { Acting, Line, Session } from '../command.ts';
import { type ExitCode, exitCodes, usageFault } from '../exit-code.ts';
import { itemsOf, limitOf, listing } from '../listing.ts';
import type { Told } from '../output.ts';
import { columnsOf, type Row } from '../table.ts';

type Plan = z.output<typeof plan>;

const plans = pageOf(plan);
const decisions = pageOf(decision);

/** `retention plan`, `plans`, `show`, `items`, `approve`, `execute`. */
export function planCommands(retention: Command, acting: Acting): void {
  const begin = retention
    .command('plan')
    .description('Makes a plan of what may go; removes nothing; ends with 1 when it may never run')
    .option('--registry <name>', 'of one registry')
    .option('--repositories <pattern>', 'of repositories whose whole name this regular expression matches')
    .option('--no-wait', 'do not wait until it is made');
  acting(begin, async (session, line) => {
    const body = { registry: line.text('registry'), repositories: line.text('repositories') };
    const begun = await session.api.post('retention/plans', body, plan);
    return toldPlan(session, line.flag('wait') ? await settled(session, begun, ['making']) : begun);
  });

  const list = retention
    .command('plans')
    .description('Plans, newest first')
    .option('--registry <name>', 'of one registry');
  acting(listing(list), async (session, line) => {
    const query = { registry: line.text('registry') };
    await session.output.list({
      pages: itemsOf(session.api.pages('retention/plans', query, plans, limitOf(line)), session),
      rowOf: fieldsOf,
      columns: columnsOf(
        ['id', 'state', 'createdAt', 'createdBy', 'untag', 'delete', 'blocks'],
        ['registry', 'repositories', 'freedAtLeast', 'freedAtMost', 'approvedBy', 'executedBy', 'hash'],
      ),
      none: 'There is no plan.',
    });
    return exitCodes.pass;
  });

  const show = retention
    .command('show <plan>')
    .description('One plan; ends with 1 when it may not run or failed');
  acting(show, async (session, { operands }) =>
    toldPlan(session, await session.api.get(pathOf(operands[0]), {}, plan)),
  );

  const items = retention
    .command('items <plan>')
    .description('What becomes of every tag and manifest by a plan, and why')
    .addOption(new Option('--action <action>', 'one alone').choices(['keep', 'untag', 'delete']));
  acting(listing(items), async (session, line) => {
    const query = { action: line.text('action') };
    const path = `${pathOf(line.operands[0])}/items`;
    await session.output.list({
      pages: itemsOf(session.api.pages(path, query, decisions, limitOf(line)), session),
      rowOf: ({ reasons, freed, ...item }): Row => ({
        ...item,
        reasons: reasons
          .map(({ code, detail }) => (detail === undefined ? code : `${code} (${detail})`))
          .join('; '),
        freedAtLeast: freed?.atLeast,
        freedAtMost: freed?.atMost,
      }),
      columns: columnsOf(['action', 'image', 'reasons', 'freedAtLeast'], ['digest', 'freedAtMost', 'order']),
      none: 'Nothing.',
    });
    return exitCodes.pass;
  });

  const approve = deciding(
    retention.command('approve <plan>'),
    'Approves a plan; somebody else may run it then',
  );
  acting(approve, async (session, line) =>
    toldPlan(session, await session.api.post(`${pathOf(line.operands[0])}/approve`, decided(line), plan)),
  );

  const execute = deciding(
    retention.command('execute <plan>'),
    'Runs a plan that somebody else approved: removes what it says',
  ).option('--wait', 'until it has run; ends with 1 when it was stopped or failed');
  acting(execute, async (session, line) => {
    const begun = await session.api.post(`${pathOf(line.operands[0])}/execute`, decided(line), plan);
    const run = ['approved', 'running'];
    return toldPlan(session, line.flag('wait') ? await settled(session, begun, run) : begun);
  });
}

function deciding(command: Command, description: string): Command {
  return command
    .description(description)
    .requiredOption('--hash <hash>', 'of the plan that was looked at')
    .requiredOption('--reason <text>', 'why');
}

function decided(line: Line) {
  return { hash: line.text('hash'), reason: line.text('reason') };
}

function pathOf(id = ''): string {
  if (!/^\d{13}-[0-9a-f]{12}$/.test(id))
    throw usageFault(`${id} is not the id of a plan: "retention plans" lists them`);
  return `retention/plans/${id}`;
}

/** Milliseconds between two looks at a plan. */
const lookAgainMs = 1_000;

/** The plan once it is in none of some states any more. */
async function settled(
  { api, progress, terminal }: Session,
  begun: Plan,
  states: readonly string[],
): Promise<Plan> {
  let now = begun;
  try {
    while (states.includes(now.state)) {
      const { state, counts, done } = now;
      const count = done === undefined ? counts.repositories : done.deleted + done.untagged + done.spared;
      progress.at(`${now.id} is ${state}: ${count} ${done === undefined ? 'repositories' : 'items'} …`);
      await terminal.pause(lookAgainMs);
      now = await api.get(pathOf(now.id), {}, plan);
    }
  } finally {
    progress.end();
  }
  return now;
}

function toldPlan({ output }: Session, found: Plan): ExitCode {
  output.record(told(found));
  return ['blocked', 'stopped', 'failed'].includes(found.state) ? exitCodes.fail : exitCodes.pass;
}

function told(found: Plan): Told {
  return {
    value: found,
    fields: fieldsOf(found),
    sections: [
      {
        title: 'What it rests on',
        rows: found.inputs.sources,
        columns: columnsOf(['source', 'condition', 'completeAt']),
      },
    ],
  };
}

function fieldsOf({ inputs: _, caps: __, counts, freed, done, softDelete, ...found }: Plan): Row {
  const { id, registry, repositories, state, createdAt, createdBy, blocks, hash, ...rest } = found;
  return {
    ...{ id, registry, repositories, state, createdAt, createdBy },
    ...counts,
    repositories: repositories ?? counts.repositories,
    freedAtLeast: freed.atLeast,
    freedAtMost: freed.atMost,
    wayBack: softDelete === undefined ? undefined : softDelete ? 'soft delete' : 'none',
    blocks,
    hash,
    ...rest,
    ...(done === undefined ? {} : done),
  };
}
