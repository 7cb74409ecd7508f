import { parseArgs } from 'node:util';
import { HostFault } from './host-fault.ts';

/** What the command line asks for. */
export interface CommandLine {
  /** The app's entry file; `undefined` to follow `main` in its package.json. */
  readonly entry: string | undefined;
  readonly appRoot: string;
  readonly address: string;
  /** 0 picks a free port. */
  readonly port: number;
  readonly data: string;
  readonly auth: boolean;
  readonly queueLease: number;
  readonly verbose: boolean;
}

/** A storage queue hides a message for seven days at most: https://learn.microsoft.com/rest/api/storageservices/get-messages. */
const maxQueueLease = 604_800;

/** How the command is used. */
export const usage = `Usage: node local/host/main.ts --data DIR [options]
  --entry FILE      the app's bundle (default: "main" of package.json)
  --app-root DIR    where host.json and package.json are (default: .)
  --port PORT       0 picks a free one (default: 7071)
  --address HOST    default 127.0.0.1: reachable from this machine only
  --data DIR        where timers and keys are remembered
  --queue-lease S   seconds until a queue message of a host that was killed comes back (default: 600, as on Azure)
  --auth            require function, system and master keys
  --verbose         log at level trace`;

/**
 * Reads the command line.
 *
 * @throws {HostFault} `invalid-arguments`, with the usage.
 */
export function readCommandLine(args: readonly string[]): CommandLine {
  const { values } = parse(args);
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw invalid(`--port ${values.port} is not a port.`);
  const queueLease = Number(values['queue-lease']);
  if (!Number.isInteger(queueLease) || queueLease < 1 || queueLease > maxQueueLease)
    throw invalid(
      `--queue-lease ${values['queue-lease']} is no number of seconds from 1 to ${maxQueueLease}.`,
    );
  if (values.data === undefined) throw invalid('--data DIR is missing.');
  const { entry, address, data, auth, verbose } = values;
  return { entry, appRoot: values['app-root'], address, port, data, auth, queueLease, verbose };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        entry: { type: 'string' },
        'app-root': { type: 'string', default: '.' },
        port: { type: 'string', default: '7071' },
        address: { type: 'string', default: '127.0.0.1' },
        data: { type: 'string' },
        'queue-lease': { type: 'string', default: '600' },
        auth: { type: 'boolean', default: false },
        verbose: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
}

function invalid(message: string): HostFault {
  return new HostFault('invalid-arguments', `${message}\n${usage}`);
}
