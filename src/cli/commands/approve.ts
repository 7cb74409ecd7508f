import { type Command, Option } from 'commander';
import { approval } from '../../api/documents/approvals.ts';
import type { Acting, Line } from '../command.ts';
import { exitCodes, usageFault } from '../exit-code.ts';

/** `approve`: says that an image may run in an environment. */
export function approveCommand(program: Command, acting: Acting): void {
  const command = program
    .command('approve <image>')
    .description(
      'Approves what an image is now for an environment, and locks it; ends with 1 where that is refused',
    )
    .requiredOption('--environment <name>', 'where it may run')
    .requiredOption('--reason <text>', 'why')
    .option('--ticket <text>', 'the change that it belongs to')
    .option('--build <text>', 'what built it')
    .option('--commit <id>', 'what it was built from')
    .option('--scan-tool <name>', 'what scanned it; needs --scan-status')
    .addOption(
      new Option('--scan-status <status>', 'what that said').choices(['passed', 'warning', 'failed']),
    )
    .option('--scan-report <address>', 'where that is told')
    .option('--rollback-digest <digest>', 'what to go back to')
    .option('--notes <text>', 'anything else')
    .option('--retain-for <duration>', 'for how long it is kept (ISO 8601, such as P60D)')
    .option('--retain-releases <count>', 'while fewer newer releases than this are good')
    .option('--monitoring-window <duration>', 'until when silence is not yet good')
    .option('--lock-tag', 'lock the tag as well, where the policy does not already say so');
  acting(command, async ({ api, output }, line) => {
    const made = await api.post('approvals', requestOf(line), approval);
    const { id, image, environment, state, approver, requestedAt, retainFor, retainReleases, window } = made;
    output.record({
      value: made,
      fields: {
        ...{ id, image, environment, state, approver: approver.name, requestedAt, retainFor, retainReleases },
        keptFor: window.reasons,
      },
    });
    return exitCodes.pass;
  });
}

function requestOf(line: Line) {
  const tool = line.text('scanTool');
  const status = line.text('scanStatus');
  const report = line.text('scanReport');
  if ((tool === undefined) !== (status === undefined) || (report !== undefined && tool === undefined))
    throw usageFault('--scan-tool and --scan-status belong together');
  return {
    image: line.operands[0],
    environment: line.text('environment'),
    reason: line.text('reason'),
    ticket: line.text('ticket'),
    build: line.text('build'),
    commit: line.text('commit'),
    scan: tool === undefined ? undefined : { tool, status, report },
    rollbackDigest: line.text('rollbackDigest'),
    notes: line.text('notes'),
    retainFor: line.text('retainFor'),
    retainReleases: line.count('retainReleases'),
    monitoringWindow: line.text('monitoringWindow'),
    ...(line.flag('lockTag') ? { lockTag: true } : {}),
  };
}
