import { Command, Option } from 'commander';
import { version } from '../api/version.ts';
import { localAddress, serviceAddress } from './address.ts';
import { apiClient } from './api-client.ts';
import { type Acting, type Line, lineOf, type Session } from './command.ts';
import { approveCommand } from './commands/approve.ts';
import { completionCommand } from './commands/completion.ts';
import { digestCommand } from './commands/digest.ts';
import { findingsCommand } from './commands/findings.ts';
import { historyCommand } from './commands/history.ts';
import { ledgerCommand } from './commands/ledger.ts';
import { resolveCommand } from './commands/resolve.ts';
import { retentionCommand } from './commands/retention.ts';
import { statusCommand } from './commands/status.ts';
import { usesCommand } from './commands/uses.ts';
import { verifyCommand } from './commands/verify.ts';
import { type ExitCode, usageFault } from './exit-code.ts';
import { type OutputForm, outputForms, outputTo } from './output.ts';
import { progressTo } from './progress.ts';
import type { RunPorts } from './run.ts';
import type { Terminal } from './terminal.ts';

const epilogue = `
Environment:
  ACR_AUDIT_API    the address of the service, in place of --api
  ACR_AUDIT_SCOPE  what to sign in to, in place of --scope
  NO_COLOR         no colours, whatever it holds

Exit codes:
  0  pass: all is well
  1  fail: a verdict, or the service says no: kept, refused, not there
  2  usage: the command line, or a value in it, cannot be understood
  3  service: unreachable, not signed in, not allowed, broken`;

/** The command with all its commands; `ended` is told what the one that was called ends with. */
export function programOf(terminal: Terminal, { token }: RunPorts, ended: (code: ExitCode) => void): Command {
  const { out, err } = terminal;
  const program = new Command('acr-audit')
    .description('Who pushed, moved and deleted what in a container registry, what uses it, and what may go.')
    .version(version, '--version', 'the version')
    .helpOption('-h, --help', 'how it is used')
    .helpCommand('help [command]', 'how a command is used')
    .addHelpText('after', epilogue)
    .configureOutput({ writeOut: (text) => out.write(text), writeErr: (text) => err.write(text) })
    .showSuggestionAfterError()
    .exitOverride()
    .option('--api <address>', `the service (default: ${localAddress})`)
    .option('--scope <scope>', 'what to sign in to, on another machine than this one')
    .addOption(new Option('-o, --output <form>', 'how to print').choices(outputForms).default('table'))
    .option('--wide', 'every column in tables, and whole digests')
    .option('--timeout <seconds>', 'how long one answer may take (default: 100)')
    .option('--as <name>', 'another principal, on one machine where nobody signs in');

  function sessionOf(line: Line): Session {
    const value = (option: string, variable: string) =>
      line.text(option) ?? (terminal.env[variable] === '' ? undefined : terminal.env[variable]);
    const address = serviceAddress(
      value('api', 'ACR_AUDIT_API') ?? localAddress,
      value('scope', 'ACR_AUDIT_SCOPE'),
    );
    const as = line.text('as');
    if (as !== undefined && address.scope !== undefined)
      throw usageFault('--as is for one machine alone, where nobody signs in');
    return {
      api: apiClient({
        address,
        token,
        as,
        timeout: (line.count('timeout') ?? 100) * 1_000,
        pause: terminal.pause,
      }),
      output: outputTo(terminal, { form: formOf(line), wide: line.flag('wide') }),
      progress: progressTo(terminal),
      terminal,
    };
  }

  const acting: Acting = (command, act) =>
    command.action(async () => {
      const line = lineOf(command);
      ended(await act(sessionOf(line), line));
    });

  historyCommand(program, acting);
  resolveCommand(program, acting);
  digestCommand(program, acting);
  approveCommand(program, acting);
  verifyCommand(program, acting);
  usesCommand(program, acting);
  findingsCommand(program, acting);
  retentionCommand(program, acting);
  ledgerCommand(program, acting);
  statusCommand(program, acting);
  completionCommand(program, (script) => out.write(script));
  return program;
}

function formOf(line: Line): OutputForm {
  const form = line.text('output');
  return outputForms.find((known) => known === form) ?? 'table';
}
