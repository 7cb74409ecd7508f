import { parseArgs } from 'node:util';

/** What a run was asked for. */
export interface BenchArguments {
  /** Benches to run, in the order that they are listed in. */
  readonly names: readonly string[];
  /** File to write every figure to, as JSON. */
  readonly json?: string;
  /** File to write the tables to, as Markdown. */
  readonly markdown?: string;
  readonly full: boolean;
  /** A goal that is missed ends the run with a code of failure. */
  readonly strict: boolean;
}

/** Arguments as they were understood, or what is wrong with them. */
export type ArgumentsReading =
  | { readonly outcome: 'read'; readonly value: BenchArguments }
  | { readonly outcome: 'refused'; readonly problem: string }
  | { readonly outcome: 'help' };

const options = {
  json: { type: 'string' },
  markdown: { type: 'string' },
  full: { type: 'boolean', default: false },
  strict: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** What `--help` prints, before the names. */
export const usage = `npm run bench -- [NAME…] [--full] [--strict] [--json FILE] [--markdown FILE]

  NAME             what to measure; everything when none is given
  --full           the largest sizes too, which take minutes
  --strict         end with code 1 when a goal is missed
  --json FILE      write [{name, value, unit, goal, met}]
  --markdown FILE  write the tables; a file that has tables already keeps those that are not measured, and its other text
`;

/** Reads the arguments of the command, given the names of all benches. */
export function readArguments(args: readonly string[], known: readonly string[]): ArgumentsReading {
  const list = `There are ${known.join(', ')}.`;
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    return { outcome: 'refused', problem: `${error instanceof Error ? error.message : error}\n\n${usage}` };
  }
  const { values, positionals } = parsed;
  if (values.help) return { outcome: 'help' };
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    return { outcome: 'refused', problem: `No such bench: ${unknown.join(', ')}. ${list}\n` };
  for (const name of ['json', 'markdown'] as const) {
    if (values[name] === '') return { outcome: 'refused', problem: `--${name} takes the name of a file.\n` };
  }
  const { json, markdown, full, strict } = values;
  const names = positionals.length === 0 ? known : known.filter((name) => positionals.includes(name));
  return {
    outcome: 'read',
    value: {
      names,
      full,
      strict,
      ...(json === undefined ? {} : { json }),
      ...(markdown === undefined ? {} : { markdown }),
    },
  };
}

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], options, allowPositionals: true });
}
