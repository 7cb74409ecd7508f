import { parseArgs } from 'node:util';

/** What `npm start` and `npm run local` are asked for. */
export interface CommandLine {
  /** Port of the Functions host; 0 picks a free one. */
  readonly port: number;
  readonly registryPort: number;
  /** Where everything is kept between runs. */
  readonly data: string;
  /** Keep nothing: a folder that is removed at the end. */
  readonly ephemeral: boolean;
  readonly story: boolean;
  /** Stop when the story is told. */
  readonly once: boolean;
  readonly host: 'embedded' | 'func';
}

/** How the commands are used. */
export const usage = `Usage: npm start -- [options]        (npm run local: the same without the story)
  --port PORT            the service (default 7071; 0 picks a free one)
  --registry-port PORT   the registry stand-in (default 5443; 0 picks a free one)
  --data DIR             where everything is kept between runs (default .local)
  --ephemeral            keep nothing
  --no-story             start everything, push nothing
  --once                 stop when the story is told
  --host embedded|func   the embedded host, or Azure Functions Core Tools where installed
  --help                 this text
`;

/** The command line, or what is wrong with it; `help` when only the usage is asked for. */
export function readCommandLine(
  args: readonly string[],
): CommandLine | { readonly problem: string } | 'help' {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
  if (values.help) return 'help';
  const { port, 'registry-port': registryPort, data, ephemeral, once, host } = values;
  for (const [name, value] of Object.entries({ port, 'registry-port': registryPort })) {
    if (!/^\d{1,5}$/.test(value) || Number(value) > 65_535)
      return { problem: `--${name} ${value} is not a port` };
  }
  if (host !== 'embedded' && host !== 'func')
    return { problem: `--host ${host} is neither embedded nor func` };
  const story = !values['no-story'];
  if (once && !story) return { problem: '--once needs the story: leave out --no-story' };
  return { port: Number(port), registryPort: Number(registryPort), data, ephemeral, story, once, host };
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      port: { type: 'string', default: '7071' },
      'registry-port': { type: 'string', default: '5443' },
      data: { type: 'string', default: '.local' },
      ephemeral: { type: 'boolean', default: false },
      'no-story': { type: 'boolean', default: false },
      once: { type: 'boolean', default: false },
      host: { type: 'string', default: 'embedded' },
      help: { type: 'boolean', default: false },
    },
  }).values;
}
